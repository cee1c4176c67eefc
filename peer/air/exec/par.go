// SPDX-License-Identifier: Apache-2.0

package exec

// parOp runs both branches, whatever becomes of the first. It is complete when
// one of them is, and fails when both do.
//
// Source: air.md 3.2, 6.3.
type parOp struct{ left, right *instr }

func (o *parOp) run(r *run, in *instr) *Error {
	p, err := r.t.parStart(in.src)
	if err != nil {
		return err
	}
	leftErr, leftDone := r.branch(o.left)
	if leftErr != nil && !leftErr.Code.Catchable() {
		return leftErr
	}
	r.t.parMiddle(&p)
	rightErr, rightDone := r.branch(o.right)
	if rightErr != nil && !rightErr.Code.Catchable() {
		return rightErr
	}
	r.t.parEnd(&p)
	r.complete = leftDone || rightDone
	if leftErr != nil && rightErr != nil {
		return rightErr
	}
	r.lastError.frozen = false
	return nil
}

// branch runs one branch of a par. A branch that is a bare next counts as
// incomplete unless the rest of the fold completes it.
func (r *run) branch(in *instr) (*Error, bool) {
	r.complete = !in.isNext
	err := r.exec(in)
	if err != nil {
		r.complete = false
	}
	return err, r.complete
}
