// SPDX-License-Identifier: Apache-2.0

package host_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/x/simlibp2p"
	"github.com/marcopolo/simnet"

	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

// simulated runs n hosts on a network without sockets, in virtual time.
func simulated(t *testing.T, n int, edit func(i int, c *host.Config)) []*host.Host {
	t.Helper()
	net := &simnet.Simnet{LatencyFunc: simnet.StaticLatency(25 * time.Millisecond)}
	link := simnet.LinkSettings{BitsPerSecond: 100 * simlibp2p.OneMbps}
	hosts := make([]*host.Host, n)
	configs := make([]host.Config, n)
	for i := range hosts {
		configs[i] = host.Config{
			Key:    newKey(t),
			Listen: []string{fmt.Sprintf("/ip4/1.0.%d.%d/udp/8000/quic-v1", i>>8, i&255)},
			Quotas: host.Quotas{Exempt: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
			Extra: []libp2p.Option{
				simlibp2p.QUICSimnet(net, simnet.NodeBiDiLinkSettings{Downlink: link, Uplink: link}),
			},
		}
		edit(i, &configs[i])
		h, err := host.New(configs[i])
		if err != nil {
			t.Fatal(err)
		}
		hosts[i] = h
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, n)
	for _, h := range hosts { // one after another: simnet takes no two at once
		go func() { done <- h.Run(ctx) }()
		select {
		case err := <-done:
			t.Fatalf("Run = %v", err)
		case <-h.Ready():
		}
	}
	net.Start()
	t.Cleanup(func() {
		cancel()
		for range hosts {
			if err := <-done; err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		}
		net.Close()
	})
	return hosts
}

// N02, N10: whoever opens a stream and says nothing, or next to nothing, is cut
// off after the base time plus what its bytes may take.
func TestSlowSendersAreCutOff(t *testing.T) {
	tests := map[string]struct {
		first []byte        // written at once
		every time.Duration // then one byte each; 0: silence
		last  time.Duration // the stream must be reset by then
	}{
		"silent":              {nil, 0, 11 * time.Second},
		"half a length":       {[]byte{0x80}, 0, 11 * time.Second},
		"a byte per second":   {[]byte{0xff, 0x7f}, time.Second, 12 * time.Second},
		"stalls after 64 KiB": {append([]byte{0x80, 0x80, 0x80, 0x01}, make([]byte, 64<<10)...), 0, 14 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				metrics := host.NewMetrics(nil)
				hosts := simulated(t, 2, func(_ int, c *host.Config) {
					c.Metrics = metrics
					c.Handler = func(context.Context, peer.ID, *particle.Particle) error { return nil }
				})
				relay := hosts[0]
				if err := hosts[1].Connect(t.Context(), peer.AddrInfo{ID: relay.ID(), Addrs: relay.Listening()}); err != nil {
					t.Fatal(err)
				}
				net, err := hosts[1].Libp2p()
				if err != nil {
					t.Fatal(err)
				}
				s, err := net.NewStream(t.Context(), relay.ID(), host.ParticleProtocol)
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				if _, err := s.Write(tt.first); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				var drip sync.WaitGroup
				if tt.every > 0 {
					drip.Go(func() {
						for ctx.Err() == nil {
							select {
							case <-ctx.Done():
							case <-time.After(tt.every):
								_, _ = s.Write([]byte{0})
							}
						}
					})
				}
				defer drip.Wait()
				defer cancel()
				var one [1]byte
				if _, err := s.Read(one[:]); err == nil {
					t.Fatal("the stream was answered")
				}
				if took := time.Since(begin); took < 9*time.Second || took > tt.last {
					t.Errorf("cut off after %v, want about 10 s and at most %v", took, tt.last)
				}
				if metrics.Refused("timeout") != 1 {
					t.Errorf("refusals %v, want one timeout", metrics.Refusals())
				}
			})
		})
	}
}
