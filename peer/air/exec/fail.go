// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
)

// failOp raises an error: one that the script spells, one that a variable holds,
// or the one that `%last_error%` or `:error:` holds.
//
// Source: air.md 3.7.
type failOp struct {
	source operand // nil: code and message of the script
	kind   ast.Kind
	code   int64
	msg    string
}

func (p *planner) fail(s *ast.Fail) *failOp {
	if s.Source == nil {
		return &failOp{code: s.Code, msg: s.Message}
	}
	return &failOp{source: p.operand(s.Source), kind: s.Source.Kind}
}

func (o *failOp) run(r *run, in *instr) *Error {
	var a arg
	if o.source == nil {
		r.literal(&a, rawError(o.code, o.msg, in.src.String(), r.in.InitPeer, true, true))
		return r.raise(&a)
	}
	if err := o.source.resolve(r, &a); err != nil {
		return err
	}
	if err := checkErrorObject(a.json); err != nil {
		return err
	}
	if o.kind != ast.Error {
		return r.raise(&a)
	}
	cause := r.error.cause
	err := r.raise(&a)
	r.error.frozen = true
	if cause != nil {
		return cause
	}
	return err
}

// raise makes a the last error and returns the error that says so.
func (r *run) raise(a *arg) *Error {
	r.setLastError(a)
	r.complete = false
	if err := r.charge(len(a.json.Text())); err != nil {
		return err
	}
	return fault(CodeFail, "fail with '%s' is used without corresponding xor", a.json)
}
