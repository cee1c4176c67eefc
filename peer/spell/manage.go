// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air/parse"
)

// WorkerAlias is the alias of the spell that manages a worker.
const WorkerAlias = "worker-spell"

// Info is a spell as others see it.
type Info struct {
	ID      string
	Scope   peer.ID
	Owner   string // peer id
	Aliases []string
	Trigger Trigger
}

// Info returns a spell of a scope, by id or alias.
//
// Errors: ErrNotFound.
func (s *Spells) Info(scope peer.ID, name string) (Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, err := s.find(scope, name)
	if err != nil {
		return Info{}, err
	}
	return Info{ID: sp.ID, Scope: sp.scope, Owner: sp.Owner, Aliases: slices.Clone(sp.Aliases), Trigger: sp.Trigger}, nil
}

// Resolve returns the id of the spell that has an alias.
//
// Errors: ErrNotFound.
func (s *Spells) Resolve(scope peer.ID, alias string) (string, error) {
	in, err := s.Info(scope, alias)
	return in.ID, err
}

// mayAlias checks an alias and returns the spell that has it now, or nil.
func (s *Spells) mayAlias(scope peer.ID, id, alias string) (*spell, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case alias == "":
		return nil, nil
	case alias == "spell" || alias == "self":
		return nil, fmt.Errorf("%w: %q is reserved", ErrAlias, alias)
	case len(alias) > 128:
		return nil, fmt.Errorf("%w: %d bytes, at most 128", ErrAlias, len(alias))
	case s.spells[alias] != nil:
		return nil, fmt.Errorf("%w: there is a spell with the id %q", ErrAlias, alias)
	}
	sc := s.scopes[scope]
	if sc == nil {
		return nil, nil
	}
	old := sc.spells[sc.aliases[alias]]
	if old != nil && old.ID == id {
		return nil, nil
	}
	return old, nil
}

// dropAlias takes an alias from the spell that had it; s.change is held.
func (s *Spells) dropAlias(old *spell, alias string) error {
	if old == nil {
		return nil
	}
	return s.edit(old, func(r *record) {
		r.Aliases = slices.DeleteFunc(slices.Clone(r.Aliases), func(a string) bool { return a == alias })
	})
}

// AddAlias gives a spell one more name, taking it from the spell that has it.
//
// Errors: ErrNotFound, ErrAlias, those of the store.
func (s *Spells) AddAlias(scope peer.ID, alias, id string) error {
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	sp, err := s.find(scope, id)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	old, err := s.mayAlias(scope, sp.ID, alias)
	if err != nil {
		return err
	}
	if slices.Contains(sp.Aliases, alias) {
		return nil
	}
	if err := s.edit(sp, func(r *record) { r.Aliases = append(slices.Clone(r.Aliases), alias) }); err != nil {
		return err
	}
	s.mu.Lock()
	s.scopeOf(scope).aliases[alias] = sp.ID
	s.mu.Unlock()
	return s.dropAlias(old, alias)
}

// edit changes a spell's record on disk, then here; s.change is held.
func (s *Spells) edit(sp *spell, change func(r *record)) error {
	s.mu.Lock()
	r, gone := sp.record, sp.gone
	s.mu.Unlock()
	if gone { // what was removed must not come back to the disk
		return ErrNotFound
	}
	change(&r)
	if err := s.put(r); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sp.record = r
	return nil
}

// SetTrigger replaces the trigger of a spell, by id or alias.
//
// Errors: ErrNotFound, ErrTrigger, those of the store.
func (s *Spells) SetTrigger(scope peer.ID, name string, t Trigger) error {
	now := s.cfg.Now()
	if err := t.Check(now); err != nil {
		return err
	}
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	sp, err := s.find(scope, name)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if t.HTTP == nil {
		t.HTTP = sp.Trigger.HTTP
	}
	if err := s.edit(sp, func(r *record) { r.Trigger, r.SetAt, r.Fired = t, now.UTC(), false }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wind(sp, now)
	return nil
}

// SetScript replaces the script of a spell, by id or alias.
//
// Errors: ErrNotFound, ErrQuota, that of a script that does not parse, those of
// the store.
func (s *Spells) SetScript(scope peer.ID, name, script string) error {
	if len(script) > s.limits.Script {
		return fmt.Errorf("script of %d bytes, at most %d: %w", len(script), s.limits.Script, ErrQuota)
	}
	if _, err := parse.Parse(script); err != nil {
		return fmt.Errorf("script of a spell: %w", err)
	}
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	sp, err := s.find(scope, name)
	if err == nil {
		err = s.room(scope, len(script)-len(sp.Script))
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.edit(sp, func(r *record) { r.Script = script })
}
