// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"math"

	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/value"
)

// lens is a planned lens: scalars are slots, texts are made once.
type lens struct {
	length bool
	path   []accessor
	text   string   // canonical, `.$.a.[0]`
	rest   []string // text of path[i:], each accessor with a leading dot
}

type accessor struct {
	kind  ast.AccessorKind
	index uint32
	name  string
	slot  int32 // of the scalar, for ast.ByScalar
}

// walk applies path to v. It adds the origins of scalars used as accessors to
// used.
//
// Source: air.md 1.2, 3.5.
func (r *run) walk(v value.Value, path []accessor, used *[]ref) (value.Value, *Error) {
	for i := range path {
		if err := r.spend(1); err != nil {
			return v, err
		}
		a := &path[i]
		var err *Error
		switch a.kind {
		case ast.Index:
			v, err = elementOf(v, a.index)
		case ast.Field:
			v, err = fieldOf(v, a.name)
		default:
			var by val
			if by, err = r.scalar(a.slot); err != nil {
				return v, err
			}
			*used = append(*used, by.ref())
			v, err = selectBy(v, by.json)
		}
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

func elementOf(v value.Value, i uint32) (value.Value, *Error) {
	if v.Kind() != value.Array {
		return v, fault(CodeLens, "value '%s' is not an array-type to match array accessor with idx = '%d'", v, i)
	}
	if uint64(i) <= math.MaxInt32 {
		if e, ok := v.Index(int(i)); ok {
			return e, nil
		}
	}
	return v, fault(CodeLens, "value '%s' does not contain element for idx = '%d'", v, i)
}

func fieldOf(v value.Value, name string) (value.Value, *Error) {
	if v.Kind() != value.Object {
		return v, fault(CodeLens, "value '%s' is not an map-type to match field accessor with field_name = '%s'", v, name)
	}
	if e, ok := v.Field(name); ok {
		return e, nil
	}
	return v, fault(CodeLens, "value '%s' does not contain element with field name = '%s'", v, name)
}

// selectBy applies an accessor that is itself a value.
func selectBy(v, by value.Value) (value.Value, *Error) {
	switch by.Kind() {
	case value.String:
		name, _ := by.AsString()
		return fieldOf(v, name)
	case value.Number:
		i, err := indexFrom(by)
		if err != nil {
			return v, err
		}
		return elementOf(v, i)
	}
	return v, fault(CodeLens, "scalar accessor `%s` should has number or string type", by)
}

// indexFrom reads a number that selects an element.
func indexFrom(v value.Value) (uint32, *Error) {
	if n, ok := v.AsUint(); ok && n <= math.MaxUint32 {
		return uint32(n), nil
	}
	return 0, fault(CodeLens, "index accessor `%s can't be converted to u32`", v)
}

// length applies the length functor.
func lengthOf(v value.Value) (value.Value, *Error) {
	if v.Kind() != value.Array {
		return v, fault(CodeLength, "the length functor could applied only to an array-like value, but it's applied to '%s'", v)
	}
	return value.FromInt(int64(v.Len())), nil
}

// focus applies a lens to a scalar: the value changes, the tetraplet gets the
// text of the lens, the provenance stays.
func (r *run) focus(v *val, l *lens) *Error {
	if l.length {
		n, err := lengthOf(v.json)
		if err != nil {
			return err
		}
		v.json, v.tet = n, r.plan.lengthTet
		return nil
	}
	var buf [2]ref
	used := buf[:0]
	json, err := r.walk(v.json, l.path, &used)
	if err != nil {
		return err
	}
	v.json, v.tet = json, withLens(v.tet, l.text)
	v.use(used)
	return r.charge(len(v.tet.Lens))
}

// use joins the origins of scalars used as accessors to those of the value.
func (v *val) use(used []ref) {
	if len(used) == 0 {
		return
	}
	refs := append(make([]ref, 0, len(used)+1), v.ref())
	v.org = &origin{kind: unionOrigin, refs: append(refs, used...)}
}

// focusStream applies a lens to a canon stream.
func (r *run) focusStream(c *canon, l *lens, out *arg) *Error {
	if l.length {
		out.val = val{
			json: value.FromInt(int64(len(c.vals))),
			tet:  r.plan.streamLengthTet(r.in.CurrentPeer),
			prov: c.prov(),
		}
		return nil
	}
	var buf [2]ref
	used := buf[:0]
	i, err := r.streamIndex(&l.path[0], &used)
	if err != nil {
		return err
	}
	if uint64(i) >= uint64(len(c.vals)) {
		return fault(CodeLens, "lambda is applied to a stream that have only '%d' elements, but '%d' requested", len(c.vals), i)
	}
	out.val = c.vals[i]
	out.json, err = r.walk(out.json, l.path[1:], &used)
	if err != nil {
		return err
	}
	out.use(used)
	return nil
}

// streamIndex reads the accessor that selects an element of a canon stream.
func (r *run) streamIndex(a *accessor, used *[]ref) (uint32, *Error) {
	switch a.kind {
	case ast.Index:
		return a.index, nil
	case ast.Field:
		return 0, fault(CodeLens, "field accessor (with field name = '%s') can't be applied to a stream", a.name)
	}
	by, err := r.scalar(a.slot)
	if err != nil {
		return 0, err
	}
	*used = append(*used, by.ref())
	if by.json.Kind() != value.Number {
		return 0, fault(CodeLens, "stream accessor `%s` should has number (u32) type", by.json)
	}
	return indexFrom(by.json)
}
