// SPDX-License-Identifier: Apache-2.0
// Loaded with `node --import` before the official client: packages it pulls in
// use Promise.withResolvers, which Node 20 lacks. Nothing else is changed.
if (Promise.withResolvers === undefined) {
  Promise.withResolvers = function () {
    let resolve, reject;
    const promise = new this((yes, no) => {
      resolve = yes;
      reject = no;
    });
    return { promise, resolve, reject };
  };
}
