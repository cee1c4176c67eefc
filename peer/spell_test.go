// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/spell"
)

// counter is what the Aqua compiler makes of a function that takes a number from
// the spell and gives the next one back.
const counter = `(seq (call %init_peer_id% ("getDataSrv" "n") [] n)
 (seq (call %init_peer_id% ("math" "add") [n 1] m)
 (seq (call %init_peer_id% ("json" "obj") ["n" m] o)
      (call %init_peer_id% ("callbackSrv" "response") [o]))))`

func TestSpellCountsByItsClockAndSurvivesARestart(t *testing.T) {
	home := t.TempDir()
	p := startPeer(t, home, nil)
	m := manager(t, p)
	trigger := map[string]any{"clock": map[string]any{"start_sec": 1, "end_sec": 0, "period_sec": 1}, "connections": map[string]any{"connect": false, "disconnect": false}, "blockchain": map[string]any{"start_block": 0, "end_block": 0}}
	id := ask[string](t, m, "spell", "install", counter, map[string]any{"n": 5}, trigger, "count")
	value := func(m *client.Client) (n int) {
		text := ask[struct{ Value string }](t, m, "count", "get_string", "n").Value
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	waitFor(t, "two firings", func() bool { return value(m) >= 7 })
	if got := ask[[]string](t, m, "spell", "list"); len(got) != 1 || got[0] != id {
		t.Errorf("list = %v, want %s", got, id)
	}
	if _, err := tryAsk[string](t, startClient(t, p), "spell", "install", "(null)", map[string]any{}, trigger); err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("install by a stranger = %v, want a refusal", err)
	}
	before := value(m)
	p.stop()
	p = startPeer(t, home, nil)
	m = manager(t, p)
	waitFor(t, "a firing after the restart", func() bool { return value(m) > before })
	ask[string](t, m, "spell", "remove", "count")
	if got := ask[[]string](t, m, "spell", "list"); len(got) != 0 {
		t.Errorf("list after removal = %v", got)
	}
}

func TestHTTPRequestRunsASpellAndHasItsAnswer(t *testing.T) {
	p := startPeer(t, t.TempDir(), func(c *config.Config, _ *peer.Deps) { c.HTTPPort = 0 })
	ready, err := peer.ReadReady(p.home + "/peer")
	if err != nil || ready.HTTP == nil {
		t.Fatalf("no HTTP: %v", err)
	}
	m := manager(t, p)
	// The SHA-256 of "secret".
	trigger := map[string]any{"http": map[string]any{"token_sha256": "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"}}
	const echo = `(seq (call %init_peer_id% ("getDataSrv" "request") [] r) (call %init_peer_id% ("callbackSrv" "response") [r.$.body.who]))`
	ask[string](t, m, "spell", "install", echo, map[string]any{}, trigger, "web")
	post := func(edit func(*http.Request)) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, *ready.HTTP+"/spell/"+p.ID().String()+"/web", strings.NewReader(`{"who":"Ann"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer secret")
		req.Header.Set("Content-Type", "application/json")
		if edit != nil {
			edit(req)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	defer http.DefaultClient.CloseIdleConnections()
	if status, body := post(nil); status != http.StatusOK || body != `"Ann"` {
		t.Errorf("answer = %d %s, want 200 \"Ann\"", status, body)
	}
	for name, tt := range map[string]struct {
		edit func(*http.Request)
		want int
	}{
		"wrong token": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer other") }, 401},
		"no token":    {func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		"other spell": {func(r *http.Request) { r.URL.Path += "x" }, 401},
		"cross-site":  {func(r *http.Request) { r.Header.Set("Origin", "https://example.com") }, 403},
		"oversized": {func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 100_000))), 100_000
		}, 413},
		"no JSON": {func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{")), 1 }, 400},
		"reading": {func(r *http.Request) { r.Method = http.MethodGet }, 404},
	} {
		if status, body := post(tt.edit); status != tt.want {
			t.Errorf("%s: %d %s, want %d", name, status, body, tt.want)
		}
	}
	limited := 0
	for range 40 {
		if status, _ := post(nil); status == http.StatusTooManyRequests {
			limited++
		}
	}
	if limited == 0 {
		t.Error("a flood of requests was not limited")
	}
	if n := ask[struct{ Value uint32 }](t, m, "web", "get_u32", "hw_counter").Value; n == 0 || n > 41 {
		t.Errorf("counter = %d, want 1 to 41", n)
	}
}

func TestSpellRunsWhenAClientConnects(t *testing.T) {
	p := startPeer(t, t.TempDir(), nil)
	m := manager(t, p)
	const note = `(seq (call %init_peer_id% ("self" "get_string") ["hw_trigger"] why)
 (call %init_peer_id% ("self" "store_log") [why.$.value]))`
	ask[string](t, m, "spell", "install", note, map[string]any{}, map[string]any{"connections": map[string]any{"connect": true}}, "door")
	c := startClient(t, p)
	waitFor(t, "a log of the connection", func() bool {
		logs := ask[struct{ Logs []spell.Log }](t, m, "door", "get_logs").Logs
		return len(logs) > 0 && strings.Contains(logs[0].Message, c.ID().String())
	})
	if got := ask[struct{ Success bool }](t, c, "door", "store_log", "mine"); got.Success {
		t.Error("a stranger wrote into the log of a spell")
	}
}

// TestWorkersSpellsRunWithItsKey has a worker whose spells count, write each
// other's values as far as they may, and stop with the worker.
func TestWorkersSpellsRunWithItsKey(t *testing.T) {
	p := startPeer(t, t.TempDir(), nil)
	m := manager(t, p)
	id := ask[string](t, m, "worker", "create", "0x"+strings.Repeat("ab", 20), [][]int{})
	on := func(service, function string, out any, args ...any) error {
		return m.Call(t.Context(), id, service, function, out, args...)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	clock := map[string]any{"clock": map[string]any{"start_sec": 1, "period_sec": 1}}
	var first, second string
	must(on("spell", "install", &first, counter, map[string]any{"n": 0}, clock, "count"))
	const meddle = `(seq (call %init_peer_id% ("count" "set_string") ["w_note" "seen"] a)
 (seq (call %init_peer_id% ("count" "set_string") ["n" "100"] b)
 (seq (call %init_peer_id% ("spell" "get_spell_id") [] me)
      (call %init_peer_id% ("self" "set_string") ["me" me] c))))`
	must(on("spell", "install", &second, meddle, map[string]any{}, clock, "meddler"))
	type text struct{ Value string }
	var note, n, me text
	waitFor(t, "the worker's spells", func() bool {
		must(on("count", "get_string", &note, "w_note"))
		must(on("count", "get_string", &n, "n"))
		must(on("meddler", "get_string", &me, "me"))
		return note.Value == "seen" && n.Value != "0" && me.Value != ""
	})
	if me.Value != second {
		t.Errorf("spell's id by itself = %s, want %s", me.Value, second)
	}
	if len(n.Value) > 2 {
		t.Errorf("another spell set a value without prefix: %s", n.Value)
	}
	if got := ask[[]string](t, m, "spell", "list"); len(got) != 0 {
		t.Errorf("spells of the worker are listed at the host: %v", got)
	}
	ask[string](t, m, "worker", "deactivate", strings.Repeat("ab", 20))
	ask[string](t, m, "worker", "remove", id)
	scope, err := libp2ppeer.Decode(id)
	must(err)
	if left := p.Spells().List(scope); len(left) != 0 {
		t.Errorf("removed worker left spells %v", left)
	}
}
