// SPDX-License-Identifier: Apache-2.0

package dht_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"

	"github.com/go-fluence/fluence/peer/dht"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

// Peers that know only the first find each other and deliver, in virtual time.
func TestPeersOfASwarmReachEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { reach(t, 10) })
}

func reach(t *testing.T, n int) {
	net := &simnet.Simnet{LatencyFunc: simnet.StaticLatency(10 * time.Millisecond)}
	link := simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps}
	peers := make([]*one, n)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2*n)
	var first string
	for i := range peers {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		o := &one{key: key, got: make(chan *particle.Particle, 16)}
		addr := fmt.Sprintf("/ip4/1.%d.0.1/udp/8000/quic-v1", i+1) // one network each
		o.Host, err = host.New(host.Config{
			Key: key, Listen: []string{addr},
			Quotas: host.Quotas{Exempt: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
			Extra:  []libp2p.Option{simlibp2p.QUICSimnet(net, simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link})},
			Handler: func(_ context.Context, _ peer.ID, p *particle.Particle) error {
				o.got <- p
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		cfg := dht.Config{Host: o.Host, Network: dht.NetworkName("sim-1")}
		if i == 0 {
			first = addr + "/p2p/" + o.ID().String()
		} else {
			cfg.Bootstrap = []string{first}
		}
		if o.dht, err = dht.New(cfg); err != nil {
			t.Fatal(err)
		}
		peers[i] = o
	}
	for _, o := range peers {
		go func() { ended <- o.Run(ctx) }()
		<-o.Ready() // one after another: simnet takes no two at once
	}
	for _, o := range peers {
		go func() { ended <- o.dht.Run(ctx) }()
	}
	net.Start()
	defer func() {
		cancel()
		for range 2 * n {
			if err := <-ended; err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		}
		net.Close()
	}()
	<-time.After(10 * time.Second) // virtual: the tables fill
	for i := range n / 2 {
		from, to := peers[i], peers[n-1-i]
		p, err := particle.New(from.key, particle.Draft{Script: "(null)", TTL: time.Minute, Time: time.Now(), Nonce: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		if err := from.dht.Send(ctx, to.ID(), p); err != nil {
			t.Fatalf("peer %d to peer %d: %v", i, n-1-i, err)
		}
		if got := <-to.got; got.ID != p.ID {
			t.Errorf("peer %d got %s, want %s", n-1-i, got.ID, p.ID)
		}
	}
}
