// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/deal. Codes are seen by clients and never change.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrNotAuthority says that somebody else than governance tried to change the params.
	ErrNotAuthority = errors.Register(ModuleName, 3, "not the authority")
	// ErrInvalidTerms says which term of a deal is out of its bounds.
	ErrInvalidTerms = errors.Register(ModuleName, 4, "invalid terms")
	// ErrInvalidID says which id has the wrong form.
	ErrInvalidID = errors.Register(ModuleName, 5, "invalid id")
	// ErrInvalidAddress says which account has the wrong form.
	ErrInvalidAddress = errors.Register(ModuleName, 6, "invalid address")
	// ErrInvalidAmount says which amount is not positive, too large or of another denom.
	ErrInvalidAmount = errors.Register(ModuleName, 7, "invalid amount")
	// ErrDenom says that deals are not paid in a denom.
	ErrDenom = errors.Register(ModuleName, 8, "not a payment denom")
	// ErrDealNotFound says that there is no such deal.
	ErrDealNotFound = errors.Register(ModuleName, 9, "deal not found")
	// ErrWorkerNotFound says that the deal has no such worker.
	ErrWorkerNotFound = errors.Register(ModuleName, 10, "worker not found")
	// ErrNotOwner says that somebody else than the deal's owner tried.
	ErrNotOwner = errors.Register(ModuleName, 11, "not the owner of the deal")
	// ErrNotAllowed says that the sender has no part in the worker.
	ErrNotAllowed = errors.Register(ModuleName, 12, "not allowed")
	// ErrEnded says that the deal was stopped.
	ErrEnded = errors.Register(ModuleName, 13, "deal has ended")
	// ErrDepositTooSmall says how much is missing to the least deposit.
	ErrDepositTooSmall = errors.Register(ModuleName, 14, "deposit too small")
	// ErrWithdrawTooLarge says how much may be taken back.
	ErrWithdrawTooLarge = errors.Register(ModuleName, 15, "more than can be withdrawn")
	// ErrInsufficientFunds says how much is missing before the deal can be matched.
	ErrInsufficientFunds = errors.Register(ModuleName, 16, "insufficient funds")
	// ErrTooEarly says in which epoch the deal can be matched again.
	ErrTooEarly = errors.Register(ModuleName, 17, "too early to rematch")
	// ErrTooManyWorkers says which bound on workers a match would pass.
	ErrTooManyWorkers = errors.Register(ModuleName, 18, "too many workers")
	// ErrNotEnoughWorkers says that a match leaves the deal below min_workers.
	ErrNotEnoughWorkers = errors.Register(ModuleName, 19, "not enough workers")
	// ErrInvalidSelection says what is wrong with the form of a selection.
	ErrInvalidSelection = errors.Register(ModuleName, 20, "invalid selection")
	// ErrMismatch says which demand of the deal a peer or its offer does not meet.
	ErrMismatch = errors.Register(ModuleName, 21, "peer does not match the deal")
	// ErrPeerUsed says that a peer serves the deal already.
	ErrPeerUsed = errors.Register(ModuleName, 22, "peer serves the deal already")
	// ErrAccessDenied says that the deal does not let a provider serve.
	ErrAccessDenied = errors.Register(ModuleName, 23, "provider has no access to the deal")
	// ErrInvalidAccess says what is wrong with an access list.
	ErrInvalidAccess = errors.Register(ModuleName, 24, "invalid access list")
	// ErrActivated says that a worker has a key already.
	ErrActivated = errors.Register(ModuleName, 25, "worker is activated already")
	// ErrWorkerFailed says that the commitment of the worker's peer failed.
	ErrWorkerFailed = errors.Register(ModuleName, 26, "worker has failed")
	// ErrInvalidSignature says that a worker's key did not sign for this worker.
	ErrInvalidSignature = errors.Register(ModuleName, 27, "invalid signature")
	// ErrNotStale says from which epoch on anybody may remove the worker.
	ErrNotStale = errors.Register(ModuleName, 28, "worker is not stale")
	// ErrNoGrant says that the depositor granted nothing, too little, or not any more.
	ErrNoGrant = errors.Register(ModuleName, 29, "no such deposit grant")
	// ErrTooManySponsors says that a deal has money of too many depositors.
	ErrTooManySponsors = errors.Register(ModuleName, 30, "too many depositors")
	// ErrInvalidGrant says which part of a grant, standing order or top-up is out of its bounds.
	ErrInvalidGrant = errors.Register(ModuleName, 31, "invalid grant")
	// ErrNothingToWithdraw says that the workers have earned nothing yet.
	ErrNothingToWithdraw = errors.Register(ModuleName, 32, "nothing to withdraw")
	// ErrInvalidGenesis says which part of a genesis state contradicts another.
	ErrInvalidGenesis = errors.Register(ModuleName, 33, "invalid genesis state")
	// ErrBrokenState says that the store breaks an invariant of the module.
	ErrBrokenState = errors.Register(ModuleName, 34, "broken state")
)
