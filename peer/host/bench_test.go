// SPDX-License-Identifier: Apache-2.0

package host_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

// sizes are the particles of the official load cases: an identity call and a
// 2 MiB argument.
func sizes() map[string]int { return map[string]int{"1KiB": 1 << 10, "2MiB": 2 << 20} }

// BenchmarkParticleRoundTrip is a particle to another host and back: two
// streams, two frames, two signature checks.
func BenchmarkParticleRoundTrip(b *testing.B) {
	for name, size := range sizes() {
		for _, transport := range []string{"/ws/", "/quic-v1/"} {
			b.Run(name+transport[:len(transport)-1], func(b *testing.B) {
				unlimited := func(c *host.Config) {
					c.Quotas.Peer = host.Rate{Particles: -1, Bytes: -1}
				}
				var relay *running
				relay = start(b, func(c *host.Config) {
					unlimited(c)
					c.Handler = func(_ context.Context, from peer.ID, p *particle.Particle) error {
						go func() { _ = relay.Send(context.Background(), from, p) }()
						return nil
					}
				})
				a := start(b, unlimited)
				connect(b, a, relay.at(b, transport))
				p := a.particle(b, make([]byte, size))
				b.SetBytes(2 * int64(particle.FrameSize(p)))
				b.ReportAllocs()
				for b.Loop() {
					if err := a.Send(b.Context(), relay.ID(), p); err != nil {
						b.Fatal(err)
					}
					a.next(b)
				}
			})
		}
	}
}

// BenchmarkTransportFloor echoes the same bytes on one libp2p stream each, with
// nothing of ours but the sockets: what no relay can be faster than.
func BenchmarkTransportFloor(b *testing.B) {
	const echo protocol.ID = "/go-fluence/bench/echo/1.0.0"
	for name, size := range sizes() {
		for _, transport := range []string{"/ws/", "/quic-v1/"} {
			b.Run(name+transport[:len(transport)-1], func(b *testing.B) {
				relay, a := start(b, nil), start(b, nil)
				net, err := relay.Libp2p()
				if err != nil {
					b.Fatal(err)
				}
				net.SetStreamHandler(echo, func(s network.Stream) {
					_, _ = io.Copy(s, s)
					_ = s.Close()
				})
				connect(b, a, relay.at(b, transport))
				from, err := a.Libp2p()
				if err != nil {
					b.Fatal(err)
				}
				frame, err := particle.AppendFrame(nil, a.particle(b, make([]byte, size)))
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(2 * int64(len(frame)))
				b.ReportAllocs()
				for b.Loop() {
					if err := echoOnce(b.Context(), from, relay.ID(), echo, frame); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

type streamer interface {
	NewStream(ctx context.Context, p peer.ID, pids ...protocol.ID) (network.Stream, error)
}

func echoOnce(ctx context.Context, from streamer, to peer.ID, echo protocol.ID, frame []byte) error {
	s, err := from.NewStream(ctx, to, echo)
	if err != nil {
		return err
	}
	written := make(chan error, 1)
	go func() {
		_, err := s.Write(frame)
		if err == nil {
			err = s.CloseWrite()
		}
		written <- err
	}()
	n, err := io.Copy(io.Discard, s)
	if err != nil {
		return err
	}
	if err := <-written; err != nil {
		return err
	}
	if n != int64(len(frame)) {
		return fmt.Errorf("%d bytes came back of %d", n, len(frame))
	}
	return s.Close()
}
