// SPDX-License-Identifier: Apache-2.0

package host_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// arrival is a particle and who delivered it.
type arrival struct {
	from peer.ID
	p    *particle.Particle
}

// running is a host that runs until its test ends and keeps what it receives.
type running struct {
	*host.Host
	metrics *host.Metrics
	key     crypto.PrivKey
	got     chan arrival
}

func newKey(t testing.TB) crypto.PrivKey {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// start runs a host that listens on loopback with every transport but TLS.
func start(t testing.TB, edit func(*host.Config)) *running {
	t.Helper()
	key := newKey(t)
	r := &running{metrics: host.NewMetrics(nil), key: key, got: make(chan arrival, 4096)}
	cfg := host.Config{
		Key:     key,
		Listen:  []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/udp/0/quic-v1"},
		Reach:   host.ReachLoopback,
		Metrics: r.metrics,
		Handler: func(_ context.Context, from peer.ID, p *particle.Particle) error {
			r.got <- arrival{from, p}
			return nil
		},
	}
	if edit != nil {
		edit(&cfg)
	}
	h, err := host.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = h
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case <-r.Ready():
	case err := <-done:
		t.Fatalf("Run = %v before it was ready", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
	return r
}

// at returns the address of r that contains part.
func (r *running) at(t testing.TB, part string) peer.AddrInfo {
	t.Helper()
	for _, a := range r.Addrs() {
		bare, _ := peer.SplitAddr(a)
		if strings.Contains(bare.String()+"/", part) {
			return peer.AddrInfo{ID: r.ID(), Addrs: []ma.Multiaddr{bare}}
		}
	}
	t.Fatalf("no address with %s among %v", part, r.Addrs())
	return peer.AddrInfo{}
}

func (r *running) particle(t testing.TB, data []byte) *particle.Particle {
	t.Helper()
	p, err := particle.New(r.key, particle.Draft{
		Script: "(null)", TTL: time.Minute, Time: time.Now(), Nonce: rand.Reader, Data: data,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (r *running) next(t testing.TB) arrival {
	t.Helper()
	select {
	case a := <-r.got:
		return a
	case <-time.After(20 * time.Second):
		t.Fatalf("no particle within 20 s; refusals %v", r.metrics.Refusals())
		return arrival{}
	}
}

func connect(t testing.TB, from *running, to peer.AddrInfo) {
	t.Helper()
	if err := from.Connect(t.Context(), to); err != nil {
		t.Fatal(err)
	}
}

func TestParticleCrossesEveryTransportBothWays(t *testing.T) {
	for _, transport := range []string{"/tcp/", "/ws/", "/quic-v1/"} {
		t.Run(strings.Trim(transport, "/"), func(t *testing.T) {
			a, b := start(t, nil), start(t, nil)
			to := b.at(t, transport)
			if transport == "/tcp/" {
				to.Addrs = a.plainTCP(t, b)
			}
			connect(t, a, to)
			sent := a.particle(t, bytes.Repeat([]byte{1, 0xfe}, 300_000))
			if err := a.Send(t.Context(), b.ID(), sent); err != nil {
				t.Fatal(err)
			}
			got := b.next(t)
			if got.from != a.ID() || got.p.ID != sent.ID || !bytes.Equal(got.p.Data, sent.Data) {
				t.Errorf("got %s from %s with %d bytes, want %s from %s", got.p.ID, got.from, len(got.p.Data), sent.ID, a.ID())
			}
			if err := b.Send(t.Context(), a.ID(), got.p); err != nil {
				t.Fatal(err)
			}
			if back := a.next(t); back.p.ID != sent.ID {
				t.Errorf("came back as %s, want %s", back.p.ID, sent.ID)
			}
		})
	}
}

// plainTCP returns b's TCP address without WebSocket.
func (r *running) plainTCP(t testing.TB, b *running) []ma.Multiaddr {
	t.Helper()
	for _, a := range b.Addrs() {
		bare, _ := peer.SplitAddr(a)
		if s := bare.String(); strings.Contains(s, "/tcp/") && !strings.Contains(s, "/ws") {
			return []ma.Multiaddr{bare}
		}
	}
	t.Fatal("no plain TCP address")
	return nil
}

func TestManyParticlesToOnePeerAreNotLost(t *testing.T) {
	for _, transport := range []string{"/ws/", "/quic-v1/"} {
		t.Run(strings.Trim(transport, "/"), func(t *testing.T) {
			const senders, each = 8, 100
			a, b := start(t, nil), start(t, nil)
			connect(t, a, b.at(t, transport))
			errs := make(chan error, senders)
			p := a.particle(t, make([]byte, 5_000))
			for range senders {
				go func() {
					for range each {
						if err := a.Send(t.Context(), b.ID(), p); err != nil {
							errs <- err
							return
						}
					}
					errs <- nil
				}()
			}
			for range senders {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
			for i := range senders * each {
				select {
				case <-b.got:
				case <-time.After(5 * time.Second):
					t.Fatalf("%d of %d arrived; refusals %v", i, senders*each, b.metrics.Refusals())
				}
			}
		})
	}
}

// Peers that speak the official protocol only never close their end of a stream
// (js-client) and must get more particles than they can have streams.
func TestOfficialProtocolLosesNothing(t *testing.T) {
	const count = 1200
	a, official := start(t, nil), attacker(t, nil)
	got := make(chan int, count)
	official.SetStreamHandler(host.ParticleProtocol, func(s network.Stream) {
		body, err := io.ReadAll(s)
		if err == nil {
			got <- len(body)
		}
	})
	dial(t, official, a)
	eventually(t, "a sees the peer", func() bool { return a.Connected(official.ID()) })
	p := a.particle(t, make([]byte, 1000))
	for range count {
		if err := a.Send(t.Context(), official.ID(), p); err != nil {
			t.Fatal(err)
		}
	}
	for i := range count {
		select {
		case n := <-got:
			if n != particle.FrameSize(p) {
				t.Errorf("frame of %d bytes, want %d", n, particle.FrameSize(p))
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%d of %d arrived", i, count)
		}
	}
}

func TestSendRefusals(t *testing.T) {
	a, b := start(t, nil), start(t, nil)
	p := a.particle(t, nil)
	if err := a.Send(t.Context(), a.ID(), p); !errors.Is(err, host.ErrSelf) {
		t.Errorf("Send to self = %v, want %v", err, host.ErrSelf)
	}
	if err := a.Send(t.Context(), b.ID(), p); !errors.Is(err, host.ErrNotConnected) {
		t.Errorf("Send to a stranger = %v, want %v", err, host.ErrNotConnected)
	}
	connect(t, a, b.at(t, "/ws/"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Send(ctx, b.ID(), p); !errors.Is(err, context.Canceled) {
		t.Errorf("Send with a cancelled context = %v, want %v", err, context.Canceled)
	}
	big := *p
	big.Data = make([]byte, 100<<20)
	if err := a.Send(t.Context(), b.ID(), &big); !errors.Is(err, particle.ErrTooLarge) {
		t.Errorf("Send of 100 MiB = %v, want %v", err, particle.ErrTooLarge)
	}
	stopped, err := host.New(host.Config{Key: a.key})
	if err != nil {
		t.Fatal(err)
	}
	if err := stopped.Send(t.Context(), b.ID(), p); !errors.Is(err, host.ErrNotRunning) {
		t.Errorf("Send of a host that does not run = %v, want %v", err, host.ErrNotRunning)
	}
}

func TestContacts(t *testing.T) {
	a, b := start(t, nil), start(t, nil)
	if c, ok := a.Contact(b.ID()); ok {
		t.Errorf("Contact of a stranger = %+v, want none", c)
	}
	connect(t, a, b.at(t, "/ws/"))
	if !a.Connected(b.ID()) || len(a.Peers()) != 1 {
		t.Errorf("Connected = %v with peers %v, want one", a.Connected(b.ID()), a.Peers())
	}
	if c, ok := a.Contact(b.ID()); !ok || !c.Connected || len(c.Addrs) == 0 {
		t.Errorf("Contact = %+v, %v, want addresses", c, ok)
	}
	if err := a.Disconnect(b.ID()); err != nil {
		t.Fatal(err)
	}
	if a.Connected(b.ID()) {
		t.Error("still connected after Disconnect")
	}
	if err := a.Connect(t.Context(), peer.AddrInfo{ID: a.ID()}); !errors.Is(err, host.ErrSelf) {
		t.Errorf("Connect to self = %v, want %v", err, host.ErrSelf)
	}
}

func TestOwnerHearsOfPeers(t *testing.T) {
	type change struct {
		id peer.ID
		up bool
	}
	changes := make(chan change, 16)
	a := start(t, func(c *host.Config) { c.OnPeer = func(id peer.ID, up bool) { changes <- change{id, up} } })
	b := start(t, nil)
	connect(t, b, a.at(t, "/ws/"))
	if got, want := <-changes, (change{b.ID(), true}); got != want {
		t.Errorf("change = %v, want %v", got, want)
	}
	if err := b.Disconnect(a.ID()); err != nil {
		t.Fatal(err)
	}
	if got, want := <-changes, (change{b.ID(), false}); got != want {
		t.Errorf("change = %v, want %v", got, want)
	}
}

func TestIdentifyTellsWhatNoxTells(t *testing.T) {
	a := start(t, func(c *host.Config) { c.Agent = "fluenced/1.2.3" })
	b := start(t, nil)
	connect(t, b, a.at(t, "/ws/"))
	net, err := b.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"ProtocolVersion": "/fluence/particle/2.0.0", "AgentVersion": "fluenced/1.2.3"} {
		if got, err := net.Peerstore().Get(a.ID(), key); err != nil || got != want {
			t.Errorf("%s = %v, %v, want %s", key, got, err, want)
		}
	}
	protocols, err := net.Peerstore().GetProtocols(a.ID())
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]bool)
	for _, p := range protocols {
		got[string(p)] = true
	}
	for _, want := range []string{"/fluence/particle/2.0.0", "/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0"} {
		if !got[want] {
			t.Errorf("protocols = %v, want %s among them", protocols, want)
		}
	}
	for p := range got {
		if strings.Contains(p, "circuit") || strings.Contains(p, "autonat") {
			t.Errorf("protocol %s is offered, want it off", p)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]host.Config{
		"no key":            {},
		"listen":            {Key: key, Listen: []string{"127.0.0.1:80"}},
		"announce":          {Key: key, Announce: []string{"here"}},
		"known":             {Key: key, Known: []string{"/ip4/1.2.3"}},
		"memory":            {Key: key, Quotas: host.Quotas{Memory: 1 << 20}},
		"memory per peer":   {Key: key, Quotas: host.Quotas{MemoryPerPeer: 1 << 20}},
		"peer byte burst":   {Key: key, Quotas: host.Quotas{Peer: host.Rate{Particles: 1, ParticleBurst: 10, Bytes: 1, ByteBurst: 1}}},
		"addr burst of one": {Key: key, Quotas: host.Quotas{Addr: host.Rate{Particles: 1, ParticleBurst: 1, Bytes: -1}}},
	}
	for name, cfg := range tests {
		if _, err := host.New(cfg); !errors.Is(err, host.ErrConfig) {
			t.Errorf("%s: New = %v, want %v", name, err, host.ErrConfig)
		}
	}
	h, err := host.New(host.Config{Key: key, Listen: []string{"/ip4/127.0.0.1/tcp/0/tls/ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Run(t.Context()); !errors.Is(err, host.ErrConfig) {
		t.Errorf("Run with TLS but no certificate = %v, want %v", err, host.ErrConfig)
	}
}
