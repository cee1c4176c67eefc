// SPDX-License-Identifier: Apache-2.0

package ipfs

import "errors"

var (
	// ErrNotFound reports a block that is not kept here.
	ErrNotFound = errors.New("block not found")
	// ErrUnavailable reports a block that no connected peer delivered in time. Name a
	// provider, or connect to one, and try again.
	ErrUnavailable = errors.New("no peer delivered the block")
	// ErrQuota reports that pinned blocks and those being fetched fill the store.
	// Unpin something or raise ipfs.quota. Nothing was written.
	ErrQuota = errors.New("block store is full")
	// ErrNotRunning reports a fetch from others outside Run.
	ErrNotRunning = errors.New("block exchange is not running")
	// ErrOwner reports a pin whose owner is not 1 to 128 letters, digits, '-', '_'
	// and '.', beginning with a letter or digit.
	ErrOwner = errors.New("owner of a pin not allowed")
)
