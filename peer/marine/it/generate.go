// SPDX-License-Identifier: Apache-2.0

package it

import "fmt"

// Versions that the generator writes.
const (
	GeneratedVersion    = "0.27.0" // of the interface types
	GeneratedSDKVersion = "0.14.0" // whose calling convention is described
)

// Convention lists the six functions that every module exports for its host; the
// first six types and exports of a section are theirs, in this order.
var Convention = [6]string{"allocate", "release_objects", "get_result_size", "get_result_ptr", "set_result_size", "set_result_ptr"}

// Indices of functions of the convention.
const (
	fnAllocate      = 0
	fnRelease       = 1
	fnGetResultSize = 2
	fnGetResultPtr  = 3
	fnSetResultSize = 4
	fnSetResultPtr  = 5
)

// generator builds an interface.
type generator struct {
	d       *Description
	in      *Interface
	records map[uint32]uint32 // of the description to the section
	err     error
}

// Generate returns the interface types of a description, as upstream's embedder
// lays them out: the convention, records, functions, imports. A record that is
// named before it stands gets its place at its first use.
//
// Errors: ErrDescription.
//
// Source: marine@1d94c294 crates/it-generator; docs/spec/marine.md.
func Generate(d *Description) (*Interface, error) {
	i32, size := Type{Kind: I32}, func(n string) []Field { return []Field{{Name: n, Type: Type{Kind: I32}}} }
	g := &generator{d: d, records: map[uint32]uint32{}, in: &Interface{Version: GeneratedVersion, Types: []TypeDef{
		{Fields: size("size"), Outputs: []Type{i32}},
		{},
		{Outputs: []Type{i32}},
		{Outputs: []Type{i32}},
		{Fields: size("result_size")},
		{Fields: size("result_ptr")},
	}}}
	for i, name := range Convention {
		g.in.Exports = append(g.in.Exports, Export{Name: name, Type: uint32(i)})
	}
	for i := range d.Records {
		g.record(uint32(i), 0)
	}
	for _, s := range d.Functions {
		g.export(s)
	}
	for k, s := range d.Imports {
		g.imported(s, uint64(len(g.in.Exports)+k))
	}
	return g.in, g.err
}

func (g *generator) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf("%w: %s", ErrDescription, fmt.Sprintf(format, args...))
	}
}

// record places a record and returns its index in the section.
func (g *generator) record(i uint32, depth int) uint32 {
	if at, ok := g.records[i]; ok {
		return at
	}
	if g.err != nil || int(i) >= len(g.d.Records) || depth > 64 {
		g.fail("record %d does not exist or holds itself", i)
		return 0
	}
	def := g.d.Records[i]
	if len(def.Fields) == 0 {
		g.fail("record %s has no fields", def.Name)
	}
	out := TypeDef{IsRecord: true, Name: def.Name, Fields: g.fields(def.Fields, depth+1)}
	if at, ok := g.records[i]; ok {
		return at
	}
	at := g.add(out)
	g.records[i] = at
	return at
}

func (g *generator) add(t TypeDef) uint32 {
	g.in.Types = append(g.in.Types, t)
	return uint32(len(g.in.Types) - 1)
}

func (g *generator) fields(fs []Field, depth int) []Field {
	out := make([]Field, len(fs))
	for i, f := range fs {
		out[i] = Field{Name: f.Name, Type: g.typ(f.Type, depth)}
	}
	return out
}

func (g *generator) typ(t Type, depth int) Type {
	switch t.Kind {
	case Record:
		t.Record = g.record(t.Record, depth)
	case Array:
		elem := g.typ(*t.Elem, depth)
		t.Elem = &elem
	}
	return t
}

func (g *generator) signature(s Signature) TypeDef {
	t := TypeDef{Fields: g.fields(s.Args, 0)}
	for _, o := range s.Outputs {
		t.Outputs = append(t.Outputs, g.typ(o, 0))
	}
	if len(s.Outputs) > 1 {
		g.fail("function %s has %d results: at most one", s.Name, len(s.Outputs))
	}
	return t
}

// compound reports whether values of a type live in guest memory.
func compound(k Kind) bool { return k == String || k == ByteArray || k == Array || k == Record }

func (g *generator) export(s Signature) {
	sig := g.signature(s)
	adapter := g.add(sig)
	core := g.add(sig)
	own := uint64(len(g.in.Exports))
	g.in.Exports = append(g.in.Exports, Export{Name: s.Name, Type: core})
	g.in.Impls = append(g.in.Impls, Impl{Core: core, Adapter: adapter})
	var body []Instr
	for i, a := range sig.Fields {
		body = append(body, lowerArgument(uint64(i), a.Type)...)
	}
	body = append(body, Instr{Op: CallCore, Arg: own})
	if len(sig.Outputs) == 1 {
		body = append(body, liftResult(sig.Outputs[0])...)
		if compound(sig.Outputs[0].Kind) {
			body = append(body, Instr{Op: CallCore, Arg: fnRelease})
		}
	}
	g.adapter(s.Name, adapter, body)
}

func (g *generator) adapter(name string, typ uint32, body []Instr) {
	if len(body) > MaxList {
		g.fail("function %s needs %d instructions: at most %d; pass a record instead of many arguments", name, len(body), MaxList)
	}
	g.in.Adapters = append(g.in.Adapters, Adapter{Type: typ, Instr: body})
}

// imported writes the three types of an import, its two entries and its adapter.
func (g *generator) imported(s Signature, index uint64) {
	name := s.Link
	if name == "" {
		name = s.Name
	}
	sig := g.signature(s)
	raw := rawSignature(sig)
	T := g.add(sig)
	g.add(raw)
	g.add(raw)
	g.in.Imports = append(g.in.Imports, Import{s.Namespace, name, T}, Import{s.Namespace, name, T + 2})
	g.in.Impls = append(g.in.Impls, Impl{Core: T + 2, Adapter: T + 1})
	var body []Instr
	at, release := uint64(0), false
	for _, a := range sig.Fields {
		in, slots := liftArgument(at, a.Type)
		body, at, release = append(body, in...), at+slots, release || compound(a.Type.Kind)
	}
	if release {
		body = append(body, Instr{Op: CallCore, Arg: fnRelease})
	}
	body = append(body, Instr{Op: CallCore, Arg: index})
	if len(sig.Outputs) == 1 {
		body = append(body, lowerResult(sig.Outputs[0])...)
	}
	g.adapter(s.Name, T+1, body)
}

// rawSignature returns the core form of a signature: two slots for texts and
// arrays, one for records, results of compounds through the registers.
func rawSignature(sig TypeDef) TypeDef {
	var raw TypeDef
	for _, a := range sig.Fields {
		switch a.Type.Kind {
		case String, ByteArray, Array:
			slot := Field{Name: a.Name + "_ptr", Type: Type{Kind: I32}}
			raw.Fields = append(raw.Fields, slot, slot)
		case F32, F64:
			raw.Fields = append(raw.Fields, a)
		case S64, U64:
			raw.Fields = append(raw.Fields, Field{Name: a.Name, Type: Type{Kind: I64}})
		default:
			raw.Fields = append(raw.Fields, Field{Name: a.Name, Type: Type{Kind: I32}})
		}
	}
	for _, o := range sig.Outputs {
		switch {
		case compound(o.Kind):
		case o.Kind == F32 || o.Kind == F64:
			raw.Outputs = append(raw.Outputs, o)
		case o.Kind == S64 || o.Kind == U64:
			raw.Outputs = append(raw.Outputs, Type{Kind: S64})
		default:
			raw.Outputs = append(raw.Outputs, Type{Kind: S32})
		}
	}
	return raw
}
