// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"strconv"

	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/value"
)

// fold is a fold that runs, or one block of a fold over a stream: its elements
// and the one the iterator stands at.
type fold struct {
	vals  []val         // elements of a canon or of a block of a stream
	elems []value.Value // elements of an array
	base  val           // the array's, for elems
	pos   int

	body, last *instr
	trace      *foldTrace // nil unless over a stream
	exhausted  bool       // next went past the last element once

	now    val // the element of an array at nowPos-1
	nowPos int
}

func (f *fold) len() int { return max(len(f.vals), len(f.elems)) }

// current is the element the iterator stands at. An element of an array has the
// array's tetraplet with its index in the lens.
func (f *fold) current(r *run) (*val, *Error) {
	if f.elems == nil {
		return &f.vals[f.pos], nil
	}
	if f.nowPos != f.pos+1 {
		if err := r.charge(len(f.base.tet.Lens)); err != nil {
			return nil, err
		}
		f.now = f.base
		f.now.json = f.elems[f.pos]
		f.now.tet = withLens(f.base.tet, ".$.["+strconv.Itoa(f.pos)+"]")
		f.nowPos = f.pos + 1
	}
	return &f.now, nil
}

// foldOp is a fold over a scalar, a canon stream, a canon map or [].
type foldOp struct {
	over       ast.Kind
	slot       int32
	name       string
	lens       *lens
	iterator   int32
	body, last *instr
}

func (p *planner) fold(s *ast.Fold) operation {
	iterator := p.slot(s.Iterator)
	if s.Over.Kind == ast.Stream || s.Over.Kind == ast.StreamMap {
		return &foldStreamOp{p.stream(s.Over.Name), iterator, p.instr(s.Body), p.optional(s.Last)}
	}
	o := &foldOp{over: s.Over.Kind, name: s.Over.Name, lens: p.lens(s.Over.Lens), iterator: iterator}
	if s.Over.IsVar() {
		o.slot = p.slot(s.Over.Var())
	}
	o.body, o.last = p.instr(s.Body), p.optional(s.Last)
	return o
}

func (p *planner) optional(in ast.Instr) *instr {
	if in == nil {
		return nil
	}
	return p.instr(in)
}

func (o *foldOp) run(r *run, _ *instr) *Error {
	f := &fold{body: o.body, last: o.last}
	if err := o.elements(r, f); err != nil {
		return r.join(err)
	}
	if f.len() == 0 {
		return nil
	}
	if err := r.spend(uint64(f.len())); err != nil {
		return err
	}
	return r.iterate(f, o.iterator)
}

// elements reads what the fold goes over.
func (o *foldOp) elements(r *run, f *fold) *Error {
	switch o.over {
	case ast.EmptyArray:
		return nil
	case ast.CanonStream:
		c, err := r.canonAt(o.slot)
		if err == nil {
			f.vals = c.vals
		}
		return err
	case ast.CanonMap:
		return o.mapElements(r, f)
	}
	v, iterator, err := r.lookup(o.slot)
	if err != nil {
		return err
	}
	if o.lens == nil {
		if iterator {
			v.settle()
		}
		return f.array(v, o.name)
	}
	return o.lensElements(r, f, v)
}

// lensElements folds over a part of a scalar. The elements have no place in the
// trace of their own.
func (o *foldOp) lensElements(r *run, f *fold, v val) *Error {
	if err := r.focus(&v, o.lens); err != nil {
		return err
	}
	v.pos = 0
	return f.array(v, o.lens.text)
}

func (o *foldOp) mapElements(r *run, f *fold) *Error {
	c, err := r.mapAt(o.slot)
	if err != nil || len(c.vals) == 0 {
		return err
	}
	if o.lens == nil {
		f.vals = c.vals
		return nil
	}
	var a arg
	if err := r.focusMap(c, o.lens, &a); err != nil {
		return err
	}
	// The elements bear the map's tetraplet with the lens, whatever it selects.
	a.tet = withLens(c.tet, o.lens.text)
	if o.lens.length {
		a.tet = r.plan.lengthTet
	}
	return f.array(a.val, o.lens.text)
}

func (f *fold) array(v val, what string) *Error {
	if v.json.Kind() != value.Array {
		return fault(CodeNotArray, "expression '%s' returned non-array value '%s' for fold iterable", what, v.json)
	}
	f.base = v
	for e := range v.json.Elems() {
		f.elems = append(f.elems, e)
	}
	return nil
}

// iterate runs the body for the first element; next runs it for the others.
func (r *run) iterate(f *fold, iterator int32) *Error {
	r.scopes.enter()
	if r.iters[iterator] != nil {
		return fault(CodeIteratorTwice, "multiple iterable values found for iterable name '%s'", r.plan.scalars[iterator].name)
	}
	r.iters[iterator] = f
	err := r.exec(f.body)
	r.iters[iterator] = nil
	r.leaveScope(false)
	return err
}

// nextOp moves the iterator on and runs the body again, or, past the last
// element, runs the last instruction. Behind it the iterator stands where it
// stood, so instructions after next see their own element.
//
// Source: air.md 3.3, 6.5.
type nextOp struct {
	iterator int32
	name     string
}

func (o *nextOp) run(r *run, _ *instr) *Error {
	f := r.iters[o.iterator]
	if f == nil {
		return fault(CodeNoFold, "fold state not found for this iterable '%s'", o.name)
	}
	if f.trace != nil {
		r.t.iterationEnd(f.trace)
	}
	if f.pos+1 >= f.len() {
		return o.past(r, f)
	}
	f.pos++
	if f.trace != nil {
		if err := r.t.iterationStart(f.trace, f.vals[f.pos].pos); err != nil {
			return err
		}
	}
	r.scopes.enterIteration()
	err := r.exec(f.body)
	r.leaveScope(true)
	if err != nil {
		return err
	}
	f.pos = max(f.pos, 1) - 1
	if f.trace != nil {
		return r.t.stepBack(f.trace)
	}
	return nil
}

// past is next behind the last element.
func (o *nextOp) past(r *run, f *fold) *Error {
	if f.trace != nil {
		if err := r.t.stepBack(f.trace); err != nil {
			return err
		}
	}
	if f.last != nil {
		r.complete = true
		return r.exec(f.last)
	}
	if f.trace != nil && !f.exhausted {
		f.exhausted = true
		r.complete = false
	}
	return nil
}
