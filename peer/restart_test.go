// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// counted is a service whose calls are counted over restarts of its peer.
type counted struct{ calls atomic.Int32 }

func (*counted) Owner(pipeline.Scope, string) (libp2ppeer.ID, bool) { return "", false }

func (s *counted) Call(context.Context, pipeline.Call) (pipeline.Result, error) {
	return pipeline.Result{JSON: fmt.Append(nil, s.calls.Add(1))}, nil
}

// TestNothingRunsTwiceOverARestart sends one particle to a peer before and after
// it was killed, with its memory kept and with its memory lost.
func TestNothingRunsTwiceOverARestart(t *testing.T) {
	for name, lost := range map[string]bool{"memory kept": false, "memory lost": true} {
		t.Run(name, func(t *testing.T) {
			service := &counted{}
			home := t.TempDir()
			begin := func() *target {
				p := startPeer(t, home, func(c *config.Config, d *peer.Deps) { c.HTTPPort, c.StoreSync, d.Services = 0, true, service })
				r, err := peer.ReadReady(filepath.Join(home, "peer"))
				if err != nil {
					t.Fatal(err)
				}
				return &target{p, t, *r.HTTP}
			}
			p := begin()
			a := startAttacker(t, p.testPeer)
			q := a.make(fmt.Sprintf(`(seq (call %q ("shop" "pay") [] x) (call %q ("shop" "ship") [x] y))`, p.ID(), p.ID()), nil)
			a.send(q)
			waitFor(t, "both calls", func() bool {
				return service.calls.Load() == 2 && p.metric("particle_executor_interpretation_successes_total") == 3
			})
			p.stop()
			if lost {
				if err := os.RemoveAll(filepath.Join(home, "peer", "particles")); err != nil {
					t.Fatal(err)
				}
			}
			p = begin()
			if p.ID() != a.to {
				t.Fatal("another peer came up")
			}
			again := startAttacker(t, p.testPeer)
			again.send(q)
			if lost {
				waitFor(t, "the refusal", func() bool { return p.metric(`fluence_pipeline_refused_total{reason="before_start"}`) == 1 })
			} else {
				waitFor(t, "the run", func() bool { return p.metric("particle_executor_interpretation_successes_total") == 1 })
			}
			if n := service.calls.Load(); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

func TestClientsComeBackAfterARelayRestart(t *testing.T) {
	home := t.TempDir()
	ports := func(tcp, ws int) func(c *config.Config, _ *peer.Deps) {
		return func(c *config.Config, _ *peer.Deps) { c.TCPPort, c.WebsocketPort = tcp, ws }
	}
	fixed := ports(freePort(t), freePort(t))
	p := startPeer(t, home, fixed)
	c := startClient(t, p)
	if err := c.CheckConnection(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.stop()
	startPeer(t, home, fixed)
	waitFor(t, "the client to come back", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		err := c.CheckConnection(ctx)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Log(err)
		}
		return err == nil
	})
}

// freePort returns a port below those that the system gives to outgoing
// connections: a client that redials such a one may meet itself.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(10_000)
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		if err := ln.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port")
	return 0
}

func TestSealedKeysNeedTheirPassphrase(t *testing.T) {
	home := t.TempDir()
	seal := func(_ *config.Config, d *peer.Deps) { d.Passphrase = "correct horse" }
	p := startPeer(t, home, seal)
	r, err := peer.ReadReady(filepath.Join(home, "peer"))
	if err != nil || r.ManagementKey != nil {
		t.Errorf("ready file shows the key of a sealed peer: %v", err)
	}
	p.stop()
	if _, err := peer.New(config.Default(), peer.Deps{Home: filepath.Join(home, "peer")}); err == nil {
		t.Error("peer started without its passphrase")
	}
	if again := startPeer(t, home, seal); again.ID() != p.ID() {
		t.Error("peer id changed")
	}
}
