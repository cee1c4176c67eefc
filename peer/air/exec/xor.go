// SPDX-License-Identifier: Apache-2.0

package exec

// xorOp runs right when left raised a catchable error.
//
// Source: air.md 3.7.
type xorOp struct{ left, right *instr }

func (o *xorOp) run(r *run, _ *instr) *Error {
	r.complete = true
	caught := r.exec(o.left)
	if caught == nil || !caught.Code.Catchable() {
		return caught
	}
	r.complete = true
	r.lastError.frozen = false
	r.error.cause = caught
	r.error.frozen = false
	err := r.exec(o.right)
	if !r.error.frozen {
		r.error.obj, r.error.cause = r.plan.noError, nil
	}
	if err == nil {
		r.error.frozen = false
	}
	return err
}
