// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
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
// tells the owner who comes and goes. A peer that has just started may announce
// its protocols a moment after its first identify, so it has a little time.
//
// Source: nox@b349812f0:nox/src/behaviour/identify.rs.
func (h *Host) identifyPolicy(ctx context.Context, net libp2phost.Host, events event.Subscription) error {
	suspects := make(map[peer.ID]time.Time) // when to look again; connected peers only
	tick := time.NewTicker(announceTime / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			for id, at := range suspects {
				if now.After(at) {
					delete(suspects, id)
					h.dismiss(net, id)
				}
			}
		case e, ok := <-events.Out():
			if !ok {
				return ctx.Err()
			}
			switch e := e.(type) {
			case event.EvtPeerIdentificationCompleted:
				if !slices.Contains(e.Protocols, ParticleProtocol) {
					suspects[e.Peer] = time.Now().Add(announceTime)
				}
			case event.EvtPeerConnectednessChanged:
				if e.Connectedness != network.Connected {
					delete(suspects, e.Peer)
				}
				h.cfg.Metrics.connectedPeers(len(net.Network().Peers()))
				if h.cfg.OnPeer != nil {
					h.cfg.OnPeer(e.Peer, e.Connectedness == network.Connected)
				}
			}
		}
	}
}

// dismiss disconnects id unless it announced the particle protocol by now.
func (h *Host) dismiss(net libp2phost.Host, id peer.ID) {
	speaks, err := net.Peerstore().SupportsProtocols(id, ParticleProtocol)
	if err != nil || len(speaks) > 0 {
		return
	}
	h.cfg.Metrics.refuse("no_particle_protocol")
	_ = net.Network().ClosePeer(id)
}
