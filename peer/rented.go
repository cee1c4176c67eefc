// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air/parse"
	"github.com/go-fluence/fluence/peer/builtin/deals"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/prover"
	"github.com/go-fluence/fluence/peer/spell"
	"github.com/go-fluence/fluence/peer/worker"
)

// Chain is what a peer needs of the chain to serve deals.
type Chain interface {
	chain.Deals
	chain.Activator
	chain.Events
	Account() string // "" when it signs no transactions
}

// followPause is the pause before the blocks are followed again after a fault.
const followPause = 5 * time.Second

// buildWorkers opens the workers, whose keys the other parts need.
func (p *Peer) buildWorkers() (err error) {
	p.workers, err = worker.Open(p.store, p.deps.Passphrase, p.id.self, p.id.managers, p.cfg.Workers)
	if err == nil && p.id.workers == nil {
		p.id.workers = p.workers
	}
	return err
}

// buildDeals joins the builtins of deals, and makes what serves them when there is
// a chain.
func (p *Peer) buildDeals() error {
	raw, err := p.id.key.GetPublic().Raw()
	if err != nil {
		return err
	}
	key, spells := [32]byte(raw), appSpells{p.spells, p.id.self}
	cfg := deals.Config{
		Self: p.id.self, Managers: p.id.managers, Key: key, ChainID: p.cfg.ChainID, Workers: p.workers, Services: p.hosted.services, Spells: spells,
	}
	if c := p.deps.Chain; c != nil {
		cfg.Deals = c
		if c.Account() != "" {
			cfg.Activator = c
		}
		p.reconciler, err = worker.NewReconciler(worker.Config{
			Self: p.id.self, Key: key, ChainID: p.cfg.ChainID, Workers: p.workers, Deals: cfg.Deals, Activator: cfg.Activator,
			Fetcher: p.ipfs, Services: p.hosted.services, Spells: spells, Log: p.deps.Log,
		})
		if err != nil {
			return err
		}
	}
	for name, entries := range deals.New(cfg).Entries() {
		if err := p.registry.Add(name, entries); err != nil {
			return err
		}
	}
	return nil
}

// serveDeals reconciles the workers with the chain once the peer is reachable, and
// looks again as soon as a block tells of deals.
func (p *Peer) serveDeals(ctx context.Context) error {
	if p.reconciler == nil {
		return nil
	}
	select {
	case <-p.ready:
	case <-ctx.Done():
		return nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.followDeals(ctx)
	}()
	err := p.reconciler.Run(ctx)
	<-ended
	return err
}

func (p *Peer) followDeals(ctx context.Context) {
	for {
		err := p.deps.Chain.Follow(ctx, 0, func(_ context.Context, b chain.Block) error {
			if worker.Concerns(b) {
				p.reconciler.Look()
			}
			if p.prover != nil && prover.Concerns(b) {
				p.prover.Look()
			}
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		p.deps.Log.Error("blocks not followed", "err", err)
		timer := time.NewTimer(followPause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// closeWorkers releases the workers' files.
func (p *Peer) closeWorkers() error {
	if p.workers == nil {
		return nil
	}
	return p.workers.Close()
}

// appSpells installs the spells of apps. They belong to the host, which tells them
// from those that the worker's own scripts install.
type appSpells struct {
	spells *spell.Spells
	self   peer.ID
}

// definition reads what an app says of a spell.
func definition(s worker.Spell) (init map[string]json.RawMessage, t spell.Trigger, err error) {
	if err := json.Unmarshal(s.Init, &init); err != nil {
		return nil, t, fmt.Errorf("spell %s: %w: init data is no object", s.Name, spell.ErrData)
	}
	if t, err = spell.ParseTrigger(s.Trigger); err != nil {
		return nil, t, fmt.Errorf("spell %s: %w", s.Name, err)
	}
	return init, t, nil
}

// Check implements worker.Spells.
func (a appSpells) Check(list []worker.Spell) error {
	for _, s := range list {
		_, t, err := definition(s)
		if err != nil {
			return err
		}
		if err := t.Check(time.Now()); err != nil {
			return fmt.Errorf("spell %s: %w", s.Name, err)
		}
		if _, err := parse.Parse(s.Script); err != nil {
			return fmt.Errorf("spell %s: %w", s.Name, err)
		}
	}
	return nil
}

// InstallApp implements worker.Spells. A spell that is there already with the same
// script keeps its values.
func (a appSpells) InstallApp(ctx context.Context, scope pipeline.Scope, list []worker.Spell) error {
	kept := map[string]bool{}
	for _, s := range list {
		id, err := a.install(ctx, scope.Peer, s)
		if err != nil {
			return fmt.Errorf("spell %s: %w", s.Name, err)
		}
		kept[id] = true
	}
	for _, id := range a.spells.List(scope.Peer) {
		in, err := a.spells.Info(scope.Peer, id)
		if err != nil || kept[id] || in.Owner != a.self.String() {
			continue
		}
		if err := a.spells.Remove(ctx, scope.Peer, id); err != nil {
			return err
		}
	}
	return nil
}

func (a appSpells) install(ctx context.Context, scope peer.ID, s worker.Spell) (string, error) {
	init, trigger, err := definition(s)
	if err != nil {
		return "", err
	}
	id, err := a.spells.Resolve(scope, s.Name)
	if errors.Is(err, spell.ErrNotFound) {
		return a.spells.Install(ctx, scope, spell.Def{Owner: a.self, Alias: s.Name, Script: s.Script, Init: init, Trigger: trigger})
	}
	if err != nil {
		return "", err
	}
	script, err := a.spells.Script(scope, id)
	if err != nil {
		return "", err
	}
	if script != s.Script {
		if err := a.spells.SetScript(scope, id, s.Script); err != nil {
			return "", err
		}
		if err := a.spells.SetFields(scope, id, spell.Caller{Init: scope.String(), From: id}, s.Init); err != nil {
			return "", err
		}
	}
	return id, a.spells.SetTrigger(scope, id, trigger)
}

// RemoveScope implements worker.Spells.
func (a appSpells) RemoveScope(ctx context.Context, scope peer.ID) error {
	return a.spells.RemoveScope(ctx, scope)
}

var _ worker.Spells = appSpells{}
