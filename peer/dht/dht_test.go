// SPDX-License-Identifier: Apache-2.0

package dht_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/dht"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

// one is a host with its table.
type one struct {
	*host.Host
	dht  *dht.DHT
	key  crypto.PrivKey
	got  chan *particle.Particle
	stop func()
}

func start(t *testing.T, edit func(*dht.Config)) *one {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return startKey(t, key, "/ip4/127.0.0.1/tcp/0/ws", edit)
}

func startKey(t *testing.T, key crypto.PrivKey, listen string, edit func(*dht.Config)) *one {
	t.Helper()
	o := &one{key: key, got: make(chan *particle.Particle, 16)}
	var err error
	o.Host, err = host.New(host.Config{
		Key: key, Listen: []string{listen}, Reach: host.ReachLoopback,
		Handler: func(_ context.Context, _ peer.ID, p *particle.Particle) error { o.got <- p; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := dht.Config{Host: o.Host, Network: dht.NetworkName("fluence-local-1")}
	if edit != nil {
		edit(&cfg)
	}
	if o.dht, err = dht.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return o.Host.Run(gctx) })
	g.Go(func() error { return o.dht.Run(gctx) })
	stopped := false
	o.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := g.Wait(); err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		}
	}
	t.Cleanup(o.stop)
	<-o.Ready()
	return o
}

// through makes a table whose bootstrap peer is o.
func (o *one) through(c *dht.Config) { c.Bootstrap = []string{o.Addrs()[0].String()} }

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
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

func TestPeersFindEachOtherThroughTheBootstrapPeer(t *testing.T) {
	b := start(t, nil)
	a, c := start(t, b.through), start(t, b.through)
	eventually(t, "b has both in its table", func() bool { return b.dht.Size() == 2 })
	if err := a.Disconnect(c.ID()); err != nil {
		t.Fatal(err)
	}
	info, err := a.dht.Find(t.Context(), c.ID())
	if err != nil || len(info.Addrs) == 0 {
		t.Fatalf("Find = %v, %v, want an address", info, err)
	}
	p, err := particle.New(a.key, particle.Draft{Script: "(null)", TTL: time.Minute, Time: time.Now(), Nonce: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.dht.Send(t.Context(), c.ID(), p); err != nil {
		t.Fatal(err)
	}
	if got := <-c.got; got.ID != p.ID {
		t.Errorf("got %s, want %s", got.ID, p.ID)
	}
}

func TestNetworksAreSeparate(t *testing.T) {
	b := start(t, nil)
	a := start(t, func(c *dht.Config) { b.through(c); c.Network = dht.NetworkName("another-1") })
	eventually(t, "a is connected", func() bool { return a.Connected(b.ID()) })
	net, err := b.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "b knows what a speaks", func() bool {
		protocols, err := net.Peerstore().GetProtocols(a.ID())
		return err == nil && len(protocols) > 0
	})
	if b.dht.Size() != 0 || a.dht.Size() != 0 {
		t.Errorf("tables hold %d and %d, want none of another network", a.dht.Size(), b.dht.Size())
	}
}

func TestUnknownPeerIsNotFoundAndThenNotAskedFor(t *testing.T) {
	b := start(t, nil)
	a := start(t, b.through)
	eventually(t, "a is in b's table", func() bool { return b.dht.Size() == 1 })
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		_, err := a.dht.Find(t.Context(), id)
		if !errors.Is(err, dht.ErrNotFound) {
			t.Fatalf("Find = %v, want %v", err, dht.ErrNotFound)
		}
		if banned := strings.Contains(err.Error(), "not looked up before"); banned != (i == 3) {
			t.Errorf("look-up %d: %v", i, err)
		}
	}
}

func TestBootstrapPeerIsReconnected(t *testing.T) {
	t.Parallel()
	b := start(t, nil)
	a := start(t, b.through)
	eventually(t, "a is connected", func() bool { return a.Connected(b.ID()) })
	where, _ := peer.SplitAddr(b.Addrs()[0])
	b.stop()
	eventually(t, "a lost b", func() bool { return !a.Connected(b.ID()) })
	startKey(t, b.key, where.String(), nil)
	eventually(t, "a is connected again", func() bool { return a.Connected(b.ID()) })
}

func TestMembersAreLearnt(t *testing.T) {
	b := start(t, nil)
	a := start(t, func(c *dht.Config) {
		c.Members = func(context.Context) ([]peer.AddrInfo, error) {
			bare, _ := peer.SplitAddr(b.Addrs()[0])
			return []peer.AddrInfo{{ID: b.ID(), Addrs: []ma.Multiaddr{bare}}}, nil
		}
	})
	eventually(t, "tables hold each other", func() bool { return a.dht.Size() == 1 && b.dht.Size() == 1 })
}

func TestNeighborhood(t *testing.T) {
	b := start(t, nil)
	others := make([]peer.ID, 0, 5)
	for range 4 {
		others = append(others, start(t, b.through).ID())
	}
	eventually(t, "b has all in its table", func() bool { return b.dht.Size() == len(others) })
	for i := range 8 {
		key := sha256.Sum256([]byte{byte(i)})
		near := func(x, y peer.ID) int { return bytes.Compare(away(key, x), away(key, y)) }
		slices.SortFunc(others, near)
		if got, err := b.dht.Neighborhood(key, 0, false); err != nil || !slices.Equal(got, others) {
			t.Errorf("Neighborhood = %v, %v, want %v", got, err, others)
		}
		all := append(slices.Clone(others), b.ID())
		slices.SortFunc(all, near)
		if got, err := b.dht.Neighborhood(key, 3, true); err != nil || !slices.Equal(got, all[:3]) {
			t.Errorf("Neighborhood with self = %v, %v, want %v", got, err, all[:3])
		}
	}
}

// away is the XOR distance between key and the hash of id.
func away(key [32]byte, id peer.ID) []byte {
	d := sha256.Sum256([]byte(id))
	for i := range d {
		d[i] ^= key[i]
	}
	return d[:]
}

func TestConfigIsChecked(t *testing.T) {
	o := start(t, nil)
	for name, cfg := range map[string]dht.Config{
		"no host":    {Network: "dar"},
		"no network": {Host: o.Host},
		"upper case": {Host: o.Host, Network: strings.ToUpper(dht.NetworkName("x"))},
		"no peer id": {Host: o.Host, Network: "dar", Bootstrap: []string{"/ip4/127.0.0.1/tcp/1"}},
		"no address": {Host: o.Host, Network: "dar", Bootstrap: []string{"relay"}},
	} {
		if _, err := dht.New(cfg); !errors.Is(err, dht.ErrConfig) {
			t.Errorf("%s: New = %v, want %v", name, err, dht.ErrConfig)
		}
	}
	if got, want := o.dht.Protocol(), "/fluence/kad/"+dht.NetworkName("fluence-local-1")+"/1.0.0"; got != want {
		t.Errorf("Protocol = %s, want %s", got, want)
	}
}
