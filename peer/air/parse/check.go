// SPDX-License-Identifier: Apache-2.0

package parse

import "github.com/go-fluence/fluence/peer/air/ast"

// checker holds what the validity rules need to know of the instructions read so
// far. Instructions are met children first, as AquaVM's parser meets them, and
// one thing hangs on that order: of all uses of a name that nothing before them
// defines, only the first one met is judged, against the whole script. So a
// script may be accepted although a later use stands before every definition.
// Scopes do not matter.
//
// Source: aquavm@a600c173:crates/air-lib/air-parser/src/parser/validator.rs
type checker struct {
	src string
	// defined maps a name to the start of the first instruction in the text that
	// defines it, among those met.
	defined map[string]int
	// judged holds the names that pending has.
	judged  map[string]bool
	pending []use
	// nexts holds the iterators whose first next was met.
	nexts map[string]bool
	// folds holds the iterators of the folds around the current position; the
	// value counts the next instructions seen for it.
	folds map[string]int
	// overtaken holds iterators for which a seq or par goes on behind a next.
	overtaken map[string]bool
	// blind is set when both sides of an xor are a next; from then on nobody
	// looks for instructions behind a next.
	blind bool
}

// use is a name that an instruction starting at byte at reads, at byte pos.
type use struct {
	name    string
	pos, at int
}

func newChecker(src string) checker { return checker{src: src} }

// put stores into a map that is made when first needed; most scripts are small.
func put[V any](m *map[string]V, name string, v V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[name] = v
}

func (c *checker) fail(name string, pos int, format string) error {
	return newError(Validity, c.src, pos, pos+len(name), format, name)
}

// define says that the instruction at defines a variable.
func (c *checker) define(at ast.At, v ast.Var) {
	start := at.Where.Start
	if before, ok := c.defined[v.Name]; !ok || start < before {
		put(&c.defined, v.Name, start)
	}
}

// uses says that the instruction at reads operands.
func (c *checker) uses(at ast.At, operands ...*ast.Operand) {
	for _, o := range operands {
		if !o.IsVar() {
			continue
		}
		c.use(at, o.Name, o.Pos)
		if o.Lens == nil {
			continue
		}
		for _, a := range o.Lens.Path {
			if a.Kind == ast.ByScalar {
				c.use(at, a.Name, a.Pos)
			}
		}
	}
}

func (c *checker) use(at ast.At, name string, pos int) {
	u := use{name, pos, at.Where.Start}
	if c.judged[name] || c.resolved(u) {
		return
	}
	put(&c.judged, name, true)
	c.pending = append(c.pending, u)
}

func (c *checker) resolved(u use) bool {
	start, ok := c.defined[u.name]
	return ok && start < u.at
}

// finish judges the uses that were not resolved when they were met, and reports
// the first one in the text.
func (c *checker) finish() error {
	var first *use
	for i := range c.pending {
		if u := &c.pending[i]; !c.resolved(*u) && (first == nil || u.pos < first.pos) {
			first = u
		}
	}
	if first == nil {
		return nil
	}
	return c.fail(first.name, first.pos, "variable '%s' wasn't defined")
}

// call meets a call.
func (c *checker) call(in *ast.Call) {
	c.uses(in.At, &in.Peer, &in.Service, &in.Function)
	for i := range in.Args {
		c.uses(in.At, &in.Args[i])
	}
	if in.Output != nil {
		c.define(in.At, *in.Output)
	}
}

// openFold begins the text inside a fold.
func (c *checker) openFold(iterator ast.Var) error {
	if _, live := c.folds[iterator.Name]; live {
		return c.fail(iterator.Name, iterator.Pos, "multiple iterable values found for iterator name '%s'")
	}
	put(&c.folds, iterator.Name, 0)
	return nil
}

// closeFold meets a fold and returns its shape: a fold over a stream passes on
// that its body is a next of a fold further out.
func (c *checker) closeFold(in *ast.Fold, body shape, end int) (shape, error) {
	name := in.Iterator.Name
	delete(c.folds, name)
	c.uses(in.At, &in.Over)
	c.define(in.At, in.Iterator)
	if in.Over.Kind != ast.Stream && in.Over.Kind != ast.StreamMap {
		return shape{}, nil
	}
	if c.overtaken[name] && !c.blind {
		return shape{}, newError(Validity, c.src, in.Where.Start, end, "fold can not have instructions after next")
	}
	if body.next == name {
		return shape{}, nil
	}
	return body, nil
}

// next meets a next. Only the first one of an iterator has to stand in a fold.
func (c *checker) next(v ast.Var) error {
	n, live := c.folds[v.Name]
	if !live {
		if c.nexts[v.Name] {
			return nil
		}
		return c.fail(v.Name, v.Pos, "iterable '%s' wasn't defined")
	}
	put(&c.nexts, v.Name, true)
	if n > 0 {
		return c.fail(v.Name, v.Pos, "multiple next instructions for iterator '%s' found for one fold, that is prohibited")
	}
	c.folds[v.Name] = n + 1
	return nil
}

// renew checks the argument of a new before its body.
func (c *checker) renew(v ast.Var) error {
	if _, live := c.folds[v.Name]; live {
		return c.fail(v.Name, v.Pos, "new can't be applied to a '%s' because it's an iterator")
	}
	return nil
}

// shape is what an instruction is to the rule that nothing follows a next in a
// fold over a stream: a next of an iterator, or something else. A match, mismatch
// or new has the shape of its body.
type shape struct {
	next   string
	isNext bool
}

// merge returns the shape of a seq or par.
func (c *checker) merge(left, right shape) shape {
	switch {
	case left.isNext && right.isNext && left.next == right.next:
		return left
	case left.isNext:
		put(&c.overtaken, left.next, true)
		return shape{}
	case right.isNext:
		return right
	}
	return shape{}
}

// choose returns the shape of an xor.
func (c *checker) choose(left, right shape) shape {
	switch {
	case left.isNext && right.isNext:
		c.blind = true
		return shape{}
	case left.isNext:
		return left
	}
	return right
}
