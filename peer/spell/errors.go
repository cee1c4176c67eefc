// SPDX-License-Identifier: Apache-2.0

package spell

import "errors"

var (
	// ErrNotFound reports a spell that this scope does not have, by id or alias.
	ErrNotFound = errors.New("spell not found")
	// ErrTrigger reports a trigger that cannot work; the text names the field.
	ErrTrigger = errors.New("trigger config")
	// ErrAlias reports a name that cannot be a spell's: taken, reserved or too long.
	ErrAlias = errors.New("alias of a spell not allowed")
	// ErrQuota reports that a spell or its scope has no room left. Nothing changed.
	ErrQuota = errors.New("quota of spells is used up")
	// ErrForbidden reports a writer who may not write that key or call that function.
	ErrForbidden = errors.New("forbidden")
	// ErrBusy reports that too much runs already; the text says when to come again.
	ErrBusy = errors.New("spells are busy")
	// ErrNotRunning reports a firing outside Run.
	ErrNotRunning = errors.New("spells do not run")
	// ErrData reports init data that is no JSON object.
	ErrData = errors.New("init data of a spell")
	// ErrNoKey reports a scope whose key this peer does not hold or may not use now.
	ErrNoKey = errors.New("no key for this scope")
)
