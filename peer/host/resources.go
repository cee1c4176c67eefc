// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"math"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/x/rate"

	"github.com/go-fluence/fluence/peer/particle"
)

// Times of one stream. A particle must arrive, or leave, within baseTime plus
// its size at minRate; nobody holds a stream open longer.
const (
	baseTime       = 10 * time.Second
	minRate        = 64 << 10 // bytes per second
	drainTime      = time.Second
	dialTime       = 10 * time.Second
	handshakeTime  = 10 * time.Second // TLS and WebSocket upgrade
	announceTime   = 2 * time.Second  // for a peer to announce the particle protocol
	refusalCost    = 10               // particles charged for one that was refused
	memoryPerByte  = 2                // a frame's bytes and their copy while it grows
	decayedConns   = 4                // share of Conns that is trimmed to: 3/4
	maxPeerAddrs   = 16               // addresses kept per contact
	maxKnownAddrs  = 50_000           // addresses of unconnected peers
	maxPeerRecords = 10_000           // signed records of unconnected peers
)

// Quotas are what others may use of this host. A zero field means its default;
// a negative number means no limit.
type Quotas struct {
	Conns        int     // open connections in all; 4 096
	ConnsPerPeer int     // to one peer id; 8
	ConnsPerAddr int     // from one IPv4 address or IPv6 /56; 512
	ConnRate     float64 // new connections per second from one such address; 32, with a burst of ConnsPerAddr

	Streams        int // open particle streams in all, each direction; 16 384
	StreamsPerPeer int // the same for one peer id; 1 024

	Memory        int64 // bytes of particles being read, in all; 1 GiB
	MemoryPerPeer int64 // the same for one peer id; 256 MiB

	Peer Rate // what one peer id may deliver; 2 000 particles/s, 64 MiB/s
	Addr Rate // what one address may deliver; 8 000 particles/s, 256 MiB/s

	// Exempt addresses have no per-address quota: a TLS proxy, or a machine of
	// the operator. nil means loopback; an empty list means none.
	Exempt []netip.Prefix

	SendsPerPeer   int // particles being written to one peer at once; 256
	WaitingPerPeer int // particles waiting for their turn; 4 096, then ErrBusy
}

// Rate is a token bucket for particles and one for bytes. Bursts are what may
// arrive at once after a pause of burst divided by rate.
type Rate struct {
	Particles     float64 // per second
	ParticleBurst int
	Bytes         float64 // per second
	ByteBurst     int
}

// DefaultQuotas returns the quotas of a public relay.
func DefaultQuotas() Quotas {
	return Quotas{
		Conns: 4096, ConnsPerPeer: 8, ConnsPerAddr: 512, ConnRate: 32,
		Streams: 16384, StreamsPerPeer: 1024,
		Memory: 1 << 30, MemoryPerPeer: 256 << 20,
		Peer:   Rate{Particles: 2000, ParticleBurst: 8000, Bytes: 64 << 20, ByteBurst: 256 << 20},
		Addr:   Rate{Particles: 8000, ParticleBurst: 32000, Bytes: 256 << 20, ByteBurst: 1 << 30},
		Exempt: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},

		SendsPerPeer: 256, WaitingPerPeer: 4096,
	}
}

func (q Quotas) withDefaults() Quotas {
	d := DefaultQuotas()
	for _, f := range []struct{ have, use *int }{
		{&q.Conns, &d.Conns},
		{&q.ConnsPerPeer, &d.ConnsPerPeer},
		{&q.ConnsPerAddr, &d.ConnsPerAddr},
		{&q.Streams, &d.Streams},
		{&q.StreamsPerPeer, &d.StreamsPerPeer},
		{&q.SendsPerPeer, &d.SendsPerPeer},
		{&q.WaitingPerPeer, &d.WaitingPerPeer},
	} {
		*f.have = orDefault(*f.have, *f.use)
	}
	q.ConnRate = orDefault(q.ConnRate, d.ConnRate)
	q.Memory = orDefault(q.Memory, d.Memory)
	q.MemoryPerPeer = orDefault(q.MemoryPerPeer, d.MemoryPerPeer)
	if q.Peer == (Rate{}) {
		q.Peer = d.Peer
	}
	if q.Addr == (Rate{}) {
		q.Addr = d.Addr
	}
	if q.Exempt == nil {
		q.Exempt = d.Exempt
	}
	return q
}

func orDefault[T int | int64 | float64](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// validate refuses quotas under which the largest particle could never arrive.
func (q Quotas) validate(l particle.Limits) error {
	need := int64(l.Frame) * memoryPerByte
	for name, have := range map[string]int64{"memory": q.Memory, "memory per peer": q.MemoryPerPeer} {
		if have >= 0 && have < need {
			return fmt.Errorf("%w: quotas: %s of %d bytes cannot hold a frame of %d; allow %d or lower the frame limit", ErrConfig, name, have, l.Frame, need)
		}
	}
	for name, r := range map[string]Rate{"peer": q.Peer, "addr": q.Addr} {
		if r.Bytes >= 0 && r.ByteBurst < l.Frame {
			return fmt.Errorf("%w: quotas: %s byte burst of %d cannot hold a frame of %d; raise it or lower the frame limit", ErrConfig, name, r.ByteBurst, l.Frame)
		}
		if r.Particles >= 0 && r.ParticleBurst < refusalCost {
			return fmt.Errorf("%w: quotas: %s particle burst of %d is below %d", ErrConfig, name, r.ParticleBurst, refusalCost)
		}
	}
	return nil
}

// limit turns "negative means none" into the resource manager's words.
func limit(n int) rcmgr.LimitVal {
	if n < 0 {
		return rcmgr.Unlimited
	}
	return rcmgr.LimitVal(n)
}

func memoryLimit(n int64) rcmgr.LimitVal64 {
	if n < 0 {
		return rcmgr.Unlimited64
	}
	return rcmgr.LimitVal64(n)
}

// resourceManager builds the limits that libp2p enforces by itself, before any
// code of this package runs. Its defaults allow 8 connections per IPv4 address
// and fit no relay.
func (q Quotas) resourceManager() (network.ResourceManager, error) {
	none := rcmgr.Unlimited
	particles := rcmgr.ResourceLimits{
		Streams: none, StreamsInbound: limit(q.Streams), StreamsOutbound: limit(q.Streams), Memory: memoryLimit(q.Memory),
	}
	particlesOfPeer := rcmgr.ResourceLimits{
		Streams: none, StreamsInbound: limit(q.StreamsPerPeer), StreamsOutbound: limit(q.StreamsPerPeer), Memory: memoryLimit(q.MemoryPerPeer),
	}
	limits := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{
			Conns: limit(q.Conns), ConnsInbound: limit(q.Conns), ConnsOutbound: limit(q.Conns), FD: none,
			Streams: none, StreamsInbound: scaled(q.Streams, 2), StreamsOutbound: scaled(q.Streams, 2), Memory: memoryLimit(q.Memory),
		},
		Transient: rcmgr.ResourceLimits{ // still shaking hands, or without a protocol yet
			Conns: scaled(q.Conns, 0.5), ConnsInbound: scaled(q.Conns, 0.5), ConnsOutbound: scaled(q.Conns, 0.5), FD: none,
			Streams: none, StreamsInbound: scaled(q.Streams, 0.5), StreamsOutbound: limit(q.Streams), Memory: memoryLimit(q.Memory),
		},
		PeerDefault: rcmgr.ResourceLimits{
			Conns: limit(q.ConnsPerPeer), ConnsInbound: limit(q.ConnsPerPeer), ConnsOutbound: limit(q.ConnsPerPeer), FD: limit(q.ConnsPerPeer),
			Streams: none, StreamsInbound: scaled(q.StreamsPerPeer, 1.25), StreamsOutbound: scaled(q.StreamsPerPeer, 1.25), Memory: memoryLimit(q.MemoryPerPeer),
		},
		Protocol:     map[protocol.ID]rcmgr.ResourceLimits{ParticleProtocol: particles, TakenProtocol: particles},
		ProtocolPeer: map[protocol.ID]rcmgr.ResourceLimits{ParticleProtocol: particlesOfPeer, TakenProtocol: particlesOfPeer},
		Service:      map[string]rcmgr.ResourceLimits{serviceName: particles},
		ServicePeer:  map[string]rcmgr.ResourceLimits{serviceName: particlesOfPeer},
		Conn:         rcmgr.ResourceLimits{Memory: memoryLimit(q.MemoryPerPeer)},
		Stream:       rcmgr.ResourceLimits{Memory: memoryLimit(q.MemoryPerPeer)},
	}
	limiter := rcmgr.NewFixedLimiter(limits.Build(rcmgr.DefaultLimits.AutoScale()))
	return rcmgr.NewResourceManager(limiter, q.addressLimits()...)
}

// scaled is a share of n, at least 64 more than nothing.
func scaled(n int, share float64) rcmgr.LimitVal {
	if n < 0 {
		return rcmgr.Unlimited
	}
	return rcmgr.LimitVal(max(int(float64(n)*share), 64))
}

// addressLimits bounds connections by where they come from.
func (q Quotas) addressLimits() []rcmgr.Option {
	n := q.ConnsPerAddr
	if n < 0 {
		n = math.MaxInt / 8
	}
	var v4, v6 []rcmgr.NetworkPrefixLimit
	var free []rate.PrefixLimit
	for _, p := range q.Exempt {
		free = append(free, rate.PrefixLimit{Prefix: p})
		if l := (rcmgr.NetworkPrefixLimit{Network: p, ConnCount: math.MaxInt}); p.Addr().Is4() {
			v4 = append(v4, l)
		} else {
			v6 = append(v6, l)
		}
	}
	perSecond := rate.Limit{RPS: max(q.ConnRate, 0), Burst: n}
	limiter := &rate.Limiter{NetworkPrefixLimits: free}
	if q.ConnRate >= 0 {
		limiter.SubnetRateLimiter = rate.SubnetLimiter{
			IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: perSecond}},
			IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: perSecond}},
			GracePeriod:      time.Minute,
		}
	}
	return []rcmgr.Option{
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: n}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: n}, {PrefixLength: 48, ConnCount: 4 * n}}),
		rcmgr.WithNetworkPrefixLimit(nonNil(v4), nonNil(v6)),
		rcmgr.WithConnRateLimiters(limiter),
	}
}

func nonNil(l []rcmgr.NetworkPrefixLimit) []rcmgr.NetworkPrefixLimit {
	if l == nil {
		return []rcmgr.NetworkPrefixLimit{}
	}
	return l
}
