// SPDX-License-Identifier: Apache-2.0

package parse

import "github.com/go-fluence/fluence/peer/air/ast"

// checker holds what the validity rules need to know of the text read so far.
// The rules look at the order of the text and not at scopes: a name is defined
// from the instruction behind its definition on, to the end of the script.
//
// Source: aquavm@a600c173:crates/air-lib/air-parser/src/parser/validator.rs
type checker struct {
	src     string
	defined map[string]bool
	// folds holds the iterators of the folds around the current position; the
	// value counts the next instructions seen for it.
	folds map[string]int
	// overtaken holds iterators for which a seq or par goes on behind a next.
	overtaken map[string]bool
	// blind is set when both sides of an xor are a next; from then on rule 7,
	// instructions behind a next, is not checked.
	blind bool
}

func newChecker(src string) checker {
	return checker{src: src, defined: map[string]bool{}, folds: map[string]int{}, overtaken: map[string]bool{}}
}

func (c *checker) fail(pos, end int, format string, args ...any) error {
	return newError(Validity, c.src, pos, end, format, args...)
}

// define makes a name usable in the instructions that follow.
func (c *checker) define(v ast.Var) { c.defined[v.Name] = true }

// uses checks that the variables of operands are defined.
func (c *checker) uses(operands ...*ast.Operand) error {
	for _, o := range operands {
		if o.IsVar() && !c.defined[o.Name] {
			return c.undefined(o.Name, o.Pos)
		}
		if o.Lens == nil {
			continue
		}
		for _, a := range o.Lens.Path {
			if a.Kind == ast.ByScalar && !c.defined[a.Name] {
				return c.undefined(a.Name, a.Pos)
			}
		}
	}
	return nil
}

func (c *checker) undefined(name string, pos int) error {
	return c.fail(pos, pos+len(name), "variable '%s' wasn't defined", name)
}

// call checks the operands of a call and defines its output.
func (c *checker) call(in *ast.Call) error {
	if err := c.uses(&in.Peer, &in.Service, &in.Function); err != nil {
		return err
	}
	for i := range in.Args {
		if err := c.uses(&in.Args[i]); err != nil {
			return err
		}
	}
	if in.Output != nil {
		c.define(*in.Output)
	}
	return nil
}

// openFold checks the head of a fold and defines its iterator.
func (c *checker) openFold(over *ast.Operand, iterator ast.Var) error {
	if err := c.uses(over); err != nil {
		return err
	}
	if _, live := c.folds[iterator.Name]; live {
		return c.fail(iterator.Pos, iterator.Pos+len(iterator.Name),
			"multiple iterable values found for iterator name '%s'", iterator.Name)
	}
	c.folds[iterator.Name] = 0
	c.define(iterator)
	return nil
}

// closeFold ends the scope of an iterator.
func (c *checker) closeFold(at ast.At, over *ast.Operand, iterator ast.Var, end int) error {
	delete(c.folds, iterator.Name)
	streaming := over.Kind == ast.Stream || over.Kind == ast.StreamMap
	if streaming && c.overtaken[iterator.Name] && !c.blind {
		return c.fail(at.Where.Start, end, "fold can not have instructions after next")
	}
	return nil
}

// next checks that a next stands in a fold over its iterator, and alone there.
func (c *checker) next(v ast.Var) error {
	n, live := c.folds[v.Name]
	if !live {
		return c.fail(v.Pos, v.Pos+len(v.Name), "iterable '%s' wasn't defined", v.Name)
	}
	if n > 0 {
		return c.fail(v.Pos, v.Pos+len(v.Name),
			"multiple next instructions for iterator '%s' found for one fold, that is prohibited", v.Name)
	}
	c.folds[v.Name] = n + 1
	return nil
}

// renew checks and defines the argument of a new.
func (c *checker) renew(v ast.Var) error {
	if _, live := c.folds[v.Name]; live {
		return c.fail(v.Pos, v.Pos+len(v.Name), "new can't be applied to a '%s' because it's an iterator", v.Name)
	}
	c.define(v)
	return nil
}

// shape is what an instruction is to the rule that nothing follows a next in a
// fold over a stream: a next of an iterator, or something else.
type shape struct {
	next   string
	isNext bool
}

// wrapped is the shape of a match, mismatch or new around an instruction.
func (s shape) wrapped() shape { return s }

// merge returns the shape of a seq or par.
func (c *checker) merge(left, right shape) shape {
	switch {
	case left.isNext && right.isNext && left.next == right.next:
		return left
	case left.isNext:
		c.overtaken[left.next] = true
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
