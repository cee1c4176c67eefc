// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"container/heap"
	"time"
)

// clocks has the spell that runs next on top.
type clocks []*spell

// Len, Less, Swap, Push and Pop are those of container/heap.
func (h clocks) Len() int           { return len(h) }
func (h clocks) Less(i, j int) bool { return h[i].next.Before(h[j].next) }
func (h clocks) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push appends a spell.
func (h *clocks) Push(x any) {
	sp, ok := x.(*spell)
	if !ok {
		return
	}
	sp.place = len(*h)
	*h = append(*h, sp)
}

// Pop removes the last spell.
func (h *clocks) Pop() any {
	old := *h
	sp := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	sp.place = -1
	return sp
}

// wind puts a spell's clock where its trigger says; s.mu is held or not yet shared.
func (s *Spells) wind(sp *spell, now time.Time) {
	s.unwind(sp)
	at, ok := sp.Trigger.Clock.first(now)
	if !ok || sp.gone || (sp.Fired && sp.Trigger.Clock.PeriodSec == 0) {
		return
	}
	sp.next = at
	heap.Push(&s.clocks, sp)
	s.ring()
}

func (s *Spells) unwind(sp *spell) {
	if sp.place >= 0 {
		heap.Remove(&s.clocks, sp.place)
	}
	sp.next = time.Time{}
}

// maxDue bounds what one look at the clocks takes out.
const maxDue = 256

// due takes spells out whose time has come, winds them on, and returns the time to
// the next; s.mu is held.
func (s *Spells) due(now time.Time) (list []*spell, wait time.Duration) {
	for len(s.clocks) > 0 {
		sp := s.clocks[0]
		if wait = sp.next.Sub(now); wait > 0 {
			return list, wait
		}
		if len(list) == maxDue {
			return list, 0
		}
		heap.Pop(&s.clocks)
		list = append(list, sp)
		at, ok := sp.Trigger.Clock.next(sp.next, now)
		if sp.next = at; ok {
			heap.Push(&s.clocks, sp)
		} else {
			sp.next = time.Time{}
		}
	}
	return list, time.Hour
}

// bucket lets rate particles per second through, and some more at once.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes a token; the time until there is one otherwise.
func (b *bucket) take(now time.Time, rate float64, burst int) (wait time.Duration, ok bool) {
	if b.at.IsZero() {
		b.tokens = float64(burst)
	} else if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens = min(b.tokens+passed*rate, float64(burst))
	}
	b.at = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / rate * float64(time.Second)), false
	}
	b.tokens--
	return 0, true
}
