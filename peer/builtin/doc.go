// SPDX-License-Identifier: Apache-2.0

// Package builtin is the services that a peer itself answers under their
// official names: op, peer, kad, json, array, math, cmp, debug, sig and
// run-console. Shapes and error texts are upstream's, because scripts compare
// them. Where upstream is at fault we differ, each time beside a test:
//
//   - op.sha256_string hashes (upstream's last release only wraps the bytes);
//   - peer.get_contact answers an option, [contact] or [], as aqua-lib declares;
//   - kad.neighborhood and kad.neigh_with_addrs take a fourth, optional argument
//     include_self, so that a resource can be found on a network of one peer;
//   - base58 of long input is refused: the encoding takes quadratic time;
//   - peer.timeout ends with the particle.
//
// Services of other packages join through Registry.Add; services that are
// programs (Wasm) through Registry.Fallback. The package opens no connection and
// keeps no state: what it needs from the peer it asks for by small interfaces.
//
// Source: nox@b349812f0:particle-builtins, particle-args; @fluencelabs/aqua-lib
// 0.10.2 builtin.aqua (names, shapes and texts, facts only).
package builtin
