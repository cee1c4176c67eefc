// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// canonOp freezes a stream or stream map at a peer.
//
// Source: air.md 3.3.
type canonOp struct {
	peer   operand
	name   string // of the peer's variable, for messages
	stream int32
	target ast.Kind // CanonStream, CanonMap or Scalar
	slot   int32
}

func (p *planner) canon(s *ast.Canon) *canonOp {
	return &canonOp{
		peer: p.textOperand(&s.Peer), name: s.Peer.Name,
		stream: p.stream(s.Source.Name), target: s.Target.Kind, slot: p.slot(s.Target),
	}
}

func (o *canonOp) run(r *run, in *instr) *Error {
	state, kept, err := r.t.canon(in.src)
	if err != nil {
		return err
	}
	peer, err := r.text(o.peer, o.name)
	if err != nil {
		if state == nil {
			return r.join(err)
		}
		return err // a state says that the peer was known before
	}
	own := peer == r.in.CurrentPeer
	switch {
	case state != nil && state.Kind() == data.KindCanon:
		if own && !kept {
			return &Error{
				Code: CodeOwnState,
				Msg: "on instruction '" + in.src.String() + "' arrived data hold a state of this peer that its previous data lack: '" +
					describe(state) + "'",
				Pos: in.src.Span().Start,
			}
		}
		return o.recall(r, peer, state.CID())
	case own:
		return o.freeze(r, peer)
	}
	r.complete = false
	if state != nil {
		r.t.push(*state)
		return nil
	}
	r.next = append(r.next, peer)
	r.t.push(data.CanonSent(r.in.CurrentPeer))
	return nil
}

// freeze takes the values that the stream holds now.
func (o *canonOp) freeze(r *run, peer string) *Error {
	tet := ofPeer(peer)
	var vals []val
	if s := r.streams[o.stream].top(); s != nil {
		vals = make([]val, 0, s.size)
		s.each(func(v *val) { vals = append(vals, *v) })
	}
	if o.target == ast.Scalar {
		object, err := r.collapse(vals)
		if err != nil {
			return err
		}
		vals = []val{{json: object, tet: tet}}
	}
	if err := r.spend(uint64(len(vals))); err != nil {
		return err
	}
	result := data.CanonResult{Values: make([]data.CID, 0, len(vals))}
	for i := range vals {
		if err := r.charge(len(vals[i].json.Text()) + elementCost); err != nil {
			return err
		}
		result.Values = append(result.Values, r.trackElement(&vals[i]))
	}
	result.Tetraplet = r.keepTetraplet(tet)
	cid := result.CID()
	r.cids.CanonResults.Insert(cid, result)
	return o.bind(r, &canon{cid: cid, tet: tet, vals: vals})
}

// trackElement puts one element of a canon into the stores.
func (r *run) trackElement(v *val) data.CID {
	e := data.CanonElement{Value: r.keepValue(v.json, nil), Tetraplet: r.keepTetraplet(v.tet), Provenance: v.prov}
	cid := e.CID()
	r.cids.CanonElements.Insert(cid, e)
	return cid
}

// recall takes over a canon that stands in the trace.
func (o *canonOp) recall(r *run, peer string, cid data.CID) *Error {
	result, ok := r.cids.CanonResults.Get(cid)
	if !ok {
		return fault(CodeMissing, "canon result aggregate for CID %q not found", string(cid))
	}
	tet, ok := r.cids.Tetraplets.Get(result.Tetraplet)
	if !ok {
		return fault(CodeMissing, "tetraplet for CID %q not found", string(result.Tetraplet))
	}
	if want := (data.Tetraplet{PeerPK: peer}); tet != want {
		return fault(CodeParameters, "canon tetraplet doesn't match expected parameters: expected %+v, got %+v ", want, tet)
	}
	if err := r.spend(uint64(len(result.Values))); err != nil {
		return err
	}
	c := &canon{cid: cid, tet: &tet, vals: make([]val, len(result.Values))}
	for i, e := range result.Values {
		v, err := r.element(e)
		if err != nil {
			return err
		}
		c.vals[i] = v
	}
	return o.bind(r, c)
}

// element reads one element of a canon from the stores.
func (r *run) element(cid data.CID) (val, *Error) {
	e, ok := r.cids.CanonElements.Get(cid)
	if !ok {
		return val{}, fault(CodeMissing, "canon aggregate for CID %q not found", string(cid))
	}
	text, ok := r.cids.Values.Get(e.Value)
	if !ok {
		return val{}, fault(CodeMissing, "value for CID %q not found", string(e.Value))
	}
	tet, ok := r.cids.Tetraplets.Get(e.Tetraplet)
	if !ok {
		return val{}, fault(CodeMissing, "tetraplet for CID %q not found", string(e.Tetraplet))
	}
	if err := r.charge(len(text) + elementCost); err != nil {
		return val{}, err
	}
	json, err := value.Parse(text)
	if err != nil {
		return val{}, fault(CodeMissing, "value for CID %q is no JSON: %v", string(e.Value), err)
	}
	v := val{json: json, tet: &tet, prov: e.Provenance}
	v.settle()
	return v, nil
}

// bind gives the canon to the target variable and writes the state.
func (o *canonOp) bind(r *run, c *canon) *Error {
	c.isMap = o.target == ast.CanonMap
	r.attest(c, r.streams[o.stream].top())
	switch o.target {
	case ast.CanonStream:
		if err := setCanon(r, r.canons, canonTable, o.slot, c, r.plan.canons); err != nil {
			return err
		}
	case ast.CanonMap:
		if err := c.group(); err != nil {
			return err
		}
		if err := setCanon(r, r.maps, mapTable, o.slot, c, r.plan.maps); err != nil {
			return err
		}
	default:
		if len(c.vals) == 0 {
			return fault(CodeNoMapValue, "can not produce a scalar from an empty canon map")
		}
		v := val{json: c.vals[0].json, tet: c.tet, prov: c.prov(), org: r.collapsed(o.stream, c), pos: r.t.pos()}
		if err := r.setScalar(o.slot, &v); err != nil {
			return err
		}
	}
	r.t.push(data.Canon(c.cid))
	return nil
}

func setCanon(r *run, slots []slot[*canon], tb table, id int32, c *canon, names []variable) *Error {
	s := &slots[id]
	if !s.settable(&r.scopes) {
		return shadowed(&names[id])
	}
	s.set(&r.scopes, tb, id, &c)
	return nil
}

// collapse makes the object of the unique keys of a stream map; of equal keys
// the first value stays.
func (r *run) collapse(pairs []val) (value.Value, *Error) {
	seen := make(map[string]struct{}, len(pairs))
	members := make([]value.Member, 0, len(pairs))
	n := 2
	for i := range pairs {
		raw, _ := pairs[i].json.Field(keyField)
		key, ok := keyFrom(raw)
		v, has := pairs[i].json.Field(valueField)
		if !ok || !has {
			continue
		}
		name := key.name()
		if _, twice := seen[name]; twice {
			continue
		}
		seen[name] = struct{}{}
		members = append(members, value.Member{Name: name, Value: v})
		n += len(name) + len(v.Text()) + 4
	}
	if err := r.charge(n); err != nil {
		return value.Value{}, err
	}
	return value.NewObject(members...), nil
}
