// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/peer/trustgraph"
	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
)

var genesis = time.Unix(1_700_000_000, 0) //nolint:gochecknoglobals // a constant in all but name

// ledger is a chain in memory: perimeters and revocations that tests change by blocks.
type ledger struct {
	mu          sync.Mutex // guards all below
	perimeters  []perimeter.Perimeter
	revocations []trust.Revocation
	height      uint64
	down        bool
	asked       int
	blocks      chan chain.Block
	handled     chan struct{}
}

func newLedger(ps ...perimeter.Perimeter) *ledger {
	return &ledger{perimeters: ps, height: 1, blocks: make(chan chain.Block), handled: make(chan struct{})}
}

func (l *ledger) At(context.Context) (chain.Height, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return chain.Height{Number: l.height, Time: genesis}, nil
}

func (l *ledger) PerimetersOf(context.Context, []string) ([]perimeter.Perimeter, chain.Height, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return nil, chain.Height{}, chain.ErrUnavailable
	}
	return append([]perimeter.Perimeter(nil), l.perimeters...), chain.Height{Number: l.height}, nil
}

func (l *ledger) RevocationsOf(_ context.Context, k trust.Key) (list []trust.Revocation, at chain.Height, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.down {
		return nil, at, chain.ErrUnavailable
	}
	for _, r := range l.revocations {
		if r.Revoked == k {
			list = append(list, r)
		}
	}
	return list, at, nil
}

func (l *ledger) Follow(ctx context.Context, _ uint64, each func(context.Context, chain.Block) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case b := <-l.blocks:
			if err := each(ctx, b); err != nil {
				return err
			}
			l.handled <- struct{}{}
		}
	}
}

// block makes a block after a change, and waits until the door has seen it.
func (l *ledger) block(change func(), at time.Time, events ...chain.Event) {
	l.mu.Lock()
	change()
	l.height++
	b := chain.Block{Height: chain.Height{Number: l.height, Time: at}, Events: events}
	l.mu.Unlock()
	l.blocks <- b
	<-l.handled
}

// aliases is a peer whose service "uuid" has the alias "history".
type aliases struct{}

func (aliases) Names(_ pipeline.Scope, service string) []string {
	if service == "uuid" || service == "history" {
		return []string{"history", "uuid"}
	}
	return nil
}

func (aliases) Known(service, _ string) bool                     { return service == "op" }
func (aliases) Public(pipeline.Scope, string) bool               { return false }
func (aliases) Owner(_ pipeline.Scope, s string) (peer.ID, bool) { return "owner", s != "nothing" }

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

func (p party) id(t testing.TB) peer.ID {
	t.Helper()
	id, err := peer.Decode(p.key.PeerID())
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (p party) trusts(o party) trust.Trust {
	t := trust.Trust{IssuedFor: o.key, IssuedAt: uint64(genesis.Unix()), ExpiresAt: uint64(genesis.Unix()) + 1000}
	t.Signature = trust.Signature{Format: trust.Ed25519, Raw: ed25519.Sign(p.priv, t.SigningBytes())}
	return t
}

// certificate chains parties, the first as root.
func certificate(ps ...party) trust.Certificate {
	c := trust.Certificate{Chain: []trust.Trust{ps[0].trusts(ps[0])}}
	for i := 1; i < len(ps); i++ {
		c.Chain = append(c.Chain, ps[i-1].trusts(ps[i]))
	}
	return c
}

type world struct {
	t      testing.TB
	ledger *ledger
	door   *Door
	now    time.Time
	here   party
	alice  party
	root   party
	ctx    context.Context
}

func newWorld(t testing.TB, policy perimeter.Policy) *world {
	w := &world{t: t, now: genesis, here: named(t, "here"), alice: named(t, "alice"), root: named(t, "root")}
	policy.Roots = []perimeter.Root{{Peer: w.root.key.PeerID(), MaxChainLen: 4}}
	policy.AnyScript = true
	w.ledger = newLedger(perimeter.Perimeter{
		ID: strings.Repeat("ab", 32), Version: 3, State: perimeter.Active, Number: 1, Policy: policy,
		Members: []perimeter.Member{{Peer: w.here.key.PeerID(), Service: "history", Functions: []string{"add"}, Follow: true}},
	})
	var err error
	w.door, err = New(Config{
		Local: NewLocal(aliases{}, []peer.ID{"manager"}, nil), Chain: w.ledger, Graph: trustgraph.New(), Names: aliases{},
		Subjects: func() []string { return []string{w.here.key.PeerID()} }, Now: func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.door.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	<-w.door.Loaded()
	w.ctx = ctx
	w.ledger.block(func() {}, genesis)
	return w
}

func (w *world) call(service, function string, from party) pipeline.Call {
	return pipeline.Call{
		Scope: pipeline.Scope{Host: w.here.id(w.t), Peer: w.here.id(w.t)}, Service: service, Function: function,
		Particle: &particle.Particle{
			ID: "fl1.1.x.y", InitPeerID: from.key.PeerID(), Timestamp: uint64(w.now.UnixMilli()), TTL: 10_000, Script: "(null)", Signature: []byte("signature of " + from.key.PeerID()),
		},
	}
}

func (w *world) admit(c pipeline.Call, want string) {
	w.t.Helper()
	err := w.door.Admit(w.ctx, c)
	var d *pipeline.Denial
	switch {
	case want == "" && err != nil:
		w.t.Errorf("denied: %v", err)
	case want != "" && (!errors.As(err, &d) || d.Code != want || d.Hint == ""):
		w.t.Errorf("Admit = %v, want %s", err, want)
	}
}

func (w *world) present(c pipeline.Call, certs ...trust.Certificate) {
	w.t.Helper()
	raw, err := json.Marshal(certs)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.door.Present(c, raw); err != nil {
		w.t.Fatal(err)
	}
}

func certified() perimeter.Policy {
	return perimeter.Policy{Rules: []perimeter.Rule{{Service: "history", Function: "add", Who: perimeter.Certified}}}
}

func anyone() perimeter.Policy {
	return perimeter.Policy{Rules: []perimeter.Rule{{Service: "history", Function: "add", Who: perimeter.Anyone}}}
}

func event(kind, field string, b []byte) chain.Event {
	return chain.Event{Type: kind, Attributes: []chain.Attribute{{Key: field, Value: `"` + base64.StdEncoding.EncodeToString(b) + `"`}}}
}

func TestTheServiceIsMeantNotItsSpelling(t *testing.T) {
	w := newWorld(t, anyone())
	w.admit(w.call("history", "add", w.alice), "")
	w.admit(w.call("uuid", "add", w.alice), "")
	w.admit(w.call("uuid", "drop", w.alice), "door.4.owner")
	w.admit(w.call("other", "add", w.alice), "door.4.owner")
	w.admit(w.call("op", "anything", w.alice), "")
	w.admit(w.call("nothing", "f", w.alice), "")
}

func TestDenialsNamePerimeterVersionArgumentAndOrigin(t *testing.T) {
	w := newWorld(t, anyone())
	c := w.call("history", "add", w.alice)
	c.Args = []json.RawMessage{[]byte(`1`)}
	c.Origins = [][]air.Origin{{{Kind: air.OriginResult, Peer: "evil", Service: "op", Function: "identity"}}}
	err := w.door.Admit(t.Context(), c)
	var got map[string]any
	if err == nil || json.Unmarshal([]byte(err.Error()), &got) != nil {
		t.Fatalf("Admit = %v, want JSON", err)
	}
	if got["code"] != "door.8.origin" || got["version"] != 3.0 || got["argument"] != 0.0 || got["origin"] != "result evil op.identity" || got["perimeter"] != strings.Repeat("ab", 32) || got["hint"] == "" {
		t.Errorf("denial %v", got)
	}
	d, err := w.door.Explain(t.Context(), c)
	if err != nil || d.Outcome != perimeter.Denied || len(d.Steps) < 4 {
		t.Errorf("Explain = %+v, %v", d, err)
	}
}

func TestCertificatesComeWithTheParticle(t *testing.T) {
	w := newWorld(t, certified())
	middle := named(t, "middle")
	c := w.call("history", "add", w.alice)
	w.admit(c, "door.5.certificate")
	w.present(c, certificate(w.root, middle, w.alice))
	w.admit(c, "")
	other := c
	p := *c.Particle
	p.Signature = []byte("another particle")
	other.Particle = &p
	w.admit(other, "door.5.certificate")
	forged := certificate(w.root, middle, w.alice)
	forged.Chain[2].ExpiresAt++
	w.present(other, forged)
	w.admit(other, "door.5.signature")
	w.present(other, certificate(middle, w.alice))
	w.admit(other, "door.5.root")
	w.present(other, certificate(w.root, middle, named(t, "a"), named(t, "b"), named(t, "c"), w.alice))
	w.admit(other, "door.5.length")
	w.present(other, certificate(w.root, w.alice))
	w.now = w.now.Add(1001 * time.Second)
	w.ledger.block(func() {}, w.now)
	p.Timestamp = uint64(w.now.UnixMilli())
	w.admit(other, "door.5.expired")
}

func TestARevocationCountsFromTheBlockThatTheViewContains(t *testing.T) {
	w := newWorld(t, certified())
	middle := named(t, "middle")
	c := w.call("history", "add", w.alice)
	w.present(c, certificate(w.root, middle, w.alice))
	w.admit(c, "")
	asked := w.ledger.asked
	w.admit(c, "")
	if w.ledger.asked != asked {
		t.Error("the chain was asked again for what is known")
	}
	r := trust.Revocation{Revoked: w.alice.key, RevokedBy: w.root.key, RevokedAt: uint64(genesis.Unix())}
	w.ledger.block(func() { w.ledger.revocations = append(w.ledger.revocations, r) }, w.now, event(chain.EventRevoked, "revoked", w.alice.key.Append(nil)))
	w.admit(c, "door.5.revoked")
	w.ledger.block(func() { w.ledger.revocations = nil }, w.now, event(chain.EventAnchored, "issued_for", w.alice.key.Append(nil)))
	w.admit(c, "")
	stranger := trust.Revocation{Revoked: w.alice.key, RevokedBy: named(t, "stranger").key}
	w.ledger.block(func() { w.ledger.revocations = []trust.Revocation{stranger} }, w.now, event(chain.EventRevoked, "revoked", w.alice.key.Append(nil)))
	w.admit(c, "")
	w.ledger.block(func() { w.ledger.down = true }, w.now, event(chain.EventRevoked, "revoked", []byte("of no form")))
	w.admit(c, "door.view.stale")
}

func TestAStaleViewStopsPerimetersOnly(t *testing.T) {
	w := newWorld(t, anyone())
	w.now = genesis.Add(31 * time.Second)
	w.admit(w.call("history", "add", w.alice), "door.view.stale")
	w.admit(w.call("op", "f", w.alice), "")
	w.admit(w.call("other", "f", w.here), "")
	w.ledger.block(func() {}, w.now)
	w.admit(w.call("history", "add", w.alice), "")
}

func TestChangesOfThePerimeterCountAtOnce(t *testing.T) {
	w := newWorld(t, anyone())
	c := w.call("history", "add", w.alice)
	w.admit(c, "")
	id := make([]byte, 32)
	for i := range id {
		id[i] = 0xab
	}
	version := event(chain.EventPerimeterVersion, "id", id)
	w.ledger.block(func() { w.ledger.perimeters[0].State = perimeter.Frozen }, w.now, version)
	w.admit(c, "door.4.frozen")
	w.ledger.block(func() { w.ledger.perimeters[0].State = perimeter.Active; w.ledger.perimeters[0].Policy.Rules = nil }, w.now, version)
	w.admit(c, "door.7.rule")
	w.ledger.block(func() { w.ledger.perimeters = nil }, w.now, chain.Event{Type: chain.EventPerimeterMember})
	w.admit(c, "door.4.owner")
	if w.door.Needs() {
		t.Error("statements are wanted without a perimeter")
	}
}

func TestBeforeTheChainIsReadOnlyTheOwnerMayCall(t *testing.T) {
	w := newWorld(t, anyone())
	d, err := New(w.door.cfg)
	if err != nil {
		t.Fatal(err)
	}
	var denial *pipeline.Denial
	if err := d.Admit(t.Context(), w.call("other", "f", w.alice)); !errors.As(err, &denial) || denial.Code != "door.view.stale" {
		t.Errorf("a stranger: %v", err)
	}
	if err := d.Admit(t.Context(), w.call("op", "f", w.alice)); err != nil {
		t.Errorf("a builtin: %v", err)
	}
}

// memory keeps files in a map.
type memory map[string][]byte

func (m memory) Get(name string) ([]byte, error) {
	if b, ok := m[name]; ok {
		return b, nil
	}
	return nil, store.ErrNotFound
}

func (m memory) Put(name string, data []byte) error { m[name] = data; return nil }

// pruned is a ledger that keeps no block before its newest.
type pruned struct{ *ledger }

func (p pruned) Follow(ctx context.Context, after uint64, each func(context.Context, chain.Block) error) error {
	if after < p.height {
		return chain.ErrPruned
	}
	return p.ledger.Follow(ctx, after, each)
}

func TestBlocksThatAreGoneAreLeftOut(t *testing.T) {
	w := newWorld(t, anyone())
	files := memory{}
	g, err := trustgraph.Open(files)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.SetSeen(1); err != nil {
		t.Fatal(err)
	}
	l := newLedger()
	l.height = 50
	cfg := w.door.cfg
	cfg.Graph, cfg.Chain = g, pruned{l}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.follow(t.Context()); !errors.Is(err, chain.ErrPruned) {
		t.Fatalf("follow = %v, want ErrPruned", err)
	}
	if from := d.from(chain.Height{Number: 50}); from != 50 {
		t.Errorf("the next look begins after block %d, want 50", from)
	}
}

func TestPresentIsBounded(t *testing.T) {
	w := newWorld(t, certified())
	c := w.call("history", "add", w.alice)
	one, err := json.Marshal(certificate(w.root, w.alice))
	if err != nil {
		t.Fatal(err)
	}
	long := certificate(w.root, w.alice)
	for len(long.Chain) < 17 {
		long.Chain = append(long.Chain, long.Chain[1])
	}
	longText, err := json.Marshal([]trust.Certificate{long})
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"nothing": ``, "no list": `{}`, "empty list": `[]`, "nine": "[" + strings.Repeat(string(one)+",", 8) + string(one) + "]",
		"17 links": string(longText), "no links": `[{"chain":[]}]`, "broken text": `["11"]`, "a number": `[7]`,
		"too large": "[" + strings.Repeat(" ", MaxPresentedBytes) + "]",
	} {
		if err := w.door.Present(c, json.RawMessage(raw)); !errors.Is(err, ErrPresented) {
			t.Errorf("%s: %v, want ErrPresented", name, err)
		}
	}
	w.admit(c, "door.5.certificate")
	text, err := certificate(w.root, w.alice).MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := json.Marshal([]string{string(text)})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.door.Present(c, quoted); err != nil {
		t.Error(err)
	}
	w.admit(c, "")
}

func TestManyCallsWhileBlocksCome(t *testing.T) {
	w := newWorld(t, certified())
	c := w.call("history", "add", w.alice)
	w.present(c, certificate(w.root, w.alice))
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 50 {
				_ = w.door.Admit(w.ctx, c)
			}
		}()
	}
	for i := range 20 {
		w.ledger.block(func() {}, w.now, event(chain.EventRevoked, "revoked", w.alice.key.Append(nil)), chain.Event{Type: fmt.Sprint(chain.EventDealPrefix, i)})
	}
	wg.Wait()
	w.admit(c, "")
}

func BenchmarkAdmit(b *testing.B) {
	for _, cold := range []bool{false, true} {
		b.Run(map[bool]string{false: "cached", true: "cold"}[cold], func(b *testing.B) {
			w := newWorld(b, certified())
			c := w.call("history", "add", w.alice)
			w.present(c, certificate(w.root, named(b, "1"), named(b, "2"), named(b, "3"), w.alice))
			b.ReportAllocs()
			for b.Loop() {
				if cold {
					clear(w.door.shown.good)
					w.door.revoked.reset()
				}
				if err := w.door.Admit(w.ctx, c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
