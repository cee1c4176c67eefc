// SPDX-License-Identifier: Apache-2.0

// Package meter rewrites Wasm modules so that they count what they cost, return
// to Go often, and cannot exhaust the stack. The rewritten module computes what
// the original computes; gas depends on the module and its input only, never on
// the engine, the platform or the time. It is specified in docs/spec/gas.md.
//
// # How it counts
//
// A function body is cut into runs: instructions that are always executed
// together. The cost of a run is charged where it begins. Three rules make runs
// longer, and may charge for a few instructions that are then not executed:
//
//   - what follows a block, loop or if that is never left by a branch to an outer
//     label belongs to the run before it;
//   - a run of at most smallRun units behind a condition belongs to the run
//     before the condition;
//   - a conditional branch that leaves the innermost loop does not end a run, up
//     to hoistMax units behind it.
//
// Each loop iteration and each entry of a function that calls others ends with a
// check: below zero, the guest calls the host function Yield, which refills the
// counter or traps. The counter is a global between functions, and a local inside
// functions with loops.
//
// # What it adds
//
// One imported function, two exported globals (the counter, and what is left of
// the stack), and helpers that charge bulk memory operations by their size and
// cut them into pieces of CutBytes.
package meter

// Names of what the rewritten module imports and exports.
const (
	Module      = "fluence:meter" // module name of the import
	Yield       = "yield"         // func(counter i64) (refilled counter i64); StackOverflow tells that the stack is used up
	GasGlobal   = "fluence:gas"   // mut i64: what is left of the current slice
	StackGlobal = "fluence:stack" // mut i32: stack units left
)

// StackOverflow is what Yield is called with when the stack is used up; it must trap.
const StackOverflow = -1 << 63

// CutBytes is the largest piece of a bulk memory operation between two checks.
const CutBytes = 1 << 20

// PerMillisecond is the gas that the cost table takes for a millisecond.
const PerMillisecond = 1_000_000

// StackUnits is the stack a call may use by default: units of about 64 bytes.
const StackUnits = 131_072

const (
	smallRun  = 8    // units that a run behind a condition may have to join the one before
	hoistMax  = 100  // units behind a branch out of a loop that are charged before it
	checkRun  = 5000 // a run above this is followed by a check
	plainPath = 8192 // stack units that functions without a stack count may use together
)

// Options choose what the rewritten module does beside counting.
type Options struct {
	// CanonicalNaN makes every NaN that arithmetic produces the positive quiet NaN
	// without payload, so that results do not depend on the platform.
	CanonicalNaN bool
}
