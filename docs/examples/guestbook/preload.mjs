// SPDX-License-Identifier: Apache-2.0
// Packages that the official client pulls in use Promise.withResolvers, which
// Node 20 lacks. Nothing else is changed.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
};
