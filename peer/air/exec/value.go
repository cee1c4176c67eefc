// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// val is a value with what is known of where it comes from.
type val struct {
	json value.Value
	tet  *data.Tetraplet
	prov data.Provenance
	org  *origin // nil: prov says all
	pos  uint32  // of the state in the new trace that made it, for stream values
}

func (v *val) ref() ref { return ref{v.prov, v.org} }

// settle gives the tetraplet the form it has once a value is kept in a variable:
// a literal keeps only its peer, a canon value its peer and lens.
//
// Source: air.md 5.2.
func (v *val) settle() {
	t := v.tet
	switch v.prov.Kind {
	case data.FromLiteral:
		if t.ServiceID != "" || t.FunctionName != "" || t.Lens != "" {
			v.tet = ofPeer(t.PeerPK)
		}
	case data.FromCanon:
		if t.ServiceID != "" || t.FunctionName != "" {
			v.tet = &data.Tetraplet{PeerPK: t.PeerPK, Lens: t.Lens}
		}
	}
}

// arg is a resolved operand: a value, or a canon taken whole, which has a
// tetraplet for each element.
type arg struct {
	val
	whole *canon
}

// tetraplets returns the tetraplets of the argument in the form of a Call.
func (a *arg) tetraplets(from *arena[Tetraplet]) []Tetraplet {
	if a.whole == nil {
		list := from.take(1)
		list[0] = Tetraplet(*a.tet)
		return list
	}
	list := from.take(len(a.whole.vals))
	for i := range a.whole.vals {
		list[i] = Tetraplet(*a.whole.vals[i].tet)
	}
	return list
}

// canon is a frozen stream or stream map. The elements of a map are its pairs.
type canon struct {
	cid   data.CID
	tet   *data.Tetraplet // of the canon peer
	vals  []val
	isMap bool

	text   value.Value // the canon as one value, made when asked for
	hasAll bool
	groups []group        // of a map, in the order their keys were first seen
	byKey  map[mapKey]int // index into groups

	collapsed *origin // of a canon made one value: its pairs
}

// group is what a canon map holds under one key.
type group struct {
	key  mapKey
	vals []val
}

func (c *canon) prov() data.Provenance { return data.Provenance{Kind: data.FromCanon, CID: c.cid} }
