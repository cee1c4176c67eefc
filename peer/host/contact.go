// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	ma "github.com/multiformats/go-multiaddr"
)

// Contact is a peer and where it can be reached.
type Contact struct {
	ID        peer.ID
	Addrs     []ma.Multiaddr // at most 16, in reach, sorted by text; without /p2p/ID
	Connected bool
}

// Connected reports whether a connection to id is open.
func (h *Host) Connected(id peer.ID) bool {
	net, err := h.libp2p()
	return err == nil && net.Network().Connectedness(id) == network.Connected
}

// Connect opens a connection to to at its addresses and those known before.
// Addresses out of reach are dropped; with none left nothing is dialled. An
// open connection is enough. Addresses that failed lately are not tried again
// for some seconds.
//
// Errors: ErrNotRunning, ErrSelf, ErrAddress, ErrNotConnected, those of ctx.
func (h *Host) Connect(ctx context.Context, to peer.AddrInfo) error {
	net, err := h.libp2p()
	if err != nil {
		return err
	}
	if to.ID == h.id {
		return fmt.Errorf("connect: %w", ErrSelf)
	}
	if h.Connected(to.ID) {
		return nil
	}
	allowed := h.InReach(to.Addrs)
	if len(allowed) == 0 && len(to.Addrs) > 0 {
		h.cfg.Metrics.refuse("dial_out_of_reach")
		return fmt.Errorf("connect to %s: %w: none of its %d addresses is %s", to.ID, ErrAddress, len(to.Addrs), h.cfg.Reach)
	}
	if len(allowed) == 0 && len(net.Peerstore().Addrs(to.ID)) == 0 {
		return fmt.Errorf("connect to %s: %w: no address is known; give one", to.ID, ErrNotConnected)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if err := net.Connect(ctx, peer.AddrInfo{ID: to.ID, Addrs: allowed}); err != nil {
		return fmt.Errorf("connect to %s: %w: %w", to.ID, ErrNotConnected, err)
	}
	return nil
}

// Redial is Connect that also tries addresses which failed a moment ago. It is
// for the few peers that a caller keeps connected with pauses of its own.
func (h *Host) Redial(ctx context.Context, to peer.AddrInfo) error {
	return h.Connect(network.WithForceDirectDial(ctx, "kept connected"), to)
}

// Disconnect closes every connection to id. Without one it does nothing.
//
// Errors: ErrNotRunning.
func (h *Host) Disconnect(id peer.ID) error {
	net, err := h.libp2p()
	if err != nil {
		return err
	}
	return net.Network().ClosePeer(id)
}

// Contact returns what is known about id; ok is false for a peer that is not
// connected and has no address in reach.
func (h *Host) Contact(id peer.ID) (c Contact, ok bool) {
	net, err := h.libp2p()
	if err != nil {
		return Contact{ID: id}, false
	}
	c = Contact{ID: id, Addrs: h.InReach(net.Peerstore().Addrs(id)), Connected: h.Connected(id)}
	if len(c.Addrs) == 0 {
		for _, conn := range net.Network().ConnsToPeer(id) {
			c.Addrs = append(c.Addrs, conn.RemoteMultiaddr())
		}
	}
	slices.SortFunc(c.Addrs, func(a, b ma.Multiaddr) int { return strings.Compare(a.String(), b.String()) })
	c.Addrs = c.Addrs[:min(len(c.Addrs), maxPeerAddrs)]
	return c, c.Connected || len(c.Addrs) > 0
}

// Addresses returns the addresses of Contact as text; known is its ok.
func (h *Host) Addresses(id peer.ID) (addrs []string, known bool) {
	c, known := h.Contact(id)
	addrs = make([]string, 0, len(c.Addrs))
	for _, a := range c.Addrs {
		addrs = append(addrs, a.String())
	}
	return addrs, known
}

// Peers returns the ids of all connected peers, sorted.
func (h *Host) Peers() []peer.ID {
	net, err := h.libp2p()
	if err != nil {
		return nil
	}
	ids := net.Network().Peers()
	slices.Sort(ids)
	return ids
}

// Remember keeps addresses of a peer for later dials; those out of reach are
// dropped. It returns how many were kept.
//
// Errors: ErrNotRunning.
func (h *Host) Remember(to peer.AddrInfo) (int, error) {
	net, err := h.libp2p()
	if err != nil {
		return 0, err
	}
	kept := h.InReach(to.Addrs)
	net.Peerstore().AddAddrs(to.ID, kept, peerstore.AddressTTL)
	return len(kept), nil
}

// Protect keeps the connections to id when connections are trimmed, until
// Unprotect is called with the same tag.
func (h *Host) Protect(id peer.ID, tag string) {
	if net, err := h.libp2p(); err == nil {
		net.ConnManager().Protect(id, tag)
	}
}

// Unprotect undoes Protect.
func (h *Host) Unprotect(id peer.ID, tag string) {
	if net, err := h.libp2p(); err == nil {
		net.ConnManager().Unprotect(id, tag)
	}
}

// Blame charges a peer for something it delivered that turned out bad later. A
// peer whose quota is used up by that is disconnected.
func (h *Host) Blame(id peer.ID, why string) {
	h.cfg.Metrics.refuse("blamed")
	h.cfg.Log.Debug("peer blamed", "peer", id, "err", why)
	if h.quotas.ofPeer(id).empty(h.cfg.Now(), refusalCost) {
		h.cfg.Metrics.refuse("disconnected")
		_ = h.Disconnect(id)
	}
}

// value marks a peer whose particle was accepted: its connection is trimmed
// after those that never delivered one.
func (h *Host) value(id peer.ID) {
	if net, err := h.libp2p(); err == nil {
		net.ConnManager().TagPeer(id, "particle", 10)
	}
}

// Public reports whether this host dials global addresses only.
func (h *Host) Public() bool { return h.cfg.Reach == ReachPublic }

// InReach returns the addresses that may be dialled, at most 16, each without
// /p2p/ID. A DNS name counts as in reach until it is resolved.
func (h *Host) InReach(addrs []ma.Multiaddr) []ma.Multiaddr {
	kept := make([]ma.Multiaddr, 0, min(len(addrs), maxPeerAddrs))
	for _, a := range addrs {
		bare, _ := peer.SplitAddr(a)
		if h.gater.allows(bare) && len(kept) < maxPeerAddrs {
			kept = append(kept, bare)
		}
	}
	return kept
}
