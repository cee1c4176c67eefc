// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/capacity. Codes are seen by clients and never change. Admission's
// errors begin with code 40.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrPenaltyTooLow says that a cheater could gain more than half of what it risks.
	ErrPenaltyTooLow = errors.Register(ModuleName, 3, "penalty too low")
	// ErrNotAuthority says that somebody else than governance tried to change the params.
	ErrNotAuthority = errors.Register(ModuleName, 4, "not the authority")
	// ErrInvalidGenesis says which part of a genesis state contradicts another.
	ErrInvalidGenesis = errors.Register(ModuleName, 5, "invalid genesis")
	// ErrBrokenState says that the stored state contradicts itself.
	ErrBrokenState = errors.Register(ModuleName, 6, "broken state")
	// ErrDisabled says that this chain has no capacity commitments.
	ErrDisabled = errors.Register(ModuleName, 7, "capacity commitments are disabled")
	// ErrInvalidID says that an id has not its length.
	ErrInvalidID = errors.Register(ModuleName, 8, "invalid id")
	// ErrNotProvider says that the sender is not the provider.
	ErrNotProvider = errors.Register(ModuleName, 9, "not the provider")
	// ErrNotApproved says that the provider is not approved.
	ErrNotApproved = errors.Register(ModuleName, 10, "provider not approved")
	// ErrHasCommitment says that the peer has a commitment.
	ErrHasCommitment = errors.Register(ModuleName, 11, "peer has a commitment")
	// ErrInvalidDuration says that a commitment is too short or too long.
	ErrInvalidDuration = errors.Register(ModuleName, 12, "invalid duration")
	// ErrInvalidUnits says that a list of units or their number is out of its bounds.
	ErrInvalidUnits = errors.Register(ModuleName, 13, "invalid units")
	// ErrInvalidRate says that a reward rate is out of its bounds.
	ErrInvalidRate = errors.Register(ModuleName, 14, "invalid rate")
	// ErrInvalidDelegator says that delegator and open contradict each other.
	ErrInvalidDelegator = errors.Register(ModuleName, 15, "invalid delegator")
	// ErrNotFound says that there is no such commitment.
	ErrNotFound = errors.Register(ModuleName, 16, "no such commitment")
	// ErrStatus says that the commitment's status does not permit the message.
	ErrStatus = errors.Register(ModuleName, 17, "wrong status")
	// ErrNotDelegator says that only another account may deposit.
	ErrNotDelegator = errors.Register(ModuleName, 18, "not the delegator")
	// ErrCollateral says that more collateral is required than the sender permits.
	ErrCollateral = errors.Register(ModuleName, 19, "not enough collateral")
	// ErrPriceExpired says that the price is too old to take collateral at.
	ErrPriceExpired = errors.Register(ModuleName, 20, "price expired")
	// ErrUnitNotFound says that the commitment has no such unit.
	ErrUnitNotFound = errors.Register(ModuleName, 21, "no such unit")
	// ErrUnitExited says that the unit has left already.
	ErrUnitExited = errors.Register(ModuleName, 22, "unit has exited")
	// ErrUnitsRemain says that units have not left the commitment.
	ErrUnitsRemain = errors.Register(ModuleName, 23, "units remain")
	// ErrTooEarly says until which epoch to wait.
	ErrTooEarly = errors.Register(ModuleName, 24, "too early")
	// ErrWithdrawn says that the collateral was paid back before.
	ErrWithdrawn = errors.Register(ModuleName, 25, "collateral withdrawn")
	// ErrNotParty says that the sender is neither provider nor delegator.
	ErrNotParty = errors.Register(ModuleName, 26, "neither provider nor delegator")
	// ErrNothingUnlocked says that no reward is unlocked.
	ErrNothingUnlocked = errors.Register(ModuleName, 27, "no reward unlocked")
	// ErrPoolEmpty says that the pool's account cannot pay; funding it helps.
	ErrPoolEmpty = errors.Register(ModuleName, 28, "not enough coins in the reward pool")
	// ErrInvalidAmount says that coins are of another denom, zero or negative.
	ErrInvalidAmount = errors.Register(ModuleName, 29, "invalid amount")
	// ErrNotFeeder says that the sender is not among the params' feeders.
	ErrNotFeeder = errors.Register(ModuleName, 30, "not a feeder")
	// ErrInvalidPrice says that a price is below the floor or above the bound.
	ErrInvalidPrice = errors.Register(ModuleName, 31, "invalid price")
	// ErrNotProving says why nothing is expected from a unit in an epoch.
	ErrNotProving = errors.Register(ModuleName, 32, "unit is not proving")
	// ErrNoCommitment says that the peer has no commitment.
	ErrNoCommitment = errors.Register(ModuleName, 33, "peer has no commitment")
	// ErrEpochSettled says that an epoch is settled and can no longer change.
	ErrEpochSettled = errors.Register(ModuleName, 34, "epoch is settled")
	// ErrEpochNotBegun says that an epoch is in the future.
	ErrEpochNotBegun = errors.Register(ModuleName, 35, "epoch has not begun")
	// ErrInvalidAddress says which field is not an address.
	ErrInvalidAddress = errors.Register(ModuleName, 36, "invalid address")
	// ErrNoSuchPeer says that the market knows no such peer.
	ErrNoSuchPeer = errors.Register(ModuleName, 37, "no such peer")
)
