// SPDX-License-Identifier: Apache-2.0

package dht

import (
	"context"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
)

// keeper holds the connections to the bootstrap peers.
type keeper struct {
	d    *DHT
	lost []chan struct{} // capacity 1 each: the connection to that peer went down

	mu       sync.Mutex // guards connects
	connects int
}

func newKeeper(d *DHT) *keeper {
	k := &keeper{d: d, lost: make([]chan struct{}, len(d.bootstrap))}
	for i := range k.lost {
		k.lost[i] = make(chan struct{}, 1)
	}
	return k
}

// watch tells the goroutine of a bootstrap peer that its connection is gone.
func (k *keeper) watch(ctx context.Context, events event.Subscription) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-events.Out():
			if !ok {
				return ctx.Err()
			}
			change, ok := e.(event.EvtPeerConnectednessChanged)
			if !ok || change.Connectedness == network.Connected {
				continue
			}
			for i, b := range k.d.bootstrap {
				if b.ID == change.Peer {
					notify(k.lost[i])
				}
			}
		}
	}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// connected keeps one bootstrap peer connected: at once, then with pauses that
// grow by 5 s to a minute while it does not answer.
//
// Source: nox@b349812f0:crates/server-config/src/defaults.rs, bootstrap.
func (k *keeper) connected(ctx context.Context, i int, b peer.AddrInfo) error {
	h := k.d.cfg.Host
	h.Protect(b.ID, "bootstrap")
	defer h.Unprotect(b.ID, "bootstrap")
	pause := time.Duration(0)
	for {
		if err := h.Redial(ctx, b); err != nil {
			pause = min(pause+reconnectStep, reconnectMax)
			k.d.cfg.Log.Debug("bootstrap peer not connected", "peer", b.ID, "err", err)
			if !sleep(ctx, pause) {
				return ctx.Err()
			}
			continue
		}
		pause = 0
		k.d.cfg.Metrics.bootstrapConnected.Inc()
		k.refresh()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-k.lost[i]:
			if h.Connected(b.ID) {
				continue // an old loss, or one of several connections
			}
			k.d.cfg.Metrics.bootstrapDisconnected.Inc()
			if !sleep(ctx, reconnectStep) {
				return ctx.Err()
			}
		}
	}
}

// refresh fills the table after the first connection and after every third.
func (k *keeper) refresh() {
	k.mu.Lock()
	n := k.connects
	k.connects++
	k.mu.Unlock()
	table, _, err := k.d.current()
	if err == nil && n%bootstrapEvery == 0 {
		table.RefreshRoutingTable()
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
