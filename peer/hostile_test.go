// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/host"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// The tests of this file are the hostile cases A01 to A12 against a real peer:
// each is refused under its reason, and an honest client works on meanwhile.

// target is a peer under attack with its operator's view.
type target struct {
	*testPeer
	t   *testing.T
	url string
}

func startTarget(t *testing.T, edit func(c *config.Config, d *peer.Deps)) *target {
	t.Helper()
	p := startPeer(t, t.TempDir(), func(c *config.Config, d *peer.Deps) {
		c.HTTPPort = 0
		if edit != nil {
			edit(c, d)
		}
	})
	r, err := peer.ReadReady(filepath.Join(p.home, "peer"))
	if err != nil || r.HTTP == nil {
		t.Fatalf("ready file: %v", err)
	}
	return &target{p, t, *r.HTTP}
}

// metric reads one counter, 0 when it is not there.
func (p *target) metric(name string) float64 {
	p.t.Helper()
	c := &http.Client{}
	res, err := c.Get(p.url + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	raw, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	c.CloseIdleConnections()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, line := range strings.Split(string(raw), "\n") {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return v
		}
	}
	return 0
}

// attacker sends whatever it is given.
type attacker struct {
	*host.Host
	key crypto.PrivKey
	to  libp2ppeer.ID
	t   *testing.T
}

func startAttacker(t *testing.T, p *testPeer) *attacker {
	t.Helper()
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(host.Config{Key: key, Reach: host.ReachLoopback})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	<-h.Ready()
	to, err := libp2ppeer.AddrInfoFromString(p.address(t, "/tcp/"))
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Connect(t.Context(), *to); err != nil {
		t.Fatal(err)
	}
	return &attacker{h, key, to.ID, t}
}

// make signs a particle of the attacker, then lets edit spoil it.
func (a *attacker) make(script string, edit func(p *particle.Particle)) *particle.Particle {
	a.t.Helper()
	p, err := particle.New(a.key, particle.Draft{Script: script, TTL: time.Minute, Time: time.Now(), Nonce: rand.Reader})
	if err != nil {
		a.t.Fatal(err)
	}
	if edit != nil {
		edit(p)
	}
	return p
}

// send writes p; whether the target takes it does not matter here.
func (a *attacker) send(p *particle.Particle) {
	_ = a.Send(a.t.Context(), a.to, p)
}

func (a *attacker) resign(p *particle.Particle) {
	if err := p.Sign(a.key); err != nil {
		a.t.Fatal(err)
	}
}

func TestHostileParticlesAreRefusedByReason(t *testing.T) {
	p := startTarget(t, nil)
	a := startAttacker(t, p.testPeer)
	honest := startClient(t, p.testPeer)
	ago := func(q *particle.Particle, ms int64) {
		q.ID, q.Timestamp = "plain", uint64(time.Now().UnixMilli()+ms)
		a.resign(q)
	}
	tests := map[string]struct { // by reason
		script string
		edit   func(q *particle.Particle)
	}{
		"expired":   {"(null)", func(q *particle.Particle) { ago(q, -90_000) }},                             // A01
		"future":    {"(null)", func(q *particle.Particle) { ago(q, 60_000) }},                              // A01
		"ttl":       {"(null)", func(q *particle.Particle) { q.ID, q.TTL = "plain", 1<<32-1; a.resign(q) }}, // A01
		"timestamp": {"(null)", func(q *particle.Particle) { q.ID, q.Timestamp = "plain", 0; a.resign(q) }}, // A01
		"signature": {"(null)", func(q *particle.Particle) { q.ID = "plain" }},                              // A02
		"bound_id":  {"(null)", func(q *particle.Particle) { q.Script = "(never)"; a.resign(q) }},           // A02
		"initiator": {"(null)", func(q *particle.Particle) {
			q.ID, q.InitPeerID = "plain", "QmNLei78zWmzUdbeRB3CiUfAizWUrbeeZh5K1rhAQKCh51"
		}},
		"id":        {"(null)", func(q *particle.Particle) { q.ID = "../../etc/passwd"; a.resign(q) }},
		"nesting":   {strings.Repeat("(seq ", 100_000) + strings.Repeat(")", 100_000), nil}, // A05
		"too_large": {strings.Repeat(" ", 9<<20), nil},                                      // A05
	}
	for reason, tt := range tests {
		a.send(a.make(tt.script, tt.edit))
		name := fmt.Sprintf("fluence_host_refusals_total{reason=%q}", reason)
		waitFor(t, name, func() bool { return p.metric(name) >= 1 })
	}
	if n := p.metric("particle_executor_avm_call_time_sec_count"); n != 0 {
		t.Errorf("interpreter ran %v times for refused particles", n)
	}
	if err := honest.CheckConnection(t.Context()); err != nil {
		t.Errorf("honest client: %v", err)
	}
}

func TestHostileReplayRunsOnce(t *testing.T) { // A03
	p := startTarget(t, nil)
	first, second := startAttacker(t, p.testPeer), startAttacker(t, p.testPeer)
	q := first.make(fmt.Sprintf(`(call %q ("op" "identity") ["x"] y)`, p.ID()), nil)
	for range 500 {
		first.send(q)
		second.send(q)
	}
	waitFor(t, "repeats", func() bool { return p.metric(`fluence_pipeline_refused_total{reason="duplicate"}`) == 999 })
	if n := p.metric("particle_executor_avm_call_time_sec_count"); n != 2 {
		t.Errorf("interpreter ran %v times, want 2: the arrival and the result", n)
	}
}

func TestHostileFanOutIsCutByBudgets(t *testing.T) { // A04
	p := startTarget(t, nil)
	a := startAttacker(t, p.testPeer)
	var nobody []string
	for range 200 {
		_, pub, err := crypto.GenerateEd25519Key(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		id, err := libp2ppeer.IDFromPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		nobody = append(nobody, fmt.Sprintf(`(call %q ("op" "noop") [])`, id))
	}
	script := nobody[0]
	for _, c := range nobody[1:] {
		script = "(par " + c + " " + script + ")"
	}
	a.send(a.make(script, nil))
	waitFor(t, "the budget of look-ups", func() bool { return p.metric(`fluence_pipeline_budget_total{budget="lookups"}`) == 192 })
}

func TestHostileLoopsEnd(t *testing.T) { // A04, A11
	p := startTarget(t, func(c *config.Config, _ *peer.Deps) { c.BudgetRuns = 100 })
	a := startAttacker(t, p.testPeer)
	self := p.ID().String()
	scripts := map[string]string{
		"a stream that feeds itself": fmt.Sprintf(`(seq (ap 1 $s) (fold $s x (seq (call %q ("op" "identity") [x] $s) (next x))))`, self),
		"a fold over itself":         `(seq (ap 1 $s) (fold $s x (seq (ap x $s) (next x))))`,
		"a million aps": `(seq (seq (seq (ap 1 $a) (ap 1 $a)) (seq (ap 1 $a) (ap 1 $a)))
		 (fold $a x (seq (fold $a y (seq (fold $a z (seq (fold $a w (seq (ap w $out) (next w))) (next z))) (next y))) (next x))))`,
	}
	honest := startClient(t, p.testPeer)
	for _, script := range scripts {
		a.send(a.make(script, nil))
	}
	if err := honest.CheckConnection(t.Context()); err != nil {
		t.Errorf("honest client: %v", err)
	}
	waitFor(t, "the loops to end", func() bool {
		return p.metric("particle_executor_interpretation_failures_total")+p.metric(`fluence_pipeline_budget_total{budget="runs"}`) >= 2
	})
}

func TestHostileDataLeavesStateUntouched(t *testing.T) { // A06, A12
	p := startTarget(t, nil)
	a := startAttacker(t, p.testPeer)
	q := a.make(fmt.Sprintf(`(seq (call %q ("op" "identity") ["x"] y) (call "12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf" ("a" "b") [y]))`, p.ID()), nil)
	a.send(q)
	waitFor(t, "the first run", func() bool { return p.metric("particle_executor_interpretation_successes_total") == 2 })
	good := []byte("\x83\xa7version\xa60.17.2\xb3interpreter_version\xa60.62.0\xaainner_data\xc4\x00")
	for i, data := range [][]byte{
		[]byte("garbage"),
		{0x83},
		bytes.Repeat([]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, 100), good, good[:40],
		bytes.Replace(good, []byte("0.17.2"), []byte("9.99.9"), 1), bytes.Replace(good, []byte("0.62.0"), []byte("0.01.0"), 1),
	} {
		a.send(q.WithData(data))
		waitFor(t, fmt.Sprint("refusal of data ", i), func() bool { return p.metric("particle_executor_interpretation_failures_total") == float64(i+1) })
	}
	if n := p.metric("particle_executor_interpretation_successes_total"); n != 2 {
		t.Errorf("%v successful runs, want 2", n)
	}
	a.send(a.make("(unknown 1 2)", nil))
	waitFor(t, "the script without meaning", func() bool { return p.metric(`fluence_pipeline_budget_total{budget="script"}`) == 1 })
}

// odd answers with what no service should.
type odd struct{}

func (odd) Owner(pipeline.Scope, string) (libp2ppeer.ID, bool) { return "", false }

func (odd) Call(_ context.Context, c pipeline.Call) (pipeline.Result, error) {
	switch c.Function {
	case "large":
		return pipeline.Result{JSON: append(append([]byte{'"'}, bytes.Repeat([]byte("x"), 3<<20)...), '"')}, nil
	case "not_json":
		return pipeline.Result{JSON: []byte("{nonsense")}, nil
	case "nan":
		return pipeline.Result{JSON: []byte("NaN")}, nil
	case "empty":
		return pipeline.Result{}, nil
	case "twice":
		return pipeline.Result{JSON: []byte(`{"a":1,"a":2}`)}, nil
	case "panic":
		panic("bug")
	case "deep":
		return pipeline.Result{JSON: []byte(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000))}, nil
	}
	return pipeline.Result{}, builtin.ErrNotDefined
}

func TestHostileResultsFailTheirCallOnly(t *testing.T) { // A08
	p := startTarget(t, func(c *config.Config, d *peer.Deps) { c.MaxResultBytes, d.Services = 1<<20, odd{} })
	c := startClient(t, p.testPeer)
	for function, want := range map[string]string{
		"large": "result of 3145730 bytes, at most 1048576 are allowed", "not_json": "can't be serialized or deserialized",
		"nan": "can't be serialized or deserialized", "empty": "can't be serialized or deserialized", "twice": "",
		"panic": "service failed", "deep": "can't be serialized or deserialized", "none": "Service with id 'odd' not found (function none)",
	} {
		got := execute(t, c, load([]string{"f"}, `(seq (xor (call relay ("odd" f) [] x) (ap :error:.$.message $errors))
		 (seq (canon relay $errors #errors) `+respond("#errors")+`))`), map[string]any{"f": function})
		if want == "" && got[0] != "[]" || !strings.Contains(got[0], jsonText(want)) {
			t.Errorf("%s: script sees %.300s, want %q", function, got[0], want)
		}
	}
}

// jsonText is s as it stands inside a JSON string.
func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return s
	}
	return string(b[1 : len(b)-1])
}

func TestHostileFloodFromManyIdentitiesLeavesTheHonestAlone(t *testing.T) {
	p := startTarget(t, func(c *config.Config, _ *peer.Deps) { c.MaxParticles, c.ParticlesShare = 2000, 100 })
	honest := startClient(t, p.testPeer)
	done := make(chan struct{})
	for range 4 {
		a := startAttacker(t, p.testPeer)
		go func() {
			defer func() { done <- struct{}{} }()
			for range 150 {
				a.send(a.make(fmt.Sprintf(`(call %q ("peer" "timeout") [4000 "x"] y)`, p.ID()), nil))
			}
		}()
	}
	for range 20 {
		if err := honest.CheckConnection(t.Context()); err != nil {
			t.Errorf("honest client: %v", err)
		}
	}
	for range 4 {
		<-done
	}
	if n := p.metric(`fluence_pipeline_refused_total{reason="share"}`); n != 200 {
		t.Errorf("%v particles refused, want 50 of each attacker", n)
	}
}
