// SPDX-License-Identifier: Apache-2.0

// Package verdicts has capacity proofs verified ahead of the blocks that need their
// verdicts, and speaks for them in the system transaction. A Pool asks a verifier,
// whose hashing runs in child processes, and keeps what it answers; Source reads the
// pool while a block is proposed and judged. Neither runs where a block is executed
// or a transaction is checked, and no verdict is ever made up.
package verdicts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// ErrConfig says which field of Config cannot be used.
var ErrConfig = errors.New("verdicts: bad configuration")

// Config sizes a pool. Zero fields get their defaults.
type Config struct {
	// Parallel is how many batches are verified at a time; default 2. One more than
	// the verifier has workers keeps all of them busy.
	Parallel int
	// Kept is how many batches' verdicts are remembered, oldest forgotten first; default 16384.
	Kept int
	// Ahead is how many batches of the chain's queue are verified before they are due; default 256.
	Ahead int
	// Wait is how long judging a block waits for verdicts that are missing; default 1 s.
	Wait time.Duration
	// Pause is how long a batch waits that the verifier had no verdict on; default 1 s.
	Pause time.Duration
	// Log gets a line for each batch without a verdict; default: nothing.
	Log *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	for _, f := range []struct {
		name string
		v    *int
		def  int
	}{{"Parallel", &c.Parallel, 2}, {"Kept", &c.Kept, 16384}, {"Ahead", &c.Ahead, 256}} {
		if *f.v < 0 {
			return c, fmt.Errorf("%w: %s is negative", ErrConfig, f.name)
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	if c.Wait < 0 || c.Pause < 0 {
		return c, fmt.Errorf("%w: Wait or Pause is negative", ErrConfig)
	}
	if c.Wait == 0 {
		c.Wait = time.Second
	}
	if c.Pause == 0 {
		c.Pause = time.Second
	}
	if c.Kept < c.Ahead {
		return c, fmt.Errorf("%w: Kept %d is below Ahead %d", ErrConfig, c.Kept, c.Ahead)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// id stands for a key with its nonces and hashes, whoever sent them and when.
type id [sha256.Size]byte

func idOf(b types.Batch) id {
	h := sha256.New()
	h.Write(b.Key)
	h.Write(b.Claims)
	return id(h.Sum(nil))
}

// wish is a batch that is to be verified.
type wish struct {
	id    id
	batch types.Batch
	after time.Time // not before
}

// Pool verifies batches in the order in which the chain needs them. Safe for
// concurrent use.
type Pool struct {
	verifier capacity.Verifier
	cfg      Config

	mu     sync.Mutex // guards what follows
	known  map[id][]capacity.Verdict
	order  []id // of known, oldest first
	wishes []wish
	busy   map[id]bool
	change chan struct{} // closed and replaced when wishes or known change
}

// New returns a pool over a verifier. It starts nothing.
//
// Errors: ErrConfig.
func New(verifier capacity.Verifier, cfg Config) (*Pool, error) {
	if verifier == nil {
		return nil, fmt.Errorf("%w: verifier is nil", ErrConfig)
	}
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Pool{
		verifier: verifier, cfg: cfg, known: map[id][]capacity.Verdict{}, busy: map[id]bool{}, change: make(chan struct{}),
	}, nil
}

// Run verifies until ctx ends, and returns nil when the last call has come back.
func (p *Pool) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for range p.cfg.Parallel {
		g.Go(func() error {
			p.work(ctx)
			return nil
		})
	}
	return g.Wait()
}

// Ahead returns how many batches Follow makes use of.
func (p *Pool) Ahead() int { return p.cfg.Ahead }

// Follow names the batches that the chain will need verdicts on, the first one
// first. It replaces what was named before and does not wait.
func (p *Pool) Follow(batches []types.Batch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wishLocked(batches, nil)
}

// wishLocked makes wishes of batches, then of rest, without what is known, under
// way or named twice. Pauses of failed batches stay.
func (p *Pool) wishLocked(batches []types.Batch, rest []wish) {
	paused := make(map[id]time.Time, len(p.wishes))
	for _, w := range p.wishes {
		paused[w.id] = w.after
	}
	var wishes []wish
	seen := make(map[id]bool, len(batches))
	add := func(w wish) {
		if p.known[w.id] == nil && !p.busy[w.id] && !seen[w.id] && len(wishes) < p.cfg.Kept {
			seen[w.id] = true
			wishes = append(wishes, w)
		}
	}
	for _, b := range batches {
		i := idOf(b)
		add(wish{i, b, paused[i]})
	}
	for _, w := range rest {
		add(w)
	}
	p.wishes = wishes
	p.changedLocked()
}

func (p *Pool) wishedLocked(i id) bool {
	return slices.ContainsFunc(p.wishes, func(w wish) bool { return w.id == i })
}

func (p *Pool) changedLocked() {
	close(p.change)
	p.change = make(chan struct{})
}

// Lookup returns the verdicts on a batch if all of them are known.
func (p *Pool) Lookup(b types.Batch) ([]capacity.Verdict, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.known[idOf(b)]
	return v, ok
}

// Await has batches verified before all others and waits until every verdict is
// known, or ctx ends. It returns the verdicts so far; nil stands for none.
func (p *Pool) Await(ctx context.Context, batches []types.Batch) [][]capacity.Verdict {
	ids := make([]id, len(batches))
	for i, b := range batches {
		ids[i] = idOf(b)
	}
	for asked := false; ; asked = true {
		p.mu.Lock()
		got, missing, forgotten := make([][]capacity.Verdict, len(batches)), false, !asked
		for i, x := range ids {
			got[i] = p.known[x]
			missing = missing || got[i] == nil
			forgotten = forgotten || got[i] == nil && !p.busy[x] && !p.wishedLocked(x)
		}
		if missing && forgotten { // Follow names other batches meanwhile
			p.wishLocked(batches, p.wishes)
		}
		change := p.change
		p.mu.Unlock()
		if !missing {
			return got
		}
		select {
		case <-change:
		case <-ctx.Done():
			return got
		}
	}
}

// work verifies one batch after another.
func (p *Pool) work(ctx context.Context) {
	for ctx.Err() == nil {
		w, wait, change := p.take(time.Now())
		if w == nil {
			timer := time.NewTimer(wait)
			select {
			case <-change:
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
			continue
		}
		key, nonces, want := w.batch.Split()
		verdicts, err := p.verifier.Verify(ctx, key, nonces, want)
		p.put(*w, verdicts, err, ctx.Err() != nil)
	}
}

// take returns the first wish whose time has come, or how long to wait for one.
func (p *Pool) take(now time.Time) (*wish, time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	wait := time.Hour
	for i, w := range p.wishes {
		if d := w.after.Sub(now); d > 0 {
			wait = min(wait, d)
			continue
		}
		p.wishes = append(p.wishes[:i:i], p.wishes[i+1:]...)
		p.busy[w.id] = true
		return &w, 0, nil
	}
	return nil, wait, p.change
}

// put keeps verdicts that are complete, and has the batch tried again otherwise.
func (p *Pool) put(w wish, verdicts []capacity.Verdict, err error, stopped bool) {
	complete := len(verdicts) == w.batch.Len()
	for _, v := range verdicts {
		complete = complete && (v == capacity.Valid || v == capacity.Invalid)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.busy, w.id)
	switch {
	case complete:
		p.keepLocked(w.id, verdicts)
	case !stopped:
		p.cfg.Log.Warn("no verdict on capacity proofs", "unit", fmt.Sprintf("%x", w.batch.UnitId), "epoch", w.batch.Epoch, "err", err)
		w.after = time.Now().Add(p.cfg.Pause)
		if len(p.wishes) < p.cfg.Kept {
			p.wishes = append(p.wishes, w)
		}
	}
	p.changedLocked()
}

func (p *Pool) keepLocked(i id, verdicts []capacity.Verdict) {
	if p.known[i] != nil {
		return
	}
	if len(p.order) >= p.cfg.Kept {
		delete(p.known, p.order[0])
		p.order = p.order[1:]
	}
	p.known[i] = verdicts
	p.order = append(p.order, i)
}
