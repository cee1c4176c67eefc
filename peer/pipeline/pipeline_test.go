// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
)

func TestDataIsDurableBeforeAnEffectAndBeforeASend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.steps["s"] = identity("db", newPeer(t).String())
		r.run()
		r.accept(r.make("s", time.Second), "", nil)
		want := `run keep:called call:f run keep:called+"f" send:called+"f"`
		if got := r.events(); got != want {
			t.Errorf("events\n got %s\nwant %s", got, want)
		}
	})
}

func TestPureCallsNeedNoWriteOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.kinds["op"] = Pure
		r.steps["s"] = identity("op", newPeer(t).String())
		r.run()
		r.accept(r.make("s", time.Second), "", nil)
		want := `run call:f run keep:called+"f" send:called+"f"`
		if got := r.events(); got != want {
			t.Errorf("events\n got %s\nwant %s", got, want)
		}
	})
}

func TestNothingLeavesWhenDataCannotBeKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.full = true
		r.steps["s"] = func(in air.Input) air.Outcome {
			return air.Outcome{Data: []byte("d"), Next: []string{newPeer(t).String()}, Calls: calls(air.Call{Service: "db", Function: "f"})}
		}
		r.run()
		r.accept(r.make("s", time.Second), "", nil)
		if got := r.events(); got != "run" {
			t.Errorf("events = %s, want only the run", got)
		}
		if n := count(r.deps.Metrics.budgets.WithLabelValues("quota")); n != 1 {
			t.Errorf("quota counted %v times", n)
		}
	})
}

func TestRefusals(t *testing.T) {
	other, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		edit func(r *rig, p *particle.Particle)
		want error
	}{
		"expired":      {func(_ *rig, p *particle.Particle) { p.Timestamp -= 10_000 }, particle.ErrExpired},
		"future":       {func(_ *rig, p *particle.Particle) { p.Timestamp += 60_000 }, particle.ErrFuture},
		"ttl 0":        {func(_ *rig, p *particle.Particle) { p.TTL = 0 }, particle.ErrTTL},
		"ttl 2^32-1":   {func(_ *rig, p *particle.Particle) { p.TTL = 1<<32 - 1 }, particle.ErrTTL},
		"other script": {func(_ *rig, p *particle.Particle) { p.Script = "t" }, particle.ErrBoundID},
		"unbound, other script": {func(r *rig, p *particle.Particle) {
			p.ID = "plain"
			if err := p.Sign(r.key); err != nil {
				t.Fatal(err)
			}
			p.Script = "t"
		}, particle.ErrSignature},
		"other initiator": {func(_ *rig, p *particle.Particle) {
			p.ID = "plain"
			sig, err := other.Sign(p.SignedBytes())
			if err != nil {
				t.Fatal(err)
			}
			p.Signature = sig
		}, particle.ErrSignature},
		"no signature":    {func(_ *rig, p *particle.Particle) { p.Signature = nil }, particle.ErrSignature},
		"lost memory":     {func(r *rig, p *particle.Particle) { r.since = time.Now().Add(time.Millisecond) }, ErrBeforeStart},
		"deep script":     {func(_ *rig, p *particle.Particle) { p.Script = strings.Repeat("(", 2000) }, particle.ErrNesting},
		"id with a slash": {func(_ *rig, p *particle.Particle) { p.ID = "../../x" }, particle.ErrID},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.steps["s"], r.steps["t"] = identity("db"), identity("db")
				r.run()
				p := r.make("s", time.Second)
				tt.edit(r, p)
				r.accept(p, "", tt.want)
				if got := r.events(); got != "" || r.Stats() != (Stats{}) || r.keptCount() != 0 {
					t.Errorf("refusal left traces: %q %+v", got, r.Stats())
				}
				if n := count(r.deps.Metrics.refused.WithLabelValues(Reason(tt.want))); n != 1 {
					t.Errorf("counted %v times as %s", n, Reason(tt.want))
				}
			})
		})
	}
}

func TestSignatureUnderOtherContentIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.steps["s"], r.steps["evil"] = identity("db"), identity("db")
		r.run()
		p := r.make("s", time.Minute)
		r.accept(p, "", nil)
		evil := *p
		evil.Script = "evil"
		r.accept(&evil, "x", particle.ErrSignature)
	})
}

func TestRepeatsRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.steps["s"] = func(in air.Input) air.Outcome { return air.Outcome{Data: in.Data} }
		r.run()
		p := r.make("s", time.Minute)
		r.accept(p, "a", nil)
		for i := range 10_000 {
			err := r.Accept(p.WithData([]byte("a")), peer.ID(fmt.Sprint("sender", i%50)))
			if !errors.Is(err, ErrDuplicate) {
				t.Fatalf("repeat %d = %v, want ErrDuplicate", i, err)
			}
		}
		r.accept(p, "b", nil)
		if got, want := r.events(), "run keep:a run keep:b"; got != want {
			t.Errorf("events = %s, want %s", got, want)
		}
	})
}

func TestLifeEndsAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.steps["s"] = identity("slow")
		ended := make(chan time.Time, 1)
		r.serve = func(ctx context.Context, c Call) (Result, error) {
			<-ctx.Done()
			ended <- time.Now()
			return Result{}, ctx.Err()
		}
		r.run()
		p := r.make("s", 10*time.Second)
		r.accept(p, "", nil)
		synctest.Wait()
		if s := r.Stats(); s.Lives != 1 || r.keptCount() != 1 {
			t.Fatalf("before the deadline: %+v, %d kept", s, r.keptCount())
		}
		pass(11 * time.Second)
		if at := <-ended; at.After(p.DeadlineTime().Add(2 * time.Millisecond)) {
			t.Errorf("call ended %v after the deadline", at.Sub(p.DeadlineTime()))
		}
		synctest.Wait()
		if s := r.Stats(); s != (Stats{}) || r.keptCount() != 0 || r.forgotten != 1 {
			t.Errorf("after the deadline: %+v, %d kept, %d forgotten", s, r.keptCount(), r.forgotten)
		}
		r.accept(p, "again", particle.ErrExpired)
	})
}

func TestManyDeadlinesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.steps["s"] = func(in air.Input) air.Outcome { return air.Outcome{Data: in.Data} }
		r.run()
		for i := range 1500 {
			r.accept(r.make("s", time.Duration(1+i%3)*time.Second), "d", nil)
			synctest.Wait()
		}
		for _, want := range []int{1000, 500, 0} {
			pass(time.Second + 50*time.Millisecond)
			synctest.Wait()
			if s := r.Stats(); s.Lives != want || r.keptCount() != want {
				t.Errorf("lives %d, kept %d, want %d", s.Lives, r.keptCount(), want)
			}
		}
	})
}

func TestBudgetsOfSends(t *testing.T) {
	tests := map[string]struct {
		edit    func(l *Limits)
		offline bool
		sends   int
	}{
		"targets": {func(l *Limits) { l.Budget.Targets = 3 }, false, 3},
		"sends":   {func(l *Limits) { l.Budget.Sends = 4 }, false, 4},
		"bytes":   {func(l *Limits) { l.Budget.Bytes, l.Budget.BytesTimes = 20, 1 }, false, 2},
		"lookups": {func(l *Limits) { l.Budget.Lookups = 2 }, true, 0},
	}
	for budget, tt := range tests {
		t.Run(budget, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, tt.edit)
				var next []string
				for range 10 {
					id := newPeer(t)
					r.offline[id] = tt.offline
					next = append(next, id.String())
				}
				r.steps["s"] = func(in air.Input) air.Outcome { return air.Outcome{Data: []byte("ten bytes!"), Next: next} }
				r.run()
				r.accept(r.make("s", time.Second), "", nil)
				if got := strings.Count(r.events(), "send:"); got != tt.sends {
					t.Errorf("%d sends, want %d", got, tt.sends)
				}
				if n := count(r.deps.Metrics.budgets.WithLabelValues(budget)); n == 0 {
					t.Errorf("budget %s not counted", budget)
				}
			})
		})
	}
}

func TestSelfFeedingLoopEndsWithItsBudget(t *testing.T) {
	for budget, edit := range map[string]func(l *Limits){
		"runs": func(l *Limits) { l.Budget.Runs = 50 },
		"time": func(l *Limits) { l.Budget.Time = 3 * time.Millisecond },
	} {
		t.Run(budget, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, edit)
				n := 0
				r.steps["loop"] = func(in air.Input) air.Outcome {
					n++
					pass(100 * time.Microsecond)
					return air.Outcome{Data: fmt.Append(nil, n), Calls: calls(air.Call{Service: "db", Function: "f"})}
				}
				r.run()
				p := r.make("loop", time.Minute)
				r.accept(p, "", nil)
				pass(10 * time.Second)
				synctest.Wait()
				if n > 50 {
					t.Errorf("%d runs", n)
				}
				if c := count(r.deps.Metrics.budgets.WithLabelValues(budget)); c != 1 {
					t.Errorf("budget %s counted %v times", budget, c)
				}
				r.accept(p, "more", ErrSpent)
			})
		})
	}
}

func TestCallsBeyondTheBudgetFailWithItsName(t *testing.T) {
	for budget, edit := range map[string]func(l *Limits){
		"calls": func(l *Limits) { l.Budget.Calls = 1 },
		"gas":   func(l *Limits) { l.Budget.Gas = 10 },
	} {
		t.Run(budget, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, edit)
				var second air.Result
				r.serve = func(_ context.Context, c Call) (Result, error) {
					if c.Gas > 10 && budget == "gas" {
						t.Errorf("call was told %d gas", c.Gas)
					}
					return Result{JSON: []byte("1"), Gas: 11}, nil
				}
				n := 0
				r.steps["s"] = func(in air.Input) air.Outcome {
					if n++; n == 3 {
						second = in.Results[1]
						return air.Outcome{Data: []byte("end")}
					}
					return air.Outcome{Data: fmt.Append(nil, n), Calls: calls(air.Call{Service: "db", Function: "f"})}
				}
				r.run()
				r.accept(r.make("s", time.Second), "", nil)
				r.events()
				want := fmt.Sprintf("%q", "particle's budget of "+budget+" on this peer is used up")
				if second.Code != 1 || string(second.JSON) != want {
					t.Errorf("second call = %d %s, want 1 %s", second.Code, second.JSON, want)
				}
			})
		})
	}
}

func TestDeniedCallNeverReachesTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.admit = func(Call) error { return &Denial{Code: "door.4.owner", Hint: "ask the owner"} }
		var got air.Result
		r.steps["s"] = func(in air.Input) air.Outcome {
			if len(in.Results) > 0 {
				got = in.Results[1]
				return air.Outcome{Data: []byte("x")}
			}
			return identity("db")(in)
		}
		r.run()
		r.accept(r.make("s", time.Second), "", nil)
		if log := r.events(); strings.Contains(log, "call:") {
			t.Errorf("service was called: %s", log)
		}
		var d Denial
		if err := json.Unmarshal(got.JSON, &d); err != nil || got.Code != 1 || d.Code != "door.4.owner" || d.Hint != "ask the owner" {
			t.Errorf("script sees %d %s", got.Code, got.JSON)
		}
	})
}

func TestGarbageCannotSwallowAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		answer := make(chan struct{})
		r.serve = func(context.Context, Call) (Result, error) { <-answer; return Result{JSON: []byte(`"f"`)}, nil }
		hold := make(chan struct{})
		r.steps["s"] = func(in air.Input) air.Outcome {
			switch string(in.Data) {
			case "hold":
				<-hold
				return air.Outcome{Data: in.Prev}
			case "garbage":
				return air.Outcome{Code: 3, Data: in.Prev}
			}
			return identity("db", newPeer(t).String())(in)
		}
		r.run()
		p := r.make("s", time.Second)
		r.accept(p, "", nil)
		synctest.Wait()
		r.accept(p, "hold", nil)
		synctest.Wait()
		r.accept(p, "garbage", nil)
		close(answer)
		synctest.Wait() // the answer and the garbage wait for the same run
		close(hold)
		if got := r.events(); !strings.HasSuffix(got, `send:called+"f"`) {
			t.Errorf("events = %s, want the answer sent", got)
		}
		if len(r.blamed) != 1 || r.blamed[0] != "data" {
			t.Errorf("blamed = %v, want the sender of the garbage", r.blamed)
		}
	})
}

func TestQueuesRefuseWhatDoesNotFit(t *testing.T) {
	tests := map[string]struct {
		edit func(l *Limits)
		same bool // all arrivals belong to one particle
		fit  int
		want error
	}{
		"mailbox": {func(l *Limits) { l.Mailbox = 3 }, true, 4, ErrBusy},
		"bytes":   {func(l *Limits) { l.MailboxBytes = 40 }, true, 5, ErrBusy},
		"lives":   {func(l *Limits) { l.Lives = 3 }, false, 3, ErrBusy},
		"share":   {func(l *Limits) { l.LivesShare = 2 }, false, 2, ErrShare},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(l *Limits) { l.Parallel = 1; tt.edit(l) })
				gate := make(chan struct{})
				r.steps["s"] = func(in air.Input) air.Outcome { <-gate; return air.Outcome{Data: in.Data} }
				r.run()
				p := r.make("s", time.Minute)
				for i := range 10 {
					want := error(nil)
					if i >= tt.fit {
						want = tt.want
					}
					r.accept(p, fmt.Sprintf("arrival %02d", i)[:10], want)
					synctest.Wait()
					if !tt.same {
						p = r.make("s", time.Minute)
					}
				}
				close(gate)
				synctest.Wait()
				if s := r.Stats(); s.Waiting != 0 || s.Ready != 0 {
					t.Errorf("left over: %+v", s)
				}
			})
		})
	}
}

func TestWorkerRunsInItsOwnScope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		worker, client := newPeer(t), newPeer(t)
		r.workers[worker] = true
		var ran []string
		r.steps["s"] = func(in air.Input) air.Outcome {
			ran = append(ran, in.Params.CurrentPeerID)
			if in.Params.CurrentPeerID == r.self.String() {
				return air.Outcome{Data: []byte("host"), Next: []string{worker.String()}}
			}
			if len(in.Prev) != 0 {
				t.Errorf("worker sees the host's data %q", in.Prev)
			}
			return air.Outcome{Data: []byte("worker"), Next: []string{client.String()}}
		}
		r.run()
		r.accept(r.make("s", time.Second), "", nil)
		if got, want := r.events(), "run keep:host run keep:worker send:worker"; got != want {
			t.Errorf("events = %s, want %s", got, want)
		}
		if len(ran) != 2 || ran[1] != worker.String() {
			t.Errorf("ran as %v", ran)
		}
	})
}

func TestCallsRunSideBySideWithinTheirBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(l *Limits) { l.Calls, l.CallsPerStay, l.Waits = 8, 3, 2 })
		r.kinds["timer"] = Wait
		var mu sync.Mutex
		var now, most int
		r.serve = func(ctx context.Context, c Call) (Result, error) {
			if c.Service == "db" {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				defer func() { mu.Lock(); now--; mu.Unlock() }()
			}
			pass(10 * time.Millisecond)
			return Result{JSON: []byte("1")}, nil
		}
		answered := map[string]int{}
		r.steps["s"] = func(in air.Input) air.Outcome {
			for _, res := range in.Results {
				answered[string(res.JSON)]++
			}
			if len(in.Results) > 0 {
				return air.Outcome{Data: []byte("x")}
			}
			var list []air.Call
			for range 20 {
				list = append(list, air.Call{Service: "db", Function: "f"})
			}
			for range 5 {
				list = append(list, air.Call{Service: "timer", Function: "f"})
			}
			return air.Outcome{Data: []byte("d"), Calls: calls(list...)}
		}
		r.run()
		r.accept(r.make("s", time.Minute), "", nil)
		pass(time.Second)
		synctest.Wait()
		if most != 3 {
			t.Errorf("%d calls at a time, want 3", most)
		}
		if answered["1"] != 22 || answered[`"this peer has too many waiting calls, try again later"`] != 3 {
			t.Errorf("answers = %v", answered)
		}
	})
}

func TestPanicsOfServicesAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.serve = func(context.Context, Call) (Result, error) { panic("bug") }
		r.steps["s"] = identity("db", newPeer(t).String())
		r.run()
		r.accept(r.make("s", time.Second), "", nil)
		if got := r.events(); !strings.HasSuffix(got, `send:called+"service failed"`) {
			t.Errorf("events = %s", got)
		}
	})
}

func TestResultsBeyondTheLimitFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(l *Limits) { l.ResultBytes = 10 })
		r.serve = func(context.Context, Call) (Result, error) { return Result{JSON: bytes.Repeat([]byte("1"), 11)}, nil }
		r.steps["s"] = identity("db", newPeer(t).String())
		r.run()
		r.accept(r.make("s", time.Second), "", nil)
		if got := r.events(); !strings.Contains(got, "result of 11 bytes") {
			t.Errorf("events = %s", got)
		}
	})
}

func TestUnreadableScriptEndsTheParticle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.steps["bad"] = func(in air.Input) air.Outcome { return air.Outcome{Code: codeParse, Data: in.Prev} }
		r.run()
		p := r.make("bad", time.Second)
		r.accept(p, "1", nil)
		synctest.Wait()
		r.accept(p, "2", ErrSpent)
		if got := r.events(); got != "run" {
			t.Errorf("events = %s, want one run", got)
		}
	})
}

func TestStoppedPipelineRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.accept(r.make("s", time.Second), "", ErrStopped)
	})
}

func TestHammer(t *testing.T) {
	r := newRig(t, func(l *Limits) { l.Mailbox = 4; l.Budget.Runs = 200 })
	r.kinds["op"] = Pure
	next := newPeer(t).String()
	r.steps["op"], r.steps["db"] = identity("op", next), identity("db", next)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	for r.Accept(r.make("op", time.Second), "x") != nil {
		runtime.Gosched()
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			script := []string{"op", "db"}[g%2]
			for i := range 50 {
				p := r.make(script, time.Duration(1+i%20)*time.Millisecond)
				for j := range 5 {
					_ = r.Accept(p.WithData(fmt.Append(nil, j)), peer.ID(fmt.Sprint(g)))
				}
			}
		})
	}
	wg.Wait()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
	if s := r.Stats(); s.Sends != 0 || s.Waits != 0 {
		t.Errorf("left over: %+v", s)
	}
}
