// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"errors"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/marine/service"
)

// Create makes a service and starts it once, so that what cannot run is refused
// here and leaves nothing behind.
//
// Errors: ErrNoBlueprint, ErrNoModule, ErrEffector, ErrLimit, those of package
// service and of the store.
func (s *Services) Create(ctx context.Context, spec Spec) (string, error) {
	r, err := s.plan(spec)
	if err != nil {
		return "", err
	}
	trial := &live{s: s, r: r}
	if err := errors.Join(trial.begin(ctx), trial.end(context.WithoutCancel(ctx))); err != nil {
		return "", errors.Join(err, s.removeFolder(r))
	}
	s.change.Lock()
	defer s.change.Unlock()
	if err := s.putTOML(r.ServiceID+serviceSuffix, r); err != nil {
		return "", errors.Join(err, s.removeFolder(r))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[r.ServiceID] = r
	return r.ServiceID, nil
}

// Remove ends a service of a scope, by id or alias, and deletes all of it. A call
// under way ends first.
//
// Errors: ErrNoService, those of the store.
func (s *Services) Remove(ctx context.Context, scope peer.ID, name string) error {
	r, err := s.lookup(scope, name)
	if err != nil {
		return err
	}
	s.change.Lock()
	defer s.change.Unlock()
	return errors.Join(s.forget(r), s.drop(ctx, r))
}

// RemoveScope removes all services, aliases and vaults of a worker.
func (s *Services) RemoveScope(ctx context.Context, scope peer.ID) error {
	var err error
	for _, in := range s.List(scope) {
		err = errors.Join(err, s.Remove(ctx, scope, in.ID))
	}
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	delete(s.aliases, scope)
	s.mu.Unlock()
	if e := s.files.Delete(scope.String() + aliasSuffix); !errors.Is(e, errNotKept) {
		err = errors.Join(err, e)
	}
	return errors.Join(err, s.cfg.Vault.DropScope(scope))
}

// Interface returns the public interface of a service of a scope.
//
// Errors: ErrNoService, ErrNoModule.
func (s *Services) Interface(scope peer.ID, name string) (service.Interface, error) {
	r, err := s.lookup(scope, name)
	if err != nil {
		return service.Interface{}, err
	}
	return s.ModuleInterface(r.Modules[len(r.Modules)-1].CID)
}

// Prune removes modules and blueprints that deals brought and no service uses any
// more.
func (s *Services) Prune() error {
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	blueprints, modules := map[string]bool{}, map[string]bool{}
	for _, r := range s.services {
		blueprints[r.BlueprintID] = true
		for _, m := range r.Modules {
			modules[m.CID] = true
		}
	}
	var names []string
	for id, b := range s.blueprints {
		if b.Deal && !blueprints[id] {
			delete(s.blueprints, id)
			names = append(names, id+blueprintSuffix)
			continue
		}
		for _, d := range b.Dependencies {
			if m, err := moduleID(d); err == nil {
				modules[m] = true
			}
		}
	}
	for id, m := range s.modules {
		if m.config.Deal && !modules[id] {
			delete(s.modules, id)
			names = append(names, id+configSuffix, id+wasmSuffix)
		}
	}
	s.mu.Unlock()
	var err error
	for _, name := range names {
		if e := s.files.Delete(name); !errors.Is(e, errNotKept) {
			err = errors.Join(err, e)
		}
	}
	return err
}
