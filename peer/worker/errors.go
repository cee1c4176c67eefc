// SPDX-License-Identifier: Apache-2.0

package worker

import "errors"

// Errors of this package.
var (
	// ErrExists reports a deal that has a worker here already.
	ErrExists = errors.New("worker exists")
	// ErrNotFound reports a deal or peer id without a worker here.
	ErrNotFound = errors.New("worker not found")
	// ErrDealID reports a text that is no deal id: write 0x and 40 hex digits.
	ErrDealID = errors.New("bad deal id")
	// ErrState reports a worker that is in the asked state already.
	ErrState = errors.New("nothing to change")
	// ErrLimit reports that this peer has as many workers as it may.
	ErrLimit = errors.New("too many workers")
	// ErrApp reports an app that does not run here; the text names the part.
	ErrApp = errors.New("app refused")
	// ErrForeignKey reports a worker that the chain knows under a key that is not
	// here: its key was lost. Remove the worker on the chain, so that the deal is
	// matched again.
	ErrForeignKey = errors.New("worker was activated with another key")
)
