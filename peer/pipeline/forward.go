// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/particle"
)

// forward sends the particle with its new data to the next peers. Targets that
// live here get it at once, as an arrival in their scope. A target that cannot
// be reached is dropped: the script's own branches deal with that.
func (p *Pipeline) forward(ctx context.Context, g *group, st *stay, eff *effects) {
	if len(eff.next) == 0 {
		return
	}
	out := eff.particle.WithData(eff.data)
	for _, text := range eff.next {
		to, err := peer.Decode(text)
		if err != nil {
			p.drop(st, clip(text), "target")
			continue
		}
		if p.isLocal(to, st) {
			p.sendLocal(st, to, out)
			continue
		}
		connected := p.deps.Sender.Connected(to)
		if reason := p.book(st, to, int64(len(out.Data)), connected); reason != "" {
			p.drop(st, text, reason)
			continue
		}
		g.Go(func() { p.send(ctx, st, to, out) })
	}
}

func (p *Pipeline) isLocal(to peer.ID, st *stay) bool {
	if to == p.self {
		return true
	}
	_, ok := p.deps.Keys.Seed(to, st.life.head.InitPeerID)
	return ok
}

// sendLocal hands the particle to another scope of this peer.
func (p *Pipeline) sendLocal(st *stay, to peer.ID, q *particle.Particle) {
	a := arrival{from: p.self, data: q.Data, script: q, at: time.Now()}
	p.mu.Lock()
	err := p.deliver(st.life, Scope{Host: p.self, Peer: to}, a)
	p.mu.Unlock()
	if err != nil && !errors.Is(err, ErrDuplicate) {
		p.drop(st, to.String(), Reason(err))
	}
}

// book charges a send to the particle and takes a place among the sends under
// way; the reason why it may not, or "".
func (p *Pipeline) book(st *stay, to peer.ID, size int64, connected bool) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case st.life.dead || st.life.ended != "":
		return "ended"
	case p.sends >= p.limits.Sends, p.sendBytes+size > p.limits.SendBytes:
		return "busy"
	case p.sendsTo[to] >= p.limits.SendsTo:
		return "slow"
	}
	if budget := st.life.spent.send(p.limits.Budget, to, size, connected); budget != "" {
		p.deps.Metrics.budgets.WithLabelValues(budget).Inc()
		return budget
	}
	p.sends++
	p.sendBytes += size
	p.sendsTo[to]++
	return ""
}

func (p *Pipeline) unbook(to peer.ID, size int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sends--
	p.sendBytes -= size
	if p.sendsTo[to]--; p.sendsTo[to] <= 0 {
		delete(p.sendsTo, to)
	}
}

// send makes one booked send.
func (p *Pipeline) send(ctx context.Context, st *stay, to peer.ID, q *particle.Particle) {
	defer p.unbook(to, int64(len(q.Data)))
	live, cancel := context.WithDeadline(ctx, st.life.deadline)
	defer cancel()
	began := time.Now()
	err := p.deps.Sender.Send(live, to, q)
	if err != nil {
		p.drop(st, to.String(), "unreachable")
		p.deps.Log.Debug("particle not sent", "particle", clip(q.ID), "peer", to, "err", err)
		return
	}
	p.traceStay(st, Event{Kind: EventSend, To: to.String(), Bytes: len(q.Data), RunUS: time.Since(began).Microseconds()})
}

// drop counts a send that is not made.
func (p *Pipeline) drop(st *stay, to, reason string) {
	p.deps.Metrics.dropped.WithLabelValues(reason).Inc()
	p.traceStay(st, Event{Kind: EventDrop, To: to, Reason: reason})
}
