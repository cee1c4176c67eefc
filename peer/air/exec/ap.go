// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
)

// apOp copies a value into a scalar. It leaves no trace.
type apOp struct {
	arg  operand
	slot int32
}

// apStreamOp copies a value into a stream.
type apStreamOp struct {
	arg    operand
	stream int32
}

func (p *planner) ap(s *ast.Ap) operation {
	if s.Result.Kind == ast.Stream {
		return &apStreamOp{p.operand(&s.Arg), p.stream(s.Result.Name)}
	}
	return &apOp{p.operand(&s.Arg), p.slot(s.Result)}
}

func (o *apOp) run(r *run, _ *instr) *Error {
	var a arg
	if err := o.arg.resolve(r, &a); err != nil {
		return r.join(err)
	}
	a.settle()
	return r.setScalar(o.slot, &a.val)
}

func (o *apStreamOp) run(r *run, in *instr) *Error {
	var a arg
	if err := o.arg.resolve(r, &a); err != nil {
		return r.join(err)
	}
	a.settle()
	a.pos = r.t.pos()
	g, err := r.t.ap(in.src)
	if err != nil {
		return err
	}
	if err := r.streams[o.stream].add(&a.val, g); err != nil {
		return err
	}
	r.t.push(data.Ap(0))
	return nil
}
