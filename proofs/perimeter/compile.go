// SPDX-License-Identifier: Apache-2.0

package perimeter

import "slices"

// Book is a perimeter made ready to judge many calls: look-ups instead of lists.
// Safe for concurrent use; the perimeter it was made of must not change any more.
type Book struct {
	p        Perimeter
	current  *policy
	older    map[uint64]*policy
	services map[place]*Member   // memberships by peer and service
	peers    map[string][]string // roles of every peer that is in any membership
}

type place struct{ peer, service string }

// policy is a Policy with its rules and scripts by name.
type policy struct {
	*Policy
	number      uint64
	rules       map[Function]int
	transparent map[Function]bool
	scripts     map[string]bool
	roots       map[string]uint32
	maxTTL      uint64
}

// NewBook makes a perimeter ready. Memberships without a name, or whose service
// has a dot in its name, are left out: they are never members.
func NewBook(p Perimeter) *Book {
	b := &Book{p: p, current: compile(p.Number, &p.Policy), services: map[place]*Member{}, peers: map[string][]string{}}
	b.older = make(map[uint64]*policy, len(p.Older))
	for number, old := range p.Older { // order: each goes under its own number
		b.older[number] = compile(number, &old)
	}
	for i := range p.Members {
		m := &p.Members[i]
		if CheckName("service", m.Service) != nil {
			continue
		}
		peers := []string{m.Peer}
		if m.Deal != "" {
			peers = p.Deals[m.Deal]
		}
		for _, id := range peers {
			if id == "" {
				continue
			}
			at := place{id, m.Service}
			if have := b.services[at]; have != nil && have.Peer != "" {
				continue // a peer's own membership counts before that of a deal
			}
			b.services[at] = m
			b.peers[id] = append(b.peers[id], m.Role)
		}
	}
	return b
}

func compile(number uint64, p *Policy) *policy {
	c := &policy{
		Policy: p, number: number, rules: map[Function]int{}, transparent: map[Function]bool{},
		scripts: map[string]bool{}, roots: map[string]uint32{}, maxTTL: p.MaxTTL,
	}
	if c.maxTTL == 0 {
		c.maxTTL = DefaultMaxTTL
	}
	for i, r := range slices.Backward(p.Rules) {
		c.rules[Function{r.Service, r.Function}] = i
	}
	for _, f := range p.Transparent {
		c.transparent[f] = slices.Contains(ComputedServices(), f.Service)
	}
	for _, s := range p.Scripts {
		c.scripts[s] = true
	}
	for _, r := range p.Roots {
		c.roots[r.Peer] = r.MaxChainLen
	}
	return c
}

// Perimeter returns what the book was made of; it must not be changed.
func (b *Book) Perimeter() *Perimeter { return &b.p }

// rule returns the first rule that matches, and its place.
func (p *policy) rule(service, function string) (*Rule, int) {
	first := -1
	for _, f := range [4]Function{{service, function}, {service, Any}, {Any, function}, {Any, Any}} {
		if i, ok := p.rules[f]; ok && (first < 0 || i < first) {
			first = i
		}
	}
	if first < 0 {
		return nil, first
	}
	return &p.Rules[first], first
}

// Service returns the membership of a service instance by any of its names.
func (b *Book) Service(peer string, names []string) *Member {
	for _, n := range names {
		if m := b.services[place{peer, n}]; m != nil {
			return m
		}
	}
	return nil
}

// HasPeer reports whether the peer is in any membership.
func (b *Book) HasPeer(peer string) bool { return len(b.peers[peer]) > 0 }

// has reports whether the membership lists the function.
func (m *Member) has(function string) bool {
	return len(m.Functions) == 0 || slices.Contains(m.Functions, function)
}

// vouches returns the membership under which a result of a member stands, or nil.
func (b *Book) vouches(o *Origin) *Member {
	if m := b.services[place{o.Peer, o.Service}]; m != nil && m.has(o.Function) {
		return m
	}
	return nil
}
