// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin/spells"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/spell"
)

// buildSpells opens the spells, and sets who answers what is no builtin: the
// caller's services, the spells, then Wasm.
func (p *Peer) buildSpells() (err error) {
	p.spells, err = spell.New(spell.Config{
		Self: p.id.self, Files: p.store, Keys: p.id, Events: p.deps.Blocks, Limits: spellLimits(p.cfg), NoSync: !p.cfg.StoreSync,
		Log: p.deps.Log, Ready: p.ready, Inject: func(q *particle.Particle) error { return p.pipeline.Inject(q) },
	})
	if err != nil {
		return err
	}
	if err := p.spells.Register(p.metrics); err != nil {
		return err
	}
	service, err := spells.New(spells.Config{Self: p.id.self, Managers: p.id.managers, Spells: p.spells, Creator: p.workers.Creator})
	if err != nil {
		return err
	}
	for name, entries := range service.Entries() {
		if err := p.registry.Add(name, entries); err != nil {
			return err
		}
	}
	list := inTurn{service, p.hosted.services}
	if p.deps.Services != nil {
		list = inTurn{p.deps.Services, service, p.hosted.services}
	}
	p.registry.Fallback(list)
	return nil
}

// closeSpells releases the spells of a peer that never ran.
func (p *Peer) closeSpells() error {
	if p.spells == nil {
		return nil
	}
	return p.spells.Close()
}

// onPeer tells the spells and the caller of peers that come and go.
func (p *Peer) onPeer(id peer.ID, up bool) {
	p.spells.Peer(id, up)
	if p.deps.OnPeer != nil {
		p.deps.OnPeer(id, up)
	}
}

func spellLimits(c config.Config) spell.Limits {
	return spell.Limits{
		Spells: c.Spells, ScopeSpells: c.ScopeSpells, State: int(c.SpellState), ScopeBytes: int(c.ScopeState),
		Rate: float64(c.SpellRate), PeerRate: float64(c.SpellsRate), TTL: min(c.SpellTTL, c.MaxTTL),
	}
}
