// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"encoding/json"
	"slices"
)

// Bounds of looking through transparent results.
const (
	maxRecomputed  = 256
	maxTransparent = 32 // one inside another
)

// evidence returns the particle's statements.
func (j *judge) evidence() []Statement {
	if !j.asked && j.call.Statements != nil {
		j.statements = j.call.Statements()
	}
	j.asked = true
	return j.statements
}

// foreign reports whether an origin is another peer's word in a particle whose id
// binds nothing: it then counts as the initiator's.
func (j *judge) foreign(o *Origin) bool { return !j.call.Bound && o.Peer != j.call.Peer }

// argument is step 8 for one argument.
func (j *judge) argument(r *Rule, index int) *Denial {
	var ar *ArgumentRule
	for i := range r.Arguments {
		if r.Arguments[i].Index == uint32(index) {
			ar = &r.Arguments[i]
		}
	}
	var set []Origin
	if index < len(j.call.Origins) {
		set = j.through(j.call.Origins[index], nil)
	}
	if len(set) == 0 {
		return j.deny(8, "empty", "nobody vouches for argument %d", index)
	}
	vouched := ar == nil
	for i := range set {
		reason, hint, counts := j.origin(r, ar, &set[i])
		if reason != "" {
			d := j.deny(8, reason, "argument %d from %s: %s", index, set[i].String(), hint)
			d.Origin = set[i].String()
			return d
		}
		vouched = vouched || counts
	}
	if !vouched {
		d := j.deny(8, "empty", "argument %d: a canon alone vouches for its order only, not for what the rule asks", index)
		d.Origin = set[0].String()
		return d
	}
	if j.call.Explain {
		for i := range set {
			j.note(8, true, "argument %d from %s", index, set[i].String())
		}
	}
	return nil
}

// origin judges one member of an origin set: why it is refused, or whether it
// counts as a source that the rule names.
func (j *judge) origin(r *Rule, ar *ArgumentRule, o *Origin) (reason, hint string, counts bool) {
	switch o.Kind {
	case FromInitiator:
		return j.initiatorWord(ar)
	case FromFailed:
		if r.Errors {
			return "", "", ar == nil || ar.Initiator
		}
		return "failed", "texts of failed calls are no evidence; the rule does not say errors", false
	case FromCanon:
		return j.canon(ar, o)
	case FromResult:
		return j.result(ar, o)
	}
	return "unknown", "no signed result stands behind it", false
}

func (j *judge) initiatorWord(ar *ArgumentRule) (reason, hint string, counts bool) {
	if ar == nil || ar.Initiator {
		return "", "", true
	}
	return "origin", "the rule does not take the initiator's word for it", false
}

// canon judges the peer that chose elements and order: a member, this peer or the
// initiator, always.
func (j *judge) canon(ar *ArgumentRule, o *Origin) (reason, hint string, counts bool) {
	if o.Peer == j.call.Initiator || j.foreign(o) {
		// The initiator may choose among what others vouch for; alone it is its word.
		return "", "", ar == nil || ar.Initiator
	}
	roles := j.book.peers[o.Peer]
	if len(roles) == 0 && o.Peer != j.call.Peer {
		return "canon", "canon of a peer that is no member", false
	}
	if ar == nil {
		return "", "", true
	}
	named := ar.Members && len(roles) > 0 || slices.ContainsFunc(roles, func(have string) bool { return slices.Contains(ar.Roles, have) })
	return "", "", named && len(ar.Of) == 0 && len(ar.AskedWith) == 0
}

func (j *judge) result(ar *ArgumentRule, o *Origin) (reason, hint string, counts bool) {
	byInitiator := o.Peer == j.call.Initiator || j.foreign(o)
	if byInitiator && (ar == nil || ar.Initiator) {
		return "", "", true
	}
	if j.foreign(o) {
		return "origin", "the particle's id binds nothing, so it counts as the initiator's word", false
	}
	m := j.book.vouches(o)
	switch {
	case m == nil:
		return "origin", "no function of a member", false
	case ar == nil:
		return "", "", true
	case !ar.Members && !slices.Contains(ar.Roles, m.Role):
		return "origin", "the rule does not take it from role " + m.Role, false
	case !among(ar.Of, o.Service, o.Function):
		return "function", "the rule takes it from other functions only", false
	case !j.askedWith(ar, o):
		return "asked", "it answers another question: it was not asked with this call's arguments", false
	}
	return "", "", true
}

func among(of []Function, service, function string) bool {
	return len(of) == 0 || slices.ContainsFunc(of, func(f Function) bool {
		return (f.Service == Any || f.Service == service) && (f.Function == Any || f.Function == function)
	})
}

// askedWith reports whether a result was asked for with this call's arguments.
func (j *judge) askedWith(ar *ArgumentRule, o *Origin) bool {
	if len(ar.AskedWith) == 0 {
		return true
	}
	for _, s := range j.evidence() {
		if s.Origin == *o && ArgumentHash(s.Args) == o.ArgumentHash {
			return !slices.ContainsFunc(ar.AskedWith, func(t Asked) bool {
				return int(t.Asked) >= len(s.Args) || int(t.Argument) >= len(j.call.Args) || !equal(s.Args[t.Asked], j.call.Args[t.Argument])
			})
		}
	}
	return false
}

// through replaces results of transparent functions that compute again to the same
// value by the origins of their arguments, and keeps everything else.
func (j *judge) through(set, out []Origin) []Origin {
	for i := range set {
		o := set[i]
		if o.Kind == FromResult && len(j.policy.transparent) > 0 && (j.policy.transparent[Function{o.Service, o.Function}] || j.policy.transparent[Function{o.Service, Any}]) {
			if more, ok := j.replaced(&o); ok {
				out = j.through(more, out)
				j.stack = j.stack[:len(j.stack)-1]
				continue
			}
		}
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// replaced returns the origins behind a transparent result: the union over all
// places at which it stands. On success it leaves the CID on the stack.
func (j *judge) replaced(o *Origin) ([]Origin, bool) {
	if j.call.Recompute == nil || len(j.stack) >= maxTransparent || slices.Contains(j.stack, o.CID) {
		return nil, false
	}
	var more []Origin
	found, checked := false, false
	for _, s := range j.evidence() {
		if s.Origin != *o || len(s.Args) == 0 || len(s.Origins) != len(s.Args) {
			continue
		}
		if !checked { // the CID covers value and arguments: equal everywhere
			if j.recomputed++; j.recomputed > maxRecomputed || ArgumentHash(s.Args) != o.ArgumentHash {
				return nil, false
			}
			value, ok := j.call.Recompute(o.Service, o.Function, s.Args)
			if !ok || !equal(value, s.Value) {
				return nil, false
			}
			checked = true
		}
		found = true
		for _, arg := range s.Origins {
			if len(arg) == 0 {
				return nil, false
			}
			for i := range arg {
				if !slices.Contains(more, arg[i]) {
					more = append(more, arg[i])
				}
			}
		}
	}
	if found {
		j.stack = append(j.stack, o.CID)
	}
	return more, found
}

// required is one requirement of step 7.
func (j *judge) required(r *Rule, index int) *Denial {
	q := &r.Requires[index]
	want, ok := j.fill(q.Args)
	if ok {
		for _, s := range j.evidence() {
			if j.meets(q, &s, want) {
				j.note(7, true, "requires[%d]: %s", index, s.Origin.String())
				return nil
			}
		}
	}
	role := q.Role
	if role == "" {
		role = "any role"
	}
	return j.deny(7, "requires", "no result of %s.%s by a member with %s, asked with the arguments that requires[%d] names, is in the particle's data with the wanted value", q.Service, q.Function, role, index)
}

// fill returns the arguments that a requirement asks for.
func (j *judge) fill(templates []Template) ([]json.RawMessage, bool) {
	want := make([]json.RawMessage, len(templates))
	for i, t := range templates {
		switch t.Source {
		case Literal:
			want[i] = json.RawMessage(t.Literal)
		case Argument:
			if int(t.Argument) >= len(j.call.Args) {
				return nil, false
			}
			want[i] = j.call.Args[t.Argument]
		case Initiator:
			text, err := json.Marshal(j.call.Initiator)
			if err != nil {
				return nil, false
			}
			want[i] = text
		default:
			return nil, false
		}
	}
	return want, true
}

func (j *judge) meets(q *Requirement, s *Statement, want []json.RawMessage) bool {
	o := &s.Origin
	if o.Kind != FromResult || o.Service != q.Service || o.Function != q.Function || len(s.Args) != len(want) || j.foreign(o) {
		return false
	}
	if m := j.book.vouches(o); m == nil || q.Role != "" && m.Role != q.Role {
		return false
	}
	for i := range want {
		if !equal(s.Args[i], want[i]) {
			return false
		}
	}
	at, ok := follow(s.Value, q.Path)
	return ok && equal(at, json.RawMessage(q.Equals)) && ArgumentHash(s.Args) == o.ArgumentHash
}
