// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// Entries returns the builtins srv, dist, vault and stat, by service and function.
func (s *Services) Entries() map[string]map[string]builtin.Entry {
	return map[string]map[string]builtin.Entry{
		"srv": s.srvEntries(), "dist": s.distEntries(), "vault": s.vaultEntries(), "stat": s.statEntries(),
	}
}

// query is an entry that changes nothing.
func query(call builtin.Function) builtin.Entry {
	return builtin.Entry{Kind: pipeline.Pure, Call: call}
}

// change is an entry for the host, its managers and its worker spells.
func change(call builtin.Function) builtin.Entry {
	return builtin.Entry{Kind: pipeline.Effect, Guarded: true, Call: call}
}

func (s *Services) srvEntries() map[string]builtin.Entry {
	return map[string]builtin.Entry{
		"list": query(func(_ context.Context, c pipeline.Call, _ *builtin.Args) (any, error) {
			return s.List(c.Scope.Peer), nil
		}),
		"info": query(func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			name, err := s.serviceArg(c, a)
			if err != nil {
				return nil, err
			}
			return s.Info(c.Scope.Peer, name)
		}),
		"get_interface": {Kind: pipeline.Effect, Call: func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			name, err := s.serviceArg(c, a)
			if err != nil {
				return nil, err
			}
			return s.Interface(c.Scope.Peer, name)
		}},
		"create":    change(s.srvCreate),
		"remove":    change(s.srvRemove),
		"add_alias": change(s.srvAddAlias),
		"resolve_alias": query(func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			return s.resolveArg(c, a)
		}),
		"resolve_alias_opt": query(func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			id, err := s.resolveArg(c, a)
			switch {
			case errors.Is(err, ErrNoService):
				return []string{}, nil
			case err != nil:
				return nil, err
			}
			return []string{id}, nil
		}),
	}
}

// serviceArg reads the name of a service; spell and self mean the spell that made
// the particle.
func (s *Services) serviceArg(c pipeline.Call, a *builtin.Args) (string, error) {
	name, err := builtin.Next[string](a, "service_id")
	if err != nil {
		return "", err
	}
	if id, ok := own(c, name); ok {
		return id, nil
	}
	return name, nil
}

// own resolves the aliases that mean the spell of the particle.
func own(c pipeline.Call, name string) (string, bool) {
	if name != aliasSpell && name != aliasSelf {
		return "", false
	}
	return SpellOf(c.Particle.ID)
}

func (s *Services) resolveArg(c pipeline.Call, a *builtin.Args) (string, error) {
	alias, err := builtin.Next[string](a, "alias")
	if err != nil {
		return "", err
	}
	if id, ok := own(c, alias); ok {
		return id, nil
	}
	return s.Resolve(c.Scope.Peer, alias)
}

func (s *Services) srvCreate(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	blueprint, err := builtin.Next[string](a, "blueprint_id")
	if err != nil {
		return nil, err
	}
	owner, err := peer.Decode(c.Particle.InitPeerID)
	if err != nil {
		return nil, err
	}
	return s.Create(ctx, Spec{Scope: c.Scope, Owner: owner, Blueprint: blueprint})
}

func (s *Services) srvRemove(ctx context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	name, err := s.serviceArg(c, a)
	if err != nil {
		return nil, err
	}
	in, err := s.Info(c.Scope.Peer, name)
	if err != nil {
		return nil, err
	}
	from := c.Particle.InitPeerID
	if from != in.OwnerID && from != c.Scope.Peer.String() && from != s.cfg.Self.String() && !s.isManager(from) {
		return nil, forbidden(from, "remove_service", "only the owner of the service, its worker or a manager may remove it")
	}
	return builtin.Empty{}, s.Remove(ctx, c.Scope.Peer, in.ID)
}

// forbidden is upstream's text for a call that its caller may not make.
func forbidden(user, function, why string) error {
	return texted(ErrForbidden, "Forbidden. User id '%s' cannot call function '%s': %s", user, function, why)
}

func (s *Services) srvAddAlias(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	alias, err := builtin.Next[string](a, "alias")
	if err != nil {
		return nil, err
	}
	id, err := builtin.Next[string](a, "service_id")
	if err != nil {
		return nil, err
	}
	if err := s.mayAlias(c, alias); err != nil {
		return nil, err
	}
	return builtin.Empty{}, s.AddAlias(c.Scope.Peer, alias, id)
}

// mayAlias: the host and its managers name services of the host; a worker, who
// made it and managers name those of the worker.
func (s *Services) mayAlias(c pipeline.Call, alias string) error {
	from := c.Particle.InitPeerID
	if s.isManager(from) || from == s.cfg.Self.String() {
		return nil
	}
	if alias == aliasWorkerSpell {
		return forbidden(from, "add_alias", "only the host and its managers may set 'worker-spell'")
	}
	if c.Scope.Worker() {
		if from == c.Scope.Peer.String() {
			return nil
		}
		if s.cfg.Creator != nil {
			if creator, ok := s.cfg.Creator(c.Scope.Peer); ok && creator.String() == from {
				return nil
			}
		}
	}
	return forbidden(from, "add_alias", "only the owner of the scope may name its services")
}

func (s *Services) statEntries() map[string]builtin.Entry {
	type statResult struct {
		Status bool          `json:"status"`
		Error  string        `json:"error"`
		Result []ServiceStat `json:"result"`
	}
	return map[string]builtin.Entry{
		"service_memory": query(func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			name, err := s.serviceArg(c, a)
			if err != nil {
				return nil, err
			}
			used, limit, facade, err := s.Memory(c.Scope.Peer, name)
			if err != nil {
				return nil, err
			}
			return []memoryStat{{facade, used, limit}}, nil
		}),
		"service_stat": query(func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			name, err := s.serviceArg(c, a)
			if err != nil {
				return nil, err
			}
			res := statResult{Status: true, Result: []ServiceStat{}}
			if st, err := s.Stat(c.Scope.Peer, name); err != nil {
				res.Status, res.Error = false, err.Error() // an answer, as in upstream
			} else {
				res.Result = append(res.Result, st)
			}
			return res, nil
		}),
	}
}

func (s *Services) vaultEntries() map[string]builtin.Entry {
	return map[string]builtin.Entry{
		"put": {Kind: pipeline.Effect, Call: func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			text, err := builtin.Next[string](a, "data")
			if err != nil {
				return nil, err
			}
			return s.cfg.Vault.Put(c, newID(), []byte(text))
		}},
		"cat": {Kind: pipeline.Effect, Call: func(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
			name, err := builtin.Next[string](a, "path")
			if err != nil {
				return nil, err
			}
			b, err := s.fromVault(c, name, int64(s.limits.ModuleBytes))
			return string(b), err
		}},
	}
}

// fromVault reads a file with upstream's text when it cannot.
func (s *Services) fromVault(c pipeline.Call, name string, limit int64) ([]byte, error) {
	b, err := s.cfg.Vault.Get(c, name, limit)
	if err != nil {
		return nil, fmt.Errorf("Error reading vault file `%s`: %w", clip(name), err)
	}
	return b, nil
}
