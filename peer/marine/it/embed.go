// SPDX-License-Identifier: Apache-2.0

package it

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// ErrMismatch says that a module does not have what its description says.
var ErrMismatch = errors.New("module does not fit its description")

// Described returns the description that an SDK left in a module's custom
// sections; ok is false if there is none.
//
// Errors: ErrDescription.
func Described(m *wasmbin.Module) (d *Description, ok bool, err error) {
	var asts [][]byte
	for _, s := range m.Sections {
		if s.ID == wasmbin.SectionCustom && (strings.HasPrefix(s.Name, PrefixAST) || strings.HasPrefix(s.Name, PrefixLegacyAST)) {
			asts = append(asts, s.Body)
		}
	}
	if len(asts) == 0 {
		return nil, false, nil
	}
	d, err = ParseAST(asts)
	return d, true, err
}

// Embed returns the module with the interface types of d and the version of the
// calling convention, in place of what it had of both.
//
// Errors: ErrMismatch when exports or imports are missing or have other core
// types, ErrDescription, ErrTooLarge, those of wasmbin.
func Embed(wasm []byte, d *Description, lim wasmbin.Limits) ([]byte, error) {
	m, err := wasmbin.Parse(wasm, lim)
	if err != nil {
		return nil, err
	}
	core, err := m.Core(lim)
	if err != nil {
		return nil, err
	}
	if err := d.fits(core); err != nil {
		return nil, err
	}
	in, err := Generate(d)
	if err != nil {
		return nil, err
	}
	section, err := in.Encode()
	if err != nil {
		return nil, err
	}
	m.Sections = slices.DeleteFunc(m.Sections, func(s wasmbin.Section) bool {
		return s.ID == wasmbin.SectionCustom && (s.Name == SectionIT || s.Name == SectionVersion)
	})
	m.Sections = append(m.Sections,
		wasmbin.Section{Name: SectionVersion, Body: []byte(GeneratedSDKVersion)},
		wasmbin.Section{Name: SectionIT, Body: section})
	return m.Append(nil), nil
}

// fits compares a description with the core module.
func (d *Description) fits(c *wasmbin.Core) error {
	exports := map[string]wasmbin.FuncType{}
	memory := false
	for _, e := range c.Exports {
		switch e.Kind {
		case wasmbin.KindFunc:
			exports[e.Name], _ = c.FuncType(e.Index)
		case wasmbin.KindMemory:
			memory = memory || e.Name == "memory"
		}
	}
	if !memory {
		return fmt.Errorf("%w: it does not export a memory named memory", ErrMismatch)
	}
	i32 := wasmbin.ValI32
	for i, want := range []wasmbin.FuncType{
		{Params: []wasmbin.ValType{i32, i32}, Results: []wasmbin.ValType{i32}},
		{},
		{Results: []wasmbin.ValType{i32}},
		{Results: []wasmbin.ValType{i32}},
		{Params: []wasmbin.ValType{i32}},
		{Params: []wasmbin.ValType{i32}},
	} {
		if err := match("export", Convention[i], exports, want); err != nil {
			return err
		}
	}
	for _, s := range d.Functions {
		if err := match("export", s.Name, exports, coreType(s)); err != nil {
			return err
		}
	}
	imports := map[string]wasmbin.FuncType{}
	for _, im := range c.Imports {
		if im.Kind == wasmbin.KindFunc {
			imports[im.Module+"."+im.Name] = c.Types[im.Index]
		}
	}
	for _, s := range d.Imports {
		name := s.Name
		if s.Link != "" {
			name = s.Link
		}
		if err := match("import", s.Namespace+"."+name, imports, coreType(s)); err != nil {
			return err
		}
	}
	return nil
}

func match(what, name string, have map[string]wasmbin.FuncType, want wasmbin.FuncType) error {
	got, ok := have[name]
	if !ok {
		return fmt.Errorf("%w: it does not %s function %s", ErrMismatch, what, name)
	}
	if !slices.Equal(got.Params, want.Params) || !slices.Equal(got.Results, want.Results) {
		return fmt.Errorf("%w: %s %s has type %v, its description needs %v", ErrMismatch, what, name, got, want)
	}
	return nil
}

// coreType returns the core type of a described function.
func coreType(s Signature) wasmbin.FuncType {
	raw := rawSignature(TypeDef{Fields: s.Args, Outputs: s.Outputs})
	var t wasmbin.FuncType
	for _, f := range raw.Fields {
		t.Params = append(t.Params, coreValue(f.Type.Kind))
	}
	for _, o := range raw.Outputs {
		t.Results = append(t.Results, coreValue(o.Kind))
	}
	return t
}

func coreValue(k Kind) wasmbin.ValType {
	switch k {
	case F32:
		return wasmbin.ValF32
	case F64:
		return wasmbin.ValF64
	case I64, S64:
		return wasmbin.ValI64
	}
	return wasmbin.ValI32
}
