// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/particle"
)

// probes are the Aqua programs of this suite.
const probes = "aqua/probes.aqua"

// relay is our whole peer on loopback.
type relay struct {
	*peer.Peer
	home string
	stop func()
}

// startPeer runs a peer; services beside the builtins are optional.
func startPeer(t testing.TB, home string, edit func(c *config.Config), services ...peer.Services) *relay {
	t.Helper()
	deps := peer.Deps{Home: filepath.Join(home, "peer"), Version: "interop"}
	if len(services) > 0 {
		deps.Services = services[0]
	}
	cfg := config.Default()
	cfg.ListenIP, cfg.TCPPort, cfg.WebsocketPort, cfg.HTTPPort = "127.0.0.1", 0, 0, -1
	cfg.AllowLocalAddresses, cfg.QUIC, cfg.StoreSync = true, false, false
	if edit != nil {
		edit(&cfg)
	}
	p, err := peer.New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var once sync.Once
	r := &relay{Peer: p, home: home, stop: func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run = %v, want nil", err)
			}
		})
	}}
	t.Cleanup(r.stop)
	select {
	case <-p.Ready():
	case err := <-ended:
		t.Fatalf("peer did not start: %v", err)
	}
	return r
}

// swarm is n peers that all know the first.
func swarm(t testing.TB, n int) []*relay {
	t.Helper()
	peers := []*relay{startPeer(t, t.TempDir(), nil)}
	for len(peers) < n {
		peers = append(peers, startPeer(t, t.TempDir(), func(c *config.Config) {
			c.BootstrapNodes = []string{peers[0].tcp(t)}
		}))
	}
	for _, p := range peers[1:] {
		eventually(t, "peers find each other", 15*time.Second, func() bool { return peers[0].Host().Connected(p.ID()) })
	}
	return peers
}

func (r *relay) ws(t testing.TB) string { t.Helper(); return listening(t, r.Host(), "/ws/") }

func (r *relay) tcp(t testing.TB) string {
	t.Helper()
	for _, a := range r.Host().Listening() {
		if s := a.String(); strings.Contains(s, "/tcp/") && !strings.Contains(s, "/ws") {
			return s
		}
	}
	t.Fatal("no TCP address")
	return ""
}

// create connects a client of the driver to r and returns its peer id.
func (d *driver) create(t testing.TB, name string, r *relay) string {
	t.Helper()
	var c created
	d.do(t, "create", object{"name": name, "relay": r.ws(t), "ttl": 15000}, &c)
	return c.PeerID
}

// call runs a function of the probes.
func (d *driver) call(t testing.TB, name, fn string, out any, args ...any) {
	t.Helper()
	d.do(t, "call", object{"name": name, "file": probes, "fn": fn, "args": args}, out)
}

// greeter lets a client answer the Greeter service.
func (d *driver) greeter(t testing.TB, name string) {
	t.Helper()
	d.do(t, "register", object{"name": name, "file": probes, "service": "Greeter", "functions": object{
		"greet":  fmt.Sprintf("return args[0] + ', says %s'", name),
		"shape":  "return { name: args[0], corners: [{ x: 1, y: -2 }, { x: 3, y: 4 }], label: 'four' }",
		"refuse": "throw new Error(args[0])",
	}}, nil)
}

func TestCheckConnection(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	d.create(t, "a", r)
	var ok bool
	d.do(t, "check", object{"name": "a", "ttl": 15000}, &ok)
	if !ok {
		t.Error("checkConnection = false, want true")
	}
}

func TestProbes(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	d.create(t, "a", r)
	long := strings.Repeat("0123456789", 30_000)
	tests := map[string]struct {
		fn   string
		args []any
		want any
	}{
		"call":               {"hello", []any{"world"}, "hello, world"},
		"par and join":       {"fan_out", []any{[]string{"a", "b", "c"}}, []any{"a!", "b!", "c!"}},
		"caught error":       {"catches", nil, nil},
		"option given":       {"optional", []any{"x"}, []any{"x!"}},
		"option empty":       {"optional", []any{nil}, []any{}},
		"arithmetic":         {"count_up", []any{20}, float64(40)},
		"300 kB and back":    {"long_value", []any{long}, long},
		"empty list in fold": {"each_back", []any{[]string{}, object{"$callback": "none"}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got any
			d.call(t, "a", tt.fn, &got, tt.args...)
			if list, ok := got.([]any); ok {
				slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
			}
			if name == "caught error" {
				if text, _ := got.(string); !strings.Contains(text, "no-such-service") {
					t.Errorf("got %v, want the error's text", got)
				}
				return
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got %.200v, want %.200v", got, tt.want)
			}
		})
	}
}

func TestStructResultIsAcceptedByTheClient(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	d.create(t, "a", r)
	var info struct {
		Addresses []string `json:"external_addresses"`
		Air       string   `json:"air_version"`
	}
	d.call(t, "a", "who_is_relay", &info)
	if info.Air != peer.AirVersion || info.Addresses == nil {
		t.Errorf("identify = %+v, want version %s", info, peer.AirVersion)
	}
}

func TestUncaughtErrorRejectsThePromise(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	d.create(t, "a", r)
	_, err := d.try("call", object{"name": "a", "file": probes, "fn": "fails"})
	if err == nil || !strings.Contains(err.Error(), "no-such-service") {
		t.Errorf("call = %v, want an error that names the service", err)
	}
}

func TestCallbacks(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	d.create(t, "a", r)
	d.call(t, "a", "each_back", nil, []string{"x", "y", "z"}, object{"$callback": "each"})
	var got [][]string
	eventually(t, "three callbacks", 10*time.Second, func() bool {
		d.do(t, "seen", object{"key": "a/each"}, &got)
		return len(got) == 3
	})
	if want := "[[x?] [y?] [z?]]"; fmt.Sprint(got) != want {
		t.Errorf("callbacks %v, want %s", got, want)
	}
}

func TestClientsCallEachOther(t *testing.T) {
	for _, n := range []int{1, 2} {
		t.Run(fmt.Sprintf("%d relays", n), func(t *testing.T) {
			peers, d := swarm(t, n), startDriver(t)
			there := peers[n-1]
			d.create(t, "alice", peers[0])
			bob := d.create(t, "bob", there)
			d.create(t, "carol", there)
			d.greeter(t, "bob")
			for _, from := range []string{"alice", "carol"} {
				var got string
				d.call(t, from, "ask", &got, bob, there.ID().String(), "hi")
				if want := "hi, says bob"; got != want {
					t.Errorf("%s got %q, want %q", from, got, want)
				}
			}
			var shape struct {
				Name    string
				Corners []struct{ X, Y int }
				Label   *string
			}
			d.call(t, "alice", "nested", &shape, bob, there.ID().String())
			if len(shape.Corners) != 2 || shape.Corners[0].Y != -2 || shape.Label == nil {
				t.Errorf("shape = %+v, want two corners and a label", shape)
			}
		})
	}
}

func TestTopologies(t *testing.T) {
	peers, d := swarm(t, 3), startDriver(t)
	var relays []string
	for _, p := range peers {
		relays = append(relays, p.ID().String())
	}
	d.create(t, "alice", peers[1])
	bob := d.create(t, "bob", peers[2])
	d.greeter(t, "bob")
	var got string
	d.call(t, "alice", "ask_far", &got, bob, []string{relays[0], relays[2]}, "far")
	if want := "far, says bob"; got != want {
		t.Errorf("ask_far = %q, want %q", got, want)
	}
	var visited []string
	d.call(t, "alice", "ask_via", &visited, relays)
	for i, r := range relays {
		if i >= len(visited) || visited[i] != "at "+r {
			t.Fatalf("ask_via = %v, want every relay in order", visited)
		}
	}
}

func TestAbsentPeerDoesNotHoldUpOthers(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	d.create(t, "alice", r)
	bob := d.create(t, "bob", r)
	gone := d.create(t, "gone", r)
	d.greeter(t, "bob")
	d.do(t, "stop", object{"name": "gone"}, nil)
	var got string
	d.call(t, "alice", "missing_peer", &got, []string{gone, bob}, "hi")
	if want := "hi, says bob"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A flood through the whole relay: 1 200 particles from one client, each called
// on the relay and then on another client. At most ahead of them are on their way:
// js-client drops particles in silence when it has 1 000 streams open, which it
// reaches on a busy machine.
func TestFloodThroughTheRelay(t *testing.T) {
	const flood, batch, ahead = 1200, 200, 600
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	d.create(t, "alice", r)
	other := startDriver(t)
	bob := other.create(t, "bob", r)
	other.do(t, "handle", object{"name": "bob", "service": "flood", "fn": "tick"}, nil)
	script := fmt.Sprintf(`(seq (call "%s" ("op" "noop") []) (call "%s" ("flood" "tick") []))`, r.ID(), bob)
	arrived := 0
	defer func() { t.Logf("%d of %d arrived", arrived, flood) }()
	reach := func(n int) {
		eventually(t, fmt.Sprintf("%d particles reached bob", n), 2*time.Minute, func() bool {
			other.do(t, "count", object{"key": "bob/tick"}, &arrived)
			return arrived >= n
		})
	}
	for sent := 0; sent < flood; sent += batch {
		d.do(t, "send", object{"name": "alice", "script": script, "count": batch, "ttl": 300000}, nil)
		reach(sent + batch - ahead)
	}
	reach(flood)
}

// After a restart under the same key and address, the next call reconnects.
func TestRelayRestart(t *testing.T) {
	home := t.TempDir()
	port := freePort(t)
	edit := func(c *config.Config) { c.WebsocketPort = port }
	r, d := startPeer(t, home, edit), startDriver(t)
	d.create(t, "a", r)
	var got string
	d.call(t, "a", "hello", &got, "one")
	r.stop()
	if _, err := d.try("call", object{"name": "a", "file": probes, "fn": "hello", "args": []any{"two"}, "ttl": 1500}); err == nil {
		t.Error("a call without a relay succeeded")
	}
	again := startPeer(t, home, edit)
	if again.ID() != r.ID() {
		t.Fatalf("peer id %s after the restart, want %s", again.ID(), r.ID())
	}
	d.call(t, "a", "hello", &got, "three")
	if want := "hello, three"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The Go client and the official one call each other.
func TestGoClientAndOfficialClient(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	bob := d.create(t, "bob", r)
	d.greeter(t, "bob")
	c := goClient(t, r)
	if err := c.Handle("greeter", "greet", func(_ context.Context, call client.Call) (any, error) {
		var name string
		err := call.Bind(&name)
		return name + ", says go", err
	}); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := c.Call(t.Context(), bob, "greeter", "greet", &got, "hi"); err != nil || got != "hi, says bob" {
		t.Errorf("Go calls JavaScript: %q, %v", got, err)
	}
	d.call(t, "bob", "ask", &got, c.ID().String(), r.ID().String(), "hi")
	if want := "hi, says go"; got != want {
		t.Errorf("JavaScript calls Go: %q, want %q", got, want)
	}
}

func goClient(t testing.TB, r *relay) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Key: newKey(t), Relay: r.ws(t), TTL: 15 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
	})
	<-c.Ready()
	return c
}

// A script compiled from Aqua runs in the Go client as it is.
func TestGoClientRunsCompiledAqua(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	var compiled struct{ Scripts map[string]string }
	d.do(t, "compile", object{"file": probes}, &compiled)
	c := goClient(t, r)
	got, err := c.Execute(t.Context(), client.Script{AIR: compiled.Scripts["fan_out"], Args: map[string]any{"names": []string{"a", "b", "c"}}})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	if len(got) != 1 || json.Unmarshal(got[0], &list) != nil || len(list) != 3 {
		t.Errorf("fan_out = %s, want three strings", got)
	}
}

func TestBoundIDs(t *testing.T) {
	r, d := startPeer(t, t.TempDir(), nil), startDriver(t)
	p := &particle.Particle{InitPeerID: "12D3KooWANqfCDrV79MZdMnMqTvDdqSAPSxdgFY1L6DCq2DVGB4D", Timestamp: 1696934545662, TTL: 7000, Script: "(null ü)"}
	nonce := [16]byte{0, 0, 3, 255}
	want, err := particle.BindID(p, 64, nonce)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	d.do(t, "bound_id", object{"max_hops": 64, "nonce": base64.StdEncoding.EncodeToString(nonce[:]), "particle": object{
		"initPeerId": p.InitPeerID, "timestamp": p.Timestamp, "ttl": p.TTL, "script": p.Script,
	}}, &got)
	if got != want {
		t.Errorf("boundId = %s, want %s", got, want)
	}
	d.do(t, "create", object{"name": "a", "relay": r.ws(t), "bound": true}, nil)
	var ids []string
	d.do(t, "send", object{"name": "a", "script": fmt.Sprintf(`(call "%s" ("op" "noop") [])`, r.ID())}, &ids)
	if len(ids) != 1 || !strings.HasPrefix(ids[0], particle.BoundPrefix) {
		t.Fatalf("ids = %v, want one bound id", ids)
	}
	d.call(t, "a", "hello", &got, "bound")
	if want := "hello, bound"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
