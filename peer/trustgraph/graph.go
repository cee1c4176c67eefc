// SPDX-License-Identifier: Apache-2.0

// Package trustgraph holds what keys say of keys: trusts, revocations, and the roots
// that make some of them count. It answers who may be trusted how much, and by which
// chain of trusts. Weights and chains follow the official service; what may be stored
// is bounded, and a weight never takes an enumeration of paths. It speaks to no
// network; package peer/builtin/trust is its face to scripts.
//
// Source: trust-graph@e2d93ad, as docs/spec/trust-graph.md says.
package trustgraph

import (
	"cmp"
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-fluence/fluence/proofs/trust"
)

// Errors of this package, with the official service's words where it has any.
var (
	// ErrFuture says that something was issued after the time at which it is told.
	ErrFuture = errors.New("can't be issued later than the current timestamp")
	// ErrFull says that an issuer has as many relations as one may have.
	ErrFull = errors.New("issuer has too many relations")
	// ErrNoRoot says that a certificate does not begin with a root.
	ErrNoRoot = errors.New("Certificate does not contain a trusted root.") //nolint:staticcheck,revive // ST1005, error-strings: upstream's text
)

// Bounds of a graph.
const (
	// MaxPerIssuer bounds the relations of one issuer.
	MaxPerIssuer = 10_000
	// MaxRelations bounds all of them.
	MaxRelations = 1_000_000
	// MaxCertificates bounds one answer of Certificates.
	MaxCertificates = 100
	// MaxChainLen is the longest chain that a root may allow.
	MaxChainLen = 16
	// maxSteps bounds one search.
	maxSteps = 50_000
)

// never is the distance of what no root reaches.
const never = 1 << 20

// relation is what one key says of another: a trust, or a revocation. The newer
// takes the place of the older.
type relation struct {
	at        uint64 // issued or revoked, seconds
	expires   uint64 // of a trust
	revoked   bool
	byChain   bool // a revocation that the chain recorded
	signature trust.Signature
}

// vertex is a key with what others say of it.
type vertex struct {
	key    trust.Key
	in     map[*vertex]*relation // by issuer, itself included
	out    map[*vertex]struct{}  // whom it says anything of
	root   bool
	length uint32 // of a root: its greatest chain length
	via    int    // weight factor over its issuers, or never
	// tainted is set when a revocation may cut a path to it: then its weight takes a search.
	tainted bool
}

// Graph is a trust graph. Safe for concurrent use.
type Graph struct {
	mu       sync.Mutex // guards all below
	vertices map[trust.Key]*vertex
	count    int
	expiries expiries
	stale    bool // via and tainted have to be computed again
	revoked  int  // relations that are revocations
	searched map[trust.Key]int
	version  uint64
	kept     *keeping
	notify   func()
}

// New returns an empty graph in memory.
func New() *Graph {
	return &Graph{vertices: map[trust.Key]*vertex{}, searched: map[trust.Key]int{}}
}

// OnChange has f called after changes of weights, without the graph's lock held. It
// must be set before the graph is used.
func (g *Graph) OnChange(f func()) { g.notify = f }

// Version grows with every change, expiry included.
func (g *Graph) Version() uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.version
}

// Len returns how many relations there are.
func (g *Graph) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count
}

func (g *Graph) vertex(k trust.Key) *vertex {
	v := g.vertices[k]
	if v == nil {
		v = &vertex{key: k, in: map[*vertex]*relation{}, out: map[*vertex]struct{}{}, via: never}
		g.vertices[k] = v
	}
	return v
}

// changed notes a change of the graph.
func (g *Graph) changed() {
	g.version++
	clear(g.searched)
}

// SetRoot makes a key a root: chains that begin with it may have maxChainLen trusts
// after its own; more than 16 counts as 16.
func (g *Graph) SetRoot(k trust.Key, maxChainLen uint32) error {
	g.mu.Lock()
	v := g.vertex(k)
	v.root, v.length = true, min(maxChainLen, MaxChainLen)
	g.stale = true
	g.changed()
	err := g.keepRoots()
	g.mu.Unlock()
	g.tell()
	return err
}

func (g *Graph) tell() {
	if g.notify != nil {
		g.notify()
	}
}

// Roots returns the roots and their chain lengths.
func (g *Graph) Roots() map[trust.Key]uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[trust.Key]uint32{}
	for k, v := range g.vertices {
		if v.root {
			out[k] = v.length
		}
	}
	return out
}

// own is the weight factor of a root, or never.
func (v *vertex) own() int {
	if v.root {
		return MaxChainLen - int(v.length)
	}
	return never
}

// selfTrusted reports whether chains may begin with v.
func (v *vertex) selfTrusted() bool {
	r := v.in[v]
	return r != nil && !r.revoked
}

// base is the weight factor from which v's trusts go on.
func (v *vertex) base() int {
	if v.root && v.selfTrusted() {
		return min(v.own(), v.via)
	}
	return v.via
}

// weightOf turns a weight factor into a weight: 2^max(0, 16 - factor).
func weightOf(factor int) uint32 {
	if factor >= never {
		return 0
	}
	return 1 << max(0, MaxChainLen-factor)
}

// AddTrust stores a trust after checking it, if its issuer has weight. It returns
// the weight that the trust gives: half that of the issuer, or for a self-trust the
// whole; zero stores nothing. An older one than what is stored changes nothing.
//
// Errors: ErrFuture, ErrFull, and those of trust.Trust.Verify.
func (g *Graph) AddTrust(t trust.Trust, issuer trust.Key, now uint64) (uint32, error) {
	if t.IssuedAt > now {
		return 0, fmt.Errorf("trust %w", ErrFuture)
	}
	if err := t.Verify(issuer, now); err != nil {
		return 0, err
	}
	g.mu.Lock()
	g.expire(now)
	weight := weightOf(g.factor(issuer))
	if issuer != t.IssuedFor {
		weight /= 2
	}
	if weight == 0 || t.ExpiresAt <= now {
		g.mu.Unlock()
		return weight, nil
	}
	changed, err := g.put(t.IssuedFor, issuer, &relation{at: t.IssuedAt, expires: t.ExpiresAt, signature: t.Signature}, true)
	g.mu.Unlock()
	if changed {
		g.tell()
	}
	return weight, err
}

// Revoke stores a revocation after checking it. What a key without weight says of a
// key that it never trusted is accepted and not stored: it would cut no chain.
//
// Errors: ErrFuture, ErrFull, and those of trust.Revocation.Verify.
func (g *Graph) Revoke(r trust.Revocation, now uint64) error {
	if r.RevokedAt > now {
		return fmt.Errorf("revoke %w", ErrFuture)
	}
	if err := r.Verify(); err != nil {
		return err
	}
	g.mu.Lock()
	g.expire(now)
	by, subject := g.vertices[r.RevokedBy], g.vertices[r.Revoked]
	related := by != nil && (g.factor(r.RevokedBy) < never || subject != nil && subject.in[by] != nil)
	var changed bool
	var err error
	if related {
		changed, err = g.put(r.Revoked, r.RevokedBy, &relation{at: r.RevokedAt, revoked: true, signature: r.Signature}, true)
	}
	g.mu.Unlock()
	if changed {
		g.tell()
	}
	return err
}

// RevokeByChain stores a revocation that the chain recorded: it verified the
// signature, and everybody counts with it, whatever the revoker's weight here.
//
// Errors: ErrFull.
func (g *Graph) RevokeByChain(r trust.Revocation) error {
	g.mu.Lock()
	changed, err := g.put(r.Revoked, r.RevokedBy, &relation{at: r.RevokedAt, revoked: true, byChain: true, signature: r.Signature}, false)
	g.mu.Unlock()
	if changed {
		g.tell()
	}
	return err
}

// put stores a relation that is newer than what is stored, and keeps weight factors
// right where that takes less than computing all of them. What is not bounded, the
// chain's revocations, has as much room again: nobody can fill the graph against them.
func (g *Graph) put(subject, issuer trust.Key, r *relation, bounded bool) (changed bool, err error) {
	s, i := g.vertex(subject), g.vertex(issuer)
	old := s.in[i]
	switch {
	case old != nil && old.at >= r.at:
		return false, nil
	case old == nil && bounded && (len(i.out) >= MaxPerIssuer || g.count >= MaxRelations) || old == nil && g.count >= 2*MaxRelations:
		n := len(i.out)
		g.forget(s)
		g.forget(i)
		return false, fmt.Errorf("%w: %d", ErrFull, n)
	case old == nil:
		g.count++
	case old.revoked:
		g.revoked--
	}
	tight := s == i || s.via == i.base()+1
	s.in[i], i.out[s] = r, struct{}{}
	if r.revoked {
		g.revoked++
	} else {
		heap.Push(&g.expiries, expiry{r.expires, s, i})
	}
	g.changed()
	switch trusted := old != nil && !old.revoked; {
	case g.stale || old != nil && old.revoked || trusted && r.revoked && tight:
		g.stale = true
	case r.revoked:
		taint(s)
	case !trusted:
		if i.tainted {
			taint(s)
		}
		relax(s)
	}
	return true, g.keep(s)
}

// relax carries a better weight factor of v on to those it trusts.
func relax(v *vertex) {
	queue := []*vertex{v}
	for len(queue) > 0 {
		v = queue[0]
		queue = queue[1:]
		for i, r := range v.in {
			if i != v && !r.revoked && i.base() < never {
				v.via = min(v.via, i.base()+1)
			}
		}
		for s := range v.out {
			if r := s.in[v]; s != v && !r.revoked && v.base()+1 < s.via {
				s.via = v.base() + 1
				queue = append(queue, s)
			}
		}
	}
}

// settle computes all weight factors, level by level from the roots, and marks what
// a revocation may reach.
func (g *Graph) settle() {
	if !g.stale {
		return
	}
	levels := make([][]*vertex, 2*MaxChainLen+trust.MaxChain)
	for _, v := range g.vertices {
		v.via, v.tainted = never, false
	}
	for _, v := range g.vertices {
		if v.root && v.selfTrusted() {
			levels[v.own()] = append(levels[v.own()], v)
		}
	}
	for at := 0; at < len(levels)-1; at++ {
		for _, v := range levels[at] {
			if v.base() != at {
				continue // reached better meanwhile
			}
			for s := range v.out {
				if r := s.in[v]; s != v && !r.revoked && at+1 < s.via {
					s.via = at + 1
					if s.base() == at+1 {
						levels[at+1] = append(levels[at+1], s)
					}
				}
			}
		}
	}
	for _, v := range g.vertices {
		if g.revoked > 0 && v.revokedBySome() {
			taint(v)
		}
	}
	g.stale = false
}

// taint marks a key, and every one that can be reached through it.
func taint(v *vertex) {
	queue := []*vertex{v}
	for len(queue) > 0 {
		v = queue[0]
		queue = queue[1:]
		if v.tainted {
			continue
		}
		v.tainted = true
		for s := range v.out {
			if !s.in[v].revoked {
				queue = append(queue, s)
			}
		}
	}
}

// revokedBySome reports whether any key revoked v.
func (v *vertex) revokedBySome() bool {
	for _, r := range v.in {
		if r.revoked {
			return true
		}
	}
	return false
}

// factor returns the weight factor of a key.
func (g *Graph) factor(k trust.Key) int {
	g.settle()
	v := g.vertices[k]
	switch {
	case v == nil:
		return never
	case !v.tainted:
		return min(v.own(), v.via)
	case v.via == never:
		return v.own()
	}
	f, known := g.searched[k]
	if !known {
		f = never
		if p := g.best(v, nil); p != nil {
			f = p.factor()
		}
		g.searched[k] = f
	}
	return min(v.own(), f)
}

// Weight returns the weight of a key at a time in seconds: 2^16 for a root that
// allows 16 trusts, half for every trust further away, zero for what no root reaches.
func (g *Graph) Weight(k trust.Key, now uint64) uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
	return weightOf(g.factor(k))
}

// WeightFrom is Weight by chains that contain the issuer only.
func (g *Graph) WeightFrom(k, issuer trust.Key, now uint64) uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
	g.settle()
	v, through := g.vertices[k], g.vertices[issuer]
	if v == nil || through == nil {
		return 0
	}
	if p := g.best(v, through); p != nil {
		return weightOf(p.factor())
	}
	return 0
}

// expiry says when a trust ends.
type expiry struct {
	at              uint64
	subject, issuer *vertex
}

// expiries is a heap, the earliest first.
type expiries []expiry

// Len implements heap.Interface.
func (e expiries) Len() int { return len(e) }

// Less implements heap.Interface.
func (e expiries) Less(i, j int) bool { return e[i].at < e[j].at }

// Swap implements heap.Interface.
func (e expiries) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *expiries) Push(x any) { *e = append(*e, x.(expiry)) } //nolint:forcetypeassert // heap.Push gives what put gave

// Pop implements heap.Interface.
func (e *expiries) Pop() any {
	old := *e
	last := old[len(old)-1]
	*e = old[:len(old)-1]
	return last
}

// expire forgets trusts that end at now or before.
func (g *Graph) expire(now uint64) {
	for len(g.expiries) > 0 && g.expiries[0].at <= now {
		x := heap.Pop(&g.expiries).(expiry) //nolint:forcetypeassert // what put pushed
		r := x.subject.in[x.issuer]
		if r == nil || r.revoked || r.expires != x.at {
			continue // another took its place
		}
		delete(x.subject.in, x.issuer)
		delete(x.issuer.out, x.subject)
		g.count--
		g.forget(x.subject)
		g.forget(x.issuer)
		if x.subject == x.issuer || x.subject.via == x.issuer.base()+1 || g.revoked > 0 {
			g.stale = true
		}
		g.changed()
		g.drop(x.subject)
	}
}

// forget removes a key that nothing is left of.
func (g *Graph) forget(v *vertex) {
	if !v.root && len(v.in) == 0 && len(v.out) == 0 {
		delete(g.vertices, v.key)
	}
}

// issuers returns who trusts v, in the order of their keys.
func (v *vertex) issuers() []*vertex {
	var list []*vertex
	for i, r := range v.in {
		if !r.revoked {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *vertex) int { return compare(a.key, b.key) })
	return list
}

func compare(a, b trust.Key) int {
	return cmp.Or(cmp.Compare(a.Format, b.Format), slices.Compare(a.Raw(), b.Raw()))
}
