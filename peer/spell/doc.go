// SPDX-License-Identifier: Apache-2.0

// Package spell runs scripts by themselves: on a clock, when peers come and go,
// for blocks of the chain, and for HTTP requests. A spell has an identity, a
// script, a key–value state, a mailbox, logs and errors, all kept here without a
// Wasm module behind them. It belongs to the peer itself or to one of its workers,
// whose key signs its particles. One queue and one clock serve all spells, however
// many there are. Its spec is docs/spec/spell.md.
//
// Source: nox@b349812f0:sorcerer, crates/spell-event-bus; @fluencelabs/spell 0.7.6
// spell_service.aqua (names, shapes and rules, facts only).
package spell
