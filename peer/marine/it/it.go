// SPDX-License-Identifier: Apache-2.0

// Package it reads and writes the interface types of a Marine module: the custom
// section that tells how to call it with strings, arrays and records, and the
// sections beside it that hold the SDK's version and the author's manifest. It
// does not run adapters; package abi does.
//
// Source: marine@1d94c294 and interface-types@045f933, as docs/spec/marine.md says.
package it

import (
	"errors"
	"fmt"
)

// Names of custom sections.
const (
	SectionIT       = "interface-types"
	SectionVersion  = "__fluence_sdk_version"
	SectionManifest = "__fluence_wasm_module_manifest"
)

// MaxList is the longest list that upstream's decoder reads rightly; MaxName the
// longest name that the form can hold.
const (
	MaxList = 127
	MaxName = 255
)

// Errors of this package.
var (
	// ErrMalformed says that a section breaks the grammar.
	ErrMalformed = errors.New("IT section is corrupted")
	// ErrTooLarge says that something does not fit the form or its bounds.
	ErrTooLarge = errors.New("IT section is too large")
)

// Kind is the kind of a type.
type Kind byte

// Kinds of types, as they are written.
const (
	S8        Kind = 0x00
	S16       Kind = 0x01
	S32       Kind = 0x02
	S64       Kind = 0x03
	U8        Kind = 0x04
	U16       Kind = 0x05
	U32       Kind = 0x06
	U64       Kind = 0x07
	F32       Kind = 0x08
	F64       Kind = 0x09
	String    Kind = 0x0a
	Bool      Kind = 0x0b
	I32       Kind = 0x0c
	I64       Kind = 0x0d
	Record    Kind = 0x0e
	Array     Kind = 0x36
	ByteArray Kind = 0x3c
)

// Type is the type of a value.
type Type struct {
	Kind   Kind
	Elem   *Type  // of an Array
	Record uint32 // of a Record: index into Interface.Types
}

// Field is a named type: of an argument or of a record's field.
type Field struct {
	Name string
	Type Type
}

// TypeDef is an entry of the type table: a function, or a record.
type TypeDef struct {
	IsRecord bool
	Name     string  // of a record
	Fields   []Field // arguments, or fields
	Outputs  []Type  // of a function
}

// Import is a function that the module wants from another one.
type Import struct {
	Namespace, Name string
	Type            uint32
}

// Adapter is the program of one function.
type Adapter struct {
	Type  uint32
	Instr []Instr
}

// Export names a function.
type Export struct {
	Name string
	Type uint32
}

// Impl joins a core function type and its adapter's.
type Impl struct{ Core, Adapter uint32 }

// Interface is a decoded interface-types section. Its groups may have stood in
// any order and repeatedly; Encode writes them in upstream's order.
type Interface struct {
	Version  string
	Types    []TypeDef
	Imports  []Import
	Adapters []Adapter
	Exports  []Export
	Impls    []Impl
}

// Op is the opcode of an instruction.
type Op byte

// Opcodes. Those in between convert numbers; see Convert.
const (
	ArgGet         Op = 0x00
	CallCore       Op = 0x01
	FirstConvert   Op = 0x02
	LastConvert    Op = 0x21
	StringLift     Op = 0x22
	StringLower    Op = 0x23
	StringSize     Op = 0x24
	Dup            Op = 0x34
	Swap2          Op = 0x35
	ArrayLift      Op = 0x37
	ArrayLower     Op = 0x38
	RecordLift     Op = 0x3a
	RecordLower    Op = 0x3b
	BoolFromI32    Op = 0x3e
	I32FromBool    Op = 0x3f
	PushI32        Op = 0x40
	PushI64        Op = 0x41
	ByteArrayLift  Op = 0x43
	ByteArrayLower Op = 0x44
	ByteArraySize  Op = 0x45
)

// Instr is one instruction of an adapter.
type Instr struct {
	Op   Op
	Arg  uint64 // index or constant, where Op has one
	Type Type   // of ArrayLift and ArrayLower
}

// Func is a public function: its name, its signature and its program.
type Func struct {
	Name string
	Sig  TypeDef
	Body []Instr
}

// Functions returns the functions that callers see, in the order of the impls.
// The six of the calling convention are not among them.
//
// Errors: ErrMalformed when indices point nowhere.
func (in *Interface) Functions() ([]Func, error) {
	adapters := make(map[uint32][]Instr, len(in.Adapters))
	for _, a := range in.Adapters {
		if _, ok := adapters[a.Type]; !ok {
			adapters[a.Type] = a.Instr
		}
	}
	names := make(map[uint32]string, len(in.Exports))
	for _, e := range in.Exports {
		if _, ok := names[e.Type]; !ok {
			names[e.Type] = e.Name
		}
	}
	var fns []Func
	for _, im := range in.Impls {
		name, ok := names[im.Core]
		if !ok {
			continue
		}
		sig, err := in.Function(im.Adapter)
		if err != nil {
			return nil, err
		}
		body, ok := adapters[im.Adapter]
		if !ok {
			return nil, fmt.Errorf("%w: function %s has no adapter", ErrMalformed, name)
		}
		fns = append(fns, Func{Name: name, Sig: sig, Body: body})
	}
	return fns, nil
}

// ImportFunc is a function that the module imports through an adapter.
type ImportFunc struct {
	Namespace, Name string
	Sig             TypeDef // as the importer sees it
	Body            []Instr // from raw arguments to the call and back
}

// ImportFunctions returns the imports that have an implementation, in the order
// of the section, which is that of the function index space behind the exports.
//
// Errors: ErrMalformed when indices point nowhere.
func (in *Interface) ImportFunctions() ([]ImportFunc, error) {
	adapters := make(map[uint32][]Instr, len(in.Adapters))
	for _, a := range in.Adapters {
		adapters[a.Type] = a.Instr
	}
	impls := make(map[uint32]uint32, len(in.Impls))
	for _, im := range in.Impls {
		impls[im.Core] = im.Adapter
	}
	var fns []ImportFunc
	for _, im := range in.Imports {
		adapter, ok := impls[im.Type]
		if !ok {
			continue
		}
		if im.Type < 2 {
			return nil, fmt.Errorf("%w: import %s.%s of type %d", ErrMalformed, im.Namespace, im.Name, im.Type)
		}
		sig, err := in.Function(im.Type - 2)
		if err != nil {
			return nil, err
		}
		fns = append(fns, ImportFunc{Namespace: im.Namespace, Name: im.Name, Sig: sig, Body: adapters[adapter]})
	}
	return fns, nil
}

// Function returns the function type at an index.
//
// Errors: ErrMalformed.
func (in *Interface) Function(index uint32) (TypeDef, error) {
	if int(index) >= len(in.Types) || in.Types[index].IsRecord {
		return TypeDef{}, fmt.Errorf("%w: no function type %d", ErrMalformed, index)
	}
	return in.Types[index], nil
}

// RecordType returns the record type at an index.
//
// Errors: ErrMalformed.
func (in *Interface) RecordType(index uint32) (TypeDef, error) {
	if int(index) >= len(in.Types) || !in.Types[index].IsRecord {
		return TypeDef{}, fmt.Errorf("%w: no record type %d", ErrMalformed, index)
	}
	return in.Types[index], nil
}
