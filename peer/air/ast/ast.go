// SPDX-License-Identifier: Apache-2.0

// Package ast holds the syntax tree of AIR scripts and prints instructions in
// their canonical text. It never reads a script (package parse does) and never
// runs one (package exec does).
//
// Canonical text is part of what peers agree on: it enters error objects, these
// enter call arguments, and the hash of the arguments is compared by every peer
// that reads the result.
//
// Source: aquavm@a600c173:crates/air-lib/air-parser/src/ast
package ast

// Span is a range of byte offsets in the script text: [Start, End).
type Span struct{ Start, End int }

// Contains reports whether the offset pos lies in the span.
func (s Span) Contains(pos int) bool { return s.Start <= pos && pos < s.End }

// At says where an instruction stands. Every instruction embeds it.
type At struct {
	// Num counts instructions from 0 in the order of their opening brackets,
	// the order of a walk that visits parents before children.
	Num int
	// Where covers the instruction from its opening to behind its closing bracket.
	Where Span
}

// ID returns the number of the instruction: dense, from 0, parents before
// children.
func (a *At) ID() int { return a.Num }

// Span returns the place of the instruction in the script text.
func (a *At) Span() Span { return a.Where }

func (a *At) instr() *At { return a }

// Instr is one instruction. The implementations are the pointer types of this
// package named after the instructions, and no others.
//
// String gives the canonical text of the instruction without what is nested in
// it: `seq`, or `fold $s i`.
type Instr interface {
	ID() int
	Span() Span
	String() string
	instr() *At
}

// End records that in ends before byte offset end; for the parser, which learns
// it last.
func End(in Instr, end int) { in.instr().Where.End = end }

// Script is a parsed and validated script. It is never changed after parsing
// and is safe for concurrent use.
type Script struct {
	// Source is the script text that all positions refer to.
	Source string
	// Root is the one outermost instruction.
	Root Instr
	// Count is the number of instructions; their IDs are 0 to Count-1.
	Count int
	// Depth is the deepest nesting of instructions; a single one has depth 1.
	Depth int
}

// Children returns the instructions directly inside in, in text order, or nil.
func Children(in Instr) []Instr {
	switch in := in.(type) {
	case *Seq:
		return []Instr{in.Left, in.Right}
	case *Par:
		return []Instr{in.Left, in.Right}
	case *Xor:
		return []Instr{in.Left, in.Right}
	case *Match:
		return []Instr{in.Body}
	case *Mismatch:
		return []Instr{in.Body}
	case *New:
		return []Instr{in.Body}
	case *Fold:
		if in.Last != nil {
			return []Instr{in.Body, in.Last}
		}
		return []Instr{in.Body}
	}
	return nil
}
