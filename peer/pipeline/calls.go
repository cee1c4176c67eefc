// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
)

// codeService is the code of every call that failed here.
const codeService = 1

// split sorts the calls of a run by their number and sets the pure ones apart.
func (p *Pipeline) split(calls map[uint32]air.Call, statements []air.Statement) (pure, rest []request) {
	kinder, _ := p.deps.Services.(Kinder)
	for _, id := range slices.SortedFunc(maps.Keys(calls), cmp.Compare[uint32]) {
		r := request{id: id, call: calls[id], statements: statements}
		if kinder != nil {
			r.kind = kinder.Kind(r.call.Service, r.call.Function)
		}
		if r.kind == Pure {
			pure = append(pure, r)
		} else {
			rest = append(rest, r)
		}
	}
	return pure, rest
}

// callPure makes calls one after the other.
func (p *Pipeline) callPure(ctx context.Context, st *stay, q *particle.Particle, list []request) map[uint32]air.Result {
	results := make(map[uint32]air.Result, len(list))
	for _, r := range list {
		results[r.id] = p.call(ctx, st, q, r)
	}
	return results
}

// startCalls begins the other calls, as many at a time as a stay may have.
func (p *Pipeline) startCalls(ctx context.Context, g *group, st *stay, eff *effects) {
	if len(eff.calls) == 0 {
		return
	}
	var callers int
	var waiters []request
	refused := map[uint32]air.Result{}
	p.mu.Lock()
	for _, r := range eff.calls {
		switch {
		case r.kind != Wait:
			st.calls = append(st.calls, r)
			st.open++
		case p.waits >= p.limits.Waits:
			refused[r.id] = failure("this peer has too many waiting calls, try again later")
		default:
			p.waits++
			st.open++
			waiters = append(waiters, r)
		}
	}
	for ; st.callers < min(p.limits.CallsPerStay, len(st.calls)); st.callers++ {
		callers++
	}
	p.addResults(st, refused)
	p.mu.Unlock()
	for range callers {
		g.Go(func() { p.workCalls(ctx, st, eff.particle) })
	}
	for _, r := range waiters {
		g.Go(func() { p.waitCall(ctx, st, eff.particle, r) })
	}
}

// workCalls makes calls of st until none is left.
func (p *Pipeline) workCalls(ctx context.Context, st *stay, q *particle.Particle) {
	live, cancel := context.WithDeadline(ctx, st.life.deadline)
	defer cancel()
	for {
		r, ok := p.nextCall(st)
		if !ok {
			return
		}
		select {
		case p.calls <- struct{}{}:
			callCtx, end := context.WithTimeout(live, p.limits.CallTime)
			res := p.call(callCtx, st, q, r)
			end()
			<-p.calls
			p.answered(st, r, res)
		case <-live.Done():
			p.answered(st, r, failure("particle expired"))
		}
	}
}

func (p *Pipeline) nextCall(st *stay) (r request, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(st.calls) == 0 {
		st.callers--
		return r, false
	}
	r = st.calls[0]
	if st.calls = st.calls[1:]; len(st.calls) == 0 {
		st.calls = nil
	}
	return r, true
}

// waitCall makes one waiting call.
func (p *Pipeline) waitCall(ctx context.Context, st *stay, q *particle.Particle, r request) {
	live, cancel := context.WithDeadline(ctx, st.life.deadline)
	defer cancel()
	res := p.call(live, st, q, r)
	p.mu.Lock()
	p.waits--
	p.mu.Unlock()
	p.answered(st, r, res)
}

// answered gives the result of a call back to its stay.
func (p *Pipeline) answered(st *stay, r request, res air.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	st.open--
	p.addResults(st, map[uint32]air.Result{r.id: res})
	if st.open == 0 && !st.active {
		st.particle = nil
	}
}

// call makes one call: budget, door, service, in this order.
func (p *Pipeline) call(ctx context.Context, st *stay, q *particle.Particle, r request) air.Result {
	began := time.Now()
	res, kind := p.answer(ctx, st, q, r)
	took := time.Since(began)
	p.deps.Metrics.call(kind, res.Code == 0, took.Seconds())
	if res.Gas > 0 {
		p.charge(st.life, func(s *spent) string { s.burn(res.Gas); return "" })
	}
	p.traceStay(st, Event{Kind: EventCall, Service: clip(r.call.Service), Function: clip(r.call.Function), Code: int64(res.Code), Bytes: len(res.JSON), RunUS: took.Microseconds()})
	return air.Result{Code: res.Code, JSON: res.JSON}
}

func (p *Pipeline) answer(ctx context.Context, st *stay, q *particle.Particle, r request) (res Result, kind string) {
	var left uint64
	budget := p.charge(st.life, func(s *spent) string {
		left = p.limits.Budget.Gas - min(s.gas, p.limits.Budget.Gas)
		return s.call(p.limits.Budget)
	})
	if budget != "" {
		p.deps.Metrics.budgets.WithLabelValues(budget).Inc()
		p.traceStay(st, Event{Kind: EventBudget, Reason: budget})
		return failed(fmt.Sprintf("particle's budget of %s on this peer is used up", budget)), callNotHappened
	}
	c := Call{
		Scope: st.scope, Particle: q, Service: r.call.Service, Function: r.call.Function,
		Args: r.call.Args, Tetraplets: r.call.Tetraplets, Origins: r.call.Origins, Gas: left, Statements: r.statements,
	}
	if e, ok := p.deps.Door.(Explainer); ok && p.deps.Tracer != nil {
		if detail := e.Steps(ctx, c); detail != nil {
			p.traceStay(st, Event{Kind: EventDoor, Service: clip(c.Service), Function: clip(c.Function), Detail: detail})
		}
	}
	if err := p.deps.Door.Admit(ctx, c); err != nil {
		return p.denied(err), callNotHappened
	}
	res, err := p.serve(ctx, c)
	switch {
	case err != nil:
		return failed(err.Error()), callReached
	case len(res.JSON) > p.limits.ResultBytes:
		return failed(fmt.Sprintf("result of %d bytes, at most %d are allowed", len(res.JSON), p.limits.ResultBytes)), callReached
	}
	return res, callReached
}

func (p *Pipeline) denied(err error) Result {
	var d *Denial
	if !errors.As(err, &d) {
		d = &Denial{Code: "door.0.error", Hint: err.Error()}
	}
	p.deps.Metrics.deny(d.Code)
	return Result{Code: codeService, JSON: []byte(d.Error())}
}

// serve runs the service and turns a panic into an error.
func (p *Pipeline) serve(ctx context.Context, c Call) (res Result, err error) {
	defer func() {
		if r := recover(); r != nil {
			p.deps.Metrics.panics.Inc()
			p.deps.Log.Error("service panicked", "particle", clip(c.Particle.ID), "service", clip(c.Service), "function", clip(c.Function), "err", fmt.Sprint(r))
			err = errors.New("service failed")
		}
	}()
	return p.deps.Services.Call(ctx, c)
}

// failed is a service error with text as a JSON string.
func failed(text string) Result {
	b, err := json.Marshal(text)
	if err != nil {
		b = []byte(`"service failed"`)
	}
	return Result{Code: codeService, JSON: b}
}

func failure(text string) air.Result {
	r := failed(text)
	return air.Result{Code: r.Code, JSON: r.JSON}
}
