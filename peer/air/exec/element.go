// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"strings"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// attest makes the elements of a canon answer for their origins themselves,
// whatever they were before: a canon peer can put in what it likes. Literals
// that the stream, as this peer knows it, got from failures stay failures.
func (r *run) attest(c *canon, s *stream) {
	if r.canonsBy == nil {
		r.canonsBy = make(map[data.CID]*canon)
	}
	if _, known := r.canonsBy[c.cid]; !known {
		r.canonsBy[c.cid] = c
	}
	tainted := s.tainted()
	nodes := make([]origin, len(c.vals))
	for i := range c.vals {
		nodes[i] = origin{kind: elementOrigin, canon: c, index: i, refs: tainted[c.vals[i].json.Text()]}
		c.vals[i].org = &nodes[i]
	}
}

// tainted finds the literals of a stream that are not the script's own: parts of
// error objects, and what was selected or named by other values.
func (s *stream) tainted() map[string][]ref {
	if s == nil {
		return nil
	}
	var found map[string][]ref
	s.each(func(v *val) {
		if v.prov.Kind != data.FromLiteral || v.org == nil {
			return
		}
		if found == nil {
			found = make(map[string][]ref)
		}
		found[v.json.Text()] = append(found[v.json.Text()], v.ref())
	})
	return found
}

// element judges an element of a canon: its peer vouches for it, and so does
// what its provenance names, if that stands in the trace and the value is a part
// of it. A provenance that does not hold makes the element unknown besides.
//
// Source: perimeter.md 2.4, 4.
func (j *judge) element(set []Origin, o *origin) ([]Origin, *Error) {
	set, err := j.add(set, Origin{Kind: OriginCanon, Peer: o.canon.tet.PeerPK})
	if err != nil {
		return nil, err
	}
	e := &o.canon.vals[o.index]
	v := e.json
	if o.canon.isMap {
		v, _ = v.Field(valueField)
	}
	var from []Origin
	switch e.prov.Kind {
	case data.FromServiceResult:
		from, err = j.fromResult(e, v)
	case data.FromCanon:
		from, err = j.fromCanon(e, v)
	default:
		for i := 0; err == nil && i < len(o.refs); i++ {
			from, err = j.collect(from, o.refs[i])
		}
	}
	if err != nil {
		return nil, err
	}
	return j.add(set, from...)
}

// fromResult returns the origins of the result that e claims to be a part of. A
// failed result vouches for nothing.
func (j *judge) fromResult(e *val, v value.Value) ([]Origin, *Error) {
	unknown := []Origin{{}}
	kind, ok := j.state(e.prov.CID)
	if kind == data.KindFailed {
		return nil, nil
	}
	agg, has := j.r.cids.ServiceResults.Get(e.prov.CID)
	text, known := j.r.cids.Values.Get(agg.Value)
	source, bad := value.Parse(text)
	if !ok || !has || !known || bad != nil {
		return unknown, nil
	}
	if *e.tet == *j.r.plan.lengthTet {
		ok = isLength(v, source)
	} else {
		tet, _ := j.r.cids.Tetraplets.Get(agg.Tetraplet)
		ok = tet.PeerPK == e.tet.PeerPK && tet.ServiceID == e.tet.ServiceID && tet.FunctionName == e.tet.FunctionName
	}
	if ok && *e.tet != *j.r.plan.lengthTet {
		var err *Error
		if ok, err = j.holds(source, v); err != nil {
			return nil, err
		}
	}
	if !ok {
		return unknown, nil
	}
	return j.result(e.prov.CID)
}

// fromCanon returns the origins of the canon that e claims to be a part of.
func (j *judge) fromCanon(e *val, v value.Value) ([]Origin, *Error) {
	c := j.r.canonsBy[e.prov.CID]
	if kind, ok := j.state(e.prov.CID); !ok || kind != data.KindCanon || c == nil {
		return []Origin{{}}, nil
	}
	source, err := j.r.wholeOf(c)
	if err != nil {
		return nil, err
	}
	ok := isCount(v, len(c.vals))
	if !ok {
		if ok, err = j.holds(source, v); err != nil {
			return nil, err
		}
	}
	if !ok {
		return []Origin{{}}, nil
	}
	return j.whole(e.prov.CID)
}

func isLength(n, of value.Value) bool { return of.Kind() == value.Array && isCount(n, of.Len()) }

func isCount(n value.Value, of int) bool {
	have, ok := n.AsInt()
	return ok && have == int64(of)
}

// holds reports whether part is source or stands anywhere in it. The lens that a
// tetraplet shows is the canon peer's word only, and AquaVM does not write all of
// it, so any part will do: the maker of the whole vouches for its parts. Its
// recursion is bounded by the nesting of values.
func (j *judge) holds(source, part value.Value) (bool, *Error) {
	if err := j.r.charge(len(source.Text())); err != nil {
		return false, err
	}
	if len(part.Text()) >= len(source.Text()) {
		return source.Text() == part.Text(), nil
	}
	if !strings.Contains(source.Text(), part.Text()) {
		return false, nil
	}
	for e := range source.Elems() {
		if ok, err := j.holds(e, part); ok || err != nil {
			return ok, err
		}
	}
	for _, e := range source.Fields() {
		if ok, err := j.holds(e, part); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// collapsed finds, for the object a canon made of a stream map, the pairs of the
// map as this peer knows it that say the same. What has no such pair is unknown.
//
// Source: perimeter.md 4, "map collapsed to a scalar".
func (r *run) collapsed(stream int32, c *canon) *origin {
	type pairText struct{ name, value string }
	known := make(map[pairText][]ref)
	if s := r.streams[stream].top(); s != nil {
		s.each(func(p *val) {
			key, ok := keyFrom(fieldOrNull(p.json, keyField))
			if v, has := p.json.Field(valueField); ok && has {
				pair := pairText{key.name(), v.Text()}
				known[pair] = append(known[pair], p.ref())
			}
		})
	}
	o := &origin{kind: collapsedOrigin, peer: c.tet.PeerPK}
	for name, v := range c.vals[0].json.Fields() {
		refs := known[pairText{name, v.Text()}]
		if refs == nil {
			refs = []ref{{org: &origin{kind: unknownOrigin}}}
		}
		o.refs = append(o.refs, refs...)
	}
	c.collapsed = o
	return o
}

func fieldOrNull(v value.Value, name string) value.Value {
	f, _ := v.Field(name)
	return f
}
