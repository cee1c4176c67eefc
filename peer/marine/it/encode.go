// SPDX-License-Identifier: Apache-2.0

package it

import (
	"fmt"
	"unicode/utf8"

	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// encoder writes a section; the first error stays.
type encoder struct {
	b   []byte
	err error
}

// Encode writes the section as upstream's encoder does: version, types, imports,
// adapters, exports, impls, empty groups left out.
//
// Errors: ErrTooLarge for names above MaxName and for lists of fields, outputs or
// instructions above MaxList, which upstream's decoder would misread; ErrMalformed
// for names that are not UTF-8.
func (in *Interface) Encode() ([]byte, error) {
	e := &encoder{}
	e.b = append(e.b, groupVersion)
	e.str(in.Version)
	group(e, groupTypes, in.Types, (*encoder).typeDef)
	group(e, groupImports, in.Imports, func(e *encoder, i Import) {
		e.str(i.Namespace)
		e.str(i.Name)
		e.u(uint64(i.Type))
	})
	group(e, groupAdapters, in.Adapters, func(e *encoder, a Adapter) {
		e.u(uint64(a.Type))
		e.short("instructions", len(a.Instr))
		for _, i := range a.Instr {
			e.instruction(i)
		}
	})
	group(e, groupExports, in.Exports, func(e *encoder, x Export) {
		e.str(x.Name)
		e.u(uint64(x.Type))
	})
	group(e, groupImpls, in.Impls, func(e *encoder, i Impl) {
		e.u(uint64(i.Core))
		e.u(uint64(i.Adapter))
	})
	return e.b, e.err
}

func group[T any](e *encoder, id byte, items []T, write func(*encoder, T)) {
	if len(items) == 0 {
		return
	}
	e.b = append(e.b, id)
	e.u(uint64(len(items)))
	for _, item := range items {
		write(e, item)
	}
}

func (e *encoder) u(n uint64) { e.b = wasmbin.AppendU64(e.b, n) }

// short writes the length of a list that upstream reads as one byte.
func (e *encoder) short(what string, n int) {
	if n > MaxList && e.err == nil {
		e.err = fmt.Errorf("%w: %d %s: at most %d", ErrTooLarge, n, what, MaxList)
	}
	e.u(uint64(n))
}

func (e *encoder) str(s string) {
	if len(s) > MaxName {
		if e.err == nil {
			e.err = fmt.Errorf("%w: name of %d bytes: at most %d", ErrTooLarge, len(s), MaxName)
		}
		return
	}
	if !utf8.ValidString(s) && e.err == nil {
		e.err = fmt.Errorf("%w: name %q is not UTF-8", ErrMalformed, s)
	}
	e.b = append(append(e.b, byte(len(s))), s...)
}

func (e *encoder) typeDef(t TypeDef) {
	if t.IsRecord {
		e.b = append(e.b, 1)
		e.str(t.Name)
	} else {
		e.b = append(e.b, 0)
	}
	e.short("fields", len(t.Fields))
	for _, f := range t.Fields {
		e.str(f.Name)
		e.typ(f.Type)
	}
	if t.IsRecord {
		return
	}
	e.short("outputs", len(t.Outputs))
	for _, o := range t.Outputs {
		e.typ(o)
	}
}

func (e *encoder) typ(t Type) {
	e.b = append(e.b, byte(t.Kind))
	switch t.Kind {
	case Record:
		e.u(uint64(t.Record))
	case Array:
		e.typ(*t.Elem)
	}
}

func (e *encoder) instruction(i Instr) {
	e.b = append(e.b, byte(i.Op))
	switch i.Op {
	case ArgGet, CallCore, RecordLift, RecordLower, PushI32, PushI64:
		e.u(i.Arg)
	case ArrayLift, ArrayLower:
		e.typ(i.Type)
	}
}
