// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"slices"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// ref is what is kept of a value to judge its origins by: its provenance, and
// where that does not say all, an origin.
type ref struct {
	prov data.Provenance
	org  *origin
}

// origin is what vouches for a value beyond its provenance.
type origin struct {
	kind  originNode
	refs  []ref
	peer  string // failedOrigin, collapsedOrigin
	canon *canon // elementOrigin
	index int
}

type originNode uint8

const (
	unionOrigin     originNode = iota // all of refs
	failedOrigin                      // an error object made of refs at peer
	elementOrigin                     // element index of canon
	collapsedOrigin                   // pairs of a map made one value at peer
	unknownOrigin                     // nothing
)

// judge computes origin sets once a run is over, when it is known which results
// and canons stand in the new trace. Everything in that trace is signed by the
// peer it names, or the run is refused.
//
// Source: perimeter.md 4.
type judge struct {
	r       *run
	states  map[data.CID]data.Kind
	canons  map[data.CID][]Origin
	known   map[data.Provenance][]Origin // sets that many arguments share
	nodes   map[*origin][]Origin         // of origins made of others
	members uint32
}

// sets judges a list of values.
func (j *judge) sets(refs []ref) ([][]Origin, *Error) {
	out := j.r.arenas.sets.take(len(refs))
	for i := range refs {
		set, err := j.of(refs[i])
		if err != nil {
			return nil, err
		}
		out[i] = set
	}
	return out, nil
}

// of judges one value; the result is sorted, without duplicates, not empty.
func (j *judge) of(f ref) ([]Origin, *Error) {
	if f.org == nil {
		if set, done := j.known[f.prov]; done {
			return set, j.count(len(set))
		}
	}
	set, err := j.collect(nil, f)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(set, Origin.Compare)
	set = slices.Compact(set)
	set = set[:len(set):len(set)]
	if f.org == nil {
		if j.known == nil {
			j.known = make(map[data.Provenance][]Origin)
		}
		j.known[f.prov] = set
	}
	return set, nil
}

// add appends members to a set, within the budget.
func (j *judge) add(set []Origin, members ...Origin) ([]Origin, *Error) {
	if err := j.count(len(members)); err != nil {
		return nil, err
	}
	return append(set, members...), nil
}

func (j *judge) count(members int) *Error {
	j.members += uint32(members)
	if j.members > j.r.budget.Origins {
		return overspent("origins", uint64(j.r.budget.Origins))
	}
	return nil
}

// collect appends the origins of f to set. Its recursion follows how values
// were made in this run, at most one level per visited instruction, and is
// bounded by the nesting budget; what was judged once is not judged again.
func (j *judge) collect(set []Origin, f ref) ([]Origin, *Error) {
	o := f.org
	switch {
	case o == nil:
		return j.provenance(set, f.prov)
	case o.kind == elementOrigin:
		return j.element(set, o)
	case o.kind == unknownOrigin:
		return j.add(set, Origin{})
	}
	own, done := j.nodes[o]
	if !done {
		var err *Error
		if own, err = j.node(o); err != nil {
			return nil, err
		}
		if j.nodes == nil {
			j.nodes = make(map[*origin][]Origin)
		}
		j.nodes[o] = own
	}
	return j.add(set, own...)
}

// node judges an origin made of others.
func (j *judge) node(o *origin) (set []Origin, err *Error) {
	if j.r.depth++; j.r.depth > j.r.budget.Nesting {
		return nil, overspent("nesting", uint64(j.r.budget.Nesting))
	}
	switch o.kind {
	case failedOrigin:
		set, err = j.add(nil, Origin{Kind: OriginFailed, Peer: o.peer})
	case collapsedOrigin:
		set, err = j.add(nil, Origin{Kind: OriginCanon, Peer: o.peer})
	}
	for i := range o.refs {
		if err != nil {
			return nil, err
		}
		set, err = j.collect(set, o.refs[i])
	}
	j.r.depth--
	slices.SortFunc(set, Origin.Compare)
	return slices.Compact(set), err
}

func (j *judge) provenance(set []Origin, p data.Provenance) ([]Origin, *Error) {
	var more []Origin
	var err *Error
	switch p.Kind {
	case data.FromLiteral:
		return j.add(set, Origin{Kind: OriginInitiator})
	case data.FromServiceResult:
		more, err = j.result(p.CID)
	default:
		more, err = j.whole(p.CID)
	}
	if err != nil {
		return nil, err
	}
	return j.add(set, more...)
}

// state tells how a CID stands in the new trace.
func (j *judge) state(cid data.CID) (data.Kind, bool) {
	if j.states == nil {
		j.states = make(map[data.CID]data.Kind, len(j.r.t.out))
		for i := range j.r.t.out {
			s := &j.r.t.out[i]
			switch k := s.Kind(); k {
			case data.KindFailed:
				j.states[s.CID()] = k // of a CID that is also a success, failure counts
			case data.KindScalar, data.KindStream, data.KindCanon:
				if _, known := j.states[s.CID()]; !known {
					j.states[s.CID()] = k
				}
			}
		}
	}
	k, ok := j.states[cid]
	return k, ok
}

// result judges a service result by its CID.
func (j *judge) result(cid data.CID) ([]Origin, *Error) {
	kind, ok := j.state(cid)
	agg, found := j.r.cids.ServiceResults.Get(cid)
	tet, known := j.r.cids.Tetraplets.Get(agg.Tetraplet)
	if !ok || !found || !known {
		return []Origin{{}}, nil
	}
	if kind == data.KindFailed {
		return []Origin{{Kind: OriginFailed, Peer: tet.PeerPK}}, nil
	}
	set := []Origin{{
		Kind: OriginResult, Peer: tet.PeerPK, Service: tet.ServiceID, Function: tet.FunctionName,
		ArgumentHash: string(agg.ArgumentHash), CID: string(cid),
	}}
	if j.ambiguous(agg.Value) {
		set = append(set, Origin{Kind: OriginFailed, Peer: tet.PeerPK})
	}
	return set, nil
}

// ambiguous reports whether a value could also be that of a failed call: the
// signature does not cover which of both a result is.
func (j *judge) ambiguous(cid data.CID) bool {
	text, _ := j.r.cids.Values.Get(cid)
	v, err := value.Parse(text)
	if err != nil || v.Kind() != value.Object || v.Len() != 2 {
		return false
	}
	code, _, bad := failure(v)
	return bad == nil && code != 0
}

// whole judges a canon by its CID: its elements and its peer.
func (j *judge) whole(cid data.CID) ([]Origin, *Error) {
	if set, done := j.canons[cid]; done {
		return set, nil
	}
	c := j.r.canonsBy[cid]
	if kind, ok := j.state(cid); !ok || kind != data.KindCanon || c == nil {
		return []Origin{{}}, nil
	}
	if j.canons == nil {
		j.canons = make(map[data.CID][]Origin)
	}
	// A canon cannot hold itself, for its CID covers its elements; the entry is
	// what a reader of a broken hash would find.
	j.canons[cid] = []Origin{{}}
	set, err := j.add(nil, Origin{Kind: OriginCanon, Peer: c.tet.PeerPK})
	for i := range c.vals {
		if err != nil {
			return nil, err
		}
		set, err = j.collect(set, c.vals[i].ref())
	}
	if err == nil && c.collapsed != nil {
		set, err = j.collect(set, ref{org: c.collapsed})
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(set, Origin.Compare)
	set = slices.Compact(set)
	j.canons[cid] = set
	return set, nil
}

// unionOf joins the origins of values.
func unionOf(vals []val) *origin {
	o := &origin{kind: unionOrigin, refs: make([]ref, len(vals))}
	for i := range vals {
		o.refs[i] = vals[i].ref()
	}
	return o
}
