// SPDX-License-Identifier: Apache-2.0

package host_test

import (
	"context"
	"errors"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/go-fluence/fluence/peer/host"
)

func TestPrivateAddressesAreNotDialled(t *testing.T) {
	tests := map[string]struct {
		reach host.Reach
		known bool
		addr  string
		want  error // ErrAddress: refused without a dial; ErrNotConnected: tried
	}{
		"public, loopback":     {host.ReachPublic, false, "/ip4/127.0.0.1/tcp/1", host.ErrAddress},
		"public, loopback v6":  {host.ReachPublic, false, "/ip6/::1/tcp/1", host.ErrAddress},
		"public, known":        {host.ReachPublic, true, "/ip4/127.0.0.1/tcp/1", host.ErrNotConnected},
		"public, private":      {host.ReachPublic, false, "/ip4/10.1.2.3/tcp/80", host.ErrAddress},
		"public, link-local":   {host.ReachPublic, false, "/ip4/169.254.169.254/tcp/80", host.ErrAddress},
		"public, shared space": {host.ReachPublic, false, "/ip4/100.64.0.1/tcp/80", host.ErrAddress},
		"public, unique local": {host.ReachPublic, false, "/ip6/fd00::1/tcp/80", host.ErrAddress},
		"public, mapped":       {host.ReachPublic, false, "/ip6/::ffff:127.0.0.1/tcp/1", host.ErrAddress},
		"public, no host":      {host.ReachPublic, false, "/memory/1", host.ErrAddress},
		"public, unspecified":  {host.ReachPublic, false, "/ip4/0.0.0.0/tcp/80", host.ErrAddress},
		"public, multicast":    {host.ReachPublic, false, "/ip4/224.0.0.1/tcp/80", host.ErrAddress},
		"loopback, loopback":   {host.ReachLoopback, false, "/ip4/127.0.0.1/tcp/1", host.ErrNotConnected},
		"loopback, private":    {host.ReachLoopback, false, "/ip4/192.168.1.1/tcp/80", host.ErrAddress},
		"private, unspecified": {host.ReachPrivate, false, "/ip4/0.0.0.0/tcp/80", host.ErrAddress},
		"private, multicast":   {host.ReachPrivate, false, "/ip4/224.0.0.1/tcp/80", host.ErrAddress},
	}
	b := start(t, nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := start(t, func(c *host.Config) {
				c.Reach = tt.reach
				if tt.known {
					c.Known = []string{tt.addr}
				}
			})
			addr := peer.AddrInfo{ID: b.ID(), Addrs: []ma.Multiaddr{ma.StringCast(tt.addr)}}
			if err := a.Connect(t.Context(), addr); !errors.Is(err, tt.want) {
				t.Fatalf("Connect = %v, want %v", err, tt.want)
			}
			refused := a.metrics.Refused("dial_out_of_reach") > 0
			if want := errors.Is(tt.want, host.ErrAddress); refused != want {
				t.Errorf("counted as refused = %v, want %v", refused, want)
			}
			if kept, err := a.Remember(addr); err != nil || (kept == 0) != errors.Is(tt.want, host.ErrAddress) {
				t.Errorf("Remember = %d, %v", kept, err)
			}
		})
	}
}

// A record may also name a private address by a DNS name; the gater judges what
// the name resolves to, and a peerstore entry that bypassed Connect.
func TestPeerstoreEntriesOutOfReachAreNotDialled(t *testing.T) {
	a := start(t, func(c *host.Config) { c.Reach = host.ReachPublic })
	b := start(t, nil)
	net, err := a.Libp2p()
	if err != nil {
		t.Fatal(err)
	}
	net.Peerstore().AddAddrs(b.ID(), b.at(t, "/ws/").Addrs, 1<<40)
	if err := a.Send(context.Background(), b.ID(), a.particle(t, nil)); !errors.Is(err, host.ErrNotConnected) {
		t.Fatalf("Send = %v, want %v", err, host.ErrNotConnected)
	}
	if a.metrics.Refused("dial_out_of_reach") == 0 {
		t.Errorf("refusals %v, want dial_out_of_reach", a.metrics.Refusals())
	}
	if c, ok := a.Contact(b.ID()); ok {
		t.Errorf("Contact = %+v, want none in reach", c)
	}
}

func TestOnlyAddressesInReachAreAnnounced(t *testing.T) {
	a := start(t, func(c *host.Config) {
		c.Reach = host.ReachPublic
		c.Announce = []string{"/dns4/relay.example/tcp/443/wss"}
	})
	if got := a.Addrs(); len(got) != 1 || got[0].String() != "/dns4/relay.example/tcp/443/wss/p2p/"+a.ID().String() {
		t.Errorf("Addrs = %v, want the announced one alone", got)
	}
	if got := a.Listening(); len(got) < 3 {
		t.Errorf("Listening = %v, want three", got)
	}
}
