// SPDX-License-Identifier: Apache-2.0

package exec

// seqOp runs left and, if that is complete, right.
type seqOp struct{ left, right *instr }

func (o *seqOp) run(r *run, _ *instr) *Error {
	r.complete = true
	if err := r.exec(o.left); err != nil {
		return err
	}
	if !r.complete {
		return nil
	}
	return r.exec(o.right)
}
