// SPDX-License-Identifier: Apache-2.0

// Package air is the AIR interpreter: a script, the particle data this peer
// kept and the data that arrived go in; new data, the calls the host must make
// and the next peers come out.
//
// Invoke is pure. It reads no clock, file, network, global or random source,
// starts no goroutine, and gives the same bytes for the same input on every
// platform; so a run can be repeated by whoever doubts it. It exchanges data in
// both directions with AquaVM 0.62.0 (data format 0.17.2) and deviates from it
// only where AquaVM lets one peer forge what another said; docs/spec/air.md
// lists these deviations.
//
// The package below it: ast and parse (scripts), value (JSON), data (particle
// data, CIDs, signatures), exec (instructions).
package air
