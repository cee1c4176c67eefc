// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"fmt"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/particle"
)

// Caller is who calls a function of a spell.
type Caller struct {
	Init string // peer id that made the particle
	From string // id of the spell that did, "" for any other particle
}

// Of returns the spell of this peer that made a particle: ids of their particles
// are bound, so nobody else can make one with such an id.
func (s *Spells) Of(p *particle.Particle) (id string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fired[p.ID]
	if f == nil || f.spell.scope.String() != p.InitPeerID {
		return "", false
	}
	return f.spell.ID, true
}

// Caller returns who made a particle.
func (s *Spells) Caller(p *particle.Particle) Caller {
	from, _ := s.Of(p)
	return Caller{Init: p.InitPeerID, From: from}
}

// IsWorkerSpell reports whether a particle was made by the spell that manages a
// worker: its alias is worker-spell in the scope that signed.
func (s *Spells) IsWorkerSpell(p *particle.Particle) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.fired[p.ID]
	if f == nil || f.spell.gone || f.spell.scope.String() != p.InitPeerID {
		return false
	}
	sc := s.scopes[f.spell.scope]
	return sc != nil && sc.aliases[WorkerAlias] == f.spell.ID
}

// mayWrite applies the prefixes of keys: h_ for the host, w_ for spells of the same
// worker, hw_ for both; the spell itself may write all of its keys.
//
// Source: nox@b349812f0:crates/spell-service-api, fluencelabs/spell (fact only).
func (s *Spells) mayWrite(sp *spell, who Caller, key string) error {
	host := who.Init == s.cfg.Self.String()
	worker := !host && sp.scope != s.cfg.Self && who.Init == sp.scope.String() && who.From != ""
	switch {
	case who.From == sp.ID:
		return nil
	case host && (strings.HasPrefix(key, "h_") || strings.HasPrefix(key, "hw_")):
		return nil
	case worker && (strings.HasPrefix(key, "w_") || strings.HasPrefix(key, "hw_")):
		return nil
	}
	return fmt.Errorf("writing to the `%.64s` is forbidden for %s: %w", key, who.Init, ErrForbidden)
}

// itself refuses everybody but the spell.
func (sp *spell) itself(who Caller, function string) error {
	if who.From == sp.ID {
		return nil
	}
	return fmt.Errorf("only the spell itself may call %s: %w", function, ErrForbidden)
}

// Owns reports whether who may change a spell's script and trigger: the host, who
// installed it, its scope's key, or the spell itself.
func (in Info) Owns(who Caller, self peer.ID) bool {
	return who.From == in.ID || who.Init == self.String() || who.Init == in.Owner || who.Init == in.Scope.String()
}
