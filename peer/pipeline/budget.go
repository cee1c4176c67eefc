// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// spent is what one particle has used so far. The pipeline's mutex guards it.
type spent struct {
	targets map[peer.ID]struct{}
	sends   int
	bytes   int64
	largest int64 // largest data received
	lookups int
	runs    int
	time    time.Duration
	calls   int
	gas     uint64
}

// run charges one run; the name of the budget that ends the particle, or "".
func (s *spent) run(b Budget) string {
	switch {
	case s.runs >= b.Runs:
		return "runs"
	case s.time >= b.Time:
		return "time"
	}
	s.runs++
	return ""
}

// send charges one send of size bytes to a peer; the name of the budget that
// forbids it, or "". Nothing is charged for a send that is forbidden.
func (s *spent) send(b Budget, to peer.ID, size int64, connected bool) string {
	_, known := s.targets[to]
	switch {
	case !known && len(s.targets) >= b.Targets:
		return "targets"
	case s.sends >= b.Sends:
		return "sends"
	case s.bytes+size > max(b.Bytes, b.BytesTimes*s.largest):
		return "bytes"
	case !connected && s.lookups >= b.Lookups:
		return "lookups"
	}
	if !known {
		if s.targets == nil {
			s.targets = map[peer.ID]struct{}{}
		}
		s.targets[to] = struct{}{}
	}
	s.sends++
	s.bytes += size
	if !connected {
		s.lookups++
	}
	return ""
}

// call charges one call; the name of the budget that forbids it, or "".
func (s *spent) call(b Budget) string {
	switch {
	case s.calls >= b.Calls:
		return "calls"
	case s.gas >= b.Gas:
		return "gas"
	}
	s.calls++
	return ""
}

// burn charges gas of a call that ran, without overflow.
func (s *spent) burn(gas uint64) {
	if s.gas+gas < s.gas {
		s.gas = ^uint64(0)
		return
	}
	s.gas += gas
}
