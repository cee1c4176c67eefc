// SPDX-License-Identifier: Apache-2.0

package spell_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/spell"
)

// BenchmarkFire is from an event to a signed particle at the pipeline.
func BenchmarkFire(b *testing.B) {
	fired := make(chan struct{}, 1)
	r := newRig(b, func(c *spell.Config) {
		c.Limits.Rate, c.Limits.PeerRate = 1e9, 1e9
		c.Inject = func(*particle.Particle) error { fired <- struct{}{}; return nil }
	})
	r.install(r.host, "s", spell.Trigger{Connections: spell.Connections{Connect: true}})
	b.ReportAllocs()
	for b.Loop() {
		r.Peer(r.worker, true)
		<-fired
	}
}

// BenchmarkSetString writes a value of a spell.
func BenchmarkSetString(b *testing.B) {
	r := newRig(b, nil)
	id := r.install(r.host, "s", spell.Trigger{})
	me := spell.Caller{Init: r.host.String(), From: id}
	b.ReportAllocs()
	for b.Loop() {
		if err := r.SetString(r.host, id, me, "k", "value"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIdleSpell reports the memory of one installed spell that waits for its
// clock; installing one takes two syncs of the disk.
func BenchmarkIdleSpell(b *testing.B) {
	r := newRig(b, nil)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, n := heap(), 0
	for b.Loop() {
		r.install(r.host, fmt.Sprint("s", n), every(3600))
		if n++; n == 1000 {
			break
		}
	}
	b.ReportMetric(float64(heap()-before)/float64(n), "B/spell")
}
