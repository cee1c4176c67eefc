// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/builtin/hosting"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/dht"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/httpapi"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
)

// refusal is an admission error under the name it is counted by.
type refusal struct{ error }

// Reason names the counter.
func (r refusal) Reason() string { return pipeline.Reason(r.error) }

// Unwrap returns the cause.
func (r refusal) Unwrap() error { return r.error }

// take admits what the host delivers. A repeat was taken before: its sender need
// not hear of it.
func (p *Peer) take(_ context.Context, from peer.ID, q *particle.Particle) error {
	err := p.pipeline.AcceptChecked(q, from)
	if err == nil || errors.Is(err, pipeline.ErrDuplicate) {
		return nil
	}
	return refusal{err}
}

// network shows the host to the builtins.
type network struct{ h *host.Host }

// Connected reports whether a connection to id is open.
func (n network) Connected(id peer.ID) bool { return n.h.Connected(id) }

// Connect dials.
func (n network) Connect(ctx context.Context, to peer.AddrInfo) error { return n.h.Connect(ctx, to) }

// Addresses returns what is known of id; of this peer, what it announces.
func (n network) Addresses(id peer.ID) ([]string, bool) {
	if id == n.h.ID() {
		return bare(n.h.Addrs()), true
	}
	c, ok := n.h.Contact(id)
	return bare(c.Addrs), ok
}

// bare writes addresses without their /p2p/ID.
func bare(addrs []ma.Multiaddr) []string {
	out := []string{}
	for _, a := range addrs {
		if short, _ := peer.SplitAddr(a); short != nil {
			out = append(out, short.String())
		}
	}
	return out
}

// routing shows the routing table to the builtins.
type routing struct{ d *dht.DHT }

// Neighborhood returns the nearest peers of the table.
func (r routing) Neighborhood(key [sha256.Size]byte, count int, includeSelf bool) ([]peer.ID, error) {
	return r.d.Neighborhood(key, count, includeSelf)
}

// known shows builtins and services to the door.
type known struct {
	registry *builtin.Registry
	services Services          // the caller's; nil for none
	hosted   *hosting.Services // Wasm
}

// Known reports whether a function is a builtin.
func (k known) Known(service, function string) bool { return k.registry.Known(service, function) }

// Owner returns the owner of a service.
func (k known) Owner(scope pipeline.Scope, service string) (peer.ID, bool) {
	if k.services != nil {
		if id, ok := k.services.Owner(scope, service); ok {
			return id, true
		}
	}
	return k.hosted.Owner(scope, service)
}

// Public reports whether a service is everybody's.
func (k known) Public(scope pipeline.Scope, service string) bool {
	if k.services != nil {
		if _, ok := k.services.Owner(scope, service); ok {
			return false
		}
	}
	return k.hosted.Public(scope, service)
}

// inTurn asks one after the other until one knows the service.
type inTurn []pipeline.Services

// Call answers by the first that knows the service.
func (list inTurn) Call(ctx context.Context, c pipeline.Call) (pipeline.Result, error) {
	for _, s := range list {
		res, err := s.Call(ctx, c)
		if !errors.Is(err, builtin.ErrNotDefined) {
			return res, err
		}
	}
	return pipeline.Result{}, builtin.ErrNotDefined
}

// Kind is Pure for what one of them knows to change nothing.
func (list inTurn) Kind(service, function string) pipeline.Kind {
	for _, s := range list {
		if k, ok := s.(pipeline.Kinder); ok && k.Kind(service, function) != pipeline.Effect {
			return k.Kind(service, function)
		}
	}
	return pipeline.Effect
}

// tracer writes events as lines.
type tracer struct{ ring *store.Ring }

// Trace drops what does not fit.
func (t tracer) Trace(e pipeline.Event) {
	if line, err := json.Marshal(e); err == nil {
		t.ring.Append(line)
	}
}

// identify is the answer of peer.identify.
func (p *Peer) identify() builtin.Info {
	return builtin.Info{
		ExternalAddresses: bare(p.host.Addrs()), NodeVersion: p.deps.Version, AirVersion: AirVersion, SpellVersion: SpellVersion,
		AllowedBinaries: allowedBinaries(p.cfg),
	}
}

// allowedBinaries lists what modules may run of this machine, each once.
func allowedBinaries(c config.Config) []string {
	var list []string
	for _, e := range c.Effectors {
		list = append(list, slices.Collect(maps.Values(e.Binaries))...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// contacts lists the connected peers.
func (p *Peer) contacts() []httpapi.Contact {
	list := []httpapi.Contact{}
	for _, id := range p.host.Peers() {
		c, _ := p.host.Contact(id)
		list = append(list, httpapi.Contact{PeerID: id.String(), Addresses: bare(c.Addrs)})
	}
	return list
}

// connect dials for the operator.
func (p *Peer) connect(ctx context.Context, text string, addrs []string) error {
	id, err := peer.Decode(text)
	if err != nil {
		return fmt.Errorf("%q is no peer id: %w", text, err)
	}
	to := peer.AddrInfo{ID: id}
	for _, a := range addrs {
		addr, err := ma.NewMultiaddr(a)
		if err != nil {
			return fmt.Errorf("%q is no multiaddr: %w", a, err)
		}
		to.Addrs = append(to.Addrs, addr)
	}
	return p.host.Connect(ctx, to)
}
