// SPDX-License-Identifier: Apache-2.0

// Package exec runs planned AIR scripts over particle data: it walks the
// instructions, merges the previous and the current trace, and collects the
// calls the host must make and the peers the particle goes to next.
//
// Running is pure: no clock, randomness, goroutine, file, network, or effect of
// map order, and every loop, recursion and allocation stands under a Budget.
// The package neither decodes particle data nor signs it; package air does, and
// names what deviates from AquaVM.
//
// Source: aquavm@a600c173 air/src/execution_step, crates/air-lib/trace-handler;
// the rules are in air.md 3, 5 and 6.
package exec
