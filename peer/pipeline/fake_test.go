// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// steps maps a script to what the interpreter does with it.
type steps map[string]func(in air.Input) air.Outcome

// rig is a pipeline over fakes, with a log of what happened in which order.
type rig struct {
	*Pipeline
	t     *testing.T
	self  peer.ID
	key   crypto.PrivKey // the initiator
	steps steps

	mu        sync.Mutex
	log       []string
	kept      map[string][]byte
	since     time.Time
	full      bool
	offline   map[peer.ID]bool
	blamed    []string
	forgotten int
	serve     func(ctx context.Context, c Call) (Result, error)
	admit     func(c Call) error
	kinds     map[string]Kind
	workers   map[peer.ID]bool
}

func newRig(t *testing.T, edit func(l *Limits)) *rig {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		t: t, self: newPeer(t), key: key, steps: steps{}, kept: map[string][]byte{}, since: time.UnixMilli(1),
		offline: map[peer.ID]bool{}, kinds: map[string]Kind{}, workers: map[peer.ID]bool{},
	}
	limits := DefaultLimits()
	limits.Parallel = 2
	if edit != nil {
		edit(&limits)
	}
	r.Pipeline, err = New(Config{Self: r.self, Limits: limits}, Deps{
		Invoke: r.invoke, Services: services{r}, Door: r, Sender: r, Keys: r, Journal: r,
		Forget: func(*particle.Particle) { r.note("forget"); r.forgotten++ },
		Blame:  func(_ peer.ID, reason string) { r.mu.Lock(); r.blamed = append(r.blamed, reason); r.mu.Unlock() },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run starts the pipeline and stops it at the end of the test.
func (r *rig) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("Run = %v", err)
		}
	})
	synctest.Wait()
}

func (r *rig) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, s)
}

// events returns the log so far as one line.
func (r *rig) events() string {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.log, " ")
}

func (r *rig) invoke(_ context.Context, in air.Input) (air.Outcome, error) {
	r.note("run")
	return r.steps[in.Script](in), nil
}

func (r *rig) Admit(_ context.Context, c Call) error {
	if r.admit == nil {
		return nil
	}
	return r.admit(c)
}

func (r *rig) Connected(to peer.ID) bool { return !r.offline[to] }

func (r *rig) Send(_ context.Context, to peer.ID, p *particle.Particle) error {
	if r.offline[to] {
		return errors.New("offline")
	}
	r.note("send:" + string(p.Data))
	return nil
}

func (r *rig) Seed(id peer.ID, _ string) ([]byte, bool) {
	return make([]byte, ed25519.SeedSize), id == r.self || r.workers[id]
}

func (r *rig) Put(_ context.Context, key string, data []byte, _ time.Time) error {
	if r.full {
		return store.ErrQuota
	}
	r.note("keep:" + string(data))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept[key] = data
	return nil
}

func (r *rig) Get(key string) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if b, ok := r.kept[key]; ok {
		return b, nil
	}
	return nil, store.ErrNotFound
}

func (r *rig) Delete(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.kept, key)
}

func (r *rig) keptCount() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.kept)
}

func (r *rig) Since() time.Time { return r.since }

// services is the rig's serve function, or an echo of the function's name.
type services struct{ r *rig }

func (s services) Call(ctx context.Context, c Call) (Result, error) {
	s.r.note("call:" + c.Function)
	if s.r.serve != nil {
		return s.r.serve(ctx, c)
	}
	return Result{JSON: []byte(`"` + c.Function + `"`)}, nil
}

func (s services) Kind(service, _ string) Kind { return s.r.kinds[service] }

// make signs a particle that lives for ttl from now.
func (r *rig) make(script string, ttl time.Duration) *particle.Particle {
	r.t.Helper()
	p, err := particle.New(r.key, particle.Draft{Script: script, TTL: ttl, Time: time.Now(), Nonce: rand.Reader})
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

// accept hands p in with data and checks the answer.
func (r *rig) accept(p *particle.Particle, data string, want error) {
	r.t.Helper()
	if err := r.Accept(p.WithData([]byte(data)), r.key2()); !errors.Is(err, want) {
		r.t.Fatalf("Accept = %v, want %v", err, want)
	}
}

func (r *rig) key2() peer.ID { return peer.ID("sender") }

func newPeer(t *testing.T) peer.ID {
	t.Helper()
	_, pub, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// calls is an outcome's call table.
func calls(list ...air.Call) map[uint32]air.Call {
	m := map[uint32]air.Call{}
	for i, c := range list {
		m[uint32(i+1)] = c
	}
	return m
}

// identity asks for one call of service when data arrives and sends the answer
// to next.
func identity(service string, next ...string) func(in air.Input) air.Outcome {
	return func(in air.Input) air.Outcome {
		if len(in.Results) > 0 {
			return air.Outcome{Data: append([]byte(string(in.Prev)+"+"), in.Results[1].JSON...), Next: next}
		}
		return air.Outcome{Data: []byte(string(in.Prev) + "called"), Calls: calls(air.Call{Service: service, Function: "f"})}
	}
}

// count reads a counter.
func count(c prometheus.Metric) float64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		return -1
	}
	return m.GetCounter().GetValue()
}

// pass lets virtual time go by.
func pass(d time.Duration) { <-time.After(d) }
