// SPDX-License-Identifier: Apache-2.0

package exec

// neverOp does nothing and is never complete.
type neverOp struct{}

func (neverOp) run(r *run, _ *instr) *Error {
	r.complete = false
	return nil
}
