// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"encoding/json"
	"errors"

	"github.com/go-fluence/fluence/peer/particle"
)

// Why Accept refuses a particle, besides the errors of package particle.
var (
	// ErrBusy means that a queue is full; the sender may try again later.
	ErrBusy = errors.New("peer is busy")
	// ErrShare means that the delivering peer already uses its share.
	ErrShare = errors.New("sender uses its whole share")
	// ErrDuplicate means that this data already arrived; it was not run again.
	ErrDuplicate = errors.New("same particle data arrived before")
	// ErrBeforeStart means that the particle is older than what this peer remembers:
	// it may have run here before, so it is not run now. Send a new particle.
	ErrBeforeStart = errors.New("particle is older than this peer's memory")
	// ErrSpent means that the particle used up what one particle may use here.
	ErrSpent = errors.New("particle's budget is used up")
	// ErrStopped means that the pipeline does not run.
	ErrStopped = errors.New("pipeline stopped")
)

// Reason returns a short constant name of why err refused a particle, for
// counters and traces.
func Reason(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{ErrBusy, "busy"},
		{ErrShare, "share"},
		{ErrDuplicate, "duplicate"},
		{ErrBeforeStart, "before_start"},
		{ErrSpent, "spent"},
		{ErrStopped, "stopped"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}
	return particle.Reason(err)
}

// Denial is why a door refused a call. The script sees it as the JSON text of
// its fields, in a service error with code 1. Empty fields are left out, the
// code and the hint are always there.
type Denial struct {
	Code      string `json:"code"`                // door.N.reason, stable per N
	Perimeter string `json:"perimeter,omitempty"` // id of the perimeter that judged
	Version   uint64 `json:"version,omitempty"`   // its version
	Argument  *int   `json:"argument,omitempty"`  // index of the refused argument
	Origin    string `json:"origin,omitempty"`    // who vouches for it
	Hint      string `json:"hint"`                // what the caller can do
}

// Error returns the JSON text of d.
func (d *Denial) Error() string {
	b, err := json.Marshal(d)
	if err != nil {
		return d.Code
	}
	return string(b)
}
