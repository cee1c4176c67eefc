// SPDX-License-Identifier: Apache-2.0

// Package host is the libp2p side of a peer: it listens, accepts particles from
// other peers within quotas, and sends particles to them, one new stream each.
// It never runs a script and never looks for peers; it dials only addresses
// that its reach allows. Its spec is docs/spec/host.md.
package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/particle"
)

// Protocol names on the wire. The particle protocol has no network name in it;
// identify carries it as the protocol version too. On TakenProtocol, which only
// our peers speak, frames are the same, but the receiver closes its end when it
// has taken the particle and resets the stream when it refuses.
//
// Source: nox@b349812f0:particle-protocol/src/lib.rs.
const (
	ParticleProtocol protocol.ID = "/fluence/particle/2.0.0"
	TakenProtocol    protocol.ID = "/go-fluence/particle/2.0.0"
	protocolVersion              = string(ParticleProtocol)
	serviceName                  = "fluence.particle"
)

// Handler takes a particle that from delivered and that passed Limits.Check. It
// must return soon and must not keep a goroutine of the stream waiting on the
// script. Its error is counted and resets the stream; an error with a method
// Reason() string is counted under that reason. p belongs to the handler.
type Handler func(ctx context.Context, from peer.ID, p *particle.Particle) error

// Config is what a Host is made of. Key is required; everything else may be
// left at its zero value.
type Config struct {
	Key      crypto.PrivKey // Ed25519 identity
	Listen   []string       // multiaddrs; tcp, ws, tls/ws and quic-v1; none: a client
	Announce []string       // addresses told to others, beside the listened ones in reach
	Known    []string       // addresses that may be dialled whatever Reach says
	TLS      *tls.Config    // certificate of tls/ws and wss listeners
	DialTLS  *tls.Config    // roots for dialling wss; nil: those of the system
	Agent    string         // agent version in identify; "" means "fluenced"
	Reach    Reach          // which addresses may be dialled and announced
	Limits   particle.Limits
	Quotas   Quotas

	Handler Handler                   // nil: particles are refused
	OnPeer  func(id peer.ID, up bool) // first connection up, last one down; must not block
	Log     *slog.Logger              // nil: silent
	Metrics *Metrics                  // nil: counted, but not exported
	Extra   []libp2p.Option           // applied last; for simulated networks
	Now     func() time.Time          // nil: time.Now
}

// Host accepts and sends particles. Its methods are safe for concurrent use;
// before Run and after it they return ErrNotRunning or nothing.
type Host struct {
	cfg    Config
	id     peer.ID
	gater  *gater
	quotas *meters
	slots  *slots
	ready  chan struct{}

	mu  sync.Mutex      // guards the fields below
	net libp2phost.Host // nil unless running
	ran bool
}

// New checks cfg. It opens no socket and starts no goroutine.
//
// Errors: ErrConfig.
func New(cfg Config) (*Host, error) {
	if cfg.Key == nil {
		return nil, fmt.Errorf("%w: key: none given; create a peer key first", ErrConfig)
	}
	id, err := peer.IDFromPrivateKey(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: key: %w", ErrConfig, err)
	}
	if cfg.Limits == (particle.Limits{}) {
		cfg.Limits = particle.DefaultLimits()
	}
	if cfg.Agent == "" {
		cfg.Agent = "fluenced"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	cfg.Quotas = cfg.Quotas.withDefaults()
	if err := cfg.Quotas.validate(cfg.Limits); err != nil {
		return nil, err
	}
	known, err := parseAddrs("known", cfg.Known)
	if err != nil {
		return nil, err
	}
	if _, err := parseAddrs("listen", cfg.Listen); err != nil {
		return nil, err
	}
	if _, err := parseAddrs("announce", cfg.Announce); err != nil {
		return nil, err
	}
	return &Host{
		cfg:    cfg,
		id:     id,
		gater:  newGater(cfg.Reach, known, cfg.Metrics),
		quotas: newMeters(cfg.Quotas),
		slots:  newSlots(cfg.Quotas),
		ready:  make(chan struct{}),
	}, nil
}

// Run listens until ctx ends, then closes every connection and returns once
// every goroutine of the host has. It may be called once.
//
// Errors: ErrConfig for a listener that needs a certificate, what the system
// said for one that cannot be opened. A cancelled ctx is no error.
func (h *Host) Run(ctx context.Context) error {
	h.mu.Lock()
	if h.ran {
		h.mu.Unlock()
		return errors.New("host: Run called twice")
	}
	h.ran = true
	h.mu.Unlock()

	options, err := h.options()
	if err != nil {
		return err
	}
	net, err := libp2p.New(options...)
	if err != nil {
		return fmt.Errorf("open host: %w", err)
	}
	events, err := h.subscribe(net)
	if err != nil {
		return errors.Join(err, net.Close())
	}

	var streams sync.WaitGroup
	net.SetStreamHandler(ParticleProtocol, h.streamHandler(ctx, &streams))
	net.SetStreamHandler(TakenProtocol, h.streamHandler(ctx, &streams))
	if err := h.listen(net); err != nil {
		return errors.Join(err, events.Close(), net.Close())
	}

	h.mu.Lock()
	h.net = net
	h.mu.Unlock()
	close(h.ready)

	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.identifyPolicy(gctx, net, events) })
	g.Go(func() error { return h.housekeeping(gctx) })
	runErr := g.Wait()

	h.mu.Lock()
	h.net = nil
	h.mu.Unlock()
	net.RemoveStreamHandler(ParticleProtocol)
	net.RemoveStreamHandler(TakenProtocol)
	closeErr := errors.Join(events.Close(), net.Close())
	streams.Wait()
	if ctx.Err() != nil && errors.Is(runErr, ctx.Err()) {
		runErr = nil
	}
	return errors.Join(runErr, closeErr)
}

// Ready is closed once the host listens; it stays open when Run fails before.
func (h *Host) Ready() <-chan struct{} { return h.ready }

// ID returns the peer id of the host's key.
func (h *Host) ID() peer.ID { return h.id }

// Addrs returns the addresses the host announces, each ending in /p2p/ID; none
// unless running.
func (h *Host) Addrs() []ma.Multiaddr {
	net, err := h.libp2p()
	if err != nil {
		return nil
	}
	return withID(net.Addrs(), h.id)
}

// Listening returns the addresses of the open listeners, each ending in
// /p2p/ID, private ones included; none unless running.
func (h *Host) Listening() []ma.Multiaddr {
	net, err := h.libp2p()
	if err != nil {
		return nil
	}
	addrs, err := net.Network().InterfaceListenAddresses()
	if err != nil {
		addrs = net.Network().ListenAddresses()
	}
	return withID(addrs, h.id)
}

// Libp2p returns the running libp2p host, for protocols that live beside the
// particle protocol.
//
// Errors: ErrNotRunning.
func (h *Host) Libp2p() (libp2phost.Host, error) { return h.libp2p() }

func (h *Host) libp2p() (libp2phost.Host, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.net == nil {
		return nil, ErrNotRunning
	}
	return h.net, nil
}

// housekeeping forgets quotas that are full again.
func (h *Host) housekeeping(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			h.quotas.sweep(h.cfg.Now())
		}
	}
}

func parseAddrs(field string, texts []string) ([]ma.Multiaddr, error) {
	addrs := make([]ma.Multiaddr, 0, len(texts))
	for _, text := range texts {
		a, err := ma.NewMultiaddr(text)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %q is no multiaddr; write /ip4/1.2.3.4/tcp/7777 or alike: %w", ErrConfig, field, text, err)
		}
		addrs = append(addrs, a)
	}
	return addrs, nil
}

func withID(addrs []ma.Multiaddr, id peer.ID) []ma.Multiaddr {
	full, err := peer.AddrInfoToP2pAddrs(&peer.AddrInfo{ID: id, Addrs: addrs})
	if err != nil {
		return nil
	}
	return full
}
