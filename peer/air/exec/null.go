// SPDX-License-Identifier: Apache-2.0

package exec

// nullOp does nothing.
type nullOp struct{}

func (nullOp) run(*run, *instr) *Error { return nil }
