// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// relay is the least that can be a relay: it runs the interpreter, answers op
// and sends on to whoever is connected. The real one is tested in peer.
type relay struct {
	*host.Host
	t    testing.TB
	key  crypto.PrivKey
	seed []byte
	ctx  context.Context
	stop func()
	work sync.WaitGroup

	mu   sync.Mutex
	prev map[string][]byte
}

func startRelay(t testing.TB, key crypto.PrivKey, listen string) *relay {
	t.Helper()
	raw, err := key.Raw()
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, key: key, seed: raw[:32], prev: make(map[string][]byte)}
	r.Host, err = host.New(host.Config{
		Key: key, Listen: []string{listen}, Reach: host.ReachLoopback,
		Handler: func(_ context.Context, _ peer.ID, p *particle.Particle) error {
			r.work.Go(func() { r.step(p, p.Data, nil) })
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.ctx = ctx
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	<-r.Ready()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil", err)
		}
		r.work.Wait()
	}
	t.Cleanup(r.stop)
	return r
}

func (r *relay) step(p *particle.Particle, data []byte, results map[uint32]air.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		out, err := air.Invoke(r.ctx, air.Input{Script: p.Script, Prev: r.prev[p.ID], Data: data, Results: results, Params: air.Params{
			InitPeerID: p.InitPeerID, CurrentPeerID: r.ID().String(), Timestamp: p.Timestamp, TTL: p.TTL, SecretKey: r.seed, ParticleID: p.ID,
		}})
		if err != nil {
			return
		}
		r.prev[p.ID] = out.Data
		for _, text := range out.Next {
			if to, err := peer.Decode(text); err == nil && r.Connected(to) {
				r.work.Go(func() { _ = r.Send(r.ctx, to, p.WithData(out.Data)) })
			}
		}
		if len(out.Calls) == 0 {
			return
		}
		data, results = nil, make(map[uint32]air.Result)
		for id, call := range out.Calls {
			results[id] = r.answer(call)
		}
	}
}

func (r *relay) answer(call air.Call) air.Result {
	switch {
	case call.Service == "op" && call.Function == "identity":
		return air.Result{JSON: call.Args[0]}
	case call.Service == "op" && call.Function == "noop":
		return air.Result{JSON: []byte(`""`)}
	}
	return air.Result{Code: 1, JSON: []byte(`"Service with id '` + call.Service + `' not found"`)}
}

func (r *relay) addr() string { return r.Listening()[0].String() }

func newKey(t testing.TB) crypto.PrivKey {
	t.Helper()
	key, err := client.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func startClient(t testing.TB, relay string, edit func(*client.Config)) *client.Client {
	t.Helper()
	cfg := client.Config{Key: newKey(t), Relay: relay, TTL: 20 * time.Second}
	if edit != nil {
		edit(&cfg)
	}
	c, err := client.New(cfg)
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
	select {
	case <-c.Ready():
	case <-time.After(20 * time.Second):
		t.Fatal("relay not reached in 20 s")
	}
	return c
}

func pair(t testing.TB) (*relay, *client.Client) {
	t.Helper()
	r := startRelay(t, newKey(t), "/ip4/127.0.0.1/tcp/0/ws")
	return r, startClient(t, r.addr(), nil)
}

func TestConnectionIsChecked(t *testing.T) {
	_, c := pair(t)
	if err := c.CheckConnection(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestCallReachesAnotherClientThroughTheRelay(t *testing.T) {
	r, alice := pair(t)
	bob := startClient(t, r.addr(), nil)
	if err := bob.Handle("greeter", "greet", func(_ context.Context, c client.Call) (any, error) {
		var name string
		if err := c.Bind(&name); err != nil {
			return nil, err
		}
		if c.Particle.InitPeerID != alice.ID().String() {
			return nil, errors.New("who are you")
		}
		return "hello, " + name, nil
	}); err != nil {
		t.Fatal(err)
	}
	var got string
	if err := alice.Call(t.Context(), bob.ID().String(), "greeter", "greet", &got, "Alice"); err != nil {
		t.Fatal(err)
	}
	if want := "hello, Alice"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	err := alice.Call(t.Context(), bob.ID().String(), "greeter", "greet", &got, 7)
	var failed *client.ScriptError
	if !errors.As(err, &failed) || failed.PeerID != bob.ID().String() || !strings.Contains(failed.Message, "argument 0") {
		t.Errorf("Call with a number = %v, want a script error of bob's", err)
	}
	if err := alice.Call(t.Context(), r.ID().String(), "nobody", "home", nil); !errors.As(err, &failed) || failed.Code != 10000 {
		t.Errorf("Call of no service = %v, want code 10000", err)
	}
}

func TestLargeArguments(t *testing.T) {
	r, c := pair(t)
	want := strings.Repeat("x", 300_000)
	var got string
	if err := c.Call(t.Context(), r.ID().String(), "op", "identity", &got, want); err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
}

// The script is what the official compiler makes of a loop with a callback.
func TestCallbacksAreCalledInParticlesOfTheirOwn(t *testing.T) {
	_, c := pair(t)
	var mu sync.Mutex
	var seen []string
	record := func(_ context.Context, call client.Call) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		var s string
		err := call.Bind(&s)
		seen = append(seen, s)
		return nil, err
	}
	script := `(seq
	 (seq (call %init_peer_id% ("getDataSrv" "-relay-") [] -relay-)
	      (call %init_peer_id% ("getDataSrv" "list") [] list))
	 (seq
	  (fold list item
	   (seq (seq (call -relay- ("op" "identity") [item] back)
	             (call %init_peer_id% ("callbackSrv" "each") [back]))
	        (next item))
	   (null))
	  (call %init_peer_id% ("callbackSrv" "response") ["done"])))`
	got, err := c.Execute(t.Context(), client.Script{
		AIR: script, Args: map[string]any{"list": []string{"a", "b", "c"}}, Callbacks: map[string]client.Function{"each": record},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || string(got[0]) != `"done"` {
		t.Errorf("response = %s, want done", got)
	}
	if want := "[a b c]"; fmt.Sprint(seen) != want {
		t.Errorf("callbacks %v, want %s", seen, want)
	}
}

func TestScriptsThatFail(t *testing.T) {
	_, c := pair(t)
	short := func(air string) client.Script { return client.Script{AIR: air, TTL: 300 * time.Millisecond} }
	var inner *client.InterpreterError
	if _, err := c.Execute(t.Context(), short("(nonsense")); !errors.As(err, &inner) || inner.Code != 1 {
		t.Errorf("script that does not parse: %v, want code 1", err)
	}
	if _, err := c.Execute(t.Context(), short(`(fail 1337 "no")`)); !errors.As(err, &inner) || inner.Code != 10006 {
		t.Errorf("script that fails: %v, want code 10006", err)
	}
	if _, err := c.Execute(t.Context(), short("(null)")); !errors.Is(err, client.ErrTimeout) {
		t.Errorf("script without a response: %v, want %v", err, client.ErrTimeout)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Execute(ctx, short("(never)")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v, want %v", err, context.Canceled)
	}
	if _, err := c.Execute(t.Context(), client.Script{AIR: "(null)", Args: map[string]any{"x": make(chan int)}}); err == nil {
		t.Error("an argument that is no JSON was taken")
	}
	if id, err := c.Send(t.Context(), short("(null)")); err != nil || !strings.HasPrefix(id, "fl1.") {
		t.Errorf("Send = %s, %v, want a bound id", id, err)
	}
}

func TestPanicsOfFunctionsAreErrorsOfTheCall(t *testing.T) {
	_, c := pair(t)
	if err := c.Handle("bad", "day", func(context.Context, client.Call) (any, error) { panic("no") }); err != nil {
		t.Fatal(err)
	}
	var failed *client.ScriptError
	if err := c.Call(t.Context(), c.ID().String(), "bad", "day", nil); !errors.As(err, &failed) {
		t.Errorf("Call = %v, want a script error", err)
	}
}

func TestRelayRestart(t *testing.T) {
	key := newKey(t)
	r := startRelay(t, key, "/ip4/127.0.0.1/tcp/0/ws")
	addr := r.addr()
	short := func(c *client.Config) { c.TTL = time.Second }
	alice, bob := startClient(t, addr, short), startClient(t, addr, nil)
	if err := bob.Handle("a", "b", func(context.Context, client.Call) (any, error) { return json.RawMessage("[1]"), nil }); err != nil {
		t.Fatal(err)
	}
	r.stop()
	listen, _, _ := strings.Cut(addr, "/p2p/")
	startRelay(t, key, listen)
	var got []int
	// Bob only serves: he must come back by himself, and the first tries may be
	// lost because he is not there yet.
	for range 40 {
		err := alice.Call(t.Context(), bob.ID().String(), "a", "b", &got)
		if err == nil {
			break
		}
	}
	if len(got) != 1 {
		t.Errorf("got %v after the restart, want [1]", got)
	}
}

func TestConfigIsChecked(t *testing.T) {
	key := newKey(t)
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	rsa, _, err := crypto.GenerateKeyPair(crypto.RSA, 2048)
	if err != nil {
		t.Fatal(err)
	}
	relay := "/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf"
	for what, cfg := range map[string]client.Config{
		"no key":         {Relay: relay},
		"RSA key":        {Key: rsa, Relay: relay},
		"no relay":       {Key: key},
		"relay, no id":   {Key: key, Relay: "/ip4/127.0.0.1/tcp/1/ws"},
		"relay, no addr": {Key: key, Relay: "/p2p/12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf"},
		"relay is self":  {Key: key, Relay: "/ip4/127.0.0.1/tcp/1/ws/p2p/" + id.String()},
		"ttl":            {Key: key, Relay: relay, TTL: time.Nanosecond},
	} {
		if _, err := client.New(cfg); !errors.Is(err, client.ErrConfig) {
			t.Errorf("%s: New = %v, want %v", what, err, client.ErrConfig)
		}
	}
	c, err := client.New(client.Config{Key: key, Relay: relay})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Execute(t.Context(), client.Script{AIR: "(null)"}); !errors.Is(err, client.ErrNotRunning) {
		t.Errorf("Execute before Run = %v, want %v", err, client.ErrNotRunning)
	}
	for _, service := range []string{"", "getDataSrv", "callbackSrv", "errorHandlingSrv"} {
		f := func(context.Context, client.Call) (any, error) { return nil, nil }
		if err := c.Handle(service, "x", f); !errors.Is(err, client.ErrFunction) {
			t.Errorf("Handle(%q) = %v, want %v", service, err, client.ErrFunction)
		}
	}
}
