// SPDX-License-Identifier: Apache-2.0

// Package air is the AIR interpreter: a script, the particle data this peer
// kept and the data that arrived go in; new data, the calls the host must make
// and the next peers come out.
//
// Invoke is pure. It reads no clock, file, network, global or random source,
// starts no goroutine, and gives the same bytes for the same input on every
// platform; so a run can be repeated by whoever doubts it. A context that ends
// makes it return an error and nothing else.
//
// It exchanges data in both directions with AquaVM 0.62.0 (data format 0.17.2),
// and deviates from it where AquaVM lets one peer forge what another said, loses
// data, or crashes:
//
//   - Own states. Only previous data speaks for the peer that runs. A pending
//     call of it that merely arrived is read as not asked yet; a result, failure
//     or canon of it that previous data lacks at that place refuses the arrived
//     data (code 20100).
//   - Merged signatures. After the merge each other signer's results in the new
//     trace must be exactly those its kept signature covers (20101).
//   - Egress. The number of another peer's pending call is not passed on.
//   - Canon elements. An element keeps the origin it claims only if that stands
//     in the verified trace and holds the value; see Origin.
//   - Budgets bound steps, bytes, signers, nesting and origins (20102).
//   - Unknown CIDs (20010), impossible generations (20011) and other data that
//     make AquaVM trap are errors; previous data stays.
//   - A failure caused by a result that is no JSON is signed at once.
//   - A stream is not lost when a new of its name is entered again through next
//     while it is written to outside of it.
//   - A par whose left branch leaves recorded states over goes on behind them,
//     however many states follow; AquaVM stays in the left branch if there are
//     fewer than the branch has (20000).
//   - Where an integer and a string of the same spelling are keys of one canon
//     map, the later one wins in the map as a whole; AquaVM has no rule.
//
// The packages below it: ast and parse (scripts), value (JSON), data (particle
// data, CIDs, signatures), exec (instructions).
package air
