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
	"github.com/mr-tron/base58"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/multiformats/go-multihash"
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
	var all []*one
	for range 4 {
		all = append(all, start(t, b.through))
	}
	eventually(t, "b has all in its table", func() bool { return b.dht.Size() == len(all) })
	raw := []byte("some resource")
	key, err := dht.KeyOf(base58.Encode(raw), false)
	if err != nil {
		t.Fatal(err)
	}
	want := []peer.ID{b.ID()}
	for _, o := range all {
		want = append(want, o.ID())
	}
	slices.SortFunc(want, func(x, y peer.ID) int { return bytes.Compare(away(key, x), away(key, y)) })
	got, err := b.dht.Neighborhood(key, 0, true)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Neighborhood with self = %v, %v, want %v", got, err, want)
	}
	others := slices.DeleteFunc(slices.Clone(want), func(id peer.ID) bool { return id == b.ID() })
	if got, err = b.dht.Neighborhood(key, 2, false); err != nil || !slices.Equal(got, others[:2]) {
		t.Errorf("Neighborhood of two = %v, %v, want %v", got, err, others[:2])
	}
	contacts, err := b.dht.NeighborhoodWithAddrs(key, 0, true)
	if err != nil || len(contacts) != len(want) {
		t.Fatalf("NeighborhoodWithAddrs = %v, %v", contacts, err)
	}
	for _, c := range contacts {
		if len(c.Addrs) == 0 {
			t.Errorf("%s has no address", c.ID)
		}
	}
}

func away(key dht.Key, id peer.ID) []byte {
	d := sha256.Sum256([]byte(id))
	for i := range d {
		d[i] ^= key[i]
	}
	return d[:]
}

func TestKeyOf(t *testing.T) {
	hashed := sha256.Sum256([]byte("x"))
	mh, err := multihash.Encode(hashed[:], multihash.SHA2_256)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := dht.KeyOf(base58.Encode(hashed[:]), false)
	if err != nil {
		t.Fatal(err)
	}
	given, err := dht.KeyOf(base58.Encode(mh), true)
	if err != nil || given != wrapped || given != sha256.Sum256(mh) {
		t.Errorf("KeyOf = %x, %v, want %x as for the wrapped digest", given, err, wrapped)
	}
	for text, hashed := range map[string]bool{
		"0OIl": false, base58.Encode(make([]byte, 65)): false, strings.Repeat("z", 300): false,
		base58.Encode([]byte("no multihash")): true, "": true,
	} {
		if _, err := dht.KeyOf(text, hashed); !errors.Is(err, dht.ErrKey) {
			t.Errorf("KeyOf(%.20q, %v) = %v, want %v", text, hashed, err, dht.ErrKey)
		}
	}
}

func TestMerge(t *testing.T) {
	var list []string
	for i := range 40 {
		sum := sha256.Sum256([]byte{byte(i)})
		list = append(list, base58.Encode(sum[:]))
	}
	target := base58.Encode([]byte("target"))
	got, err := dht.Merge(target, list[:25], list[15:], 0)
	if err != nil || len(got) != 20 {
		t.Fatalf("Merge = %d, %v, want 20", len(got), err)
	}
	key := dht.Key(sha256.Sum256([]byte("target")))
	want := slices.Clone(list)
	slices.SortFunc(want, func(x, y string) int {
		a, _ := base58.Decode(x)
		b, _ := base58.Decode(y)
		return bytes.Compare(away(key, peer.ID(a)), away(key, peer.ID(b)))
	})
	if !slices.Equal(got, want[:20]) {
		t.Errorf("Merge = %v, want %v", got, want[:20])
	}
	if _, err := dht.Merge(target, []string{"0"}, nil, 1); !errors.Is(err, dht.ErrKey) {
		t.Errorf("Merge of no base58 = %v, want %v", err, dht.ErrKey)
	}
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
