// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/store"
)

// maxPureRounds is how many times in a row a run may go on with the results of
// pure calls before what it wants to send is sent.
const maxPureRounds = 16

// Return codes of the interpreter.
const (
	codeParse       = 1     // the script is no AIR
	codeKey         = 7     // our own key is malformed
	codeSignatures  = 9     // codes 2 to 9 but codeKey: arrived data is unreadable, forged or unsigned
	codeUncatchable = 20000 // from here on data is unchanged, codeUnprocessed excepted
	codeUnprocessed = 30000
)

// effects is what the runs of one step ask for.
type effects struct {
	particle *particle.Particle
	data     []byte
	changed  bool
	next     []string
	calls    []request
}

// request is a call with the number its result must carry.
type request struct {
	id   uint32
	call air.Call
	kind Kind
	// statements of the run that asked, for the door
	statements []air.Statement
}

// work runs st until nothing waits in it.
func (p *Pipeline) work(ctx context.Context, g *group, st *stay) {
	live, cancel := context.WithDeadline(ctx, st.life.deadline)
	defer cancel()
	for {
		in, ok := p.take(st)
		if !ok {
			return
		}
		began := time.Now()
		eff := p.runAll(live, st, in)
		if eff == nil || !eff.changed {
			continue
		}
		if !p.keep(live, st, eff.data) {
			continue
		}
		p.deps.Metrics.runTime.Observe(time.Since(began).Seconds())
		p.forward(ctx, g, st, eff)
		p.startCalls(ctx, g, st, eff)
	}
}

// keep makes data durable before anything may be seen of it. If it cannot be,
// what the runs asked for is dropped and the stay goes back to what it kept.
func (p *Pipeline) keep(ctx context.Context, st *stay, data []byte) bool {
	began := time.Now()
	err := p.deps.Journal.Put(ctx, st.key, data, st.life.deadline)
	if err == nil {
		p.traceStay(st, Event{Kind: EventKeep, Bytes: len(data), RunUS: time.Since(began).Microseconds()})
		return true
	}
	st.prev, st.hot = nil, false
	reason := "store"
	switch {
	case errors.Is(err, store.ErrQuota):
		reason = "quota"
	case ctx.Err() != nil:
		reason = "expired"
	default:
		p.deps.Log.Error("particle data not kept", "particle", clip(st.life.head.ID), "err", err)
	}
	p.deps.Metrics.budgets.WithLabelValues(reason).Inc()
	p.traceStay(st, Event{Kind: EventBudget, Reason: reason})
	return false
}

// runAll runs the interpreter on what came in, and again on the results of the
// pure calls it asks for, while it holds one of the places for runs. nil means
// that nothing happened.
func (p *Pipeline) runAll(ctx context.Context, st *stay, in intake) *effects {
	if !p.beginRun(ctx) {
		return nil
	}
	defer p.endRun()
	eff := &effects{particle: in.particle}
	for round := 0; ; round++ {
		out, ok := p.runOnce(ctx, st, in)
		if !ok {
			break
		}
		eff.data, eff.changed = out.Data, true
		for _, to := range out.Next {
			if !slices.Contains(eff.next, to) {
				eff.next = append(eff.next, to)
			}
		}
		pure, rest := p.split(out.Calls, out.Statements)
		eff.calls = append(eff.calls, rest...)
		if len(pure) == 0 {
			break
		}
		results := p.callPure(ctx, st, in.particle, pure)
		if round == maxPureRounds {
			p.putBack(st, results)
			break
		}
		in = intake{particle: in.particle, results: results, at: time.Now()}
	}
	return eff
}

// beginRun waits for a place among the runs; false when ctx ended first.
func (p *Pipeline) beginRun(ctx context.Context) bool {
	m := p.deps.Metrics
	select {
	case p.runs <- struct{}{}:
	default:
		m.poolNone.Inc()
		select {
		case p.runs <- struct{}{}:
		case <-ctx.Done():
			return false
		}
	}
	m.poolGet.Inc()
	m.poolFree.Dec()
	return true
}

// endRun gives the place back.
func (p *Pipeline) endRun() {
	<-p.runs
	p.deps.Metrics.poolPut.Inc()
	p.deps.Metrics.poolFree.Inc()
}

// putBack leaves results for the next step.
func (p *Pipeline) putBack(st *stay, results map[uint32]air.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.addResults(st, results)
}

// addResults gives results to st; p.mu is held.
func (p *Pipeline) addResults(st *stay, results map[uint32]air.Result) {
	if st.life.dead || st.life.ended != "" || len(results) == 0 {
		return
	}
	if st.results == nil {
		st.results = map[uint32]air.Result{}
	}
	for id, r := range results {
		st.results[id] = r
	}
	if st.resultAt.IsZero() {
		st.resultAt = time.Now()
	}
	p.schedule(st)
}

// runOnce runs the interpreter on one intake. When arriving data spoils the run,
// results that came with it run again without it: others must not be able to
// swallow an answer. ok is false when nothing changed.
func (p *Pipeline) runOnce(ctx context.Context, st *stay, in intake) (out air.Outcome, ok bool) {
	prev, err := p.previous(st)
	if err != nil {
		p.deps.Log.Error("particle data not readable", "particle", clip(st.life.head.ID), "err", err)
		p.finish(st, "store")
		return out, false
	}
	seed, known := p.deps.Keys.Seed(st.scope.Peer, st.life.head.InitPeerID)
	if !known {
		p.finish(st, "scope")
		return out, false
	}
	out, ok = p.measured(ctx, st, in, prev, seed)
	if !ok && in.arrival != nil && len(in.results) > 0 {
		in.arrival = nil
		out, ok = p.measured(ctx, st, in, prev, seed)
	}
	if ok {
		st.prev, st.hot = out.Data, true
	}
	return out, ok
}

// previous is what this peer kept of the particle.
func (p *Pipeline) previous(st *stay) ([]byte, error) {
	if st.hot {
		return st.prev, nil
	}
	prev, err := p.deps.Journal.Get(st.key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	st.prev, st.hot = prev, true
	return prev, nil
}

// measured is one run of the interpreter, charged to the particle.
func (p *Pipeline) measured(ctx context.Context, st *stay, in intake, prev, seed []byte) (out air.Outcome, ok bool) {
	if budget := p.charge(st.life, func(s *spent) string { return s.run(p.limits.Budget) }); budget != "" {
		p.finish(st, budget)
		return out, false
	}
	head := &st.life.head
	input := air.Input{
		Script: in.particle.Script, Prev: prev, Results: in.results, Budget: p.limits.Run, Statements: p.deps.Statements != nil && p.deps.Statements(),
		Params: air.Params{
			InitPeerID: head.InitPeerID, CurrentPeerID: st.scope.Peer.String(), Timestamp: head.Timestamp, TTL: head.TTL,
			KeyFormat: air.KeyEd25519, SecretKey: seed, ParticleID: head.ID,
			AirSizeLimit: uint64(p.limits.Particle.Script), ParticleSizeLimit: uint64(p.limits.Particle.Data),
			CallResultSizeLimit: uint64(p.limits.ResultBytes), HardLimit: true,
		},
	}
	if in.arrival != nil {
		input.Data = in.arrival.data
	}
	began := time.Now()
	out, err := p.invoke(ctx, input)
	took := time.Since(began)
	p.charge(st.life, func(s *spent) string { s.time += took; return "" })
	m := p.deps.Metrics
	m.stepTime.Observe(took.Seconds())
	p.traceStay(st, Event{Kind: EventRun, Code: out.Code, Reason: clip(out.Message), Bytes: len(out.Data), QueueUS: began.Sub(in.at).Microseconds(), RunUS: took.Microseconds()})
	if err != nil {
		m.runFailed.Inc()
		p.deps.Log.Debug("run refused", "particle", clip(head.ID), "err", err)
		return out, false
	}
	ok = out.Code == 0 || out.Code >= 10000 && out.Code < codeUncatchable || out.Code == codeUnprocessed
	if out.Code != 0 {
		m.runFailed.Inc()
		p.deps.Log.Debug("run failed", "particle", clip(head.ID), "code", out.Code, "err", clip(out.Message))
	} else {
		m.runOK.Inc()
	}
	p.judge(st, in, out.Code)
	return out, ok
}

// judge draws the consequences of a failed run: a script that cannot be read
// ends the particle, data that cannot be merged is held against who brought it.
func (p *Pipeline) judge(st *stay, in intake, code int64) {
	if code == codeParse {
		p.finish(st, "script")
		return
	}
	spoiled := code > codeParse && code <= codeSignatures && code != codeKey
	if spoiled && in.arrival != nil && p.deps.Blame != nil {
		p.deps.Blame(in.arrival.from, "data")
	}
}

// charge changes what a life has spent, under the mutex.
func (p *Pipeline) charge(l *life, f func(s *spent) string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return f(&l.spent)
}

// finish ends the life of st for the named reason.
func (p *Pipeline) finish(st *stay, budget string) {
	p.mu.Lock()
	first := st.life.ended == ""
	p.end(st.life, budget)
	p.mu.Unlock()
	if first {
		p.traceStay(st, Event{Kind: EventBudget, Reason: budget})
		p.deps.Log.Debug("particle ended", "particle", clip(st.life.head.ID), "reason", budget)
	}
}
