// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/epoch. Codes are seen by clients and never change.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrNotAuthority says that somebody else than governance tried to change the params.
	ErrNotAuthority = errors.Register(ModuleName, 3, "not the authority")
	// ErrEpochNotBegun says that an epoch was asked for that has not begun yet.
	ErrEpochNotBegun = errors.Register(ModuleName, 4, "epoch has not begun")
	// ErrInvalidGenesis says which part of a genesis state contradicts another.
	ErrInvalidGenesis = errors.Register(ModuleName, 5, "invalid genesis state")
	// ErrBrokenState says that the store breaks an invariant of the module.
	ErrBrokenState = errors.Register(ModuleName, 6, "broken state")
)
