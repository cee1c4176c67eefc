// SPDX-License-Identifier: Apache-2.0

package gen

import (
	"go/ast"
)

// typ is a type of the interface.
type typ struct {
	scalar string // U8, Bool, String …: the name of the reader's method; empty for a list or a record
	item   *typ   // of a list
	record string // Go name of a record
}

// scalars maps Go types to the reader's methods, their size and their type in Wasm and in a description.
var scalars = map[string]struct {
	method, core, described string
	size                    int
}{
	"bool":    {"Bool", "uint32", "bool", 1},
	"uint8":   {"U8", "uint32", "u8", 1},
	"byte":    {"U8", "uint32", "u8", 1},
	"uint16":  {"U16", "uint32", "u16", 2},
	"uint32":  {"U32", "uint32", "u32", 4},
	"uint64":  {"U64", "uint64", "u64", 8},
	"int8":    {"I8", "int32", "i8", 1},
	"int16":   {"I16", "int32", "i16", 2},
	"int32":   {"I32", "int32", "i32", 4},
	"int64":   {"I64", "int64", "i64", 8},
	"float32": {"F32", "float32", "f32", 4},
	"float64": {"F64", "float64", "f64", 8},
	"string":  {"String", "", "string", 8},
}

// typeOf reads a type and the records that it is made of, inner ones first.
func (l *loader) typeOf(e ast.Expr) (typ, error) {
	switch e := e.(type) {
	case *ast.Ident:
		if _, ok := scalars[e.Name]; ok {
			if e.Name == "byte" {
				return typ{scalar: "uint8"}, nil
			}
			return typ{scalar: e.Name}, nil
		}
		if st, ok := l.structs[e.Name]; ok {
			return typ{record: e.Name}, l.record(e.Name, st)
		}
		return typ{}, l.fail(e.Pos(), "type %s has no form in a Marine interface: use bool, uint8 to uint64, int8 to int64, float32, float64, string, a slice, or a struct of this package", e.Name)
	case *ast.ArrayType:
		if e.Len != nil {
			return typ{}, l.fail(e.Pos(), "use a slice instead of an array")
		}
		item, err := l.typeOf(e.Elt)
		return typ{item: &item}, err
	}
	return typ{}, l.fail(e.Pos(), "only plain types, slices and structs of this package cross the interface")
}

func (l *loader) record(name string, st *ast.StructType) error {
	if done, seen := l.taken[name]; seen {
		if !done {
			return l.fail(st.Pos(), "struct %s contains itself", name)
		}
		return nil
	}
	l.taken[name] = false
	r := record{goName: name}
	for _, f := range st.Fields.List {
		t, err := l.typeOf(f.Type)
		if err != nil {
			return err
		}
		if len(f.Names) == 0 {
			return l.fail(f.Pos(), "name the field: an embedded struct has no name in the interface")
		}
		for _, n := range f.Names {
			r.fields = append(r.fields, param{n.Name, t})
		}
	}
	if len(r.fields) == 0 {
		return l.fail(st.Pos(), "struct %s has no fields", name)
	}
	l.taken[name] = true
	l.m.records = append(l.m.records, r)
	return nil
}

// size is how many bytes a value takes inside a record or a list.
func (t typ) size() int {
	switch {
	case t.item != nil:
		return 8
	case t.record != "":
		return 4
	default:
		return scalars[t.scalar].size
	}
}

// described is the type in a description.
func (t typ) described() string {
	switch {
	case t.item != nil:
		return "[]" + t.item.described()
	case t.record != "":
		return t.record
	default:
		return scalars[t.scalar].described
	}
}

func (t typ) goType() string {
	switch {
	case t.item != nil:
		return "[]" + t.item.goType()
	case t.record != "":
		return t.record
	default:
		return t.scalar
	}
}

func (t typ) isBytes() bool { return t.item != nil && t.item.scalar == "uint8" }
