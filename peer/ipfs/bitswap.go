// SPDX-License-Identifier: Apache-2.0

package ipfs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/ipfs/boxo/bitswap/client"
	"github.com/ipfs/boxo/bitswap/network"
	"github.com/ipfs/boxo/bitswap/network/bsnet"
	"github.com/ipfs/boxo/bitswap/server"
	blockformat "github.com/ipfs/go-block-format"
	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/event"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	libp2pnetwork "github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
)

// Bounds of what one peer may have of us at one time.
const (
	serveBytes   = 1 << 20 // blocks on their way to one peer
	serveWants   = 1024    // wants remembered of one peer
	serveWorkers = 4
	maxCIDBytes  = 64
)

// protocols are the versions of bitswap, newest first.
func protocols() []protocol.ID {
	return []protocol.ID{"/ipfs/bitswap/1.2.0", "/ipfs/bitswap/1.1.0", "/ipfs/bitswap/1.0.0", "/ipfs/bitswap"}
}

// session is related blocks that are asked for together.
type session interface {
	GetBlocks(ctx context.Context, want []cid.Cid) (<-chan blockformat.Block, error)
}

// exchange is bitswap while it runs.
type exchange struct {
	client *client.Client
	server *server.Server // nil when mute
	net    network.BitSwapNetwork
	host   libp2phost.Host
	filter []*filter
}

func (e *exchange) session(ctx context.Context) session { return e.client.NewSession(ctx) }

// running returns the exchange.
//
// Errors: ErrNotRunning.
func (s *Store) running() (*exchange, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exchange == nil {
		return nil, ErrNotRunning
	}
	return s.exchange, nil
}

// Run exchanges blocks with other peers until ctx ends, then closes the folders.
// Run it once.
func (s *Store) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.Close()) }()
	if s.cfg.Host == nil {
		<-ctx.Done()
		return nil
	}
	select {
	case <-ctx.Done():
		return nil
	case <-s.cfg.Host.Ready():
	}
	host, err := s.cfg.Host.Libp2p()
	if ctx.Err() != nil {
		return nil // the host ended with us
	}
	if err != nil {
		return err
	}
	events, err := host.EventBus().Subscribe([]any{new(event.EvtPeerIdentificationCompleted), new(event.EvtPeerProtocolsUpdated)},
		eventbus.BufSize(256), eventbus.Name("fluence.ipfs"))
	if err != nil {
		return fmt.Errorf("subscribe to peer events: %w", err)
	}
	// The exchange ends here, not with ctx, so that fetches hear of it in order.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ex := s.open(life, host)
	s.mu.Lock()
	s.exchange = ex
	s.mu.Unlock()

	ex.follow(ctx, events)

	s.mu.Lock()
	s.exchange = nil
	s.mu.Unlock()
	ex.close()
	cancel()
	return events.Close()
}

func (s *Store) open(ctx context.Context, host libp2phost.Host) *exchange {
	ex := &exchange{net: bsnet.NewFromIpfsHost(host), host: host}
	ex.client = client.New(ctx, ex.net, nil, shelf{s.blocks}, client.WithoutDuplicatedBlockStats())
	receivers := []network.Receiver{ex.add(ex.client)}
	if !s.cfg.Mute {
		ex.server = server.New(ctx, ex.net, shelf{s.blocks},
			server.MaxOutstandingBytesPerPeer(serveBytes), server.MaxQueuedWantlistEntriesPerPeer(serveWants),
			server.TaskWorkerCount(serveWorkers), server.EngineTaskWorkerCount(serveWorkers),
			server.EngineBlockstoreWorkerCount(serveWorkers), server.MaxCidSize(maxCIDBytes))
		receivers = append(receivers, ex.add(ex.server))
	}
	ex.net.Start(receivers...)
	return ex
}

func (e *exchange) add(r network.Receiver) *filter {
	connected := func(id peer.ID) bool { return e.host.Network().Connectedness(id) == libp2pnetwork.Connected }
	f := &filter{Receiver: r, connected: connected, speaks: map[peer.ID]bool{}, told: map[peer.ID]bool{}}
	e.filter = append(e.filter, f)
	return f
}

func (e *exchange) close() {
	for _, p := range protocols() {
		e.host.RemoveStreamHandler(p)
	}
	e.net.Stop()
	_ = e.client.Close()
	if e.server != nil {
		e.server.Close()
	}
}

// follow tells bitswap of peers that speak it, until ctx ends.
func (e *exchange) follow(ctx context.Context, events event.Subscription) {
	for _, id := range e.host.Network().Peers() { // those that were identified before
		if speaks, err := e.host.Peerstore().SupportsProtocols(id, protocols()...); err == nil && len(speaks) > 0 {
			e.meet(id)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case ev, ok := <-events.Out():
			if !ok {
				return
			}
			switch ev := ev.(type) {
			case event.EvtPeerIdentificationCompleted:
				if speaksBitswap(ev.Protocols) {
					e.meet(ev.Peer)
				}
			case event.EvtPeerProtocolsUpdated:
				if speaksBitswap(ev.Added) {
					e.meet(ev.Peer)
				}
			}
		}
	}
}

func speaksBitswap(list []protocol.ID) bool {
	return slices.ContainsFunc(list, func(p protocol.ID) bool { return slices.Contains(protocols(), p) })
}

// maxSpeakers is how many peers a filter remembers before it forgets those that
// are gone.
const maxSpeakers = 4096

func (e *exchange) meet(id peer.ID) {
	for _, f := range e.filter {
		f.meet(id)
	}
}

// filter passes on the connections of peers that speak bitswap: a relay has
// thousands of clients that do not, and each would cost a goroutine and a stream
// per want.
type filter struct {
	network.Receiver
	connected func(peer.ID) bool

	mu     sync.Mutex // guards the fields below and orders what the receiver hears
	speaks map[peer.ID]bool
	told   map[peer.ID]bool // passed on as connected
}

// PeerConnected passes on a peer that answers again and is known to speak bitswap.
func (f *filter) PeerConnected(id peer.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.speaks[id] {
		f.tell(id)
	}
}

// PeerDisconnected passes on the end of a peer, or that it does not answer.
func (f *filter) PeerDisconnected(id peer.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.told[id] {
		delete(f.told, id)
		f.Receiver.PeerDisconnected(id)
	}
	if !f.connected(id) {
		delete(f.speaks, id)
	}
}

func (f *filter) tell(id peer.ID) {
	if !f.told[id] {
		f.told[id] = true
		f.Receiver.PeerConnected(id)
	}
}

// meet passes on a peer that was found to speak bitswap.
func (f *filter) meet(id peer.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.connected(id) {
		return
	}
	if len(f.speaks) >= maxSpeakers {
		maps.DeleteFunc(f.speaks, func(p peer.ID, _ bool) bool { return !f.connected(p) })
	}
	f.speaks[id] = true
	f.tell(id)
}
