// SPDX-License-Identifier: Apache-2.0

package trustgraph

import (
	"container/heap"
	"slices"

	"github.com/go-fluence/fluence/proofs/trust"
)

// path is a chain read from its end: v is what the trusts so far lead back to.
type path struct {
	v       *vertex
	next    *path // towards the subject; nil at the subject
	trusts  int   // between v and the subject
	through bool  // it has met the vertex it has to go through
	bound   int   // least weight factor that it can come to
}

// factor is the weight factor of a path whose v is a root.
func (p *path) factor() int { return p.v.own() + p.trusts }

// may reports whether the chain may begin to lead back to the issuer: it stands
// nowhere on the path, and has revoked nobody on it.
func (p *path) may(issuer *vertex) bool {
	for q := p; q != nil; q = q.next {
		if q.v == issuer {
			return false
		}
		if r := q.v.in[issuer]; r != nil && r.revoked {
			return false
		}
	}
	return true
}

// paths is a heap, the most promising first.
type paths []*path

// Len implements heap.Interface.
func (p paths) Len() int { return len(p) }

// Less implements heap.Interface.
func (p paths) Less(i, j int) bool { return p[i].bound < p[j].bound }

// Swap implements heap.Interface.
func (p paths) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

// Push implements heap.Interface.
func (p *paths) Push(x any) { *p = append(*p, x.(*path)) } //nolint:forcetypeassert // heap.Push gives what best gave

// Pop implements heap.Interface.
func (p *paths) Pop() any {
	old := *p
	last := old[len(old)-1]
	*p = old[:len(old)-1]
	return last
}

// best returns the chain to v of the least weight factor, or nil; through another
// vertex if one is given. Weight factors without regard to revocations bound what a
// path can come to, so that the first that is complete is the best. A search that
// takes too many steps finds nothing: no trust is given that was not seen.
func (g *Graph) best(v, through *vertex) *path {
	open := paths{{v: v, through: through == nil || through == v, bound: v.via}}
	for steps := 0; len(open) > 0 && steps < maxSteps; steps++ {
		p := heap.Pop(&open).(*path) //nolint:forcetypeassert // what was pushed below
		if p.through && p.trusts > 0 && p.v.root && p.v.selfTrusted() && p.bound == p.factor() {
			return p
		}
		if p.trusts >= trust.MaxChain-1 {
			continue
		}
		if p.through && p.trusts > 0 && p.v.root && p.v.selfTrusted() && p.bound < p.factor() {
			heap.Push(&open, &path{p.v, p.next, p.trusts, p.through, p.factor()})
		}
		for i, r := range p.v.in {
			if r.revoked || i == p.v || i.base() >= never || !p.may(i) {
				continue
			}
			heap.Push(&open, &path{i, p, p.trusts + 1, p.through || i == through, p.trusts + 1 + i.base()})
			if steps++; len(open) > maxSteps {
				return nil
			}
		}
	}
	return nil
}

// Certificates returns chains from a root to a key, the shortest first, at most
// MaxCertificates; truncated says that there may be more. issuer, if given, must
// stand on the chain.
func (g *Graph) Certificates(k trust.Key, issuer *trust.Key, now uint64) (list []trust.Certificate, truncated bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
	v := g.vertices[k]
	if v == nil {
		return nil, false
	}
	// A walk goes back over trusts, not keys: a self-trust lengthens a chain once.
	type walk struct {
		issuer *vertex
		chain  []trust.Trust // the subject's trust first
		on     []*vertex     // subjects
	}
	level := []walk{{issuer: v}}
	for steps := 0; len(level) > 0; {
		var next []walk
		for _, w := range level {
			if n := len(w.chain); n >= 2 && w.issuer.root && w.on[n-1] == w.issuer && (issuer == nil || contains(w.on, *issuer)) {
				chain := slices.Clone(w.chain)
				slices.Reverse(chain)
				if list = append(list, trust.Certificate{Chain: chain}); len(list) == MaxCertificates {
					return list, true
				}
			}
			if len(w.chain) > MaxChainLen {
				continue
			}
			for _, i := range w.issuer.issuers() {
				if steps++; steps > maxSteps {
					return list, true
				}
				if slices.Contains(w.on, i) || revokes(i, append(w.on, w.issuer)) {
					continue
				}
				r := w.issuer.in[i]
				t := trust.Trust{IssuedFor: w.issuer.key, ExpiresAt: r.expires, IssuedAt: r.at, Signature: r.signature}
				next = append(next, walk{i, append(slices.Clip(w.chain), t), append(slices.Clip(w.on), w.issuer)})
			}
		}
		level = next
	}
	return list, false
}

func contains(list []*vertex, k trust.Key) bool {
	return slices.ContainsFunc(list, func(v *vertex) bool { return v.key == k })
}

// revokes reports whether a key has revoked one of the subjects.
func revokes(issuer *vertex, subjects []*vertex) bool {
	return slices.ContainsFunc(subjects, func(s *vertex) bool { r := s.in[issuer]; return r != nil && r.revoked })
}

// InsertCertificate checks a certificate and adds its trusts, the root's first. Its
// root must be one here, or nothing is stored.
//
// Errors: ErrNoRoot, trust.ErrChain, and those of AddTrust.
func (g *Graph) InsertCertificate(c trust.Certificate, now uint64) error {
	if err := c.Verify(now); err != nil {
		return err
	}
	root := c.Chain[0].IssuedFor
	if _, ok := g.Roots()[root]; !ok {
		return ErrNoRoot
	}
	issuer := root
	for _, t := range c.Chain {
		if _, err := g.AddTrust(t, issuer, now); err != nil {
			return err
		}
		issuer = t.IssuedFor
	}
	return nil
}

// RevokedHere returns when each key revoked another, of revocations that the chain
// has not recorded.
func (g *Graph) RevokedHere(k trust.Key) map[trust.Key]uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	v := g.vertices[k]
	if v == nil || g.revoked == 0 {
		return nil
	}
	out := map[trust.Key]uint64{}
	for i, r := range v.in {
		if r.revoked && !r.byChain {
			out[i.key] = r.at
		}
	}
	return out
}

// Revocations returns what is stored against a key, in the order of the revokers.
func (g *Graph) Revocations(k trust.Key) []trust.Revocation {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := []trust.Revocation{}
	if v := g.vertices[k]; v != nil {
		for i, r := range v.in {
			if r.revoked {
				list = append(list, trust.Revocation{Revoked: k, RevokedAt: r.at, RevokedBy: i.key, Signature: r.signature})
			}
		}
	}
	slices.SortFunc(list, func(a, b trust.Revocation) int { return compare(a.RevokedBy, b.RevokedBy) })
	return list
}
