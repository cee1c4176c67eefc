// SPDX-License-Identifier: Apache-2.0

package spell_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/spell"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClockRunsASpell(t *testing.T) {
	virtual(t, nil, func(t *testing.T, r *rig) {
		id := r.install(r.worker, "tick", every(10))
		pass(45 * time.Second)
		got := r.particles()
		if len(got) != 5 {
			t.Fatalf("%d firings in 45 s, want 5", len(got))
		}
		for _, p := range got {
			if bound, err := particle.CheckBoundID(p); !bound || err != nil {
				t.Errorf("id %s is not bound: %v", p.ID, err)
			}
			if err := p.Verify(); err != nil || p.InitPeerID != r.worker.String() {
				t.Errorf("particle of %s, %v; want one signed by %s", p.InitPeerID, err, r.worker)
			}
			if p.TTL != 15_000 {
				t.Errorf("TTL = %d ms, want the least", p.TTL)
			}
		}
		if from, ok := r.Of(got[4]); !ok || from != id {
			t.Errorf("maker of a living particle = %q, %v, want %s", from, ok, id)
		}
		if _, ok := r.Of(got[0]); ok {
			t.Error("an expired particle still counts as the spell's")
		}
		if n, ok, err := r.U32(r.worker, "tick", "hw_counter"); n != 5 || !ok || err != nil {
			t.Errorf("hw_counter = %d, %v, %v, want 5", n, ok, err)
		}
		why, _, err := r.String(r.worker, "tick", "hw_trigger")
		if want := fmt.Sprintf(`{"timer":[{"timestamp":%d}],"peer":[]}`, time.Now().Unix()-5); why != want || err != nil {
			t.Errorf("hw_trigger = %s, %v, want %s", why, err, want)
		}
	})
}

func TestClockRules(t *testing.T) {
	soon := func() uint32 { return uint32(time.Now().Unix()) + 10 }
	tests := map[string]struct {
		clock spell.Clock
		want  int // firings in a minute
	}{
		"off":                     {spell.Clock{PeriodSec: 1}, 0},
		"once, start in the past": {spell.Clock{StartSec: 1}, 1},
		"once, later":             {spell.Clock{StartSec: 20}, 1},
		"until an end":            {spell.Clock{StartSec: 0, PeriodSec: 10, EndSec: 30}, 3},
		"far away":                {spell.Clock{StartSec: 1000, PeriodSec: 1}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			virtual(t, nil, func(t *testing.T, r *rig) {
				if name == "until an end" || tt.clock.StartSec > 1 {
					base := soon() - 10
					if tt.clock.EndSec > 0 {
						tt.clock.StartSec, tt.clock.EndSec = base+1, base+30
					} else {
						tt.clock.StartSec += base
					}
				}
				r.install(r.host, "", spell.Trigger{Clock: tt.clock})
				pass(time.Minute)
				if got := len(r.particles()); got != tt.want {
					t.Errorf("%d firings in a minute, want %d", got, tt.want)
				}
			})
		})
	}
}

func TestInstallRefuses(t *testing.T) {
	virtual(t, func(c *spell.Config) { c.Limits.Script, c.Limits.State = 1000, 2000 }, func(t *testing.T, r *rig) {
		now := uint32(time.Now().Unix())
		tests := map[string]struct {
			edit func(*spell.Def)
			want error
		}{
			"period too long":   {func(d *spell.Def) { d.Trigger.Clock = spell.Clock{StartSec: 1, PeriodSec: 4_000_000_000} }, spell.ErrTrigger},
			"end in the past":   {func(d *spell.Def) { d.Trigger.Clock = spell.Clock{StartSec: 1, EndSec: now - 10} }, spell.ErrTrigger},
			"end before start":  {func(d *spell.Def) { d.Trigger.Clock = spell.Clock{StartSec: now + 9, EndSec: now + 5} }, spell.ErrTrigger},
			"blocks backwards":  {func(d *spell.Def) { d.Trigger.Blockchain = spell.Blockchain{StartBlock: 9, EndBlock: 5} }, spell.ErrTrigger},
			"token, not digest": {func(d *spell.Def) { d.Trigger.HTTP = &spell.HTTP{TokenSHA256: "secret"} }, spell.ErrTrigger},
			"reserved alias":    {func(d *spell.Def) { d.Alias = "self" }, spell.ErrAlias},
			"long alias":        {func(d *spell.Def) { d.Alias = strings.Repeat("a", 200) }, spell.ErrAlias},
			"long script":       {func(d *spell.Def) { d.Script = "(null)" + strings.Repeat(" ", 1000) }, spell.ErrQuota},
			"large data": {func(d *spell.Def) {
				d.Init = map[string]json.RawMessage{"x": json.RawMessage(`"` + strings.Repeat("x", 2000) + `"`)}
			}, spell.ErrQuota},
		}
		for name, tt := range tests {
			d := spell.Def{Owner: r.host, Script: "(null)"}
			tt.edit(&d)
			if _, err := r.Install(t.Context(), r.host, d); !errors.Is(err, tt.want) {
				t.Errorf("%s: Install = %v, want %v", name, err, tt.want)
			}
		}
		if _, err := r.Install(t.Context(), r.host, spell.Def{Owner: r.host, Script: "(seq"}); err == nil {
			t.Error("a script that does not parse was installed")
		}
		if got := r.List(r.host); len(got) != 0 {
			t.Errorf("refusals left %v", got)
		}
	})
}

// TestManySpellsOfOneSecond shows that the scheduler bounds what one scope and the
// peer may send, however many spells want to run: some hundred, a thousand with the
// tag sim.
func TestManySpellsOfOneSecond(t *testing.T) {
	virtual(t, nil, func(t *testing.T, r *rig) {
		for i := range 64 {
			r.install(r.worker, fmt.Sprintf("s%d", i), every(1))
		}
		if _, err := r.Install(t.Context(), r.worker, spell.Def{Owner: r.host, Script: "(null)"}); !errors.Is(err, spell.ErrQuota) {
			t.Errorf("spell 65 of a worker = %v, want %v", err, spell.ErrQuota)
		}
		for range manySpells {
			r.install(r.host, "", every(1))
		}
		r.particles()
		const seconds = 30
		pass(seconds * time.Second)
		count := map[string]int{}
		for _, p := range r.particles() {
			count[p.InitPeerID]++
		}
		if n := count[r.worker.String()]; n < 9*seconds || n > 10*seconds+20 {
			t.Errorf("worker sent %d particles in %d s, want 10 a second and 20 more", n, seconds)
		}
		if n := count[r.host.String()]; n < 150*seconds || n > 160*seconds+320 {
			t.Errorf("host sent %d particles in %d s, want 160 a second and 320 more", n, seconds)
		}
	})
}

func TestConnectionsAndBlocksRunSpells(t *testing.T) {
	var feed chan chain.Block
	virtual(t, func(c *spell.Config) { feed = make(chan chain.Block); c.Events = feeder(feed) }, func(t *testing.T, r *rig) {
		r.install(r.host, "up", spell.Trigger{Connections: spell.Connections{Connect: true}})
		r.install(r.host, "down", spell.Trigger{Connections: spell.Connections{Disconnect: true}})
		r.install(r.host, "blocks", spell.Trigger{Blockchain: spell.Blockchain{StartBlock: 5, EndBlock: 7}})
		r.install(r.host, "deals", spell.Trigger{Blockchain: spell.Blockchain{StartBlock: 1, Events: []string{"deal"}}})
		count := func() string {
			out := ""
			for _, alias := range []string{"up", "down", "blocks", "deals"} {
				n, _, err := r.U32(r.host, alias, "hw_counter")
				if err != nil {
					t.Fatal(err)
				}
				out += fmt.Sprint(n)
			}
			return out
		}
		pass(2 * time.Second)
		for i, step := range []struct {
			do   func()
			want string
		}{
			{func() { r.Peer(r.worker, true) }, "1000"},
			{func() { r.Peer(r.worker, false) }, "1100"},
			{func() { feed <- chain.Block{Height: chain.Height{Number: 4}} }, "1100"},
			{func() { feed <- chain.Block{Height: chain.Height{Number: 5}} }, "1110"},
			{func() { feed <- chain.Block{Height: chain.Height{Number: 8}, Events: []chain.Event{{Type: "deal"}}} }, "1111"},
		} {
			step.do()
			pass(time.Second)
			if got := count(); got != step.want {
				t.Errorf("counters after step %d = %s, want %s", i, got, step.want)
			}
		}
		why, _, err := r.String(r.host, "deals", "hw_trigger")
		if err != nil || !strings.Contains(why, `"block":[{"number":8,`) {
			t.Errorf("hw_trigger = %s, %v, want block 8", why, err)
		}
	})
}

func TestSpellsSurviveARestart(t *testing.T) {
	virtual(t, nil, func(t *testing.T, r *rig) {
		id := r.install(r.worker, "tick", every(60))
		once := r.install(r.worker, "once", spell.Trigger{Clock: spell.Clock{StartSec: 1}})
		gone := r.install(r.worker, "gone", every(1))
		if err := r.SetString(r.worker, id, spell.Caller{Init: r.host.String()}, "h_name", "Ann"); err != nil {
			t.Fatal(err)
		}
		if err := r.PushMail(r.worker, id, spell.Message{InitPeerID: "a", Message: "hi"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Remove(t.Context(), r.worker, "gone"); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		r.stop()
		r.particles()
		r.start()
		pass(30 * time.Second)
		if got := r.List(r.worker); len(got) != 2 || strings.Contains(fmt.Sprint(got), gone) {
			t.Errorf("spells after a restart = %v, want %s and %s", got, id, once)
		}
		if v, ok, err := r.String(r.worker, "tick", "h_name"); v != "Ann" || !ok || err != nil {
			t.Errorf("h_name after a restart = %q, %v, %v", v, ok, err)
		}
		if m, err := r.Mailbox(r.worker, "tick"); len(m) != 1 || err != nil {
			t.Errorf("mailbox after a restart = %v, %v", m, err)
		}
		if got := r.particles(); len(got) != 1 {
			t.Errorf("%d firings after a restart, want the clock's only: the single shot was fired before", len(got))
		}
	})
}

func TestInactiveWorkerDoesNotRun(t *testing.T) {
	virtual(t, nil, func(t *testing.T, r *rig) {
		r.install(r.worker, "tick", every(1))
		pass(3 * time.Second)
		r.particles()
		seed := r.keys[r.worker]
		r.stop() // the keys are shared with Run
		delete(r.keys, r.worker)
		r.start()
		pass(5 * time.Second)
		if got := r.particles(); len(got) != 0 {
			t.Errorf("%d firings of an inactive worker", len(got))
		}
		_ = seed
		if err := r.RemoveScope(t.Context(), r.worker); err != nil || len(r.List(r.worker)) != 0 {
			t.Errorf("RemoveScope = %v, left %v", err, r.List(r.worker))
		}
	})
}

func TestAliasMoves(t *testing.T) {
	virtual(t, nil, func(t *testing.T, r *rig) {
		a := r.install(r.host, "name", spell.Trigger{})
		b := r.install(r.host, "name", spell.Trigger{})
		if got, err := r.Resolve(r.host, "name"); got != b || err != nil {
			t.Errorf("Resolve = %s, %v, want %s", got, err, b)
		}
		if err := r.AddAlias(r.host, "name", a); err != nil {
			t.Fatal(err)
		}
		r.stop()
		r.start()
		if got, err := r.Resolve(r.host, "name"); got != a || err != nil {
			t.Errorf("Resolve after a restart = %s, %v, want %s", got, err, a)
		}
		if err := r.AddAlias(r.host, b, a); !errors.Is(err, spell.ErrAlias) {
			t.Errorf("alias that is another's id = %v, want %v", err, spell.ErrAlias)
		}
		if _, err := r.Resolve(r.worker, "name"); !errors.Is(err, spell.ErrNotFound) {
			t.Errorf("alias of another scope = %v, want %v", err, spell.ErrNotFound)
		}
	})
}
