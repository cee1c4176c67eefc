// SPDX-License-Identifier: Apache-2.0

// Package exec runs planned AIR scripts over particle data: it walks the
// instructions, merges the previous and the current trace, and collects the
// calls the host must make and the peers the particle goes to next.
//
// Running is pure: no clock, randomness, goroutine, file, network, or effect of
// map order, and every loop, recursion and allocation stands under a Budget.
// The package neither decodes particle data nor signs it; package air does.
//
// The instructions follow AquaVM 0.62.0 (data format 0.17.2); the deviations
// are those of docs/spec/air.md and are named where they happen.
package exec
