// SPDX-License-Identifier: Apache-2.0

// Package client is a Fluence client for Go programs: it connects to a relay,
// answers calls with Go functions, and runs AIR scripts whose arguments,
// callbacks and results are Go values. It runs its own part of every script
// itself and sends particles to its relay only. It listens on no address. Its
// spec is docs/spec/client.md.
package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

// Defaults and bounds of a client.
const (
	DefaultTTL    = 7 * time.Second // as js-client
	redialFirst   = 250 * time.Millisecond
	redialMax     = 10 * time.Second
	resendFirst   = 100 * time.Millisecond
	resendMax     = 2 * time.Second
	maxRefusals   = 3
	maxParticles  = 8192      // alive at once, own and foreign
	maxArrivals   = 64        // data of one particle waiting for the interpreter
	maxDataBytes  = 512 << 20 // data of all particles together
	maxCalls      = 1024      // functions running at once
	scriptCache   = 4 << 20   // bytes of scripts whose plans are kept
	relayProtects = "relay"
)

// Config is what a Client is made of. Key and Relay are required.
type Config struct {
	Key     crypto.PrivKey // Ed25519; see NewKey
	Relay   string         // multiaddr ending in /p2p/ID
	TTL     time.Duration  // of particles; 0 means 7 s
	MaxHops uint16         // advisory limit in particle ids; 0 means 64
	DialTLS *tls.Config    // roots for a wss relay; nil: those of the system
	Agent   string         // agent version in identify; "" means "fluence-client"
	Log     *slog.Logger   // nil: silent

	Interpreter *air.Interpreter // shared by clients of one process; nil: an own one
	Extra       []libp2p.Option  // for simulated networks
}

// Client is a peer behind a relay. Its methods are safe for concurrent use.
type Client struct {
	cfg      Config
	id       peer.ID
	seed     []byte
	relay    peer.AddrInfo
	host     *host.Host
	builtins *builtin.Registry
	ready    chan struct{} // closed when the relay was reached for the first time
	lost     chan struct{} // capacity 1: the relay went away

	work  sync.WaitGroup // every goroutine of particles
	runs  chan struct{}  // capacity: interpreter runs at once
	calls chan struct{}  // capacity maxCalls

	mu        sync.Mutex      // guards the fields below and those of stays
	life      context.Context //nolint:containedctx // ends what particles of a run started
	functions map[string]Function
	stays     map[string]*stay // by signature
	dataBytes int
	traffic   Traffic
}

// Traffic is what a client exchanged with its relay, in frames of the particle
// protocol without the cost of the transports below.
type Traffic struct {
	Sent, Received           int // particles
	SentBytes, ReceivedBytes int
}

// Traffic returns the count so far. Safe for concurrent use.
func (c *Client) Traffic() Traffic {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.traffic
}

// NewKey makes the key of a new client.
func NewKey() (crypto.PrivKey, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	return key, err
}

// New checks cfg. It opens no connection and starts no goroutine.
//
// Errors: ErrConfig.
func New(cfg Config) (*Client, error) {
	c := &Client{
		cfg:       cfg,
		ready:     make(chan struct{}),
		lost:      make(chan struct{}, 1),
		calls:     make(chan struct{}, maxCalls),
		functions: make(map[string]Function),
		stays:     make(map[string]*stay),
	}
	if err := c.identity(); err != nil {
		return nil, err
	}
	if err := c.defaults(); err != nil {
		return nil, err
	}
	h, err := host.New(host.Config{
		Key: cfg.Key, Known: []string{cfg.Relay}, DialTLS: cfg.DialTLS, Agent: c.cfg.Agent, Log: c.cfg.Log,
		Extra: cfg.Extra, Handler: c.accept, OnPeer: c.peerChanged,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c.host = h
	c.builtins, err = builtin.New(builtin.Deps{
		Self: c.id, Network: h, Routing: noRouting{}, Signer: signer{cfg.Key}, Identify: c.identify, Log: c.cfg.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return c, nil
}

func (c *Client) identity() error {
	if c.cfg.Key == nil {
		return fmt.Errorf("%w: key: none given; make one with NewKey", ErrConfig)
	}
	raw, err := c.cfg.Key.Raw()
	if err != nil || c.cfg.Key.Type() != crypto.Ed25519 || len(raw) < ed25519.SeedSize {
		return fmt.Errorf("%w: key: of type %v; the interpreter signs with Ed25519 only", ErrConfig, c.cfg.Key.Type())
	}
	c.seed = raw[:ed25519.SeedSize]
	if c.id, err = peer.IDFromPrivateKey(c.cfg.Key); err != nil {
		return fmt.Errorf("%w: key: %w", ErrConfig, err)
	}
	a, err := ma.NewMultiaddr(c.cfg.Relay)
	if err != nil {
		return fmt.Errorf("%w: relay: %q is no multiaddr; write /ip4/1.2.3.4/tcp/9999/ws/p2p/ID or alike", ErrConfig, c.cfg.Relay)
	}
	info, err := peer.AddrInfoFromP2pAddr(a)
	if err != nil || len(info.Addrs) == 0 {
		return fmt.Errorf("%w: relay: %q must be an address that ends in /p2p/ and the relay's peer id", ErrConfig, c.cfg.Relay)
	}
	if info.ID == c.id {
		return fmt.Errorf("%w: relay: is the client itself", ErrConfig)
	}
	c.relay = *info
	return nil
}

func (c *Client) defaults() error {
	if c.cfg.TTL == 0 {
		c.cfg.TTL = DefaultTTL
	}
	if ms := c.cfg.TTL.Milliseconds(); ms < 1 || ms > math.MaxUint32 {
		return fmt.Errorf("%w: ttl: %v; choose 1 ms or more", ErrConfig, c.cfg.TTL)
	}
	if c.cfg.Agent == "" {
		c.cfg.Agent = "fluence-client"
	}
	if c.cfg.Log == nil {
		c.cfg.Log = slog.New(slog.DiscardHandler)
	}
	if c.cfg.Interpreter == nil {
		c.cfg.Interpreter = air.NewInterpreter(scriptCache)
	}
	c.runs = make(chan struct{}, parallelRuns())
	return nil
}

// ID returns the client's peer id.
func (c *Client) ID() peer.ID { return c.id }

// RelayID returns the peer id of its relay.
func (c *Client) RelayID() peer.ID { return c.relay.ID }

// Ready is closed once the relay has been reached for the first time.
func (c *Client) Ready() <-chan struct{} { return c.ready }

// Connected reports whether the relay is connected now.
func (c *Client) Connected() bool { return c.host.Connected(c.relay.ID) }

// Run connects to the relay, keeps the connection, and works until ctx ends. It
// returns once every goroutine of the client has, functions included: they see
// their context end. It may be called once.
func (c *Client) Run(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	c.mu.Lock()
	c.life = gctx
	c.mu.Unlock()
	g.Go(func() error { return c.host.Run(gctx) })
	g.Go(func() error { return c.keepRelay(gctx) })
	err := g.Wait()
	c.closeAll()
	c.work.Wait()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// keepRelay dials the relay at once and after every loss, with growing pauses.
// Unlike js-client it does so without being asked for a particle, so that a
// client which only serves comes back after a restart of its relay.
func (c *Client) keepRelay(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-c.host.Ready():
	}
	c.host.Protect(c.relay.ID, relayProtects)
	first := true
	for pause := redialFirst; ; {
		if err := c.host.Redial(ctx, c.relay); err != nil {
			c.cfg.Log.Debug("relay not connected", "peer", c.relay.ID, "err", err)
			if !wait(ctx, pause) {
				return ctx.Err()
			}
			pause = min(2*pause, redialMax)
			continue
		}
		pause = redialFirst
		if first {
			close(c.ready)
			first = false
		}
		for c.Connected() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-c.lost:
			}
		}
	}
}

func (c *Client) peerChanged(id peer.ID, up bool) {
	if id != c.relay.ID || up {
		return
	}
	select {
	case c.lost <- struct{}{}:
	default:
	}
}

// send gives the particle to the relay, again and again until its life ends: to
// send twice is harmless, since the receiver merges. A relay that refuses it
// may be busy, so it is asked a few times more.
func (c *Client) send(ctx context.Context, p *particle.Particle) error {
	refused := 0
	for pause := resendFirst; ; pause = min(2*pause, resendMax) {
		err := c.host.Send(ctx, c.relay.ID, p)
		if errors.Is(err, host.ErrRefused) {
			refused++
		}
		if err == nil || refused > maxRefusals || errors.Is(err, particle.ErrTooLarge) {
			return err
		}
		c.cfg.Log.Debug("particle not sent", "particle", p.ID, "err", err)
		if !wait(ctx, pause) {
			return errors.Join(err, ctx.Err())
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
