// SPDX-License-Identifier: Apache-2.0

package store

import "errors"

var (
	// ErrNotFound reports a name or key that is not kept.
	ErrNotFound = errors.New("not found")
	// ErrName reports a name that cannot be a file here: use 1 to 200 letters,
	// digits, '.', '-' and '_' per part, at most four parts, no leading dot.
	ErrName = errors.New("name not allowed")
	// ErrQuota reports that a write would pass the quota. Nothing was written;
	// raise the quota or wait until something expires.
	ErrQuota = errors.New("quota exceeded")
	// ErrLocked reports a folder that another process uses. Stop that process or
	// choose another home.
	ErrLocked = errors.New("folder is in use by another process")
	// ErrCorrupt reports bytes on disk that fail their checksum.
	ErrCorrupt = errors.New("corrupt data on disk")
	// ErrClosed reports a use after the journal stopped.
	ErrClosed = errors.New("store closed")
	// ErrPassphrase reports a sealed key without a passphrase, or a wrong one.
	ErrPassphrase = errors.New("passphrase missing or wrong")
	// ErrKeyFile reports a key file that holds no key in a known form.
	ErrKeyFile = errors.New("key file not understood")
)
