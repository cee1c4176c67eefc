// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air/parse"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/store"
)

// Limits bounds what spells take. Zero fields are their defaults.
type Limits struct {
	Spells      int           // of the peer; 10 000
	ScopeSpells int           // of one worker; 64. The peer itself may have sixteen times as many
	Script      int           // bytes of one script; 1 MiB
	State       int           // bytes of one spell's values; 1 MiB
	ScopeBytes  int           // bytes of scripts and values of one worker; 8 MiB. The peer itself: sixteen times
	Rate        float64       // particles per second of one scope; 10, with twice as many at once
	PeerRate    float64       // particles per second of all spells; 200, with twice as many at once
	TTL         time.Duration // longest life of a spell's particle; 2 min
	Requests    int           // HTTP requests under way; 64
	HTTPRate    float64       // HTTP requests per second of one spell; 10, with twice as many at once
}

func (l Limits) withDefaults() Limits {
	or(&l.Spells, 10_000)
	or(&l.ScopeSpells, 64)
	or(&l.Script, 1<<20)
	or(&l.State, 1<<20)
	or(&l.ScopeBytes, 8<<20)
	or(&l.Rate, 10)
	or(&l.PeerRate, 200)
	or(&l.TTL, 2*time.Minute)
	or(&l.Requests, 64)
	or(&l.HTTPRate, 10)
	return l
}

func or[T int | float64 | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// hostTimes is how many times more the peer itself may have than a worker.
const hostTimes = 16

// Keys gives the seeds of scopes; pipeline.Keys is one. ok is false for a worker
// that is not active.
type Keys interface {
	Seed(id peer.ID, initiator string) (seed []byte, ok bool)
}

// Config is what Spells are made of.
type Config struct {
	Self   peer.ID
	Files  *store.Store
	Keys   Keys
	Inject func(p *particle.Particle) error // hands a particle to the pipeline
	Ready  <-chan struct{}                  // nothing runs before it is closed; nil for at once
	Events chain.Events                     // for triggers by blocks; nil for none
	Limits Limits
	NoSync bool         // leave the moment of writing values to the system
	Log    *slog.Logger // nil is silent
	Now    func() time.Time
}

// Spells are all spells of a peer. Safe for concurrent use.
type Spells struct {
	cfg     Config
	limits  Limits
	records *store.Files
	journal *store.Journal
	wake    chan struct{} // capacity 1
	metrics *Metrics

	change sync.Mutex // held by whoever changes records on disk, before mu

	mu       sync.Mutex // guards all below; not held during I/O
	running  bool
	spells   map[string]*spell
	scopes   map[peer.ID]*scope
	clocks   clocks
	queue    []event
	fired    map[string]*firing // by particle id
	swept    time.Time          // when fired was last cleared of what is over
	bucket   bucket
	requests int
}

// scope is the spells of the host or of a worker.
type scope struct {
	spells  map[string]*spell
	aliases map[string]string // alias, id
	bucket  bucket
}

// New opens what an earlier process kept. It starts nothing: see Run.
func New(cfg Config) (*Spells, error) {
	if cfg.Self == "" || cfg.Files == nil || cfg.Keys == nil || cfg.Inject == nil {
		return nil, errors.New("spells need Self, Files, Keys and Inject")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Spells{
		cfg: cfg, limits: cfg.Limits.withDefaults(), wake: make(chan struct{}, 1), metrics: NewMetrics(),
		spells: map[string]*spell{}, scopes: map[peer.ID]*scope{}, fired: map[string]*firing{},
	}
	var err error
	if s.records, err = cfg.Files.Files("spells/records", int64(s.limits.Spells)*(64<<10)); err != nil {
		return nil, err
	}
	s.journal, err = cfg.Files.Journal("spells/values", store.JournalOptions{Quota: 1 << 30, SegmentBytes: 16 << 20, NoSync: cfg.NoSync})
	if err == nil {
		err = s.load(cfg.Now())
	}
	if err != nil {
		return nil, errors.Join(err, s.records.Close())
	}
	return s, nil
}

// Close gives the folder of records back; Run does so itself.
func (s *Spells) Close() error { return s.records.Close() }

// ring wakes Run.
func (s *Spells) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// scopeOf returns the spells of a scope; s.mu is held.
func (s *Spells) scopeOf(id peer.ID) *scope {
	sc := s.scopes[id]
	if sc == nil {
		sc = &scope{spells: map[string]*spell{}, aliases: map[string]string{}}
		s.scopes[id] = sc
	}
	return sc
}

// join makes a spell known; s.mu is held or not yet shared.
func (s *Spells) join(sp *spell) {
	s.spells[sp.ID] = sp
	sc := s.scopeOf(sp.scope)
	sc.spells[sp.ID] = sp
	for _, a := range sp.Aliases {
		sc.aliases[a] = sp.ID
	}
	s.metrics.installed.Set(float64(len(s.spells)))
}

// times is how much more a scope may have than a worker.
func (s *Spells) times(scope peer.ID) int {
	if scope == s.cfg.Self {
		return hostTimes
	}
	return 1
}

// Def says what to install.
type Def struct {
	Owner   peer.ID
	Alias   string // "" for none
	Script  string // AIR
	Init    map[string]json.RawMessage
	Trigger Trigger
}

// Install adds a spell to a scope and returns its id. Everything is durable when it
// returns, or nothing was kept.
//
// Errors: ErrQuota, ErrTrigger, ErrAlias, ErrData, and that of a script that does
// not parse.
func (s *Spells) Install(ctx context.Context, scope peer.ID, def Def) (string, error) {
	now := s.cfg.Now()
	sp, err := s.plan(scope, def, now)
	if err != nil {
		return "", err
	}
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.fits(sp); err != nil {
		return "", err
	}
	old, err := s.mayAlias(sp.scope, sp.ID, def.Alias)
	if err != nil {
		return "", err
	}
	if len(def.Init) > 0 && s.isRunning() {
		raw, err := sp.state.encode()
		if err != nil {
			return "", err
		}
		if err := s.journal.Put(ctx, sp.ID, raw, far()); err != nil {
			return "", err
		}
	}
	if err := s.put(sp.record); err != nil {
		s.journal.Delete(sp.ID)
		return "", err
	}
	err = s.dropAlias(old, def.Alias)
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.dirty = len(def.Init) > 0
	s.join(sp)
	s.wind(sp, now)
	return sp.ID, err
}

func (s *Spells) isRunning() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// plan checks def and makes the spell of it.
func (s *Spells) plan(scope peer.ID, def Def, now time.Time) (*spell, error) {
	if len(def.Script) > s.limits.Script {
		return nil, fmt.Errorf("script of %d bytes, at most %d: %w", len(def.Script), s.limits.Script, ErrQuota)
	}
	if _, err := parse.Parse(def.Script); err != nil {
		return nil, fmt.Errorf("script of a spell: %w", err)
	}
	if err := def.Trigger.Check(now); err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	r := record{ID: id, Scope: scope.String(), Owner: def.Owner.String(), Script: def.Script, Trigger: def.Trigger, SetAt: now.UTC()}
	if def.Alias != "" {
		r.Aliases = []string{def.Alias}
	}
	sp := &spell{record: r, scope: scope, state: newState(), place: -1}
	for key, value := range def.Init {
		if err := sp.state.setText(key, string(value), s.limits.State); err != nil {
			return nil, err
		}
	}
	return sp, nil
}

// fits refuses a spell beyond the quotas of its scope.
func (s *Spells) fits(sp *spell) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spells) >= s.limits.Spells {
		return fmt.Errorf("this peer has %d spells, its most: %w", len(s.spells), ErrQuota)
	}
	sc := s.scopes[sp.scope]
	if sc == nil {
		return nil
	}
	if most := s.limits.ScopeSpells * s.times(sp.scope); len(sc.spells) >= most {
		return fmt.Errorf("%d spells here, at most %d; remove one: %w", len(sc.spells), most, ErrQuota)
	}
	return s.room(sp.scope, len(sp.Script)+sp.state.size)
}

// free is how many bytes of a scope's quota are left; s.mu is held.
func (s *Spells) free(scope peer.ID) int {
	left := s.limits.ScopeBytes * s.times(scope)
	if sc := s.scopes[scope]; sc != nil {
		for _, sp := range sc.spells {
			left -= len(sp.Script) + sp.state.bytes()
		}
	}
	return left
}

// room refuses n more bytes beyond a scope's quota; s.mu is held.
func (s *Spells) room(scope peer.ID, n int) error {
	if free := s.free(scope); n > free {
		return fmt.Errorf("%d bytes more, %d are free here: %w", n, max(free, 0), ErrQuota)
	}
	return nil
}

// newID returns a random UUID of version 4.
func newID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

// Remove deletes a spell of a scope, by id or alias, with all it remembers.
//
// Errors: ErrNotFound, those of the store.
func (s *Spells) Remove(_ context.Context, scope peer.ID, name string) error {
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	sp, err := s.find(scope, name)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.drop(sp)
}

// drop deletes a spell; s.change is held.
func (s *Spells) drop(sp *spell) error {
	if err := s.records.Delete(sp.file()); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.gone = true
	s.unwind(sp)
	delete(s.spells, sp.ID)
	sc := s.scopeOf(sp.scope)
	delete(sc.spells, sp.ID)
	for _, a := range sp.Aliases {
		if sc.aliases[a] == sp.ID {
			delete(sc.aliases, a)
		}
	}
	if len(sc.spells) == 0 {
		delete(s.scopes, sp.scope)
	}
	s.journal.Delete(sp.ID)
	s.metrics.installed.Set(float64(len(s.spells)))
	return nil
}

// RemoveScope deletes all spells of a worker that is gone.
func (s *Spells) RemoveScope(_ context.Context, scope peer.ID) error {
	s.change.Lock()
	defer s.change.Unlock()
	var list []*spell
	s.mu.Lock()
	if sc := s.scopes[scope]; sc != nil {
		for _, sp := range sc.spells {
			list = append(list, sp)
		}
	}
	s.mu.Unlock()
	var err error
	for _, sp := range list {
		err = errors.Join(err, s.drop(sp))
	}
	return err
}

// List returns the ids of a scope's spells, sorted.
func (s *Spells) List(scope peer.ID) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []string{}
	if sc := s.scopes[scope]; sc != nil {
		for id := range sc.spells {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// find returns a spell of a scope, by id or alias; s.mu is held.
//
// Errors: ErrNotFound.
func (s *Spells) find(scope peer.ID, name string) (*spell, error) {
	if sc := s.scopes[scope]; sc != nil {
		if sp := sc.spells[name]; sp != nil {
			return sp, nil
		}
		if sp := sc.spells[sc.aliases[name]]; sp != nil {
			return sp, nil
		}
	}
	return nil, fmt.Errorf("Service with id '%.64s' not found: %w", name, ErrNotFound) //nolint:staticcheck // ST1005: upstream's text
}
