// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/value"
)

// compareOp is match and mismatch: it runs its body when the values are equal,
// or when they are not.
type compareOp struct {
	left, right operand
	body        *instr
	equal       bool
	fails       *Error
}

func (p *planner) compare(left, right *ast.Operand, body ast.Instr, equal bool, src ast.Instr) *compareOp {
	fails := &Error{Code: CodeMatch, Msg: "compared values do not match", Pos: src.Span().Start}
	if !equal {
		fails = &Error{Code: CodeMismatch, Msg: "compared values do not mismatch", Pos: src.Span().Start}
	}
	return &compareOp{p.operand(left), p.operand(right), p.instr(body), equal, fails}
}

func (o *compareOp) run(r *run, _ *instr) *Error {
	var left, right arg
	err := o.left.resolve(r, &left)
	if err == nil {
		err = o.right.resolve(r, &right)
	}
	if err != nil {
		return r.join(err)
	}
	if err := r.charge(min(len(left.json.Text()), len(right.json.Text()))); err != nil {
		return err
	}
	if value.Equal(left.json, right.json) != o.equal {
		return o.fails
	}
	return r.exec(o.body)
}

// join absorbs the error of a variable that is not there yet: the instruction
// waits.
func (r *run) join(err *Error) *Error {
	if !err.joinable() {
		return err
	}
	r.complete = false
	return nil
}
