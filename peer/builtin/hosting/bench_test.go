// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"testing"
	"time"
)

// BenchmarkCall is a call of a live service with all that surrounds it: look-up,
// vault, call parameters, JSON both ways, counters.
func BenchmarkCall(b *testing.B) {
	s, _ := open(b, b.TempDir(), nil)
	id := deploy(b, s, onHost, "small")
	c := request(b, onHost, idOf(1), id, "greeting", `["John Doe"]`)
	c.Particle.TTL = 600_000
	b.ReportAllocs()
	for b.Loop() {
		if res, err := s.Call(b.Context(), c); err != nil || res.Code != 0 {
			b.Fatal(string(res.JSON), err)
		}
	}
}

// BenchmarkStart is the first call of a service whose modules are compiled: files
// read and hashed, folders opened, instance made.
func BenchmarkStart(b *testing.B) {
	s, _ := open(b, b.TempDir(), nil)
	id := deploy(b, s, onHost, "small")
	c := request(b, onHost, idOf(1), id, "add", `[1,2]`)
	c.Particle.TTL = 600_000
	b.ReportAllocs()
	for b.Loop() {
		s.idle(b.Context(), time.Now().Add(s.limits.Idle))
		if res, err := s.Call(b.Context(), c); err != nil || res.Code != 0 {
			b.Fatal(string(res.JSON), err)
		}
	}
}
