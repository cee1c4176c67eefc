// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
)

func TestMain(m *testing.M) {
	if home := os.Getenv(relayEnv); home != "" {
		os.Exit(relayMain(home))
	}
	goleak.VerifyTestMain(m)
}

// testPeer is a running peer.
type testPeer struct {
	*peer.Peer
	home string
	stop func()
}

// address returns a loopback address of the peer that has part in it.
func (p *testPeer) address(t testing.TB, part string) string {
	t.Helper()
	for _, a := range p.Host().Listening() {
		if strings.Contains(a.String(), part) {
			return a.String()
		}
	}
	t.Fatalf("no address with %s in %v", part, p.Host().Listening())
	return ""
}

// startPeer runs a peer on loopback. edit may be nil.
func startPeer(t testing.TB, home string, edit func(c *config.Config, d *peer.Deps)) *testPeer {
	t.Helper()
	cfg := config.Default()
	cfg.ListenIP, cfg.TCPPort, cfg.WebsocketPort, cfg.HTTPPort = "127.0.0.1", 0, 0, -1
	cfg.AllowLocalAddresses, cfg.QUIC, cfg.StoreSync = true, false, false
	deps := peer.Deps{Home: filepath.Join(home, "peer"), Version: "test"}
	if edit != nil {
		edit(&cfg, &deps)
	}
	p, err := peer.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var runErr error
	ended := make(chan struct{}) // closed when Run returned runErr
	go func() {
		defer close(ended)
		runErr = p.Run(ctx)
	}()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			if <-ended; runErr != nil {
				t.Errorf("Run = %v", runErr)
			}
		})
	}
	t.Cleanup(stop)
	select {
	case <-p.Ready():
	case <-ended:
		t.Fatalf("peer did not start: %v", runErr)
	}
	return &testPeer{p, home, stop}
}

// startSwarm runs n peers that know each other through the first.
func startSwarm(t testing.TB, n int) []*testPeer {
	t.Helper()
	peers := []*testPeer{startPeer(t, t.TempDir(), nil)}
	for len(peers) < n {
		peers = append(peers, startPeer(t, t.TempDir(), func(c *config.Config, _ *peer.Deps) {
			c.BootstrapNodes = []string{peers[0].address(t, "/tcp/")}
		}))
	}
	waitFor(t, "peers to find each other", func() bool {
		for _, p := range peers[1:] {
			if !p.Host().Connected(peers[0].ID()) {
				return false
			}
		}
		return true
	})
	return peers
}

// waitFor polls for something that other goroutines bring about.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(time.Minute) // modules compile slowly under the race detector
	defer limit.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// startClient connects a client to p over WebSocket.
func startClient(t testing.TB, p *testPeer) *client.Client {
	t.Helper()
	key, err := client.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, p, key)
}

// clientOf connects a client of a given key.
func clientOf(t testing.TB, p *testPeer, key crypto.PrivKey) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Key: key, Relay: p.address(t, "/ws"), TTL: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("client Run = %v", err)
		}
	})
	select {
	case <-c.Ready():
	case <-time.After(15 * time.Second):
		t.Fatal("client cannot reach its relay")
	}
	return c
}

// execute runs a script and returns the arguments of its response as JSON texts.
func execute(t testing.TB, c *client.Client, script string, args map[string]any) []string {
	t.Helper()
	values, err := tryExecute(t, c, script, args)
	if err != nil {
		t.Fatalf("script failed: %v\n%s", err, script)
	}
	return values
}

func tryExecute(t testing.TB, c *client.Client, script string, args map[string]any) ([]string, error) {
	t.Helper()
	raw, err := c.Execute(t.Context(), client.Script{AIR: script, Args: args})
	values := make([]string, len(raw))
	for i, v := range raw {
		values[i] = string(v)
	}
	return values, err
}

// load is AIR that loads the relay and the named arguments, hops to the relay,
// then runs body. Without the hop nobody would send the particle on: a client
// asks its relay only, and a relay does not repeat what the client asked for.
func load(names []string, body string) string {
	loads := `(call %init_peer_id% ("getDataSrv" "-relay-") [] relay)`
	for _, n := range names {
		loads = fmt.Sprintf("(seq %s (call %%init_peer_id%% (\"getDataSrv\" %q) [] %s))", loads, n, n)
	}
	return "(seq " + loads + " (seq (call relay (\"op\" \"noop\") []) " + body + "))"
}

// respond is AIR that returns values to the initiator by way of the relay.
func respond(values string) string {
	return `(seq (call relay ("op" "noop") []) (call %init_peer_id% ("callbackSrv" "response") [` + values + `]))`
}

func ids(peers []*testPeer) []string {
	out := make([]string, len(peers))
	for i, p := range peers {
		out[i] = p.ID().String()
	}
	return out
}

func decode[T any](t testing.TB, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}
