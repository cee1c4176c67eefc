// SPDX-License-Identifier: Apache-2.0

package types

import (
	"math"
	"time"
)

// StartOf returns when the given epoch of the era begins. The epoch must not be
// before the era's first one. Starts beyond the range of a Duration are clamped
// to its end, some 292 years after the era's start.
func (e Era) StartOf(epoch uint64) time.Time {
	n := epoch - e.First
	if n > uint64(math.MaxInt64/int64(e.Duration)) {
		return e.Start.Add(math.MaxInt64)
	}
	return e.Start.Add(time.Duration(n) * e.Duration)
}

// At returns the epoch of the era to which t belongs; a moment before the era's
// start counts to its first epoch.
func (e Era) At(t time.Time) uint64 {
	d := t.Sub(e.Start)
	if d < 0 {
		return e.First
	}
	return e.First + uint64(d/e.Duration)
}
