// SPDX-License-Identifier: Apache-2.0

// Package dht finds peers: it keeps a Kademlia routing table under the name of
// one network, connects to the bootstrap peers and those the chain knows, and
// sends particles to peers that have to be looked up first. It stores no
// records and no providers. Its spec is docs/spec/host.md.
package dht

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	kad "github.com/libp2p/go-libp2p-kad-dht"
	"github.com/libp2p/go-libp2p/core/event"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"github.com/go-fluence/fluence/peer/particle"
)

// Sizes and times of the table and its look-ups.
//
// Source: nox@b349812f0:crates/server-config/src/defaults.rs.
const (
	Replication     = 20               // peers per bucket, and the default size of a neighborhood
	lookupTime      = 6 * time.Second  // one look-up, all its queries
	failuresToBan   = 3                // look-ups of one peer that failed in a row
	banTime         = 60 * time.Second // no look-up of that peer
	maxBans         = 4096             // peers whose failures are remembered
	maxLookups      = 64               // look-ups under way
	reconnectStep   = 5 * time.Second  // added to the pause after each failed dial
	reconnectMax    = 60 * time.Second // longest pause
	bootstrapEvery  = 3                // reconnections between two refreshes of the table
	membersEvery    = time.Minute      // between two questions for the members
	perAddressGroup = 3                // table entries per bucket from one IP group
	perTableGroup   = 6                // table entries in all from one IP group
)

var (
	// ErrConfig means that a field of Config cannot work.
	ErrConfig = errors.New("dht config")
	// ErrNotRunning means that the table is not open.
	ErrNotRunning = errors.New("dht is not running")
	// ErrNotFound means that nobody asked knows the peer.
	ErrNotFound = errors.New("peer not found")
)

// Host is what a table needs of the peer's libp2p host; package host has it. It
// is wide because one thing, the connections, is asked about in many ways. Safe
// for concurrent use.
type Host interface {
	ID() peer.ID
	Ready() <-chan struct{}                // closed once Libp2p works
	Libp2p() (libp2phost.Host, error)      // the running host
	Public() bool                          // only global addresses are dialled
	InReach([]ma.Multiaddr) []ma.Multiaddr // those that may be dialled
	Connected(peer.ID) bool
	Connect(context.Context, peer.AddrInfo) error // at these and known addresses
	Redial(context.Context, peer.AddrInfo) error  // Connect without remembering failures
	Remember(peer.AddrInfo) (kept int, err error) // for later dials
	Protect(id peer.ID, tag string)               // from trimming
	Unprotect(id peer.ID, tag string)
	Send(context.Context, peer.ID, *particle.Particle) error
}

// Config is what a DHT is made of. Host and Network are required.
type Config struct {
	Host      Host
	Network   string   // NETWORK of the protocol name; see NetworkName
	Bootstrap []string // multiaddrs ending in /p2p/ID, kept connected
	// Members returns peers that are known otherwise, from the chain for one.
	// It is asked every minute; nil asks nobody.
	Members func(ctx context.Context) ([]peer.AddrInfo, error)
	Log     *slog.Logger // nil: silent
	Metrics *Metrics     // nil: counted, but not exported
}

// DHT is a routing table and the look-ups over it. Its methods are safe for
// concurrent use; outside Run they return ErrNotRunning or nothing.
type DHT struct {
	cfg       Config
	bootstrap []peer.AddrInfo
	protocol  protocol.ID
	flights   singleflight.Group
	lookups   chan struct{} // capacity maxLookups

	mu    sync.Mutex // guards the fields below
	table *kad.IpfsDHT
	life  context.Context //nolint:containedctx // ends look-ups that several callers share
	fails map[peer.ID]failure
}

type failure struct {
	count int
	until time.Time
}

// NetworkName returns the NETWORK of a chain: 64 lower-case hex digits of the
// SHA-256 of its id. The public networks are called dar, stage and kras.
func NetworkName(chainID string) string {
	sum := sha256.Sum256([]byte(chainID))
	return hex.EncodeToString(sum[:])
}

// New checks cfg and starts nothing.
//
// Errors: ErrConfig.
func New(cfg Config) (*DHT, error) {
	if cfg.Host == nil {
		return nil, fmt.Errorf("%w: host: none given", ErrConfig)
	}
	if !validNetwork(cfg.Network) {
		return nil, fmt.Errorf("%w: network: %q; use dar, stage, kras or 64 lower-case hex digits", ErrConfig, cfg.Network)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Metrics == nil {
		cfg.Metrics = NewMetrics(nil)
	}
	d := &DHT{
		cfg:      cfg,
		protocol: protocol.ID("/fluence/kad/" + cfg.Network + "/1.0.0"),
		lookups:  make(chan struct{}, maxLookups),
		fails:    make(map[peer.ID]failure),
	}
	for _, text := range cfg.Bootstrap {
		a, err := ma.NewMultiaddr(text)
		if err != nil {
			return nil, fmt.Errorf("%w: bootstrap: %q is no multiaddr: %w", ErrConfig, text, err)
		}
		info, err := peer.AddrInfoFromP2pAddr(a)
		if err != nil {
			return nil, fmt.Errorf("%w: bootstrap: %q must end in /p2p/ and a peer id", ErrConfig, text)
		}
		if info.ID != cfg.Host.ID() {
			d.bootstrap = append(d.bootstrap, *info)
		}
	}
	return d, nil
}

func validNetwork(name string) bool {
	switch name {
	case "dar", "stage", "kras":
		return true
	}
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == sha256.Size && hex.EncodeToString(b) == name
}

// Protocol returns the exact name under which the table is kept.
func (d *DHT) Protocol() string { return string(d.protocol) }

// Run waits for the host, opens the table and keeps it until ctx ends. It owns
// every goroutine of the DHT and may be called once.
func (d *DHT) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.cfg.Host.Ready():
	}
	net, err := d.cfg.Host.Libp2p()
	if err != nil {
		return err
	}
	table, err := kad.New(ctx, net, d.options(net)...)
	if err != nil {
		return fmt.Errorf("open routing table: %w", err)
	}
	events, err := net.EventBus().Subscribe(new(event.EvtPeerConnectednessChanged), eventbus.BufSize(256), eventbus.Name("fluence.dht"))
	if err != nil {
		return errors.Join(err, table.Close())
	}
	g, gctx := errgroup.WithContext(ctx)
	d.open(table, gctx)
	defer d.open(nil, nil)
	keep := newKeeper(d)
	g.Go(func() error { return keep.watch(gctx, events) })
	for i, b := range d.bootstrap {
		g.Go(func() error { return keep.connected(gctx, i, b) })
	}
	g.Go(func() error { return d.members(gctx) })
	err = g.Wait()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil
	}
	return errors.Join(err, events.Close(), table.Close())
}

func (d *DHT) open(table *kad.IpfsDHT, life context.Context) { //nolint:revive // both are set or cleared together
	d.mu.Lock()
	defer d.mu.Unlock()
	d.table, d.life = table, life
}

func (d *DHT) current() (*kad.IpfsDHT, context.Context, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.table == nil {
		return nil, nil, ErrNotRunning
	}
	return d.table, d.life, nil
}

// options are those of nox: server, 20 per bucket, no records, no providers.
func (d *DHT) options(net libp2phost.Host) []kad.Option {
	options := []kad.Option{
		kad.Mode(kad.ModeServer),
		kad.ProtocolPrefix(protocol.ID("/fluence/kad/" + d.cfg.Network)),
		kad.V1ProtocolOverride(d.protocol),
		kad.BucketSize(Replication),
		kad.DisableProviders(),
		kad.DisableValues(),
		kad.AddressFilter(d.cfg.Host.InReach),
		kad.QueryFilter(func(_ any, info peer.AddrInfo) bool { return len(d.cfg.Host.InReach(info.Addrs)) > 0 }),
		kad.RoutingTableFilter(func(_ any, id peer.ID) bool { return d.reachable(net, id) }),
	}
	if d.cfg.Host.Public() {
		// One provider cannot fill the table from a few addresses.
		options = append(options, kad.RoutingTablePeerDiversityFilter(
			kad.NewRTPeerDiversityFilter(net, perAddressGroup, perTableGroup)))
	}
	return options
}

// reachable keeps peers out of the table that nobody else could dial.
func (d *DHT) reachable(net libp2phost.Host, id peer.ID) bool {
	if len(d.cfg.Host.InReach(net.Peerstore().Addrs(id))) > 0 {
		return true
	}
	for _, c := range net.Network().ConnsToPeer(id) {
		if c.Stat().Direction == network.DirOutbound {
			return true
		}
	}
	return false
}

// members tells the host the addresses of known members and connects to a few,
// so that a table fills without a bootstrap list.
func (d *DHT) members(ctx context.Context) error {
	if d.cfg.Members == nil {
		return nil
	}
	tick := time.NewTicker(membersEvery)
	defer tick.Stop()
	for {
		d.learn(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (d *DHT) learn(ctx context.Context) {
	known, err := d.cfg.Members(ctx)
	if err != nil {
		d.cfg.Log.Debug("members not known", "err", err)
		return
	}
	dials := 0
	for _, m := range known {
		if m.ID == d.cfg.Host.ID() || ctx.Err() != nil {
			continue
		}
		if _, err := d.cfg.Host.Remember(m); err != nil {
			return
		}
		if dials < Replication && !d.cfg.Host.Connected(m.ID) {
			dials++
			if err := d.cfg.Host.Connect(ctx, m); err != nil {
				d.cfg.Log.Debug("member not connected", "peer", m.ID, "err", err)
			}
		}
	}
}
