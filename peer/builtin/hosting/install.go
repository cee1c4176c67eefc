// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/worker"
)

// InstallApp makes the services of a deal's app in a worker's scope; see Install.
// It is worker.Services.
func (s *Services) InstallApp(ctx context.Context, scope pipeline.Scope, services []worker.Service) error {
	_, err := s.Install(ctx, scope, scope.Peer, services)
	return err
}

// Install makes the services of an app in a scope and returns their ids by name.
// They answer everybody. A service that is there already with the same modules
// stays as it is; one with other modules stays, and answers, until all new ones
// have started: then the names move to the new ones at once, which find the old
// one's folders under /storage, and what an earlier app left is removed. If
// anything fails the scope is what it was.
//
// Errors: those of AddModule, AddBlueprint, Create and SetAliases, with the name
// of the service.
func (s *Services) Install(ctx context.Context, scope pipeline.Scope, owner peer.ID, services []worker.Service) (map[string]string, error) {
	ids, names, made := map[string]string{}, map[string]string{}, []string{}
	undo := func(err error) error {
		for _, id := range made {
			err = errors.Join(err, s.Remove(context.WithoutCancel(ctx), scope.Peer, id))
		}
		return err
	}
	for _, want := range services {
		if ids[want.Name] != "" {
			return nil, undo(fmt.Errorf("service %s: %w: two of that name", want.Name, ErrName))
		}
		spec, err := s.prepare(scope, owner, want)
		if err != nil {
			return nil, undo(fmt.Errorf("service %s: %w", want.Name, err))
		}
		id, fresh, err := s.provide(ctx, want.Name, spec)
		if err != nil {
			return nil, undo(fmt.Errorf("service %s: %w", want.Name, err))
		}
		ids[want.Name] = id
		if fresh {
			made = append(made, id)
		}
		if have, err := s.Resolve(scope.Peer, want.Name); err != nil || have != id {
			names[want.Name] = id
		}
	}
	if len(names) > 0 {
		if err := s.SetAliases(scope.Peer, names); err != nil {
			return nil, undo(err)
		}
	}
	return ids, s.retire(ctx, scope.Peer, ids)
}

// prepare keeps the modules and the blueprint of a service.
func (s *Services) prepare(scope pipeline.Scope, owner peer.ID, want worker.Service) (Spec, error) {
	spec := Spec{Scope: scope, Owner: owner, Memory: want.Memory, Public: true, deal: true, Names: []string{}}
	var cids []string
	for _, m := range want.Modules {
		id, err := s.addModule(m.Name, m.Wasm, true)
		if err != nil {
			return spec, fmt.Errorf("module %s: %w", m.Name, err)
		}
		cids, spec.Names = append(cids, id), append(spec.Names, m.Name)
	}
	var err error
	spec.Blueprint, err = s.addBlueprint(want.Name, cids, true)
	return spec, err
}

// provide returns the service that is there already, or a new one.
func (s *Services) provide(ctx context.Context, name string, spec Spec) (id string, fresh bool, err error) {
	s.mu.Lock()
	old := s.find(spec.Scope.Peer, name)
	s.mu.Unlock()
	if old != nil && old.Deal {
		same := old.BlueprintID == spec.Blueprint && old.Memory == spec.Memory && slices.EqualFunc(old.Modules, spec.Names, func(m moduleLink, name string) bool { return m.Name == name })
		if same {
			return old.ServiceID, false, nil
		}
		spec.folder = old.folder()
	}
	id, err = s.Create(ctx, spec)
	return id, err == nil, err
}

// retire removes what an earlier app left in a scope.
func (s *Services) retire(ctx context.Context, scope peer.ID, keep map[string]string) error {
	kept := map[string]bool{}
	for _, id := range keep {
		kept[id] = true
	}
	var gone []string
	s.mu.Lock()
	for id, r := range s.services {
		if r.scope == scope && r.Deal && !kept[id] {
			gone = append(gone, id)
		}
	}
	s.mu.Unlock()
	var err error
	for _, id := range gone {
		err = errors.Join(err, s.Remove(ctx, scope, id))
	}
	return errors.Join(err, s.Prune())
}

// Rest frees what the services of a worker hold in memory; what is called again
// starts again.
func (s *Services) Rest(ctx context.Context, scope peer.ID) error {
	s.mu.Lock()
	var list []*live
	for _, l := range s.live {
		if l.r.scope == scope && l.calls == 0 {
			s.take(l)
			list = append(list, l)
		}
	}
	s.mu.Unlock()
	var err error
	for _, l := range list {
		err = errors.Join(err, l.end(ctx))
	}
	return err
}

var _ worker.Services = (*Services)(nil)
