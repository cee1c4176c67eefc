// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"strconv"

	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// The fields of the pairs that a stream map holds.
const (
	keyField   = "key"
	valueField = "value"
)

// mapKey is a key of a stream map: a string, or an integer.
type mapKey struct {
	isString bool
	negative bool
	text     string
	number   uint64
}

// keyFrom reads a key; false for kinds that are no keys.
func keyFrom(v value.Value) (mapKey, bool) {
	if s, ok := v.AsString(); ok {
		return mapKey{isString: true, text: s}, true
	}
	if n, ok := v.AsUint(); ok {
		return mapKey{number: n}, true
	}
	if n, ok := v.AsInt(); ok {
		return mapKey{negative: true, number: uint64(n)}, true
	}
	return mapKey{}, false
}

// name is the key as the name of an object field.
func (k mapKey) name() string {
	switch {
	case k.isString:
		return k.text
	case k.negative:
		return strconv.FormatInt(int64(k.number), 10)
	default:
		return strconv.FormatUint(k.number, 10)
	}
}

// pair is what a stream map holds for a key and a value.
func pair(key, v value.Value) value.Value {
	return value.NewObject(value.Member{Name: keyField, Value: key}, value.Member{Name: valueField, Value: v})
}

// group sorts the pairs of a canon map by key. A value under a key answers for
// its origins as its pair does.
func (c *canon) group() *Error {
	c.byKey = make(map[mapKey]int, len(c.vals))
	for i := range c.vals {
		p := &c.vals[i]
		raw, _ := p.json.Field(keyField)
		key, ok := keyFrom(raw)
		if !ok || p.json.Kind() != value.Object {
			return fault(CodeKeyValue, "unsupported kvpair object or map key type: %s", p.json)
		}
		v := *p
		if v.json, ok = p.json.Field(valueField); !ok {
			return fault(CodeKeyValue, "value field is absent in a pair of a map: %s", p.json)
		}
		at, known := c.byKey[key]
		if !known {
			at = len(c.groups)
			c.byKey[key] = at
			c.groups = append(c.groups, group{key: key})
		}
		c.groups[at].vals = append(c.groups[at].vals, v)
	}
	return nil
}

// whole returns the canon as one value: an array of the elements, or an object
// of arrays by key.
func (r *run) wholeOf(c *canon) (value.Value, *Error) {
	if c.hasAll {
		return c.text, nil
	}
	n := 2
	for i := range c.vals {
		n += len(c.vals[i].json.Text()) + 1
	}
	if err := r.charge(n); err != nil {
		return c.text, err
	}
	if c.isMap {
		members := make([]value.Member, len(c.groups))
		for i := range c.groups {
			members[i] = value.Member{Name: c.groups[i].key.name(), Value: arrayOf(c.groups[i].vals)}
		}
		c.text = value.NewObject(members...)
	} else {
		c.text = arrayOf(c.vals)
	}
	c.hasAll = true
	return c.text, nil
}

func arrayOf(vals []val) value.Value {
	elems := make([]value.Value, len(vals))
	for i := range vals {
		elems[i] = vals[i].json
	}
	return value.NewArray(elems...)
}

// focusMap applies a lens to a canon map.
//
// Source: air.md 3.5, 5.2.
func (r *run) focusMap(c *canon, l *lens, out *arg) *Error {
	out.prov, out.org = c.prov(), nil
	if l.length {
		out.json = value.FromInt(int64(len(c.vals)))
		out.tet = &data.Tetraplet{PeerPK: r.in.CurrentPeer, Lens: "length"}
		return nil
	}
	var buf [2]ref
	used := buf[:0]
	key, err := r.mapIndex(&l.path[0], &used)
	if err != nil {
		return err
	}
	at, known := c.byKey[key]
	if !known || len(l.path) == 1 {
		out.json = value.EmptyArray()
		if known {
			g := &c.groups[at]
			out.json = arrayOf(g.vals)
			if err := r.charge(len(out.json.Text())); err != nil {
				return err
			}
			out.org = unionOf(g.vals)
		}
		out.tet = &data.Tetraplet{PeerPK: c.tet.PeerPK, Lens: l.text}
		out.use(used)
		return nil
	}
	return r.focusGroup(&c.groups[at], l, used, out)
}

// focusGroup selects one value under a key, and a part of it.
func (r *run) focusGroup(g *group, l *lens, used []ref, out *arg) *Error {
	i, err := r.streamIndex(&l.path[1], &used)
	if err != nil {
		return err
	}
	if uint64(i) >= uint64(len(g.vals)) {
		return fault(CodeLens, "lambda is applied to a stream that have only '%d' elements, but '%d' requested", len(g.vals), i)
	}
	v := &g.vals[i]
	out.json, out.tet, out.org = v.json, v.tet, v.org
	if len(l.path) > 2 {
		if out.json, err = r.walk(v.json, l.path[2:], &used); err != nil {
			return err
		}
		out.tet = withLens(v.tet, l.rest[2])
	}
	out.use(used)
	return nil
}

// mapIndex reads the accessor that selects a key of a canon map.
func (r *run) mapIndex(a *accessor, used *[]ref) (mapKey, *Error) {
	switch a.kind {
	case ast.Index:
		return mapKey{number: uint64(a.index)}, nil
	case ast.Field:
		return mapKey{isString: true, text: a.name}, nil
	}
	by, iterator, err := r.lookup(a.slot)
	if err != nil {
		return mapKey{}, err
	}
	if iterator {
		return mapKey{}, fault(CodeLens, "canon stream map accessor must not be iterable")
	}
	key, ok := keyFrom(by.json)
	if !ok {
		return mapKey{}, fault(CodeLens, "canon stream map accessor `%s` should be either string or number", by.json)
	}
	*used = append(*used, by.ref())
	return key, nil
}
