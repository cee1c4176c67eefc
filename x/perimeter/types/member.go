// SPDX-License-Identifier: Apache-2.0

package types

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/go-fluence/fluence/proofs/perimeter"
)

// Sizes of subjects.
const (
	peerBytes = 32
	dealBytes = 20
)

// maxFunctions bounds the functions of a membership.
const maxFunctions = 256

// MaxSpans bounds what is kept of a membership's history.
const MaxSpans = 64

// MaxLabel bounds a label in bytes.
const MaxLabel = 64

// Validate checks that exactly one of peer and deal is set, with its size.
//
// Errors: ErrInvalidMember.
func (s Subject) Validate() error {
	switch {
	case len(s.Peer) == peerBytes && len(s.Deal) == 0:
		return nil
	case len(s.Deal) == dealBytes && len(s.Peer) == 0:
		return nil
	}
	return ErrInvalidMember.Wrapf("subject: want a peer of %d bytes or a deal of %d", peerBytes, dealBytes)
}

// Text returns the peer id, or the deal id as 0x and hex.
func (s Subject) Text() string {
	if len(s.Deal) > 0 {
		return "0x" + hex.EncodeToString(s.Deal)
	}
	id, err := PeerID(s.Peer)
	if err != nil {
		return hex.EncodeToString(s.Peer)
	}
	return id
}

// ParseSubject reads what Text returns.
//
// Errors: ErrInvalidMember.
func ParseSubject(text string) (Subject, error) {
	if rest, ok := strings.CutPrefix(text, "0x"); ok {
		b, err := hex.DecodeString(rest)
		if err != nil || len(b) != dealBytes {
			return Subject{}, ErrInvalidMember.Wrapf("deal %q: want 0x and %d hex digits", text[:min(len(text), 64)], 2*dealBytes)
		}
		return Subject{Deal: b}, nil
	}
	key, err := PeerKey(text)
	return Subject{Peer: key}, err
}

// CheckService reports why a service's name cannot be that of a member.
//
// Errors: ErrInvalidMember.
func CheckService(service string) error {
	if err := perimeter.CheckName("service", service); err != nil {
		return ErrInvalidMember.Wrap(err.Error())
	}
	return nil
}

// Validate checks the terms of a membership.
//
// Errors: ErrInvalidMember.
func (t Terms) Validate() error {
	if len(t.Functions) > maxFunctions {
		return ErrInvalidMember.Wrapf("%d functions, at most %d; none stands for all", len(t.Functions), maxFunctions)
	}
	for i, f := range t.Functions {
		if err := perimeter.CheckName("function", f); err != nil {
			return ErrInvalidMember.Wrap(err.Error())
		}
		if slices.Contains(t.Functions[:i], f) {
			return ErrInvalidMember.Wrapf("function %s stands twice", f)
		}
	}
	if t.Role != "" {
		if err := perimeter.CheckRole(t.Role); err != nil {
			return ErrInvalidMember.Wrap(err.Error())
		}
	}
	return nil
}

// Check validates a policy and its size.
//
// Errors: ErrInvalidPolicy, ErrInvalidMember, ErrTooMany.
func (p Policy) Check(params Params) error {
	switch {
	case len(p.Rules) > int(params.MaxRules):
		return ErrTooMany.Wrapf("%d rules, at most %d", len(p.Rules), params.MaxRules)
	case p.Size() > int(params.MaxPolicyBytes):
		return ErrTooMany.Wrapf("policy of %d bytes, at most %d", p.Size(), params.MaxPolicyBytes)
	}
	plain, err := p.Plain()
	if err != nil {
		return err
	}
	for _, r := range p.Rules {
		if r.Ids != IDS_BOUND && r.Ids != IDS_DEMOTE {
			return ErrInvalidPolicy.Wrapf("rule %s.%s: ids %d", r.Service, r.Function, r.Ids)
		}
	}
	if err := plain.Validate(); err != nil {
		return ErrInvalidPolicy.Wrap(err.Error())
	}
	return nil
}
