// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/market. Codes are seen by clients and never change.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrNotAuthority says that somebody else than governance tried to do what only it may.
	ErrNotAuthority = errors.Register(ModuleName, 3, "not the authority")
	// ErrInvalidField says which field of a message is malformed, and what it should be.
	ErrInvalidField = errors.Register(ModuleName, 4, "invalid field")
	// ErrBatchTooLarge says that a message holds more than its stated limit.
	ErrBatchTooLarge = errors.Register(ModuleName, 5, "too many in one message")
	// ErrProviderNotFound says that the account has not named itself a provider.
	ErrProviderNotFound = errors.Register(ModuleName, 6, "provider not found")
	// ErrOfferNotFound says that there is no such offer.
	ErrOfferNotFound = errors.Register(ModuleName, 7, "offer not found")
	// ErrPeerNotFound says that there is no such compute peer.
	ErrPeerNotFound = errors.Register(ModuleName, 8, "compute peer not found")
	// ErrUnitNotFound says that there is no such compute unit.
	ErrUnitNotFound = errors.Register(ModuleName, 9, "compute unit not found")
	// ErrResourceNotFound says that a resource is not registered, or not supplied by the peer.
	ErrResourceNotFound = errors.Register(ModuleName, 10, "resource not found")
	// ErrDataCenterNotFound says that a data center is not registered.
	ErrDataCenterNotFound = errors.Register(ModuleName, 11, "data center not found")
	// ErrEffectorNotFound says that nothing is said of an effector.
	ErrEffectorNotFound = errors.Register(ModuleName, 12, "effector not found")
	// ErrNotAuditor says that the account is not a registered auditor.
	ErrNotAuditor = errors.Register(ModuleName, 13, "not an auditor")
	// ErrAttributeNotFound says that the auditor said no such thing.
	ErrAttributeNotFound = errors.Register(ModuleName, 14, "attribute not found")
	// ErrNotOwner says that the offer or peer is another's.
	ErrNotOwner = errors.Register(ModuleName, 15, "not the owner")
	// ErrPeerExists says that the peer is in an offer already.
	ErrPeerExists = errors.Register(ModuleName, 16, "compute peer exists")
	// ErrUnitExists says that the unit id is in use.
	ErrUnitExists = errors.Register(ModuleName, 17, "compute unit exists")
	// ErrOfferNotEmpty says that the offer still has compute peers.
	ErrOfferNotEmpty = errors.Register(ModuleName, 18, "offer has compute peers")
	// ErrPeerNotEmpty says that the peer still has compute units.
	ErrPeerNotEmpty = errors.Register(ModuleName, 19, "compute peer has units")
	// ErrPeerCommitted says that the peer is under a capacity commitment.
	ErrPeerCommitted = errors.Register(ModuleName, 20, "compute peer has a commitment")
	// ErrUnitTaken says that the unit serves a deal.
	ErrUnitTaken = errors.Register(ModuleName, 21, "compute unit serves a deal")
	// ErrUnitNotTaken says that the unit does not serve that deal and worker.
	ErrUnitNotTaken = errors.Register(ModuleName, 22, "compute unit does not serve the worker")
	// ErrSupply says that vCPU and memory do not fit the number of units.
	ErrSupply = errors.Register(ModuleName, 23, "supply does not fit the units")
	// ErrSupplyShort says that less of a resource is available than asked for, or that deals use more than the new maximum.
	ErrSupplyShort = errors.Register(ModuleName, 24, "not enough of a resource")
	// ErrUnpriced says that the offer gives no price for a resource.
	ErrUnpriced = errors.Register(ModuleName, 25, "resource has no price in the offer")
	// ErrInvalidSignature says that a signature is not of the peer for this provider, owner and chain.
	ErrInvalidSignature = errors.Register(ModuleName, 26, "invalid signature")
	// ErrExpired says that a signature may no longer be used.
	ErrExpired = errors.Register(ModuleName, 27, "signature is expired")
	// ErrTooManyUnits says that a provider or peer would exceed its number of units.
	ErrTooManyUnits = errors.Register(ModuleName, 28, "too many compute units")
	// ErrDraining says that the peer takes no deals now.
	ErrDraining = errors.Register(ModuleName, 29, "compute peer takes no deals")
	// ErrMaintenance says which maintenance window would be accepted.
	ErrMaintenance = errors.Register(ModuleName, 30, "maintenance window refused")
	// ErrNoMatch says in what an offer or peer does not fit a deal.
	ErrNoMatch = errors.Register(ModuleName, 31, "offer does not fit the deal")
	// ErrPriceTooLow says that the deal pays less than the offer asks for.
	ErrPriceTooLow = errors.Register(ModuleName, 32, "deal pays too little")
	// ErrInvalidGenesis says which part of a genesis state is wrong.
	ErrInvalidGenesis = errors.Register(ModuleName, 33, "invalid genesis state")
	// ErrBrokenState says that the store breaks an invariant of the module.
	ErrBrokenState = errors.Register(ModuleName, 34, "broken state")
)
