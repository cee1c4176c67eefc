// SPDX-License-Identifier: Apache-2.0

// Package door decides, before any service call, whether it may happen. Door judges
// by the perimeters of the chain; Local is the policy of a peer for services that no
// perimeter lists: builtins and services marked public are open, every other service
// answers its owner and this peer's managing peers. It decides only; nothing of a
// service runs here. Its specification is docs/spec/perimeter.md.
package door

import (
	"context"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/pipeline"
)

// Services tells what a door has to know about services. Safe for concurrent use.
type Services interface {
	// Known reports whether the function is a builtin; those guard themselves.
	Known(service, function string) bool
	// Owner returns who owns the service, by id or alias, in scope; ok is false
	// when there is no such service, so that the caller hears "not found".
	Owner(scope pipeline.Scope, service string) (owner peer.ID, ok bool)
	// Public reports whether its owner lets anybody call it.
	Public(scope pipeline.Scope, service string) bool
}

// Local is the local policy. Safe for concurrent use.
type Local struct {
	services Services
	managers []peer.ID
	public   []string
}

// NewLocal returns the policy: managers may call everything, everybody may call
// the services named in public.
func NewLocal(services Services, managers []peer.ID, public []string) *Local {
	return &Local{services: services, managers: slices.Clone(managers), public: slices.Clone(public)}
}

// Admit returns nil or a *pipeline.Denial. The initiator's signature was verified
// when the particle was admitted.
func (l *Local) Admit(_ context.Context, c pipeline.Call) error {
	if l.services.Known(c.Service, c.Function) || slices.Contains(l.public, c.Service) {
		return nil
	}
	if l.services.Public(c.Scope, c.Service) {
		return nil
	}
	return l.owner(c)
}

// owner admits the owner of a service, this peer and its managing peers; and calls
// of what is not there, so that the caller hears so.
func (l *Local) owner(c pipeline.Call) error {
	owner, ok := l.services.Owner(c.Scope, c.Service)
	if !ok {
		return nil
	}
	from := c.Particle.InitPeerID
	if from == owner.String() || from == c.Scope.Host.String() || from == c.Scope.Peer.String() {
		return nil
	}
	if slices.ContainsFunc(l.managers, func(m peer.ID) bool { return m.String() == from }) {
		return nil
	}
	return &pipeline.Denial{Code: "door.4.owner", Hint: "only the owner may call this service; ask " + owner.String() + " to put it into a perimeter, or the operator to list it in services.public"}
}
