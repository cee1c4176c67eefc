// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// operand gives the value an instruction reads.
type operand interface{ resolve(r *run, out *arg) *Error }

type (
	constant    struct{ json value.Value }
	initPeer    struct{}
	timestamp   struct{}
	ttl         struct{}
	lastErrorOf struct{ lens *lens }
	errorOf     struct{ lens *lens }
	scalarOf    struct {
		slot int32
		lens *lens
	}
	canonOf struct {
		slot int32
		lens *lens
	}
	mapOf struct {
		slot int32
		lens *lens
	}
)

func (p *planner) operand(o *ast.Operand) operand {
	switch o.Kind {
	case ast.InitPeerID:
		return initPeer{}
	case ast.Timestamp:
		return timestamp{}
	case ast.TTL:
		return ttl{}
	case ast.LastError:
		return &lastErrorOf{p.lens(o.Lens)}
	case ast.Error:
		return &errorOf{p.lens(o.Lens)}
	case ast.Literal:
		return &constant{value.FromString(o.Name)}
	case ast.Int:
		return &constant{value.FromInt(o.Int)}
	case ast.Float:
		return &constant{value.FromFloat(o.Float)}
	case ast.Bool:
		return &constant{value.FromBool(o.Bool)}
	case ast.CanonStream:
		return &canonOf{p.slot(o.Var()), p.lens(o.Lens)}
	case ast.CanonMap:
		return &mapOf{p.slot(o.Var()), p.lens(o.Lens)}
	case ast.Scalar:
		return &scalarOf{p.slot(o.Var()), p.lens(o.Lens)}
	default:
		return &constant{value.EmptyArray()}
	}
}

// literal fills out with a value that the script itself makes.
func (r *run) literal(out *arg, v value.Value) {
	*out = arg{val: val{json: v, tet: r.initTet}}
}

func (c *constant) resolve(r *run, out *arg) *Error {
	r.literal(out, c.json)
	return nil
}

func (initPeer) resolve(r *run, out *arg) *Error {
	r.literal(out, r.initPeer)
	return nil
}

func (timestamp) resolve(r *run, out *arg) *Error {
	r.literal(out, value.FromUint(r.in.Timestamp))
	return nil
}

func (ttl) resolve(r *run, out *arg) *Error {
	r.literal(out, value.FromUint(uint64(r.in.TTL)))
	return nil
}

func (o *lastErrorOf) resolve(r *run, out *arg) *Error {
	return r.readError(r.lastError.obj, o.lens, out)
}

func (o *errorOf) resolve(r *run, out *arg) *Error { return r.readError(r.error.obj, o.lens, out) }

// readError gives an error object or a part of it; the tetraplet stays that of
// the object.
func (r *run) readError(e *errorObject, l *lens, out *arg) *Error {
	*out = arg{val: val{json: e.value(), tet: e.tet, prov: e.prov, org: e.org}}
	if out.tet == nil {
		out.tet = r.initTet
	}
	if err := r.charge(len(out.json.Text())); err != nil {
		return err
	}
	if l == nil {
		return nil
	}
	tet := out.tet
	if err := r.focus(&out.val, l); err != nil {
		return err
	}
	out.tet = tet
	return nil
}

func (o *scalarOf) resolve(r *run, out *arg) *Error {
	v, _, err := r.lookup(o.slot)
	if err != nil {
		return err
	}
	*out = arg{val: v}
	if o.lens == nil {
		return nil
	}
	return r.focus(&out.val, o.lens)
}

func (o *canonOf) resolve(r *run, out *arg) *Error {
	c, err := r.canonAt(o.slot)
	if err != nil {
		return err
	}
	if o.lens != nil {
		*out = arg{}
		return r.focusStream(c, o.lens, out)
	}
	return r.whole(c, out)
}

func (o *mapOf) resolve(r *run, out *arg) *Error {
	c, err := r.mapAt(o.slot)
	if err != nil {
		return err
	}
	if o.lens != nil {
		*out = arg{}
		return r.focusMap(c, o.lens, out)
	}
	return r.whole(c, out)
}

// whole fills out with a canon taken as one value.
func (r *run) whole(c *canon, out *arg) *Error {
	json, err := r.wholeOf(c)
	*out = arg{val: val{json: json, tet: c.tet, prov: c.prov()}, whole: c}
	return err
}

// scalar reads a scalar or an iterator.
func (r *run) scalar(slot int32) (val, *Error) {
	v, _, err := r.lookup(slot)
	return v, err
}

// lookup is scalar, and tells whether it found an iterator.
func (r *run) lookup(slot int32) (v val, iterator bool, err *Error) {
	p, found := r.scalars[slot].get(&r.scopes)
	f := r.iters[slot]
	switch {
	case found == cleared:
		return val{}, false, r.plan.scalars[slot].cleared()
	case found == present && f != nil:
		return val{}, false, fault(CodeIteratorShadow,
			"variable with name '%s' can't be shadowed, shadowing isn't supported for iterables", r.plan.scalars[slot].name)
	case found == present:
		return *p, false, nil
	case f != nil:
		now, err := f.current(r)
		if err != nil {
			return val{}, true, err
		}
		return *now, true, nil
	}
	return val{}, false, r.plan.scalars[slot].absent()
}

func (r *run) canonAt(slot int32) (*canon, *Error) {
	return readCanon(&r.canons[slot], &r.scopes, &r.plan.canons[slot])
}

func (r *run) mapAt(slot int32) (*canon, *Error) {
	return readCanon(&r.maps[slot], &r.scopes, &r.plan.maps[slot])
}

func readCanon(s *slot[*canon], sc *scopes, v *variable) (*canon, *Error) {
	c, found := s.get(sc)
	switch found {
	case present:
		return *c, nil
	case cleared:
		return nil, v.cleared()
	}
	return nil, v.absent()
}

// setScalar stores a value; outside folds a scalar is set once.
func (r *run) setScalar(slot int32, v *val) *Error {
	s := &r.scalars[slot]
	if !s.settable(&r.scopes) {
		return shadowed(&r.plan.scalars[slot])
	}
	s.set(&r.scopes, scalarTable, slot, v)
	return nil
}

func shadowed(v *variable) *Error {
	return fault(CodeShadow, "trying to shadow variable '%s', but shadowing is allowed only inside fold blocks", v.name)
}

// text resolves an operand that must be a string: a part of a call's triplet or
// the peer of a canon. Literals are taken as they are.
func (r *run) text(o operand, name string) (string, *Error) {
	switch o := o.(type) {
	case *literalText:
		return o.text, nil
	case initPeer:
		return r.in.InitPeer, nil
	}
	var a arg
	if err := o.resolve(r, &a); err != nil {
		return "", err
	}
	s, ok := a.json.AsString()
	if !ok {
		return "", fault(CodeTriplet, "call cannot resolve non-String triplet variable part `%s` with value '%s'", name, a.json)
	}
	return s, nil
}

// literalText is a string literal where only text is wanted.
type literalText struct{ text string }

func (l *literalText) resolve(r *run, out *arg) *Error {
	r.literal(out, value.FromString(l.text))
	return nil
}

func (p *planner) textOperand(o *ast.Operand) operand {
	if o.Kind == ast.Literal {
		return &literalText{o.Name}
	}
	return p.operand(o)
}

// streamLengthTet is the tetraplet of the length of a canon stream.
func (p *Plan) streamLengthTet(peer string) *data.Tetraplet {
	return &data.Tetraplet{PeerPK: peer, ServiceID: ".length"}
}
