// SPDX-License-Identifier: Apache-2.0

package exec

import "github.com/go-fluence/fluence/peer/air/ast"

// newOp opens a scope in which a scalar, canon stream or canon map is not set.
type newOp struct {
	kind ast.Kind
	slot int32
	name string
	body *instr
}

// newStreamOp opens a scope with an empty stream or stream map.
type newStreamOp struct {
	stream int32
	body   *instr
}

func (p *planner) scoped(s *ast.New) operation {
	if s.Var.Kind != ast.Stream && s.Var.Kind != ast.StreamMap {
		return &newOp{kind: s.Var.Kind, slot: p.slot(s.Var), name: s.Var.Name, body: p.instr(s.Body)}
	}
	o := &newStreamOp{stream: p.newStream()}
	p.news = append(p.news, scope{s.Var.Name, o.stream})
	o.body = p.instr(s.Body)
	p.news = p.news[:len(p.news)-1]
	return o
}

func (o *newOp) run(r *run, _ *instr) *Error {
	switch o.kind {
	case ast.Scalar:
		r.scalars[o.slot].clear(&r.scopes)
	case ast.CanonStream:
		r.canons[o.slot].clear(&r.scopes)
	default:
		r.maps[o.slot].clear(&r.scopes)
	}
	err := r.exec(o.body)
	var ok bool
	switch o.kind {
	case ast.Scalar:
		ok = r.scalars[o.slot].restore(&r.scopes)
	case ast.CanonStream:
		ok = r.canons[o.slot].restore(&r.scopes)
	default:
		ok = r.maps[o.slot].restore(&r.scopes)
	}
	if err == nil && !ok {
		return fault(CodeScope, "new end block tries to pop up a variable '%s' that wasn't defined at depth %d", o.name, r.scopes.depth)
	}
	return err
}

func (o *newStreamOp) run(r *run, _ *instr) *Error {
	s := &r.streams[o.stream]
	own := &stream{}
	s.alive = append(s.alive, own)
	err := r.exec(o.body)
	s.alive = s.alive[:len(s.alive)-1]
	if e := own.compactify(&r.t); err == nil {
		err = e
	}
	return err
}
