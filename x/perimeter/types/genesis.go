// SPDX-License-Identifier: Apache-2.0

package types

import "bytes"

// DefaultGenesis returns no perimeters.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks params, forms and the order of every list, that every perimeter
// has one current version, and that counts are those of the lists.
//
// Errors: ErrInvalidParams, ErrInvalidGenesis, ErrInvalidMember, ErrInvalidPolicy, ErrTooMany.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	policies := map[string]*NumberedPolicy{}
	var last []byte
	for i := range g.Policies {
		p := &g.Policies[i]
		key := PolicyKey(p.Perimeter, p.Number)
		if len(p.Perimeter) != IDBytes || bytes.Compare(key, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("policies[%d]: out of order", i)
		}
		if _, err := p.Policy.Plain(); err != nil {
			return err
		}
		last, policies[string(key)] = key, p
	}
	current, err := g.currentVersions(policies)
	if err != nil {
		return err
	}
	return g.validateMembers(current)
}

// currentVersions checks the versions and returns the current one of each id.
func (g GenesisState) currentVersions(policies map[string]*NumberedPolicy) (map[string]*Version, error) {
	current := map[string]*Version{}
	var last []byte
	for i := range g.Versions {
		v := &g.Versions[i]
		key := VersionKey(v.Id, v.Version)
		if len(v.Id) != IDBytes || v.Version == 0 || bytes.Compare(key, last) <= 0 {
			return nil, ErrInvalidGenesis.Wrapf("versions[%d]: out of order", i)
		}
		if v.State < STATE_PROPOSED || v.State > STATE_DISSOLVED || v.Owner == "" {
			return nil, ErrInvalidGenesis.Wrapf("versions[%d]: state or owner is missing", i)
		}
		if policies[string(PolicyKey(v.Id, v.Policy))] == nil {
			return nil, ErrInvalidGenesis.Wrapf("versions[%d]: policy %d is missing", i, v.Policy)
		}
		before := current[string(v.Id)]
		switch {
		case before != nil && (before.Version+1 != v.Version || before.RetainedUntil <= 0):
			return nil, ErrInvalidGenesis.Wrapf("versions[%d]: the one before is missing, or is retained without end", i)
		case before != nil && v.RetainedUntil != 0 && v.RetainedUntil < before.RetainedUntil:
			return nil, ErrInvalidGenesis.Wrapf("versions[%d]: retained shorter than the one before", i)
		}
		last, current[string(v.Id)] = key, v
	}
	for i := range g.Versions {
		if v := current[string(g.Versions[i].Id)]; v.RetainedUntil != 0 {
			return nil, ErrInvalidGenesis.Wrapf("versions: the current one of %x expires", v.Id)
		}
	}
	return current, nil
}

func (g GenesisState) validateMembers(current map[string]*Version) error {
	var last []byte
	members, proposals, uses := map[string]uint32{}, map[string]uint32{}, map[string]uint32{}
	for i := range g.Members {
		m := &g.Members[i]
		if err := m.Subject.Validate(); err != nil {
			return err
		}
		if err := CheckService(m.Service); err != nil {
			return err
		}
		key := MemberKey(m.Perimeter, m.Subject, m.Service)
		v := current[string(m.Perimeter)]
		if v == nil || bytes.Compare(key, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("members[%d]: out of order, or of no perimeter", i)
		}
		last = key
		if m.Proposed != nil {
			proposals[string(v.Id)]++
		}
		if m.Running() != nil {
			members[string(v.Id)]++
		}
		if m.Proposed == nil && len(m.Spans) == 0 {
			return ErrInvalidGenesis.Wrapf("members[%d]: neither proposal nor span", i)
		}
		for n, s := range m.Spans {
			open := s.To == 0 && n == len(m.Spans)-1
			if s.From == 0 || s.From > v.Version || !open && s.To <= s.From || n > 0 && s.From < m.Spans[n-1].To {
				return ErrInvalidGenesis.Wrapf("members[%d].spans[%d]: out of order", i, n)
			}
			if !s.Follow {
				uses[string(PolicyKey(v.Id, s.Policy))]++
			}
		}
	}
	for i := range g.Versions {
		if v := current[string(g.Versions[i].Id)]; v.Members != members[string(v.Id)] || v.Proposals != proposals[string(v.Id)] {
			return ErrInvalidGenesis.Wrapf("perimeter %x: counts of members or proposals are wrong", v.Id)
		}
	}
	for i := range g.Policies {
		p := &g.Policies[i]
		key := string(PolicyKey(p.Perimeter, p.Number))
		if current[string(p.Perimeter)] == nil || p.Uses != uses[key] {
			return ErrInvalidGenesis.Wrapf("policies[%d]: of no perimeter, or its uses are wrong", i)
		}
		delete(uses, key)
	}
	if len(uses) > 0 {
		return ErrInvalidGenesis.Wrap("members: an accepted policy is missing")
	}
	return nil
}
