// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"encoding/json"

	"github.com/go-fluence/fluence/peer/builtin/perimeter"
	"github.com/go-fluence/fluence/peer/builtin/trust"
	"github.com/go-fluence/fluence/peer/door"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/trustgraph"
)

// graphFolder is where the trust graph is kept, and graphBytes how much it may take.
const (
	graphFolder = "trust-graph"
	graphBytes  = 512 << 20
)

// guard is what decides about calls: the trust graph, and with a chain the door that
// judges by perimeters.
type guard struct {
	graph *trustgraph.Graph
	local *door.Local
	door  *door.Door // nil without a chain
	close func() error
}

// buildGuard opens the trust graph, makes the door and adds their services.
func (p *Peer) buildGuard() error {
	files, err := p.store.Files(graphFolder, graphBytes)
	if err != nil {
		return err
	}
	p.guard.close = files.Close
	if p.guard.graph, err = trustgraph.Open(files); err != nil {
		return err
	}
	if err := p.registry.Add(trust.Service, trust.Entries(p.guard.graph, p.id.self, p.id.managers)); err != nil {
		return err
	}
	p.guard.local = door.NewLocal(known{p.registry, p.deps.Services, p.hosted.services}, p.id.managers, p.cfg.AllowedServices)
	c, ok := p.deps.Chain.(door.Chain)
	if !ok {
		return nil
	}
	p.guard.door, err = door.New(door.Config{
		Local: p.guard.local, Chain: c, Graph: p.guard.graph, Names: p.hosted.services, Subjects: p.subjects,
		Recompute: p.recompute, Log: p.deps.Log,
	})
	if err != nil {
		return err
	}
	for service, entries := range perimeter.Entries(p.guard.door) {
		if err := p.registry.Add(service, entries); err != nil {
			return err
		}
	}
	return nil
}

// gate returns who judges calls.
func (p *Peer) gate() pipeline.Door {
	if p.guard.door != nil {
		return p.guard.door
	}
	return p.guard.local
}

// statements reports whether calls are judged by what the particle's data proves.
func (p *Peer) statements() bool { return p.guard.door != nil && p.guard.door.Needs() }

// keepDoor follows the chain's perimeters and revocations.
func (p *Peer) keepDoor(ctx context.Context) error {
	if p.guard.door == nil {
		return nil
	}
	return p.guard.door.Run(ctx)
}

func (p *Peer) closeGuard() error {
	if p.guard.close == nil {
		return nil
	}
	return p.guard.close()
}

// subjects are this peer, its workers and the deals they work for.
func (p *Peer) subjects() []string {
	list := []string{p.id.self.String()}
	for _, w := range p.workers.List() {
		list = append(list, w.ID.String(), "0x"+w.Deal)
	}
	return list
}

// recompute runs a pure builtin of the services whose results every peer can compute
// again.
func (p *Peer) recompute(service, function string, args []json.RawMessage) (json.RawMessage, bool) {
	if !p.registry.Known(service, function) || p.registry.Kind(service, function) != pipeline.Pure {
		return nil, false
	}
	scope := pipeline.Scope{Host: p.id.self, Peer: p.id.self}
	res, err := p.registry.Call(context.Background(), pipeline.Call{Scope: scope, Particle: &particle.Particle{}, Service: service, Function: function, Args: args})
	return res.JSON, err == nil && res.Code == 0
}
