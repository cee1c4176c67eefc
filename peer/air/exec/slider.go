// SPDX-License-Identifier: Apache-2.0

package exec

import "github.com/go-fluence/fluence/peer/air/data"

// slider walks one trace in step with the script. It stands at pos and may
// give limit states from where its window was set, of which seen are given.
//
// Source: air.md 6.1.
type slider struct {
	states []data.State
	pos    uint32
	limit  uint32
	seen   uint32
}

func newSlider(states []data.State) slider {
	return slider{states: states, limit: uint32(len(states))}
}

// next returns the state under the slider and moves on, or nil at the end of
// the window or of the trace.
func (s *slider) next() *data.State {
	if s.seen >= s.limit || s.pos >= uint32(len(s.states)) {
		return nil
	}
	st := &s.states[s.pos]
	s.pos++
	s.seen++
	return st
}

// left is how many states the window has not given yet.
func (s *slider) left() uint32 { return s.limit - s.seen }

// narrow opens a window of n states at the current position.
func (s *slider) narrow(n uint32) bool {
	if s.pos > uint32(len(s.states)) || uint32(len(s.states))-s.pos < n {
		return false
	}
	s.limit, s.seen = n, 0
	return true
}

// jump opens a window of n states at pos.
func (s *slider) jump(pos, n uint32) bool {
	if n != 0 && uint64(pos)+uint64(n) > uint64(len(s.states)) {
		return false
	}
	s.pos, s.limit, s.seen = pos, n, 0
	return true
}
