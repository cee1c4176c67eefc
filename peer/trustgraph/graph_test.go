// SPDX-License-Identifier: Apache-2.0

package trustgraph

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/proofs/trust"
)

type party struct {
	priv ed25519.PrivateKey
	key  trust.Key
}

func named(t testing.TB, name string) party {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	priv := ed25519.NewKeyFromSeed(seed[:])
	key, err := trust.NewKey(trust.Ed25519, priv.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return party{priv, key}
}

func (p party) trusts(o party, at, until uint64) trust.Trust {
	t := trust.Trust{IssuedFor: o.key, IssuedAt: at, ExpiresAt: until}
	t.Signature = trust.Signature{Format: trust.Ed25519, Raw: ed25519.Sign(p.priv, t.SigningBytes())}
	return t
}

func (p party) revokes(o party, at uint64) trust.Revocation {
	r := trust.Revocation{Revoked: o.key, RevokedAt: at, RevokedBy: p.key}
	r.Signature = trust.Signature{Format: trust.Ed25519, Raw: ed25519.Sign(p.priv, r.SigningBytes())}
	return r
}

const (
	now  = 1_700_000_000
	late = now + 1_000_000
)

// world is a graph that a test talks to by names.
type world struct {
	t testing.TB
	*Graph
	parties map[string]party
}

func newWorld(t testing.TB) *world {
	return &world{t: t, Graph: New(), parties: map[string]party{}}
}

func (w *world) p(name string) party {
	p, ok := w.parties[name]
	if !ok {
		p = named(w.t, name)
		w.parties[name] = p
	}
	return p
}

func (w *world) root(name string, length uint32) {
	w.t.Helper()
	if err := w.SetRoot(w.p(name).key, length); err != nil {
		w.t.Fatal(err)
	}
	w.add(name, name, now)
}

func (w *world) add(issuer, subject string, at uint64) uint32 {
	w.t.Helper()
	weight, err := w.AddTrust(w.p(issuer).trusts(w.p(subject), at, late), w.p(issuer).key, max(at, now))
	if err != nil {
		w.t.Fatal(err)
	}
	return weight
}

func (w *world) revoke(by, subject string, at uint64) {
	w.t.Helper()
	if err := w.Revoke(w.p(by).revokes(w.p(subject), at), max(at, now)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) weight(name string, want uint32) {
	w.t.Helper()
	if got := w.Weight(w.p(name).key, now+100); got != want {
		w.t.Errorf("weight of %s = %d, want %d", name, got, want)
	}
}

func (w *world) chains(name string, want int) []trust.Certificate {
	w.t.Helper()
	list, truncated := w.Certificates(w.p(name).key, nil, now+100)
	if len(list) != want || truncated {
		w.t.Errorf("%d chains to %s, truncated %v; want %d", len(list), name, truncated, want)
	}
	for _, c := range list {
		if err := c.Verify(now + 100); err != nil {
			w.t.Errorf("chain to %s: %v", name, err)
		}
	}
	return list
}

func TestWeightsHalveAlongAChain(t *testing.T) {
	w := newWorld(t)
	w.root("R", 5)
	last := "R"
	for i, want := range []uint32{16, 8, 4, 2, 1} {
		next := fmt.Sprint("k", i)
		if got := w.add(last, next, now); got != want {
			t.Errorf("add_trust of %s gives %d, want %d", next, got, want)
		}
		w.weight(next, want)
		last = next
	}
	if got := w.add(last, "beyond", now); got != 0 {
		t.Errorf("beyond the chain: %d", got)
	}
	w.weight("beyond", 0)
	w.weight("R", 32)
	w.weight("stranger", 0)
	w.chains("k4", 1)
	w.chains("R", 0)
	if got := w.WeightFrom(w.p("k4").key, w.p("k1").key, now); got != 1 {
		t.Errorf("weight of k4 from k1 = %d", got)
	}
	if got := w.WeightFrom(w.p("k1").key, w.p("k4").key, now); got != 0 {
		t.Errorf("weight of k1 from k4 = %d", got)
	}
	if got := w.WeightFrom(w.p("R").key, w.p("R").key, now); got != 0 {
		t.Errorf("weight of a root from itself = %d", got)
	}
}

func TestRootsOfLengthZeroAndSixteen(t *testing.T) {
	w := newWorld(t)
	w.root("zero", 0)
	w.root("most", 99)
	w.weight("zero", 1)
	w.weight("most", 1<<16)
	if got := w.add("zero", "a", now); got != 0 {
		t.Errorf("below a root of length 0: %d", got)
	}
}

func TestWithoutTheRootsOwnTrustNothingHangsBelow(t *testing.T) {
	w := newWorld(t)
	if err := w.SetRoot(w.p("R").key, 5); err != nil {
		t.Fatal(err)
	}
	w.weight("R", 32)
	if got := w.add("R", "a", now); got != 16 {
		t.Errorf("add_trust = %d", got)
	}
	w.weight("a", 0)
	w.chains("a", 0)
	w.add("R", "R", now)
	w.weight("a", 16)
	w.chains("a", 1)
}

func TestRevocationByAnyAncestorCutsThePath(t *testing.T) {
	w := newWorld(t)
	w.root("R", 5)
	w.add("R", "A", now)
	w.add("A", "C", now)
	w.weight("C", 8)
	w.revoke("R", "C", now+1)
	w.weight("C", 0)
	w.chains("C", 0)
	w.weight("A", 16)
	w.add("R", "C", now+2) // a newer trust takes the revocation's place
	w.weight("C", 16)
	w.chains("C", 2)
	w.revoke("A", "C", now+3)
	w.weight("C", 16) // the way without A remains
	w.chains("C", 1)
	w.revoke("stranger", "C", now+4)
	w.weight("C", 16)
	if n := len(w.Revocations(w.p("C").key)); n != 1 {
		t.Errorf("%d revocations of C stored, want that of A alone", n)
	}
}

func TestRevocationBehindADetour(t *testing.T) {
	// R trusts A and B; A trusts X; B trusts X; X trusts Y; A revokes Y: through B it holds.
	w := newWorld(t)
	w.root("R", 6)
	w.root("S", 3)
	for _, e := range [][2]string{{"R", "A"}, {"A", "X"}, {"X", "Y"}, {"R", "B"}, {"B", "D"}, {"D", "X"}} {
		w.add(e[0], e[1], now)
	}
	w.weight("Y", 8)
	w.revoke("A", "Y", now+1)
	w.weight("Y", 4) // R B D X Y
	if got := w.WeightFrom(w.p("Y").key, w.p("A").key, now+100); got != 0 {
		t.Errorf("weight of Y through its revoker = %d", got)
	}
	w.revoke("D", "Y", now+1)
	w.weight("Y", 0)
}

func TestOlderAndEqualRelationsChangeNothing(t *testing.T) {
	w := newWorld(t)
	w.root("R", 5)
	w.add("R", "a", now+10)
	v := w.Version()
	w.add("R", "a", now+10)
	w.revoke("R", "a", now+10)
	w.revoke("R", "a", now+9)
	if w.Version() != v {
		t.Error("an older or equal relation changed the graph")
	}
	w.weight("a", 16)
	w.revoke("R", "a", now+11)
	w.weight("a", 0)
	w.add("R", "a", now+11)
	w.weight("a", 0)
}

func TestExpiry(t *testing.T) {
	w := newWorld(t)
	w.root("R", 5)
	r, a, b := w.p("R"), w.p("a"), w.p("b")
	for _, e := range []struct {
		by, to party
		until  uint64
	}{{r, a, now + 50}, {a, b, now + 60}} {
		if _, err := w.AddTrust(e.by.trusts(e.to, now, e.until), e.by.key, now); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.Weight(b.key, now+49); got != 8 {
		t.Errorf("before: %d", got)
	}
	if got := w.Weight(b.key, now+50); got != 0 {
		t.Errorf("in the second in which a link ends: %d", got)
	}
	if got := w.Len(); got != 2 {
		t.Errorf("%d relations kept, want the root's and the one that lasts", got)
	}
	if _, err := w.AddTrust(r.trusts(a, now, now+50), r.key, now+51); !errors.Is(err, trust.ErrExpired) {
		t.Errorf("expired: %v", err)
	}
	if weight, err := w.AddTrust(r.trusts(a, now, now+51), r.key, now+51); err != nil || weight != 16 || w.Len() != 2 {
		t.Errorf("in its last second: %d, %v, %d relations", weight, err, w.Len())
	}
}

func TestBadInput(t *testing.T) {
	w := newWorld(t)
	w.root("R", 5)
	r, a := w.p("R"), w.p("a")
	forged := r.trusts(a, now, late)
	forged.ExpiresAt++
	cases := map[string]struct {
		err  error
		want error
	}{}
	_, err := w.AddTrust(forged, r.key, now)
	cases["forged trust"] = struct{ err, want error }{err, trust.ErrSignature}
	_, err = w.AddTrust(r.trusts(a, now+1, late), r.key, now)
	cases["trust of tomorrow"] = struct{ err, want error }{err, ErrFuture}
	_, err = w.AddTrust(r.trusts(a, now, late), a.key, now)
	cases["another issuer"] = struct{ err, want error }{err, trust.ErrSignature}
	cases["revocation of tomorrow"] = struct{ err, want error }{w.Revoke(r.revokes(a, now+1), now), ErrFuture}
	rev := r.revokes(a, now)
	rev.RevokedAt--
	cases["forged revocation"] = struct{ err, want error }{w.Revoke(rev, now), trust.ErrSignature}
	cert := trust.Certificate{Chain: []trust.Trust{a.trusts(a, now, late), a.trusts(r, now, late)}}
	cases["certificate of no root"] = struct{ err, want error }{w.InsertCertificate(cert, now), ErrNoRoot}
	cases["empty certificate"] = struct{ err, want error }{w.InsertCertificate(trust.Certificate{}, now), trust.ErrChain}
	for name, c := range cases {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if w.Len() != 1 {
		t.Errorf("%d relations stored, want the root's own", w.Len())
	}
}

func TestASelfTrustInTheMiddleMakesLongerChains(t *testing.T) {
	w := newWorld(t)
	w.root("R", 10)
	w.add("R", "A", now)
	w.add("A", "A", now)
	w.add("A", "B", now)
	list := w.chains("B", 2)
	if len(list) == 2 && (len(list[0].Chain) != 3 || len(list[1].Chain) != 4) {
		t.Errorf("chains of %d and %d trusts, want 3 and 4", len(list[0].Chain), len(list[1].Chain))
	}
	w.weight("B", 256)
}

func TestCyclesEnd(t *testing.T) {
	w := newWorld(t)
	w.root("R", 16)
	names := []string{"R", "a", "b", "c", "d", "e"}
	for _, x := range names {
		for _, y := range names {
			w.add(x, y, now+1)
		}
	}
	w.weight("e", 1<<15)
	w.revoke("a", "e", now+2)
	w.weight("e", 1<<15)
	if list, _ := w.Certificates(w.p("e").key, nil, now+3); len(list) == 0 {
		t.Error("no chain")
	}
}

func TestOneIssuerIsBounded(t *testing.T) {
	g := New()
	r := named(t, "R")
	if err := g.SetRoot(r.key, 5); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := range MaxPerIssuer + 1 {
		var raw [32]byte
		copy(raw[:], fmt.Sprint("peer number ", i))
		k, kerr := trust.NewKey(trust.Ed25519, raw[:])
		if kerr != nil {
			t.Fatal(kerr)
		}
		g.mu.Lock()
		_, err = g.put(k, r.key, &relation{at: 1, expires: late}, true)
		g.mu.Unlock()
	}
	if !errors.Is(err, ErrFull) || g.Len() != MaxPerIssuer {
		t.Errorf("%v with %d relations, want ErrFull with %d", err, g.Len(), MaxPerIssuer)
	}
	if got, want := len(g.vertices), MaxPerIssuer+1; got != want {
		t.Errorf("%d keys are kept, want %d: what is refused must leave nothing", got, want)
	}
	g.count = MaxRelations // full of what others added
	if err := g.RevokeByChain(r.revokes(named(t, "x"), now)); err != nil {
		t.Errorf("a revocation of the chain: %v", err)
	}
}

// slow returns the weight of a key by looking at every simple path.
func slow(g *Graph, v *vertex) uint32 {
	best := never
	if v.root {
		best = v.own()
	}
	var walk func(p []*vertex)
	walk = func(p []*vertex) {
		at := p[len(p)-1]
		if len(p) > 1 && at.root && at.selfTrusted() {
			best = min(best, at.own()+len(p)-1)
		}
		for i, r := range at.in {
			if r.revoked || contains(p, i.key) || revokes(i, p) {
				continue
			}
			walk(append(p[:len(p):len(p)], i))
		}
	}
	walk([]*vertex{v})
	return weightOf(best)
}

// Weights equal those of a search over all paths, whatever is added, revoked and
// renewed, in memory and after reading the files again.
func TestWeightsEqualTheSlowSearch(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f"}
	parties := map[string]party{}
	for _, n := range names {
		parties[n] = named(t, n)
	}
	rapid.Check(t, func(rt *rapid.T) {
		files := memory{}
		g, err := Open(files)
		if err != nil {
			rt.Fatal(err)
		}
		for _, n := range names[:2] {
			if err := g.SetRoot(parties[n].key, rapid.Uint32Range(0, 16).Draw(rt, "length")); err != nil {
				rt.Fatal(err)
			}
		}
		at := uint64(now)
		pick := rapid.SampledFrom(names)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			x, y := parties[pick.Draw(rt, "issuer")], parties[pick.Draw(rt, "subject")]
			at += rapid.Uint64Range(0, 3).Draw(rt, "later")
			g.mu.Lock()
			g.expire(at)
			_, err := g.put(y.key, x.key, &relation{at: at, expires: at + rapid.Uint64Range(1, 60).Draw(rt, "life"), revoked: x.key != y.key && rapid.IntRange(0, 4).Draw(rt, "kind") == 0, signature: trust.Signature{Raw: make([]byte, 64)}}, true)
			g.mu.Unlock()
			if err != nil {
				rt.Fatal(err)
			}
			for _, n := range names {
				k := parties[n].key
				got := g.Weight(k, at)
				if v := g.vertices[k]; v != nil && got != slow(g, v) {
					rt.Fatalf("weight of %s = %d, want %d", n, got, slow(g, v))
				}
			}
		}
		again, err := Open(files)
		if err != nil {
			rt.Fatal(err)
		}
		for _, n := range names {
			k := parties[n].key
			if got, want := again.Weight(k, at), g.Weight(k, at); got != want {
				rt.Fatalf("read again, %s weighs %d, want %d", n, got, want)
			}
		}
	})
}

// memory keeps files in a map.
type memory map[string][]byte

func (m memory) Get(name string) ([]byte, error) {
	b, ok := m[name]
	if !ok {
		return nil, store.ErrNotFound
	}
	return b, nil
}

func (m memory) Put(name string, data []byte) error {
	m[name] = append([]byte(nil), data...)
	return nil
}

func TestOfficialCertificates(t *testing.T) {
	raw, err := os.ReadFile("../../proofs/trust/testdata/certificates.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Certificates []trust.Certificate }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	root, err := trust.KeyOfPeer("12D3KooWNbZKaPWRZ8wgjGvrxdJFz9Fq5uVwkR6ERV1f74HhPdyB")
	if err != nil {
		t.Fatal(err)
	}
	g := New()
	if err := g.SetRoot(root, 5); err != nil {
		t.Fatal(err)
	}
	for i, c := range file.Certificates {
		if err := g.InsertCertificate(c, now); err != nil {
			t.Errorf("certificate %d: %v", i, err)
		}
		last := c.Chain[len(c.Chain)-1].IssuedFor
		if w := g.Weight(last, now); w != 1<<(5-(len(c.Chain)-1)) {
			t.Errorf("certificate %d of %d trusts gives weight %d", i, len(c.Chain), w)
		}
		if err := New().InsertCertificate(c, 1_800_000_000); !errors.Is(err, trust.ErrExpired) {
			t.Errorf("certificate %d when expired: %v", i, err)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	w.root("R", 5)
	var wg sync.WaitGroup
	for n := range 4 {
		p := named(t, fmt.Sprint("p", n))
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 25 {
				at := uint64(now + i)
				if i%2 == 0 {
					_, _ = w.AddTrust(w.parties["R"].trusts(p, at, late), w.parties["R"].key, late-1)
				} else {
					_ = w.Revoke(w.parties["R"].revokes(p, at), late-1)
				}
				w.Weight(p.key, now+100)
				w.Certificates(p.key, nil, now+100)
			}
		}()
	}
	wg.Wait()
	for n := range 4 {
		w.weight(fmt.Sprint("p", n), 16)
	}
}

func FuzzReadPart(f *testing.F) {
	r := named(f, "root")
	f.Add(appendRelation(nil, r.key, r.key, &relation{at: 1, expires: 2, signature: trust.Signature{Raw: make([]byte, 64)}}))
	f.Add([]byte{33, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if g := New(); g.readPart(b) == nil && len(b) > 0 && g.Len() == 0 {
			t.Error("bytes were read as nothing")
		}
		_ = New().readRoots(b)
	})
}

// random returns a graph of vertices and edges below one root.
func random(b *testing.B, vertices, edges int) (*Graph, []trust.Key) {
	b.Helper()
	g := New()
	rng := rand.New(rand.NewPCG(1, 2))
	keys := make([]trust.Key, vertices)
	for i := range keys {
		sum := sha256.Sum256(fmt.Append(nil, i))
		k, err := trust.NewKey(trust.Ed25519, sum[:])
		if err != nil {
			b.Fatal(err)
		}
		keys[i] = k
	}
	if err := g.SetRoot(keys[0], 16); err != nil {
		b.Fatal(err)
	}
	put := func(from, to int, r relation) {
		if _, err := g.put(keys[to], keys[from], &r, true); err != nil {
			b.Fatal(err)
		}
	}
	put(0, 0, relation{at: now, expires: late})
	for i := 1; i < vertices; i++ {
		put(rng.IntN(i), i, relation{at: now, expires: late})
	}
	for g.count < edges {
		put(rng.IntN(vertices), rng.IntN(vertices), relation{at: now, expires: late})
	}
	return g, keys
}

func BenchmarkWeight(b *testing.B) {
	for name, revocations := range map[string]int{"sound": 0, "1000 revocations": 1000} {
		b.Run(name, func(b *testing.B) {
			g, keys := random(b, 20_000, 100_000)
			rng := rand.New(rand.NewPCG(3, 4))
			for range revocations {
				if _, err := g.put(keys[rng.IntN(len(keys))], keys[rng.IntN(len(keys))], &relation{at: now + 1, revoked: true}, true); err != nil {
					b.Fatal(err)
				}
			}
			g.Weight(keys[1], now+2)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				clear(g.searched)
				g.Weight(keys[1+i%(len(keys)-1)], now+2)
			}
		})
	}
	b.Run("after a revocation", func(b *testing.B) {
		g, keys := random(b, 20_000, 100_000)
		for i := 0; b.Loop(); i++ {
			g.stale = true
			g.Weight(keys[1+i%(len(keys)-1)], now+2)
		}
	})
}
