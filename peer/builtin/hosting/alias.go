// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/pipeline"
)

const aliasSuffix = "_aliases.toml"

// Aliases that have a meaning of their own.
const (
	aliasSpell       = "spell"
	aliasSelf        = "self"
	aliasWorkerSpell = "worker-spell"
)

// maxAliases bounds the aliases of one scope.
const maxAliases = 10_000

// aliasFile is the aliases of one scope, all in one file so that a move of an
// alias is one write.
type aliasFile struct {
	Scope   string            `toml:"scope"`
	Aliases map[string]string `toml:"aliases"`
}

func (s *Services) loadAliases(name string) error {
	var f aliasFile
	if err := s.getTOML(name, &f); err != nil {
		return err
	}
	scope, err := peer.Decode(f.Scope)
	if err != nil {
		return fmt.Errorf("services/%s: scope: %w; restore or remove it", name, err)
	}
	s.aliases[scope] = f.Aliases
	if f.Aliases == nil {
		s.aliases[scope] = map[string]string{}
	}
	return nil
}

// putAliases writes the aliases of a scope; s.change is held.
func (s *Services) putAliases(scope peer.ID) error {
	s.mu.Lock()
	f := aliasFile{Scope: scope.String(), Aliases: maps.Clone(s.aliases[scope])}
	s.mu.Unlock()
	return s.putTOML(scope.String()+aliasSuffix, f)
}

// AddAlias gives a service of a scope one more name, taking it from the service
// that has it.
//
// Errors: ErrAlias, ErrNoService, those of the store.
func (s *Services) AddAlias(scope peer.ID, alias, id string) error {
	return s.SetAliases(scope, map[string]string{alias: id})
}

// SetAliases gives several names at once: all are moved or none.
//
// Errors: as AddAlias.
func (s *Services) SetAliases(scope peer.ID, names map[string]string) error {
	s.change.Lock()
	defer s.change.Unlock()
	next, err := s.withAliases(scope, names)
	if err != nil {
		return err
	}
	f := aliasFile{Scope: scope.String(), Aliases: next}
	if err := s.putTOML(scope.String()+aliasSuffix, f); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aliases[scope] = next
	return nil
}

func (s *Services) withAliases(scope peer.ID, names map[string]string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.aliases[scope])
	if next == nil {
		next = map[string]string{}
	}
	for alias, id := range names {
		if err := checkName("service", alias); err != nil {
			return nil, err
		}
		switch r := s.services[id]; {
		case alias == aliasSpell || alias == aliasSelf:
			return nil, texted(ErrAlias, "Cannot add alias '%s' because it is reserved", alias)
		case s.services[alias] != nil:
			return nil, texted(ErrAlias, "Cannot add alias '%s' because there is a service with that id", clip(alias))
		case r == nil || r.scope != scope:
			return nil, texted(ErrNoService, "Service with id '%s' not found", clip(id))
		}
		next[alias] = id
	}
	if len(next) > maxAliases {
		return nil, fmt.Errorf("%w: %d aliases in this scope", ErrLimit, len(next)-len(names))
	}
	return next, nil
}

// Resolve returns the id of the service that has an alias.
//
// Errors: ErrNoService.
func (s *Services) Resolve(scope peer.ID, alias string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.aliases[scope][alias]
	if !ok {
		return "", texted(ErrNoService, "Service with alias '%s' is not found on worker '%s'", clip(alias), scope)
	}
	return id, nil
}

// Names returns the id and every alias, sorted, of the service that has a name in
// scope; nothing when there is none.
func (s *Services) Names(scope pipeline.Scope, name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(scope.Peer, name)
	if r == nil {
		return nil
	}
	names := []string{r.ServiceID}
	for alias, id := range s.aliases[scope.Peer] {
		if id == r.ServiceID {
			names = append(names, alias)
		}
	}
	slices.Sort(names)
	return names
}

// SpellOf returns the id of the spell that made a particle of that id,
// spell_ID_COUNTER.
func SpellOf(particle string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(particle, "spell_")
	if !ok {
		return "", false
	}
	i := strings.LastIndexByte(rest, '_')
	if i <= 0 || strings.Trim(rest[i+1:], "0123456789") != "" || i+1 == len(rest) {
		return "", false
	}
	return rest[:i], true
}
