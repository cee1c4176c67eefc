// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"

	"github.com/go-fluence/fluence/peer/particle"
)

var (
	// ErrConfig means that a field of Config cannot work.
	ErrConfig = errors.New("host config")
	// ErrNotRunning means that the host is not yet, or no longer, running.
	ErrNotRunning = errors.New("host is not running")
	// ErrSelf means that a particle or a dial was addressed to the host itself.
	ErrSelf = errors.New("peer is this host")
	// ErrNotConnected means that no connection to the peer is open and none
	// can be made: no address is known that may be dialled.
	ErrNotConnected = errors.New("peer is not connected")
	// ErrAddress means that an address is malformed or out of reach.
	ErrAddress = errors.New("address not allowed")
	// ErrBusy means that too many particles already wait for the same peer.
	ErrBusy = errors.New("too many particles wait for the peer")
	// ErrRefused means that the peer read the particle and did not take it, or
	// did not take it in time. Only peers of this kind can say so.
	ErrRefused = errors.New("peer refused the particle")
	// ErrQuota means that the delivering peer or address used up its quota.
	ErrQuota = errors.New("quota used up")
	// ErrNoHandler means that this host takes no particles.
	ErrNoHandler = errors.New("host takes no particles")
)

// reasoner is an error of a handler that names its own counter.
type reasoner interface{ Reason() string }

// reason returns the counter label for why a particle was refused.
func reason(err error) string {
	var r reasoner
	switch {
	case errors.As(err, &r):
		return r.Reason()
	case errors.Is(err, ErrQuota):
		return "quota"
	case errors.Is(err, ErrNoHandler):
		return "no_handler"
	case isTimeout(err):
		return "timeout"
	case isReset(err):
		return "reset"
	case isMemory(err):
		return "memory"
	}
	return particle.Reason(err)
}
