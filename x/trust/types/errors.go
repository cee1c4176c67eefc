// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/trust. Codes are seen by clients and never change.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrNotAuthority says that somebody else than governance tried to change the params.
	ErrNotAuthority = errors.Register(ModuleName, 3, "not the authority")
	// ErrInvalidKey says that a key is not one of ed25519 or secp256k1 in the official form.
	ErrInvalidKey = errors.Register(ModuleName, 4, "invalid key")
	// ErrInvalidSignature says that a signature is not of the key that it should be of.
	ErrInvalidSignature = errors.Register(ModuleName, 5, "invalid signature")
	// ErrNotNewer says that what is recorded is as new or newer.
	ErrNotNewer = errors.Register(ModuleName, 6, "not newer than what is recorded")
	// ErrFuture says that a time lies too far ahead of block time.
	ErrFuture = errors.Register(ModuleName, 7, "time lies in the future")
	// ErrNotRevoked says that an anchor has nothing to undo.
	ErrNotRevoked = errors.Register(ModuleName, 8, "nothing is revoked")
	// ErrRateLimited says that a key had too much recorded in this epoch.
	ErrRateLimited = errors.Register(ModuleName, 9, "too many records of this key in this epoch")
	// ErrBound says that a peer key is bound to a wallet already.
	ErrBound = errors.Register(ModuleName, 10, "peer is bound to a wallet")
	// ErrNotBound says that a peer key is not bound to that wallet.
	ErrNotBound = errors.Register(ModuleName, 11, "peer is not bound to this wallet")
	// ErrExpired says that a trust is over before it can undo anything.
	ErrExpired = errors.Register(ModuleName, 12, "trust is expired")
	// ErrInvalidGenesis says which part of a genesis state is wrong.
	ErrInvalidGenesis = errors.Register(ModuleName, 13, "invalid genesis state")
	// ErrBrokenState says that the store breaks an invariant of the module.
	ErrBrokenState = errors.Register(ModuleName, 14, "broken state")
	// ErrSelfRevocation says that a key revoked itself.
	ErrSelfRevocation = errors.Register(ModuleName, 15, "a key does not revoke itself")
)
