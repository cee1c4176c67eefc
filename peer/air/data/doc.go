// SPDX-License-Identifier: Apache-2.0

// Package data holds the particle data of the AIR interpreter: the envelope, the
// trace, the CID stores and the signatures, with their wire form.
//
// The wire form is that of AquaVM 0.62.0: a MessagePack envelope around an rkyv
// 0.7 archive (big-endian, 32-bit). [Decode] reads it strictly: it accepts what
// the validating reader of AquaVM accepts, bounded by [Limits], and never
// allocates a size it was merely told. [Encode] writes it canonically: equal
// data gives equal bytes on every platform.
//
// Decoding proves nothing. [Verify] recomputes every CID and checks every
// signature; a value counts as said by a peer only after that. The package never
// runs a script, reads a clock, draws randomness or starts a goroutine, and it
// does not parse the JSON text of values.
//
// The layout is described in docs/spec/air-data.md.
//
// Source: aquavm@a600c173 crates/air-lib/interpreter-data, interpreter-cid,
// interpreter-signatures; rkyv@v0.7.43.
package data
