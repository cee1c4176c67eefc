// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/beacon. Codes are seen by clients and never change.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrNotAuthority says that somebody else than governance tried to change the params.
	ErrNotAuthority = errors.Register(ModuleName, 3, "not the authority")
	// ErrInvalidGenesis says which part of a genesis state contradicts another.
	ErrInvalidGenesis = errors.Register(ModuleName, 4, "invalid genesis state")
	// ErrBrokenState says that the store breaks an invariant of the module.
	ErrBrokenState = errors.Register(ModuleName, 5, "broken state")
	// ErrBeaconPending says that an epoch has no value yet: its window is open.
	ErrBeaconPending = errors.Register(ModuleName, 6, "beacon is pending")
	// ErrVoid says that an epoch has no value and never will: too few outputs.
	ErrVoid = errors.Register(ModuleName, 7, "epoch has no beacon")
	// ErrPruned says that the value of an epoch is no longer kept.
	ErrPruned = errors.Register(ModuleName, 8, "beacon is pruned")
	// ErrInvalidKey says that bytes are no VRF key, or not one the operator holds.
	ErrInvalidKey = errors.Register(ModuleName, 9, "invalid VRF key")
	// ErrNotValidator says that an operator runs no validator.
	ErrNotValidator = errors.Register(ModuleName, 10, "not a validator")
	// ErrInvalidOutput says that a payload is not the output of the block's proposer.
	ErrInvalidOutput = errors.Register(ModuleName, 11, "invalid output")
	// ErrNoWindow says that an output stands in a block outside of the window.
	ErrNoWindow = errors.Register(ModuleName, 12, "block gives no output")
	// ErrNoKey says that no key of an operator counts.
	ErrNoKey = errors.Register(ModuleName, 13, "no key")
)
