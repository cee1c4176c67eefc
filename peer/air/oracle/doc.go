// SPDX-License-Identifier: Apache-2.0

// Package oracle runs the official AIR interpreter, avm.wasm of the npm package
// @fluencelabs/avm 0.62.0, with the same call as package air, so that tests can
// compare the two. It is for tests only: its code is compiled with the build tag
// oracle alone, and the wasm is fetched by npm from the lock file of
// scripts/interop and is never part of a build.
//
// Its tests with that tag compare parsers, values, whole random networks and
// forged traces; those without replay the transcripts of testdata, which avm.wasm
// wrote, with our interpreter.
package oracle
