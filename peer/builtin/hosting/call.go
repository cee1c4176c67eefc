// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// Call runs a function of a service of the call's scope, which it names by id or
// alias. The gas of the result is what the guest used, also when it failed.
//
// Errors: builtin.ErrNotDefined when there is no such service.
func (s *Services) Call(ctx context.Context, c pipeline.Call) (pipeline.Result, error) {
	s.mu.Lock()
	r := s.find(c.Scope.Peer, c.Service)
	s.mu.Unlock()
	if r == nil {
		return pipeline.Result{}, builtin.ErrNotDefined
	}
	gas := min(s.limits.Gas, c.Gas)
	if gas == 0 {
		gas = s.limits.Gas
	}
	params, err := s.params(c, r)
	if err != nil {
		return pipeline.Result{}, err
	}
	call := service.Call{Function: c.Function, Args: joinArgs(c.Args), Params: params, Gas: gas}
	res, err := s.run(ctx, r, call)
	if err != nil {
		text, encErr := json.Marshal(err.Error())
		return pipeline.Result{Code: 1, JSON: text, Gas: res.Gas}, encErr
	}
	return pipeline.Result{JSON: res.JSON, Gas: res.Gas}, nil
}

// run makes one call on an instance.
func (s *Services) run(ctx context.Context, r *record, call service.Call) (service.Result, error) {
	l, err := s.acquire(ctx, r)
	if err != nil {
		return service.Result{}, err
	}
	defer s.release(ctx, l)
	m := s.measure(r, l.svc)
	res, err := l.svc.Call(ctx, call)
	m.done(call.Function, l.svc, err)
	if errors.Is(err, service.ErrClosed) {
		err = texted(ErrNoService, "Service with id '%s' not found", r.ServiceID)
	}
	return res, err
}

// params tells the guest about the call. It makes the particle's vault, which is
// where the guest may look for files.
func (s *Services) params(c pipeline.Call, r *record) (service.Params, error) {
	_, name, err := s.cfg.Vault.open(c.Scope.Peer, c.Particle)
	token := ""
	switch {
	case errors.Is(err, ErrVault): // the call may do without
	case err != nil:
		return service.Params{}, err
	default:
		token = name[len(c.Particle.ID)+1:]
	}
	p := c.Particle
	return service.Params{
		Particle: service.Particle{
			ID: p.ID, InitPeerID: p.InitPeerID, Timestamp: p.Timestamp, TTL: uint64(p.TTL), Script: p.Script, Signature: p.Signature, Token: token,
		},
		ServiceID: r.ServiceID, ServiceCreatorPeerID: r.OwnerID, HostID: c.Scope.Host.String(), WorkerID: c.Scope.Peer.String(),
		Tetraplets: tetraplets(c.Tetraplets),
	}, nil
}

func tetraplets(all [][]air.Tetraplet) [][]service.Tetraplet {
	out := make([][]service.Tetraplet, len(all))
	for i, list := range all {
		out[i] = make([]service.Tetraplet, len(list))
		for k, t := range list {
			out[i][k] = service.Tetraplet{PeerPK: t.PeerPK, ServiceID: t.ServiceID, FunctionName: t.FunctionName, Lens: t.Lens}
		}
	}
	return out
}

func joinArgs(list []json.RawMessage) []byte {
	parts := make([][]byte, len(list))
	for i, a := range list {
		parts[i] = a
	}
	return append(append([]byte{'['}, bytes.Join(parts, []byte{','})...), ']')
}

// Owner returns who owns a service of a scope, by id or alias; ok is false when
// there is none.
func (s *Services) Owner(scope pipeline.Scope, name string) (owner peer.ID, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(scope.Peer, name)
	if r == nil {
		return "", false
	}
	id, err := peer.Decode(r.OwnerID)
	if err != nil {
		return scope.Host, true
	}
	return id, true
}

// Public reports whether anybody may call a service.
func (s *Services) Public(scope pipeline.Scope, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(scope.Peer, name)
	return r != nil && r.Public
}
