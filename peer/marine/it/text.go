// SPDX-License-Identifier: Apache-2.0

package it

import (
	"fmt"
	"slices"
	"strings"
)

var scalarNames = map[Kind]string{
	S8: "i8", S16: "i16", S32: "i32", S64: "i64", U8: "u8", U16: "u16", U32: "u32", U64: "u64",
	F32: "f32", F64: "f64", Bool: "bool", String: "string", I32: "i32", I64: "i64", ByteArray: "[]u8",
}

// TypeName returns the Aqua name of a type: bool, i8 to u64, f32, f64, string,
// []T, or the name of a record.
func (in *Interface) TypeName(t Type) string {
	switch t.Kind {
	case Record:
		if int(t.Record) < len(in.Types) {
			return in.Types[t.Record].Name
		}
		return fmt.Sprintf("record %d", t.Record)
	case Array:
		return "[]" + in.TypeName(*t.Elem)
	}
	return scalarNames[t.Kind]
}

// ParseText reads a description in our text form, one item per line; # begins a comment:
//
//	record Person { name: string, age: u8, tags: []string }
//	greet(who: Person, loud: bool) -> string
//	import db put(key: string, value: []u8) -> u64
//
// Records may be used before they stand.
//
// Errors: ErrDescription, naming the line.
func ParseText(text string) (*Description, error) {
	d, b := &Description{}, &describer{records: map[string]uint32{}}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line, _, _ = strings.Cut(line, "#")
		lines[i] = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(lines[i], "record "); ok {
			name, _, _ := strings.Cut(rest, "{")
			b.declare(strings.TrimSpace(name))
		}
	}
	for i, line := range lines {
		switch {
		case line == "":
		case strings.HasPrefix(line, "record "):
			name, rest, _ := strings.Cut(strings.TrimPrefix(line, "record "), "{")
			body, ok := strings.CutSuffix(rest, "}")
			if !ok {
				b.fail("a record is: record Name { field: type, … }")
			}
			d.Records = append(d.Records, TypeDef{IsRecord: true, Name: strings.TrimSpace(name), Fields: b.textFields(body)})
		case strings.HasPrefix(line, "import "):
			ns, rest, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "import ")), " ")
			s := b.textSignature(rest)
			s.Namespace = ns
			d.Imports = append(d.Imports, s)
		default:
			d.Functions = append(d.Functions, b.textSignature(line))
		}
		if b.err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, b.err)
		}
	}
	return d, b.err
}

func (b *describer) textSignature(s string) Signature {
	head, out, has := strings.Cut(s, "->")
	name, rest, ok := strings.Cut(head, "(")
	args, closed := strings.CutSuffix(strings.TrimSpace(rest), ")")
	if !ok || !closed {
		b.fail("a function is: name(arg: type, …) -> type")
	}
	sig := Signature{Name: strings.TrimSpace(name), Args: b.textFields(args)}
	if has {
		sig.Outputs = []Type{b.textType(out, 0)}
	}
	return sig
}

func (b *describer) textFields(s string) []Field {
	var fs []Field
	if strings.TrimSpace(s) == "" {
		return nil
	}
	for _, part := range strings.Split(s, ",") {
		name, typ, ok := strings.Cut(part, ":")
		if !ok || strings.TrimSpace(name) == "" {
			b.fail("%q is not name: type", strings.TrimSpace(part))
		}
		fs = append(fs, Field{Name: strings.TrimSpace(name), Type: b.textType(typ, 0)})
	}
	return fs
}

func (b *describer) textType(s string, depth int) Type {
	s = strings.TrimSpace(s)
	if elem, ok := strings.CutPrefix(s, "[]"); ok && depth < maxTypeDepth {
		return arrayOf(b.textType(elem, depth+1))
	}
	for _, k := range []Kind{S8, S16, S32, S64, U8, U16, U32, U64, F32, F64, Bool, String} {
		if scalarNames[k] == s {
			return Type{Kind: k}
		}
	}
	return b.record(s)
}

// PublicRecords returns the indices of the records that the functions' signatures
// reach, those that others need first, ties by name.
func (in *Interface) PublicRecords() ([]uint32, error) {
	fns, err := in.Functions()
	if err != nil {
		return nil, err
	}
	var roots, order []uint32
	for _, f := range fns {
		for _, a := range f.Sig.Fields {
			roots = appendRecord(roots, a.Type)
		}
		for _, o := range f.Sig.Outputs {
			roots = appendRecord(roots, o)
		}
	}
	state := make(map[uint32]bool) // false while its fields are visited
	var visit func(uint32) error
	visit = func(r uint32) error {
		if done, seen := state[r]; seen {
			if !done {
				return fmt.Errorf("%w: record type %d holds itself", ErrMalformed, r)
			}
			return nil
		}
		def, err := in.RecordType(r)
		if err != nil {
			return err
		}
		state[r] = false
		var below []uint32
		for _, f := range def.Fields {
			below = appendRecord(below, f.Type)
		}
		for _, n := range in.byName(below) {
			if err := visit(n); err != nil {
				return err
			}
		}
		state[r] = true
		order = append(order, r)
		return nil
	}
	for _, r := range in.byName(roots) {
		if err := visit(r); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func appendRecord(rs []uint32, t Type) []uint32 {
	for t.Kind == Array {
		t = *t.Elem
	}
	if t.Kind == Record {
		rs = append(rs, t.Record)
	}
	return rs
}

func (in *Interface) byName(rs []uint32) []uint32 {
	slices.SortFunc(rs, func(a, b uint32) int {
		return strings.Compare(in.TypeName(Type{Kind: Record, Record: a}), in.TypeName(Type{Kind: Record, Record: b}))
	})
	return rs
}
