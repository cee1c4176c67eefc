// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// Services runs the Wasm of workers; package hosting has one. Safe for concurrent
// use.
type Services interface {
	// InstallApp makes what an app has of services in a worker's scope, beside what
	// is there, and switches when all of it has started. Installing again changes
	// nothing.
	InstallApp(ctx context.Context, scope pipeline.Scope, services []Service) error
	// RemoveScope removes everything of a worker.
	RemoveScope(ctx context.Context, scope peer.ID) error
	// Rest frees what a worker holds in memory.
	Rest(ctx context.Context, scope peer.ID) error
}

// Spells runs the spells of workers, as long as Workers gives it their keys: those
// of a paused worker rest. Safe for concurrent use.
type Spells interface {
	// Check refuses spells that could not be installed.
	Check(spells []Spell) error
	// InstallApp makes the spells of an app in a worker's scope, and removes those of
	// an earlier one. Installing again changes nothing.
	InstallApp(ctx context.Context, scope pipeline.Scope, spells []Spell) error
	// RemoveScope removes everything of a worker.
	RemoveScope(ctx context.Context, scope peer.ID) error
}

// Config is what a Reconciler works with. Spells may be nil, Activator too: then
// workers run and the chain is not told.
type Config struct {
	Self      peer.ID
	Key       [32]byte // ed25519 key of this peer, its id on the chain
	ChainID   string
	Workers   *Workers
	Deals     chain.Deals
	Activator chain.Activator
	Fetcher   Fetcher
	Services  Services
	Spells    Spells
	Log       *slog.Logger  // nil is silent
	Every     time.Duration // longest time between two looks at the chain; 5 s
	Parallel  int           // workers that are worked on at one time; 4
	Retry     time.Duration // first pause after a failure, which doubles up to a hundredfold; 2 s
	StepTime  time.Duration // longest work on one worker; 5 min
}

// Reconciler makes this peer's workers what the chain says. Make one with
// NewReconciler.
type Reconciler struct {
	cfg  Config
	kick chan struct{} // capacity 1: look now

	mu      sync.Mutex // guards all below
	busy    map[string]bool
	pauses  map[string]pause
	missing map[string]uint64 // by deal: height at which it was seen missing first
	height  uint64            // of the newest look
	failed  error             // of the newest look
}

// pause is a deal that is left alone after a failure.
type pause struct {
	until time.Time
	wait  time.Duration
	app   string // another app on the chain ends the pause
}

// NewReconciler checks cfg. It starts nothing: see Run.
func NewReconciler(cfg Config) (*Reconciler, error) {
	if cfg.Self == "" || cfg.Workers == nil || cfg.Deals == nil || cfg.Fetcher == nil || cfg.Services == nil || cfg.ChainID == "" {
		return nil, errors.New("worker reconciler needs Self, ChainID, Workers, Deals, Fetcher and Services")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		v         *time.Duration
		otherwise time.Duration
	}{{&cfg.Every, 5 * time.Second}, {&cfg.Retry, 2 * time.Second}, {&cfg.StepTime, 5 * time.Minute}} {
		if *d.v <= 0 {
			*d.v = d.otherwise
		}
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 4
	}
	return &Reconciler{cfg: cfg, kick: make(chan struct{}, 1), busy: map[string]bool{}, pauses: map[string]pause{}, missing: map[string]uint64{}}, nil
}

// Look asks for a pass soon; it never blocks. Who follows the chain calls it when a
// block tells of deals.
func (r *Reconciler) Look() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// Concerns reports whether a block may change what workers have to do.
func Concerns(b chain.Block) bool {
	for _, e := range b.Events {
		if strings.HasPrefix(e.Type, "fluence.deal.") {
			return true
		}
	}
	return false
}

// Run works until ctx ends and returns once everything it started has.
func (r *Reconciler) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	places := make(chan struct{}, r.cfg.Parallel)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-r.kick:
		}
		for _, step := range r.plan(ctx) {
			work.Add(1)
			go func() {
				defer work.Done()
				select {
				case places <- struct{}{}:
					r.do(ctx, step)
					<-places
				case <-ctx.Done():
					r.rest(step.deal)
				}
			}()
		}
		timer.Reset(r.cfg.Every)
	}
}

// step is what one pass has to do for one deal: serve it as the chain says, or
// end its worker.
type step struct {
	deal string
	want *chain.PeerDeal // nil: the worker must go
}

// plan looks at the chain and returns the steps of deals that nobody works on.
func (r *Reconciler) plan(ctx context.Context) []step {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	list, at, err := r.cfg.Deals.DealsOf(ctx, r.cfg.Key)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed = err; err != nil {
		r.cfg.Log.Debug("deals not read", "err", err)
		return nil
	}
	if at.Number < r.height {
		return nil // an older state than the one that was acted on
	}
	r.height = at.Number
	var steps []step
	seen := map[string]bool{}
	for i := range list {
		d := hex.EncodeToString(list[i].Deal.ID[:])
		if seen[d] || list[i].Worker.Peer != r.cfg.Key {
			continue
		}
		seen[d] = true
		delete(r.missing, d)
		if r.take(d, string(list[i].Deal.App)) {
			steps = append(steps, step{d, &list[i]})
		}
	}
	for _, w := range r.cfg.Workers.List() {
		if w.OnChain == "" || seen[w.Deal] {
			continue
		}
		// Gone at two different heights, so that one odd answer removes nothing.
		if first, ok := r.missing[w.Deal]; !ok || at.Number <= first {
			if !ok {
				r.missing[w.Deal] = at.Number
			}
			continue
		}
		if r.take(w.Deal, "") {
			steps = append(steps, step{w.Deal, nil})
		}
	}
	return steps
}

// take marks a deal as worked on, unless it is or rests after a failure; r.mu is
// held.
func (r *Reconciler) take(deal, app string) bool {
	p, paused := r.pauses[deal]
	if r.busy[deal] || paused && time.Now().Before(p.until) && p.app == app {
		return false
	}
	r.busy[deal] = true
	return true
}

func (r *Reconciler) rest(deal string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.busy, deal)
}

// do makes one step and notes how it went.
func (r *Reconciler) do(ctx context.Context, s step) {
	ctx, cancel := context.WithTimeout(ctx, r.cfg.StepTime)
	defer cancel()
	var err error
	app := ""
	if s.want != nil {
		app = string(s.want.Deal.App)
		err = r.serve(ctx, s.deal, s.want)
	} else {
		err = r.end(ctx, s.deal)
	}
	r.cfg.Workers.fail(s.deal, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.busy, s.deal)
	if err == nil {
		delete(r.pauses, s.deal)
		return
	}
	p := r.pauses[s.deal]
	if p.wait = min(2*p.wait, 100*r.cfg.Retry); p.wait == 0 || p.app != app {
		p.wait = r.cfg.Retry
	}
	p.until, p.app = time.Now().Add(p.wait), app
	r.pauses[s.deal] = p
	r.cfg.Log.Warn("worker not as the chain wants it", "deal", s.deal, "err", err)
}

// serve brings the worker of a deal forward: identity, app, chain, activity.
func (r *Reconciler) serve(ctx context.Context, deal string, want *chain.PeerDeal) error {
	onChain := hex.EncodeToString(want.Worker.ID[:])
	w, ok := r.cfg.Workers.OfDeal(deal)
	if ok && w.OnChain != onChain {
		if w.OnChain == "" {
			return fmt.Errorf("%w: a manager made a worker for deal %s here; remove it", ErrExists, deal)
		}
		if err := r.end(ctx, deal); err != nil { // an earlier worker of the same deal
			return err
		}
		ok = false
	}
	if !want.Deal.Status.Serves() || want.Worker.Failed {
		if !ok {
			return nil
		}
		return r.pause(ctx, w)
	}
	if !ok {
		var units []string
		for _, u := range want.Worker.Units {
			units = append(units, hex.EncodeToString(u[:]))
		}
		var err error
		if w, err = r.cfg.Workers.Create(deal, r.cfg.Self, units, onChain); err != nil {
			return err
		}
		r.cfg.Log.Info("worker made", "deal", deal, "peer", w.ID)
	}
	if err := r.install(ctx, w, want.Deal.App); err != nil {
		return err
	}
	if err := r.tell(ctx, w, want); err != nil {
		return err
	}
	return r.resume(w)
}

// install brings the app of a worker to what the deal names. The installed one
// stays until the other has started.
func (r *Reconciler) install(ctx context.Context, w Worker, binary []byte) error {
	root, err := appCID(binary)
	if err != nil {
		return err
	}
	if w.App == root.String() {
		return nil
	}
	app, err := fetch(ctx, r.cfg.Fetcher, root)
	if err != nil {
		return err
	}
	if len(app.Spells) > 0 && r.cfg.Spells == nil {
		return fmt.Errorf("%w: it has spells, which this peer does not run", ErrApp)
	}
	if r.cfg.Spells != nil {
		if err := r.cfg.Spells.Check(app.Spells); err != nil {
			return fmt.Errorf("%w: %w", ErrApp, err)
		}
	}
	scope := pipeline.Scope{Host: r.cfg.Self, Peer: w.ID}
	if err := r.cfg.Services.InstallApp(ctx, scope, app.Services); err != nil {
		return fmt.Errorf("%w: %w", ErrApp, err)
	}
	if r.cfg.Spells != nil {
		if err := r.cfg.Spells.InstallApp(ctx, scope, app.Spells); err != nil {
			return fmt.Errorf("%w: %w", ErrApp, err)
		}
	}
	for _, c := range app.Parts {
		if err := r.cfg.Fetcher.Pin(ctx, c, owner(w.Deal, app.CID)); err != nil {
			return fmt.Errorf("pin %s: %w", c, err)
		}
	}
	old := w.App
	if err := r.cfg.Workers.update(w.Deal, func(v *Worker) { v.App = app.CID }); err != nil {
		return err
	}
	r.cfg.Log.Info("app installed", "deal", w.Deal, "peer", w.ID, "app", app.CID)
	if old != "" {
		if _, err := r.cfg.Fetcher.UnpinAll(owner(w.Deal, old)); err != nil {
			r.cfg.Log.Error("old app not unpinned", "deal", w.Deal, "err", err)
		}
	}
	return nil
}

// owner names who holds the parts of an app.
func owner(deal, app string) string { return "deal-" + deal + "-" + app[max(len(app)-16, 0):] }

// tell activates the worker on the chain unless that was done.
func (r *Reconciler) tell(ctx context.Context, w Worker, want *chain.PeerDeal) error {
	raw, err := w.ID.ExtractPublicKey()
	if err != nil {
		return err
	}
	key, err := raw.Raw()
	if err != nil {
		return err
	}
	switch {
	case bytes.Equal(want.Worker.Key, key):
		if w.Told {
			return nil
		}
		return r.cfg.Workers.update(w.Deal, func(v *Worker) { v.Told = true })
	case len(want.Worker.Key) > 0:
		return fmt.Errorf("%w: deal %s", ErrForeignKey, w.Deal)
	case r.cfg.Activator == nil:
		return nil
	}
	a := chain.Activation{Deal: want.Deal.ID, Worker: want.Worker.ID, Key: [32]byte(key)}
	sig, err := r.cfg.Workers.Sign(w.ID, chain.ActivationBytes(r.cfg.ChainID, a.Deal, a.Worker, r.cfg.Key))
	if err != nil {
		return err
	}
	a.Signature = [64]byte(sig)
	receipt, err := r.cfg.Activator.ActivateWorker(ctx, a)
	if err != nil {
		return fmt.Errorf("activate worker of deal %s: %w", w.Deal, err)
	}
	r.cfg.Log.Info("worker activated", "deal", w.Deal, "peer", w.ID, "height", receipt.Height.Number)
	return r.cfg.Workers.update(w.Deal, func(v *Worker) { v.Told = true })
}

// pause stops a worker whose deal does not pay now.
func (r *Reconciler) pause(ctx context.Context, w Worker) error {
	if !w.Active {
		return nil
	}
	r.cfg.Log.Info("worker paused", "deal", w.Deal, "peer", w.ID)
	return errors.Join(r.cfg.Workers.update(w.Deal, func(v *Worker) { v.Active = false }), r.cfg.Services.Rest(ctx, w.ID))
}

// resume lets a paused worker go on.
func (r *Reconciler) resume(w Worker) error {
	if w.Active || w.Held {
		return nil
	}
	if err := r.cfg.Workers.update(w.Deal, func(v *Worker) { v.Active = true }); err != nil {
		return err
	}
	r.cfg.Log.Info("worker resumed", "deal", w.Deal, "peer", w.ID)
	return nil
}

// end stops a worker for good: nobody reaches it, then everything of it goes, its
// identity last.
func (r *Reconciler) end(ctx context.Context, deal string) error {
	w, ok := r.cfg.Workers.OfDeal(deal)
	if !ok {
		return nil
	}
	if err := r.pause(ctx, w); err != nil {
		return err
	}
	if err := Free(ctx, w, r.cfg.Services, r.cfg.Spells); err != nil {
		return err
	}
	if w.App != "" {
		if _, err := r.cfg.Fetcher.UnpinAll(owner(deal, w.App)); err != nil {
			return err
		}
	}
	r.cfg.Log.Info("worker ended", "deal", deal, "peer", w.ID)
	return r.cfg.Workers.Remove(w.ID)
}

// Free removes the spells and services of a worker.
func Free(ctx context.Context, w Worker, services Services, spells Spells) error {
	var err error
	if spells != nil {
		err = spells.RemoveScope(ctx, w.ID)
	}
	return errors.Join(err, services.RemoveScope(ctx, w.ID))
}

// Seen returns the height of the newest look at the chain, and why it failed.
func (r *Reconciler) Seen() (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.height, r.failed
}
