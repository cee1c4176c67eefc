// SPDX-License-Identifier: Apache-2.0

// Package pipeline is a particle's way through a peer: admit, run, call,
// forward, forget.
//
// A particle that passes Accept gets a life, keyed by its signature (ids may be
// reused by anybody, signatures may not), and in it one stay per scope it runs
// in: the peer's own key, or a worker's. A stay takes one arrival at a time,
// runs the interpreter over what it kept and what arrived, makes the result
// durable, and only then makes the calls and sends that the run asked for.
// Results come back to the stay and start the next run. At its deadline the life
// ends, whatever it was doing, and everything kept of it is deleted.
//
// Bounds. Nothing a particle does is free for it: each life has a Budget for
// sends, bytes, look-ups, runs, time and gas, shared by its scopes. Mailboxes,
// the number of lives, the bytes waiting and the calls under way are bounded;
// what does not fit is refused with ErrBusy, never queued without end. Accept
// does not block on any of it. Each refusal is counted under one reason.
//
// The package knows no network and no service: it sends through Sender, calls
// through Services, and asks Door before each call.
package pipeline
