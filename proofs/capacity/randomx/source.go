// SPDX-License-Identifier: Apache-2.0

package randomx

import "math"

// noItem is no item number.
const noItem = math.MaxUint64

// lightItems computes items from a cache: one at a time with compiled code, else
// every second time two at once.
type lightItems struct {
	calc    calc
	now     line
	spare   line   // item spareAt, computed before it is asked for
	spareAt uint64 // or noItem
}

func (s *lightItems) item(n, next uint64) *line {
	if s.spareAt == n {
		s.spareAt = noItem
		return &s.spare
	}
	if s.calc.code != nil {
		s.calc.code.item(s.calc.mem, n, &s.now)
		return &s.now
	}
	s.calc.two(n, next, &s.now, &s.spare)
	s.spareAt = next
	return &s.now
}

func (s *lightItems) reset() { s.spareAt = noItem }

// fastItems is a whole dataset.
type fastItems []line

func (s fastItems) item(n, next uint64) *line {
	prefetch(&s[next])
	return &s[n]
}

func (s fastItems) reset() {}
