// SPDX-License-Identifier: Apache-2.0

// Package worker runs what deals pay for. Workers keeps the identities: an Ed25519
// key and a record per deal. Reconciler compares them with the chain, again and
// again, and does the next step of what is missing: fetch the app by its CID,
// check every hash and size, make the worker with its services and spells, tell
// the chain; install a new app beside the old one and switch; pause a worker whose
// deal is dry; archive and free one whose deal is over. Every step may be the last
// before a crash: what is on disk after it is where the next pass goes on.
//
// What a step needs it asks for by small interfaces: the package opens no
// connection and knows no Wasm. Its spec is docs/spec/worker.md.
//
// Source: nox@b349812f0:crates/workers; decider@155f30d6:src/aqua (states and
// texts, facts only).
package worker
