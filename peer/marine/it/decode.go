// SPDX-License-Identifier: Apache-2.0

package it

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// Bounds of what a section may hold.
const (
	maxEntries = 20_000  // of one kind
	maxInstr   = 200_000 // in all adapters together
	maxNesting = 64      // array of array of …
)

// groups of the section.
const (
	groupTypes    = 0x00
	groupImports  = 0x01
	groupAdapters = 0x02
	groupExports  = 0x03
	groupImpls    = 0x04
	groupVersion  = 0x05
)

// decoder reads a section; the first error stays.
type decoder struct {
	*wasmbin.Reader
	err   error
	in    *Interface
	instr int
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: byte %d: %s", ErrMalformed, d.At(), fmt.Sprintf(format, args...))
	}
}

func (d *decoder) ok() bool { return d.err == nil && d.Err() == nil }

// Decode reads an interface-types section.
//
// Errors: ErrMalformed, ErrTooLarge.
func Decode(b []byte) (*Interface, error) {
	d := &decoder{Reader: wasmbin.NewReader(b), in: &Interface{}}
	versions := 0
	for d.ok() && d.Len() > 0 {
		switch g := d.Byte(); g {
		case groupVersion:
			d.in.Version = d.str()
			versions++
		case groupTypes:
			d.in.Types = list(d, d.in.Types, maxEntries, (*decoder).typeDef)
		case groupImports:
			d.in.Imports = list(d, d.in.Imports, maxEntries, func(d *decoder) Import {
				return Import{Namespace: d.str(), Name: d.str(), Type: d.U32()}
			})
		case groupAdapters:
			d.in.Adapters = list(d, d.in.Adapters, maxEntries, func(d *decoder) Adapter {
				return Adapter{Type: d.U32(), Instr: list(d, nil, maxInstr, (*decoder).instruction)}
			})
		case groupExports:
			d.in.Exports = list(d, d.in.Exports, maxEntries, func(d *decoder) Export { return Export{Name: d.str(), Type: d.U32()} })
		case groupImpls:
			d.in.Impls = list(d, d.in.Impls, maxEntries, func(d *decoder) Impl { return Impl{Core: d.U32(), Adapter: d.U32()} })
		default:
			d.fail("unknown group %#x", g)
		}
	}
	if err := d.Err(); err != nil && d.err == nil {
		kind := ErrMalformed
		if errors.Is(err, wasmbin.ErrTooLarge) {
			kind = ErrTooLarge
		}
		d.err = fmt.Errorf("%w: %w", kind, err)
	}
	if d.err == nil && versions != 1 {
		d.err = fmt.Errorf("%w: %d versions, want one", ErrMalformed, versions)
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.in, nil
}

// list reads a length and as many items behind those that are there.
func list[T any](d *decoder, items []T, limit int, read func(*decoder) T) []T {
	for n := d.Count("items", limit-len(items)); n > 0 && d.ok(); n-- {
		items = append(items, read(d))
	}
	return items
}

func (d *decoder) str() string {
	b := d.Bytes(uint32(d.Byte()))
	if !utf8.Valid(b) {
		d.fail("name is not UTF-8")
		return ""
	}
	return string(b)
}

func (d *decoder) typeDef() (t TypeDef) {
	switch k := d.Byte(); k {
	case 0:
		t.Fields = list(d, nil, maxEntries, (*decoder).field)
		t.Outputs = list(d, nil, maxEntries, func(d *decoder) Type { return d.typ(0) })
	case 1:
		t.IsRecord, t.Name = true, d.str()
		t.Fields = list(d, nil, maxEntries, (*decoder).field)
		if len(t.Fields) == 0 && d.ok() {
			d.fail("record %s without fields", t.Name)
		}
	default:
		d.fail("unknown type definition %#x", k)
	}
	return t
}

func (d *decoder) field() Field { return Field{Name: d.str(), Type: d.typ(0)} }

func (d *decoder) typ(depth int) Type {
	if depth > maxNesting {
		d.fail("arrays nested deeper than %d", maxNesting)
		return Type{}
	}
	switch k := Kind(d.Byte()); {
	case k <= I64, k == ByteArray:
		return Type{Kind: k}
	case k == Record:
		return Type{Kind: k, Record: d.U32()}
	case k == Array:
		elem := d.typ(depth + 1)
		return Type{Kind: k, Elem: &elem}
	default:
		d.fail("unknown type %#x", byte(k))
		return Type{}
	}
}

func (d *decoder) instruction() Instr {
	if d.instr++; d.instr > maxInstr {
		d.err = fmt.Errorf("%w: more than %d instructions", ErrTooLarge, maxInstr)
		return Instr{}
	}
	i := Instr{Op: Op(d.Byte())}
	switch op := i.Op; {
	case op == ArgGet, op == CallCore, op == RecordLift, op == RecordLower, op == PushI32, op == PushI64:
		i.Arg = d.U64()
	case op == ArrayLift, op == ArrayLower:
		i.Type = d.typ(0)
	case op >= FirstConvert && op <= StringSize, op == Dup, op == Swap2, op == BoolFromI32, op == I32FromBool,
		op >= ByteArrayLift && op <= ByteArraySize:
	default:
		d.fail("unknown instruction %#x", byte(op))
	}
	return i
}
