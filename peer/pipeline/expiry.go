// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"container/heap"
	"context"
	"time"
)

// maxPerSweep bounds the lives that one sweep ends, so that arrivals are not
// held up by a flood that expires at one moment.
const maxPerSweep = 1024

// deadlineHeap has the life that ends first on top.
type deadlineHeap []*life

// Len, Less, Swap, Push and Pop are those of container/heap.
func (h deadlineHeap) Len() int           { return len(h) }
func (h deadlineHeap) Less(i, j int) bool { return h[i].deadline.Before(h[j].deadline) }
func (h deadlineHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push appends a life.
func (h *deadlineHeap) Push(x any) {
	l, ok := x.(*life)
	if !ok {
		return
	}
	l.place = len(*h)
	*h = append(*h, l)
}

// Pop removes the last life.
func (h *deadlineHeap) Pop() any {
	old := *h
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return l
}

// sweep ends lives at their deadline until ctx ends.
func (p *Pipeline) sweep(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		over, wait := p.over(time.Now())
		for _, l := range over {
			p.bury(l)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-p.alarm:
		}
	}
}

// over takes the lives out whose deadline has passed and returns the time to
// the next one.
func (p *Pipeline) over(now time.Time) (list []*life, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.deadlines) > 0 {
		l := p.deadlines[0]
		// A particle is alive up to and including the millisecond of its deadline.
		if wait = l.deadline.Add(time.Millisecond).Sub(now); wait > 0 {
			return list, wait
		}
		if len(list) == maxPerSweep {
			return list, time.Millisecond
		}
		heap.Pop(&p.deadlines)
		l.dead = true
		delete(p.lives, l.key)
		if p.shares[l.first]--; p.shares[l.first] <= 0 {
			delete(p.shares, l.first)
		}
		for _, st := range l.stays {
			p.empty(st)
			if !st.active {
				p.rest(st)
			}
		}
		list = append(list, l)
	}
	p.deps.Metrics.alive.Set(float64(len(p.lives)))
	return list, time.Hour
}

// bury deletes what is kept of a life that is over.
func (p *Pipeline) bury(l *life) {
	for _, st := range l.stays {
		p.deps.Journal.Delete(st.key)
	}
	if p.deps.Forget != nil {
		head := l.head
		p.deps.Forget(&head)
	}
}
