// SPDX-License-Identifier: Apache-2.0

package host_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	cryptopb "github.com/libp2p/go-libp2p/core/crypto/pb"
	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify/pb"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

// attacker is a bare libp2p host: it does whatever the test writes.
func attacker(t testing.TB, key crypto.PrivKey) libp2phost.Host {
	t.Helper()
	if key == nil {
		var err error
		if key, _, err = crypto.GenerateEd25519Key(rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	h, err := libp2p.New(libp2p.Identity(key), libp2p.NoListenAddrs, libp2p.Transport(websocket.New),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(&network.NullResourceManager{}), libp2p.DisableRelay(), libp2p.DisableMetrics(),
		libp2p.ForceReachabilityPublic(), libp2p.DisableIdentifyAddressDiscovery())
	if err != nil {
		t.Fatal(err)
	}
	h.SetStreamHandler(host.ParticleProtocol, func(s network.Stream) { <-t.Context().Done(); _ = s.Reset() })
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func dial(t testing.TB, from libp2phost.Host, to *running) {
	t.Helper()
	if err := from.Connect(t.Context(), to.at(t, "/ws/")); err != nil {
		t.Fatal(err)
	}
}

// particleStream opens a stream of the particle protocol.
func particleStream(t testing.TB, from libp2phost.Host, to *running) network.Stream {
	t.Helper()
	s, err := from.NewStream(t.Context(), to.ID(), host.ParticleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !cond() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// unharmed shows that an honest peer is served as if nothing happened.
func unharmed(t testing.TB, honest, to *running) {
	t.Helper()
	if !honest.Connected(to.ID()) {
		connect(t, honest, to.at(t, "/ws/"))
	}
	p := honest.particle(t, nil)
	if err := honest.Send(t.Context(), to.ID(), p); err != nil {
		t.Fatalf("honest particle: %v", err)
	}
	for {
		if got := to.next(t); got.p.ID == p.ID {
			return
		}
	}
}

// N04.
func TestHostileFramesAreRefusedByReason(t *testing.T) {
	b, honest := start(t, nil), start(t, nil)
	from := attacker(t, nil)
	dial(t, from, b)
	frame := func(edit func(*particle.Particle)) []byte {
		p := honest.particle(t, nil)
		edit(p)
		f, err := particle.AppendFrame(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	whole := frame(func(*particle.Particle) {})
	body := func(b []byte) []byte { return append(binary.AppendUvarint(nil, uint64(len(b))), b...) }
	tests := map[string]struct {
		write  []byte
		reason string
	}{
		"nothing":          {nil, "truncated"},
		"length 0":         {[]byte{0}, "frame"},
		"length 2^32":      {binary.AppendUvarint(nil, 1<<32), "too_large"},
		"length 2^63":      {binary.AppendUvarint(nil, 1<<63), "frame"},
		"body cut":         {whole[:len(whole)-1], "truncated"},
		"trailing inside":  {body(append(bytes.Clone(whole[2:]), 0)), "trailing"},
		"two frames":       {append(bytes.Clone(whole), whole...), "trailing"},
		"other codec":      {body([]byte("\x80\x04\x80\x80")), "frame"},
		"JSON":             {body([]byte(`{"action":"Particle"}`)), "frame"},
		"not a map":        {body([]byte("\x81\x04\xc0")), "field"},
		"upgrade":          {body([]byte("\x81\x04\x81\xa6action\xa7Upgrade")), "action"},
		"script not UTF-8": {frame(func(p *particle.Particle) { p.Script = "\xff" }), "utf8"},
		"id climbs":        {frame(func(p *particle.Particle) { p.ID = "../x" }), "id"},
		"id of another":    {frame(func(p *particle.Particle) { p.TTL++ }), "bound_id"},
		"forged":           {frame(func(p *particle.Particle) { p.Signature[0] ^= 1 }), "signature"},
		"no initiator":     {frame(func(p *particle.Particle) { p.ID, p.InitPeerID = "x", "x" }), "initiator"},
		"expired":          {frame(func(p *particle.Particle) { p.ID, p.Timestamp = "x", 1 }), "expired"},
		"future":           {frame(func(p *particle.Particle) { p.ID, p.Timestamp = "x", 1<<50 }), "future"},
		"no ttl":           {frame(func(p *particle.Particle) { p.ID, p.TTL = "x", 0 }), "ttl"},
		"nested":           {frame(func(p *particle.Particle) { p.ID, p.Script = "x", strings.Repeat("(", 2000) }), "nesting"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := b.metrics.Refused(tt.reason)
			s := particleStream(t, from, b)
			if _, err := s.Write(tt.write); err != nil {
				t.Fatal(err)
			}
			_ = s.CloseWrite()
			eventually(t, "refusal is counted as "+tt.reason, func() bool { return b.metrics.Refused(tt.reason) == before+1 })
		})
	}
	if n := len(b.got); n > 1 { // the first of two frames counts
		t.Errorf("%d particles were taken, want one", n)
	}
	unharmed(t, honest, b)
}

// N01.
func TestConnectionsAreLimitedPerPeerAndPerAddress(t *testing.T) {
	t.Run("one identity", func(t *testing.T) {
		b := start(t, func(c *host.Config) { c.Quotas.ConnsPerPeer = 4 })
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		refused := 0
		for range 8 {
			if err := attacker(t, key).Connect(t.Context(), b.at(t, "/ws/")); err != nil {
				refused++
			}
		}
		net, err := b.Libp2p()
		if err != nil {
			t.Fatal(err)
		}
		if n := len(net.Network().Conns()); n > 4 {
			t.Errorf("%d connections of one peer are open, want at most 4", n)
		}
		unharmed(t, start(t, nil), b)
	})
	t.Run("one address", func(t *testing.T) {
		b := start(t, func(c *host.Config) {
			c.Quotas.ConnsPerAddr = 4
			c.Quotas.Exempt = []netip.Prefix{}
		})
		honest := start(t, nil)
		unharmed(t, honest, b)
		refused := 0
		for range 8 {
			if err := attacker(t, nil).Connect(t.Context(), b.at(t, "/ws/")); err != nil {
				refused++
			}
		}
		if refused < 5 {
			t.Errorf("%d of 8 connections were refused, want 5 or more", refused)
		}
		unharmed(t, honest, b)
	})
}

// N02.
func TestSilentStreamsAreLimited(t *testing.T) {
	const limit = 32
	b := start(t, func(c *host.Config) { c.Quotas.StreamsPerPeer = limit })
	from, honest := attacker(t, nil), start(t, nil)
	dial(t, from, b)
	var streams []network.Stream
	for range 4 * limit {
		s, err := from.NewStream(t.Context(), b.ID(), host.ParticleProtocol)
		if err != nil {
			continue
		}
		if _, err := s.Write([]byte{0x80}); err == nil { // half a length
			streams = append(streams, s)
		}
	}
	net, err := b.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	open := func() (n int) {
		for _, c := range net.Network().ConnsToPeer(from.ID()) {
			for _, s := range c.GetStreams() {
				if s.Protocol() == host.ParticleProtocol {
					n++
				}
			}
		}
		return n
	}
	eventually(t, "excess streams are reset", func() bool { n := open(); return n > 0 && n <= limit })
	unharmed(t, honest, b)
	for _, s := range streams {
		_ = s.Reset()
	}
	eventually(t, "no stream is left", func() bool { return open() == 0 })
}

// N03.
func TestIdentifyBombIsNotKept(t *testing.T) {
	b := start(t, nil)
	from := attacker(t, nil)
	dial(t, from, b)
	agent := strings.Repeat("x", 1<<20)
	message := &pb.Identify{AgentVersion: &agent}
	for i := range 1000 {
		message.ListenAddrs = append(message.ListenAddrs, fmt.Appendf(nil, "\x04\x7f\x00%c%c\x06\x00\x01", i>>8, i))
	}
	raw, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	s, err := from.NewStream(t.Context(), b.ID(), "/ipfs/id/push/1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Write(protowire.AppendBytes(nil, raw))
	_ = s.CloseWrite()
	var one [1]byte
	if _, err := s.Read(one[:]); err == nil {
		t.Error("the push was answered")
	}
	net, err := b.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := net.Peerstore().Get(from.ID(), "AgentVersion"); err == nil && len(fmt.Sprint(got)) > 1000 {
		t.Errorf("an agent of %d bytes was kept", len(fmt.Sprint(got)))
	}
	if c, _ := b.Contact(from.ID()); len(c.Addrs) > 16 {
		t.Errorf("%d addresses were kept, want at most 16", len(c.Addrs))
	}
}

// N05.
func TestIdentitiesThatCannotSignAreRefused(t *testing.T) {
	b := start(t, nil)
	rsa, _, err := crypto.GenerateRSAKeyPair(2048, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecdsa, _, err := crypto.GenerateECDSAKeyPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.PrivKey{"RSA": rsa, "ECDSA": ecdsa} {
		from := attacker(t, key)
		_ = from.Connect(t.Context(), b.at(t, "/ws/"))
		eventually(t, name+" identity is refused", func() bool { return b.metrics.Refused("identity") > 0 && !b.Connected(from.ID()) })
	}
	secp, _, err := crypto.GenerateSecp256k1Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := attacker(t, secp).Connect(t.Context(), b.at(t, "/ws/")); err != nil {
		t.Errorf("secp256k1 identity: %v, want it accepted", err)
	}
	other := b.at(t, "/ws/")
	if other.ID, err = peer.IDFromPrivateKey(secp); err != nil {
		t.Fatal(err)
	}
	if err := start(t, nil).Connect(t.Context(), other); !errors.Is(err, host.ErrNotConnected) {
		t.Errorf("Connect with another id = %v, want %v", err, host.ErrNotConnected)
	}
}

func TestGiantKeysAreRefusedCheaply(t *testing.T) {
	modulus := bytes.Repeat([]byte{0xff}, 16384/8)
	number := func(b []byte) []byte {
		return append([]byte{0x02, 0x82, byte((len(b) + 1) >> 8), byte(len(b) + 1), 0}, b...)
	}
	pair := append(number(modulus), 0x02, 0x03, 1, 0, 1)
	rsa := append([]byte{0x30, 0x82, byte(len(pair) >> 8), byte(len(pair))}, pair...)
	bits := append([]byte{0x03, 0x82, byte((len(rsa) + 1) >> 8), byte(len(rsa) + 1), 0}, rsa...)
	algorithm := []byte{0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00}
	der := append(bytes.Clone(algorithm), bits...)
	der = append([]byte{0x30, 0x82, byte(len(der) >> 8), byte(len(der))}, der...)
	kind := cryptopb.KeyType_RSA
	raw, err := proto.Marshal(&cryptopb.PublicKey{Type: &kind, Data: der})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	if _, err := crypto.UnmarshalPublicKey(raw); err == nil || !strings.Contains(err.Error(), "8192") {
		t.Errorf("UnmarshalPublicKey = %v, want it refused for its size", err)
	}
	if took := time.Since(begin); took > 50*time.Millisecond {
		t.Errorf("took %v, want below 50 ms", took)
	}
}

// N08.
func TestQuotasAreChargedToThePeerThatDelivers(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	b := start(t, func(c *host.Config) {
		c.Quotas.Peer = host.Rate{Particles: 1, ParticleBurst: 20, Bytes: 1, ByteBurst: 100 << 20}
		c.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	flooder, honest := start(t, nil), start(t, nil)
	unharmed(t, honest, b)
	connect(t, flooder, b.at(t, "/ws/"))
	p := honest.particle(t, nil) // replayed by another peer, who pays for it
	taken := 0
	for range 50 {
		if flooder.Send(t.Context(), b.ID(), p) == nil {
			taken++
		}
	}
	if taken != 20 || b.metrics.Refused("quota") != 30 {
		t.Errorf("%d taken with refusals %v, want 20 and 30 by quota", taken, b.metrics.Refusals())
	}
	unharmed(t, honest, b)

	// A new connection has the same quota; time fills it again.
	if err := flooder.Disconnect(b.ID()); err != nil {
		t.Fatal(err)
	}
	connect(t, flooder, b.at(t, "/ws/"))
	if err := flooder.Send(t.Context(), b.ID(), p); !errors.Is(err, host.ErrRefused) {
		t.Errorf("Send after connecting anew = %v, want %v", err, host.ErrRefused)
	}
	mu.Lock()
	now = now.Add(5 * time.Second)
	mu.Unlock()
	if err := flooder.Send(t.Context(), b.ID(), p); err != nil {
		t.Errorf("Send five seconds later = %v, want nil", err)
	}
}

func TestRefusedParticlesCostMore(t *testing.T) {
	b := start(t, func(c *host.Config) {
		c.Quotas.Peer = host.Rate{Particles: 0.001, ParticleBurst: 100, Bytes: -1}
	})
	from := attacker(t, nil)
	dial(t, from, b)
	for range 20 {
		s := particleStream(t, from, b)
		_, _ = s.Write([]byte{0})
		_ = s.CloseWrite()
		var one [1]byte
		_, _ = s.Read(one[:])
	}
	eventually(t, "twenty refusals", func() bool { return b.metrics.Refused("frame")+b.metrics.Refused("quota") == 20 })
	if n := b.metrics.Refused("frame"); n != 10 {
		t.Errorf("%d frames were looked at, want 10 for a quota of 100", n)
	}
}

func TestBytesAreChargedAsTheyArrive(t *testing.T) {
	b := start(t, func(c *host.Config) {
		c.Limits = particle.DefaultLimits()
		c.Limits.Frame = 1 << 20
		c.Quotas.Peer = host.Rate{Particles: -1, Bytes: 1, ByteBurst: 1 << 20}
	})
	a := start(t, nil)
	connect(t, a, b.at(t, "/ws/"))
	p := a.particle(t, make([]byte, 600_000))
	if err := a.Send(t.Context(), b.ID(), p); err != nil {
		t.Fatal(err)
	}
	if err := a.Send(t.Context(), b.ID(), p); !errors.Is(err, host.ErrRefused) {
		t.Errorf("second Send = %v, want %v", err, host.ErrRefused)
	}
	if b.metrics.Refused("quota") != 1 {
		t.Errorf("refusals %v, want one by quota", b.metrics.Refusals())
	}
}

func TestBlamedPeersAreDisconnected(t *testing.T) {
	b := start(t, func(c *host.Config) {
		c.Quotas.Peer = host.Rate{Particles: 0.001, ParticleBurst: 30, Bytes: -1}
	})
	a := start(t, nil)
	connect(t, a, b.at(t, "/ws/"))
	eventually(t, "b sees a", func() bool { return b.Connected(a.ID()) })
	for range 3 {
		b.Blame(a.ID(), "forged data")
	}
	if !b.Connected(a.ID()) {
		t.Error("disconnected with quota left")
	}
	b.Blame(a.ID(), "forged data")
	eventually(t, "a is disconnected", func() bool { return !b.Connected(a.ID()) })
}

// A reader that never reads holds up its own particles only.
func TestSlowReaderHoldsUpItselfOnly(t *testing.T) {
	a := start(t, func(c *host.Config) { c.Quotas.SendsPerPeer, c.Quotas.WaitingPerPeer = 2, 2 })
	slow, honest := attacker(t, nil), start(t, nil)
	dial(t, slow, a)
	eventually(t, "a sees the slow reader", func() bool { return a.Connected(slow.ID()) })
	p := a.particle(t, make([]byte, 20<<20))
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 5)
	for range 5 {
		go func() { errs <- a.Send(ctx, slow.ID(), p) }()
	}
	if err := <-errs; !errors.Is(err, host.ErrBusy) {
		t.Errorf("fifth Send = %v, want %v", err, host.ErrBusy)
	}
	unharmed(t, a, honest)
	cancel()
	for range 4 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("Send = %v, want %v", err, context.Canceled)
		}
	}
}

func TestPeersWithoutTheProtocolAreDisconnected(t *testing.T) {
	b := start(t, nil)
	from := attacker(t, nil)
	from.RemoveStreamHandler(host.ParticleProtocol)
	dial(t, from, b)
	eventually(t, "stranger is gone", func() bool { return b.metrics.Refused("no_particle_protocol") == 1 && !b.Connected(from.ID()) })
}

// panicky is a handler whose fault must not end the process.
func TestPanicOfTheHandlerIsARefusal(t *testing.T) {
	b := start(t, func(c *host.Config) {
		c.Handler = func(context.Context, peer.ID, *particle.Particle) error { panic("no") }
	})
	a := start(t, nil)
	connect(t, a, b.at(t, "/ws/"))
	if err := a.Send(t.Context(), b.ID(), a.particle(t, nil)); !errors.Is(err, host.ErrRefused) {
		t.Errorf("Send = %v, want %v", err, host.ErrRefused)
	}
	if b.metrics.Refused("panic") != 1 {
		t.Errorf("refusals %v, want one panic", b.metrics.Refusals())
	}
}

type ownReason struct{}

func (ownReason) Error() string  { return "mailbox full" }
func (ownReason) Reason() string { return "mailbox" }

func TestHandlerErrorsAreCountedUnderTheirReason(t *testing.T) {
	b := start(t, func(c *host.Config) {
		c.Handler = func(context.Context, peer.ID, *particle.Particle) error { return ownReason{} }
	})
	a := start(t, nil)
	connect(t, a, b.at(t, "/ws/"))
	if err := a.Send(t.Context(), b.ID(), a.particle(t, nil)); !errors.Is(err, host.ErrRefused) {
		t.Errorf("Send = %v, want %v", err, host.ErrRefused)
	}
	if b.metrics.Refused("mailbox") != 1 {
		t.Errorf("refusals %v, want one of mailbox", b.metrics.Refusals())
	}
}
