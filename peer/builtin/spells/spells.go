// SPDX-License-Identifier: Apache-2.0

// Package spells answers for spells: the builtin spell, with which they are
// installed and removed; the functions of each spell under its id, its aliases, and
// the names spell and self; and getDataSrv, callbackSrv and errorHandlingSrv, which
// let a spell's script be an ordinary Aqua function whose arguments are the
// spell's values. Refusals of a spell's own functions are answers with success
// false, as their Aqua interface has it.
//
// Source: nox@b349812f0:sorcerer; @fluencelabs/spell 0.7.6 spell_service.aqua, api.aqua
// (names, shapes and rules, facts only).
package spells

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/spell"
)

// Config says who may do what.
type Config struct {
	Self     peer.ID
	Managers []peer.ID
	Spells   *spell.Spells
	// Creator returns who made a worker, and may therefore manage its spells; nil
	// when this peer has no workers.
	Creator func(worker peer.ID) (peer.ID, bool)
}

// Service answers for spells. Safe for concurrent use.
type Service struct {
	cfg       Config
	functions map[string]function
}

// New checks cfg.
func New(cfg Config) (*Service, error) {
	if cfg.Self == "" || cfg.Spells == nil {
		return nil, errors.New("spells need Self and Spells")
	}
	s := &Service{cfg: cfg}
	s.functions = s.spellFunctions()
	return s, nil
}

// Entries returns the builtin spell by service and function.
func (s *Service) Entries() map[string]map[string]builtin.Entry {
	effect := func(f builtin.Function) builtin.Entry { return builtin.Entry{Kind: pipeline.Effect, Call: f} }
	return map[string]map[string]builtin.Entry{"spell": {
		"install":               effect(s.install),
		"remove":                effect(s.remove),
		"update_trigger_config": effect(s.updateTrigger),
		"list": {Kind: pipeline.Pure, Call: func(_ context.Context, c pipeline.Call, _ *builtin.Args) (any, error) {
			return s.cfg.Spells.List(c.Scope.Peer), nil
		}},
		"get_spell_id": {Kind: pipeline.Pure, Call: s.spellID},
	}}
}

func (s *Service) isManager(id string) bool {
	return slices.ContainsFunc(s.cfg.Managers, func(m peer.ID) bool { return m.String() == id })
}

// mayInstall: on the peer itself only managers, on a worker also the worker and who
// made it.
func (s *Service) mayInstall(c pipeline.Call) error {
	from := c.Particle.InitPeerID
	if s.isManager(from) || (c.Scope.Worker() && s.ofWorker(c, from)) {
		return nil
	}
	return fmt.Errorf("Forbidden. User id '%s' cannot call function 'spell.install': only the owner of the scope may", from) //nolint:staticcheck // ST1005: upstream's text
}

// mayManage is mayInstall, and the host on its own spells.
func (s *Service) mayManage(c pipeline.Call, function string) error {
	from := c.Particle.InitPeerID
	if s.isManager(from) || (!c.Scope.Worker() && from == s.cfg.Self.String()) || (c.Scope.Worker() && s.ofWorker(c, from)) {
		return nil
	}
	return fmt.Errorf("Forbidden. User id '%s' cannot call function '%s': only the owner of the scope may", from, function) //nolint:staticcheck // ST1005: upstream's text
}

// ofWorker reports whether from is the call's worker or made it.
func (s *Service) ofWorker(c pipeline.Call, from string) bool {
	if from == c.Scope.Peer.String() {
		return true
	}
	if s.cfg.Creator == nil {
		return false
	}
	creator, ok := s.cfg.Creator(c.Scope.Peer)
	return ok && creator.String() == from
}

// install is (script, init data, trigger config, alias?): the id.
func (s *Service) install(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	if err := s.mayInstall(c); err != nil {
		return nil, err
	}
	script, err := builtin.Next[string](a, "script")
	if err != nil {
		return nil, err
	}
	data, err := builtin.Next[map[string]json.RawMessage](a, "init_data")
	if err != nil {
		return nil, err
	}
	trigger, err := nextTrigger(a)
	if err != nil {
		return nil, err
	}
	alias, _, err := builtin.Opt[string](a, "alias")
	if err != nil {
		return nil, err
	}
	if alias == spell.WorkerAlias && !s.isManager(c.Particle.InitPeerID) {
		return nil, fmt.Errorf("Forbidden. User id '%s' cannot call function 'spell.install': only the host and its managers may set 'worker-spell'", c.Particle.InitPeerID) //nolint:staticcheck // ST1005: upstream's text
	}
	owner, err := peer.Decode(c.Particle.InitPeerID)
	if err != nil {
		return nil, err
	}
	return s.cfg.Spells.Install(ctx, c.Scope.Peer, spell.Def{Owner: owner, Alias: alias, Script: script, Init: data, Trigger: trigger})
}

func nextTrigger(a *builtin.Args) (spell.Trigger, error) {
	raw, err := builtin.Next[json.RawMessage](a, "config")
	if err != nil {
		return spell.Trigger{}, err
	}
	return spell.ParseTrigger(raw)
}

// nextSpell is the id of a spell of the call's scope, given by id or alias; spell
// and self mean the spell that made the particle.
func (s *Service) nextSpell(c pipeline.Call, a *builtin.Args) (string, error) {
	name, err := builtin.Next[string](a, "spell_id_or_alias")
	if err != nil {
		return "", err
	}
	in, err := s.cfg.Spells.Info(c.Scope.Peer, s.own(c, name))
	return in.ID, err
}

// own resolves the aliases that mean the spell of the particle.
func (s *Service) own(c pipeline.Call, name string) string {
	if name == "spell" || name == "self" {
		if id, ok := s.cfg.Spells.Of(c.Particle); ok {
			return id
		}
	}
	return name
}

// remove is (id or alias).
func (s *Service) remove(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	if err := s.mayManage(c, "spell.remove"); err != nil {
		return nil, err
	}
	id, err := s.nextSpell(c, a)
	if err != nil {
		return nil, err
	}
	return builtin.Empty{}, s.cfg.Spells.Remove(ctx, c.Scope.Peer, id)
}

// updateTrigger is (id or alias, trigger config).
func (s *Service) updateTrigger(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	if err := s.mayManage(c, "spell.update_trigger_config"); err != nil {
		return nil, err
	}
	id, err := s.nextSpell(c, a)
	if err != nil {
		return nil, err
	}
	trigger, err := nextTrigger(a)
	if err != nil {
		return nil, err
	}
	return builtin.Empty{}, s.cfg.Spells.SetTrigger(c.Scope.Peer, id, trigger)
}

// spellID is (alias?): the id of that spell, or of the one that made the particle.
func (s *Service) spellID(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	if a.Len() > 0 {
		return s.nextSpell(c, a)
	}
	return s.particleSpell(c)
}

// particleSpell is the id of the spell that made the particle.
func (s *Service) particleSpell(c pipeline.Call) (string, error) {
	id, ok := s.cfg.Spells.Of(c.Particle)
	if !ok {
		return "", fmt.Errorf("Invalid particle id: expected one of a spell of this peer, got %.128s", c.Particle.ID) //nolint:staticcheck // ST1005: upstream's text
	}
	return id, nil
}
