// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"slices"

	"github.com/libp2p/go-libp2p/core/event"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
)

// subscribe asks for the end of every identify exchange and for peers that come
// and go. The queue blocks its emitter when full, which never loses an event.
func (h *Host) subscribe(net libp2phost.Host) (event.Subscription, error) {
	sub, err := net.EventBus().Subscribe([]any{
		new(event.EvtPeerIdentificationCompleted), new(event.EvtPeerConnectednessChanged),
	}, eventbus.BufSize(256), eventbus.Name("fluence.host"))
	if err != nil {
		return nil, fmt.Errorf("subscribe to peer events: %w", err)
	}
	return sub, nil
}

// identifyPolicy disconnects peers that do not speak the particle protocol and
// tells the owner who comes and goes.
//
// Source: nox@b349812f0:nox/src/behaviour/identify.rs.
func (h *Host) identifyPolicy(ctx context.Context, net libp2phost.Host, events event.Subscription) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-events.Out():
			if !ok {
				return ctx.Err()
			}
			switch e := e.(type) {
			case event.EvtPeerIdentificationCompleted:
				if !slices.Contains(e.Protocols, ParticleProtocol) {
					h.cfg.Metrics.refuse("no_particle_protocol")
					_ = net.Network().ClosePeer(e.Peer)
				}
			case event.EvtPeerConnectednessChanged:
				h.cfg.Metrics.connectedPeers(len(net.Network().Peers()))
				if h.cfg.OnPeer != nil {
					h.cfg.OnPeer(e.Peer, e.Connectedness == network.Connected)
				}
			}
		}
	}
}
