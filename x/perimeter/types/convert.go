// SPDX-License-Identifier: Apache-2.0

package types

import (
	"encoding/hex"

	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
)

// PeerID returns the libp2p peer id of a raw ed25519 key.
//
// Errors: ErrInvalidMember.
func PeerID(raw []byte) (string, error) {
	k, err := trust.NewKey(trust.Ed25519, raw)
	if err != nil {
		return "", ErrInvalidMember.Wrapf("peer: %v", err)
	}
	return k.PeerID(), nil
}

// PeerKey returns the raw ed25519 key in a peer id.
//
// Errors: ErrInvalidMember.
func PeerKey(id string) ([]byte, error) {
	k, err := trust.KeyOfPeer(id)
	if err != nil || k.Format != trust.Ed25519 {
		return nil, ErrInvalidMember.Wrapf("peer %q: want the id of an ed25519 key", id[:min(len(id), 64)])
	}
	return k.Raw(), nil
}

// Plain returns the policy as it is judged by.
//
// Errors: ErrInvalidPolicy, ErrInvalidMember.
func (p Policy) Plain() (perimeter.Policy, error) {
	out := perimeter.Policy{AnyScript: p.Scripts.Any, Scripts: p.Scripts.Cids, MaxTTL: p.MaxTtlMs, Transparent: functions(p.Transparent)}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, r.plain())
	}
	for i, r := range p.Roots {
		k, err := trust.DecodeKey(r.Key)
		if err != nil {
			return out, ErrInvalidPolicy.Wrapf("roots[%d].key: %v", i, err)
		}
		out.Roots = append(out.Roots, perimeter.Root{Peer: k.PeerID(), MaxChainLen: r.MaxChainLen})
	}
	for _, b := range p.Backends {
		plain := perimeter.Backend{Name: b.Name}
		for _, at := range b.Places {
			id, err := PeerID(at.Peer)
			if err != nil {
				return out, err
			}
			plain.Places = append(plain.Places, perimeter.Place{Peer: id, Service: at.Service})
		}
		out.Backends = append(out.Backends, plain)
	}
	return out, nil
}

func functions(list []Function) (out []perimeter.Function) {
	for _, f := range list {
		out = append(out, perimeter.Function{Service: f.Service, Function: f.Function})
	}
	return out
}

func (r Rule) plain() perimeter.Rule {
	out := perimeter.Rule{Service: r.Service, Function: r.Function, Who: perimeter.Who(max(0, min(r.Who, 255))), Roles: r.Roles, Demote: r.Ids == IDS_DEMOTE, Errors: r.Errors}
	for _, a := range r.Arguments {
		arg := perimeter.ArgumentRule{Index: a.Index, Initiator: a.Initiator, Members: a.Members, Roles: a.Roles, Of: functions(a.Of)}
		for _, t := range a.AskedWith {
			arg.AskedWith = append(arg.AskedWith, perimeter.Asked{Asked: t.Asked, Argument: t.Argument})
		}
		out.Arguments = append(out.Arguments, arg)
	}
	for _, q := range r.Requires {
		req := perimeter.Requirement{Role: q.Role, Service: q.Service, Function: q.Function, Path: q.Path, Equals: q.Equals}
		for _, t := range q.Args {
			req.Args = append(req.Args, perimeter.Template{Source: perimeter.Source(max(0, min(t.Source, 255))), Argument: t.Argument, Literal: t.Literal})
		}
		out.Requires = append(out.Requires, req)
	}
	return out
}

// NewPolicy returns a policy as it is sent to the chain.
//
// Errors: ErrInvalidPolicy, ErrInvalidMember.
func NewPolicy(p perimeter.Policy) (Policy, error) {
	out := Policy{Scripts: Scripts{Any: p.AnyScript, Cids: p.Scripts}, MaxTtlMs: p.MaxTTL, Transparent: newFunctions(p.Transparent)}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, newRule(r))
	}
	for i, r := range p.Roots {
		k, err := trust.KeyOfPeer(r.Peer)
		if err != nil {
			return out, ErrInvalidPolicy.Wrapf("roots[%d].peer: %v", i, err)
		}
		out.Roots = append(out.Roots, Root{Key: k.Append(nil), MaxChainLen: r.MaxChainLen})
	}
	for _, b := range p.Backends {
		one := Backend{Name: b.Name}
		for _, at := range b.Places {
			key, err := PeerKey(at.Peer)
			if err != nil {
				return out, err
			}
			one.Places = append(one.Places, Place{Peer: key, Service: at.Service})
		}
		out.Backends = append(out.Backends, one)
	}
	return out, nil
}

func newFunctions(list []perimeter.Function) (out []Function) {
	for _, f := range list {
		out = append(out, Function{Service: f.Service, Function: f.Function})
	}
	return out
}

func newRule(r perimeter.Rule) Rule {
	out := Rule{Service: r.Service, Function: r.Function, Who: Who(r.Who), Roles: r.Roles, Errors: r.Errors}
	if r.Demote {
		out.Ids = IDS_DEMOTE
	}
	for _, a := range r.Arguments {
		arg := ArgumentRule{Index: a.Index, Initiator: a.Initiator, Members: a.Members, Roles: a.Roles, Of: newFunctions(a.Of)}
		for _, t := range a.AskedWith {
			arg.AskedWith = append(arg.AskedWith, Asked{Asked: t.Asked, Argument: t.Argument})
		}
		out.Arguments = append(out.Arguments, arg)
	}
	for _, q := range r.Requires {
		req := Requirement{Role: q.Role, Service: q.Service, Function: q.Function, Path: q.Path, Equals: q.Equals}
		for _, t := range q.Args {
			req.Args = append(req.Args, Template{Source: Source(t.Source), Argument: t.Argument, Literal: t.Literal})
		}
		out.Requires = append(out.Requires, req)
	}
	return out
}

// Running returns the span that lasts, or nil.
func (m *Member) Running() *Span {
	if n := len(m.Spans); n > 0 && m.Spans[n-1].To == 0 {
		return &m.Spans[n-1]
	}
	return nil
}

// At returns the span that holds a version, or nil.
func (m *Member) At(version uint64) *Span {
	for i := range m.Spans {
		if s := &m.Spans[i]; s.From <= version && (s.To == 0 || version < s.To) {
			return s
		}
	}
	return nil
}

// Plain returns a span of the member as it is judged by.
//
// Errors: ErrInvalidMember.
func (m *Member) Plain(s *Span) (perimeter.Member, error) {
	out := perimeter.Member{Service: m.Service, Functions: s.Terms.Functions, Role: s.Terms.Role, Policy: s.Policy, Follow: s.Follow}
	if len(m.Subject.Deal) > 0 {
		out.Deal = "0x" + hex.EncodeToString(m.Subject.Deal)
		return out, nil
	}
	var err error
	out.Peer, err = PeerID(m.Subject.Peer)
	return out, err
}
