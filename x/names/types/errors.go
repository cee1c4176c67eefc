// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/names. Codes are seen by clients and never change.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrNotAuthority says that somebody else than governance tried to change the params.
	ErrNotAuthority = errors.Register(ModuleName, 3, "not the authority")
	// ErrInvalidName says why a text is no name.
	ErrInvalidName = errors.Register(ModuleName, 4, "invalid name")
	// ErrNotFound says that a name is not registered, or counts no longer.
	ErrNotFound = errors.Register(ModuleName, 5, "name not found")
	// ErrTaken says that a name belongs to somebody.
	ErrTaken = errors.Register(ModuleName, 6, "name is taken")
	// ErrNotOwner says that the sender may not do this with the name.
	ErrNotOwner = errors.Register(ModuleName, 7, "not the owner")
	// ErrExpired says that a name is in its grace period and can only be renewed.
	ErrExpired = errors.Register(ModuleName, 8, "name is expired")
	// ErrCommitment says that a commitment is missing, too young, too old or there already.
	ErrCommitment = errors.Register(ModuleName, 9, "commitment does not count")
	// ErrPeriod says that a period is too short or ends too far ahead.
	ErrPeriod = errors.Register(ModuleName, 10, "period out of bounds")
	// ErrPrice says that the price is above what the sender would pay.
	ErrPrice = errors.Register(ModuleName, 11, "price is higher")
	// ErrInvalidRecord says what is wrong with a record.
	ErrInvalidRecord = errors.Register(ModuleName, 12, "invalid record")
	// ErrFixed says that a name below was given away for the term.
	ErrFixed = errors.Register(ModuleName, 13, "name is fixed")
	// ErrHasSubnames says that there are names below.
	ErrHasSubnames = errors.Register(ModuleName, 14, "there are names below")
	// ErrUnchanged says that a message would change nothing.
	ErrUnchanged = errors.Register(ModuleName, 15, "nothing would change")
	// ErrInvalidGenesis says which part of a genesis state is wrong.
	ErrInvalidGenesis = errors.Register(ModuleName, 16, "invalid genesis state")
	// ErrBrokenState says that the store breaks an invariant of the module.
	ErrBrokenState = errors.Register(ModuleName, 17, "broken state")
)
