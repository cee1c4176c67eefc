// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"strconv"
	"strings"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// attest makes the elements of a canon answer for their origins themselves,
// whatever they were before: a canon peer can put in what it likes.
func (r *run) attest(c *canon) {
	if r.canonsBy == nil {
		r.canonsBy = make(map[data.CID]*canon)
	}
	if _, known := r.canonsBy[c.cid]; !known {
		r.canonsBy[c.cid] = c
	}
	nodes := make([]origin, len(c.vals))
	for i := range c.vals {
		nodes[i] = origin{kind: elementOrigin, canon: c, index: i}
		c.vals[i].org = &nodes[i]
	}
}

// element judges an element of a canon: its peer vouches for it, and so does
// what its provenance names, if that stands in the trace and the value follows
// from it by the lens.
//
// Source: perimeter.md 2.4.
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
	}
	if err != nil {
		return nil, err
	}
	return j.add(set, from...)
}

// fromResult returns the origins of the result that e comes from, or none.
func (j *judge) fromResult(e *val, v value.Value) ([]Origin, *Error) {
	kind, ok := j.state(e.prov.CID)
	if !ok || kind == data.KindFailed || kind == data.KindCanon {
		return nil, nil
	}
	agg, _ := j.r.cids.ServiceResults.Get(e.prov.CID)
	tet, known := j.r.cids.Tetraplets.Get(agg.Tetraplet)
	text, has := j.r.cids.Values.Get(agg.Value)
	source, bad := value.Parse(text)
	if !known || !has || bad != nil {
		return nil, nil
	}
	same := tet.PeerPK == e.tet.PeerPK && tet.ServiceID == e.tet.ServiceID && tet.FunctionName == e.tet.FunctionName
	ok, err := same, (*Error)(nil)
	if same {
		ok, err = j.follows(source, v, e.tet.Lens)
	} else if *e.tet == *j.r.plan.lengthTet {
		ok = isLength(v, source)
	}
	if err != nil || !ok {
		return nil, err
	}
	return j.result(e.prov.CID)
}

// fromCanon returns the origins of the canon that e comes from, or none.
func (j *judge) fromCanon(e *val, v value.Value) ([]Origin, *Error) {
	c := j.r.canonsBy[e.prov.CID]
	if kind, ok := j.state(e.prov.CID); !ok || kind != data.KindCanon || c == nil {
		return nil, nil
	}
	source, err := j.r.wholeOf(c)
	if err != nil {
		return nil, err
	}
	if c.collapsed != nil {
		source = c.vals[0].json
	}
	ok, err := j.follows(source, v, e.tet.Lens)
	if err == nil && !ok {
		ok = isCount(v, len(c.vals))
	}
	for i := 0; err == nil && !ok && c.isMap && i < len(c.vals); i++ {
		p := &c.vals[i]
		if rest, cut := strings.CutPrefix(e.tet.Lens, p.tet.Lens); cut && p.tet.PeerPK == e.tet.PeerPK {
			part, _ := p.json.Field(valueField)
			ok, err = j.follows(part, v, rest)
		}
	}
	if err != nil || !ok {
		return nil, err
	}
	return j.whole(e.prov.CID)
}

func isLength(n, of value.Value) bool { return of.Kind() == value.Array && isCount(n, of.Len()) }

func isCount(n value.Value, of int) bool {
	have, ok := n.AsInt()
	return ok && have == int64(of)
}

// follows reports whether want is what the lens text selects from source. An
// accessor `[name]`, whose value the text does not tell, may select anything.
func (j *judge) follows(source, want value.Value, lens string) (bool, *Error) {
	if lens == "" {
		return source.Text() == want.Text(), j.r.spend(1)
	}
	if err := j.r.charge(len(source.Text())); err != nil {
		return false, err
	}
	step, rest, ok := cutAccessor(lens)
	if !ok {
		return false, j.r.spend(1)
	}
	name, bracketed := strings.CutPrefix(step, "[")
	if !bracketed {
		part, has := source.Field(step)
		if !has {
			return false, j.r.spend(1)
		}
		return j.follows(part, want, rest)
	}
	name = strings.TrimSuffix(name, "]")
	if i, err := strconv.ParseUint(name, 10, 31); err == nil {
		part, has := source.Index(int(i))
		if !has {
			return false, j.r.spend(1)
		}
		return j.follows(part, want, rest)
	}
	for e := range source.Elems() {
		if ok, err := j.follows(e, want, rest); ok || err != nil {
			return ok, err
		}
	}
	for _, e := range source.Fields() {
		if ok, err := j.follows(e, want, rest); ok || err != nil {
			return ok, err
		}
	}
	return false, j.r.spend(1)
}

// cutAccessor splits the text of a lens, `.$.a.[0].$.b`, behind its first
// accessor.
func cutAccessor(lens string) (accessor, rest string, ok bool) {
	lens = strings.TrimPrefix(lens, ".$")
	lens, ok = strings.CutPrefix(lens, ".")
	if !ok {
		return "", "", false
	}
	end := strings.IndexByte(lens, '.')
	if end < 0 {
		end = len(lens)
	}
	return lens[:end], lens[end:], end > 0
}

// collapsed finds, for the object a canon made of a stream map, the pairs of the
// map as this peer knows it that say the same. What has no such pair is unknown.
//
// Source: perimeter.md 4, "map collapsed to a scalar".
func (r *run) collapsed(stream int32, c *canon) *origin {
	known := make(map[string][]ref)
	if s := r.streams[stream].top(); s != nil {
		s.each(func(p *val) {
			key, ok := keyFrom(fieldOrNull(p.json, keyField))
			if v, has := p.json.Field(valueField); ok && has {
				name := key.name() + "\x00" + v.Text()
				known[name] = append(known[name], p.ref())
			}
		})
	}
	o := &origin{kind: collapsedOrigin, peer: c.tet.PeerPK}
	for name, v := range c.vals[0].json.Fields() {
		refs := known[name+"\x00"+v.Text()]
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
