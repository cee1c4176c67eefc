// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
)

// Config says what a pipeline is and how much it may use.
type Config struct {
	Self   peer.ID // this peer
	Limits Limits
}

// Deps are the parts a pipeline works with. All but the last five are needed.
type Deps struct {
	Invoke   Interpreter
	Services Services
	Door     Door
	Sender   Sender
	Keys     Keys
	Journal  Journal

	Metrics *Metrics     // nil counts nothing
	Tracer  Tracer       // nil traces nothing
	Log     *slog.Logger // nil is silent
	// Statements reports whether the door needs Call.Statements; nil is no.
	Statements func() bool
	Forget     func(p *particle.Particle)        // called once a particle's life ended; Script and Data are empty
	Blame      func(from peer.ID, reason string) // called for arrivals that no honest peer sends
}

// Pipeline is the particles' way through one peer. Safe for concurrent use.
type Pipeline struct {
	self   peer.ID
	limits Limits
	deps   Deps
	seed   maphash.Seed

	runs  chan struct{} // capacity Parallel: runs under way
	calls chan struct{} // capacity Calls: working calls under way
	wake  chan struct{} // capacity 1: ready is not empty
	alarm chan struct{} // capacity 1: the earliest deadline may have changed

	mu        sync.Mutex // guards all below, lives and stays included; not held during I/O, runs or calls
	running   bool
	lives     map[string]*life // by signature
	deadlines deadlineHeap
	shares    map[peer.ID]int // lives by the peer that brought them first
	ready     []*stay
	waiting   int64 // bytes of data in mailboxes
	waits     int   // waiting calls under way
	sends     int   // sends under way
	sendBytes int64
	sendsTo   map[peer.ID]int
}

// New checks cfg and deps. It starts nothing: see Run.
func New(cfg Config, deps Deps) (*Pipeline, error) {
	if err := cfg.Limits.Validate(); err != nil {
		return nil, err
	}
	if cfg.Self == "" {
		return nil, errors.New("pipeline needs a peer id")
	}
	if deps.Invoke == nil || deps.Services == nil || deps.Door == nil || deps.Sender == nil || deps.Keys == nil || deps.Journal == nil {
		return nil, errors.New("pipeline needs Invoke, Services, Door, Sender, Keys and Journal")
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	if deps.Metrics == nil {
		deps.Metrics = NewMetrics()
	}
	deps.Metrics.poolSize.Set(float64(cfg.Limits.Parallel))
	deps.Metrics.poolFree.Set(float64(cfg.Limits.Parallel))
	return &Pipeline{
		self:    cfg.Self,
		limits:  cfg.Limits,
		deps:    deps,
		seed:    maphash.MakeSeed(),
		runs:    make(chan struct{}, cfg.Limits.Parallel),
		calls:   make(chan struct{}, cfg.Limits.Calls),
		wake:    make(chan struct{}, 1),
		alarm:   make(chan struct{}, 1),
		lives:   map[string]*life{},
		shares:  map[peer.ID]int{},
		sendsTo: map[peer.ID]int{},
	}, nil
}

// Run works until ctx ends and returns once every run, call and send it started
// has. It starts all goroutines of the pipeline. Run it once.
func (p *Pipeline) Run(ctx context.Context) error {
	g := &group{}
	defer g.Wait()
	g.Go(func() { p.sweep(ctx) })
	p.setRunning(true)
	defer p.setRunning(false)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
			for _, st := range p.takeReady() {
				g.Go(func() { p.work(ctx, g, st) })
			}
		}
	}
}

// group is the set of goroutines of one Run; those it started may start more.
type group struct{ sync.WaitGroup }

func (p *Pipeline) setRunning(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = on
}

// Stats is a snapshot of what is under way.
type Stats struct {
	Lives   int   // particles alive
	Ready   int   // stays that wait for a run
	Waiting int64 // bytes of data in mailboxes
	Sends   int   // sends under way
	Waits   int   // waiting calls under way
}

// Stats returns what is under way.
func (p *Pipeline) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{Lives: len(p.lives), Ready: len(p.ready), Waiting: p.waiting, Sends: p.sends, Waits: p.waits}
}

func (p *Pipeline) takeReady() []*stay {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.ready
	p.ready = nil
	p.deps.Metrics.ready.Set(0)
	return list
}

// schedule queues st for work unless it is queued or worked on; p.mu is held.
func (p *Pipeline) schedule(st *stay) {
	if st.active || st.life.dead {
		return
	}
	st.active = true
	p.ready = append(p.ready, st)
	p.deps.Metrics.ready.Set(float64(len(p.ready)))
	ring(p.wake)
}

// ring wakes the reader of a channel of capacity 1.
func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Inject admits a particle that this peer made itself, with its first data.
//
// Errors: those of Accept.
func (p *Pipeline) Inject(q *particle.Particle) error { return p.Accept(q, p.self) }

// Accept checks q and queues it. It never blocks on work: what does not fit is
// ErrBusy or ErrShare. from is the connection that delivered it. q and its bytes
// must not be changed afterwards.
//
// Checks run cheapest first. The signature is verified once per particle: later
// arrivals must agree with the first in everything signed.
//
// Errors: ErrBusy, ErrShare, ErrDuplicate, ErrBeforeStart, ErrSpent, ErrStopped,
// and those of particle.Limits.Check.
func (p *Pipeline) Accept(q *particle.Particle, from peer.ID) error {
	return p.judged(q, from, false)
}

// AcceptChecked is Accept for a particle that passed particle.Limits.Check under
// the same limits already; its signature is not verified again.
//
// Errors: those of Accept.
func (p *Pipeline) AcceptChecked(q *particle.Particle, from peer.ID) error {
	return p.judged(q, from, true)
}

func (p *Pipeline) judged(q *particle.Particle, from peer.ID, checked bool) error {
	err := p.accept(q, from, checked, time.Now())
	m := p.deps.Metrics
	if err == nil {
		p.trace(Event{Kind: EventArrive, Particle: q.ID, From: from.String(), Bytes: len(q.Data), Scope: p.self.String()}, q.Signature)
		return nil
	}
	reason := Reason(err)
	m.refused.WithLabelValues(reason).Inc()
	if reason == "expired" {
		m.expired.Inc()
	}
	p.trace(Event{Kind: EventRefuse, Particle: clip(q.ID), From: from.String(), Reason: reason}, q.Signature)
	p.deps.Log.Debug("particle refused", "particle", clip(q.ID), "peer", from, "reason", reason, "err", err)
	if blameworthy(reason) && p.deps.Blame != nil {
		p.deps.Blame(from, reason)
	}
	return err
}

// clip keeps foreign text short in logs.
func clip(s string) string { return s[:min(len(s), 64)] }

// blameworthy tells refusals that an honest, well-set peer never causes.
func blameworthy(reason string) bool {
	switch reason {
	case "busy", "share", "duplicate", "before_start", "spent", "stopped", "expired", "future":
		return false
	}
	return true
}

func (p *Pipeline) accept(q *particle.Particle, from peer.ID, checked bool, now time.Time) error {
	if err := p.limits.Particle.CheckTime(q, now); err != nil {
		return err
	}
	if since := p.deps.Journal.Since(); q.Timestamp < uint64(max(since.UnixMilli(), 0)) {
		return fmt.Errorf("timestamp %d, memory from %d: %w", q.Timestamp, since.UnixMilli(), ErrBeforeStart)
	}
	sum := signedSum(q)
	known, err := p.arrive(q, from, sum, checked, now)
	if known {
		return err
	}
	if err := p.limits.Particle.Check(q, now); err != nil {
		return err
	}
	_, err = p.arrive(q, from, sum, true, now)
	return err
}

// invoke runs the interpreter and turns a panic into an error: a script of a
// stranger must not end the process.
func (p *Pipeline) invoke(ctx context.Context, in air.Input) (out air.Outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			p.deps.Metrics.panics.Inc()
			p.deps.Log.Error("interpreter panicked", "particle", clip(in.Params.ParticleID), "err", fmt.Sprint(r))
			err = fmt.Errorf("interpreter panicked: %v", r)
		}
	}()
	return p.deps.Invoke(ctx, in)
}
