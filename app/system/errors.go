// SPDX-License-Identifier: Apache-2.0

package system

import errorsmod "cosmossdk.io/errors"

// Reasons why a system transaction is refused. Their codes are consensus-visible: never renumber or reuse one.
var (
	// ErrAuthority says that the message names another signer than the system account.
	ErrAuthority = errorsmod.Register(ModuleName, 2, "wrong authority")
	// ErrHeight says that the message belongs to another block.
	ErrHeight = errorsmod.Register(ModuleName, 3, "wrong height")
	// ErrOrder says that entries are not sorted by kind or one kind stands twice.
	ErrOrder = errorsmod.Register(ModuleName, 4, "entries out of order")
	// ErrEmptyPayload says that an entry says nothing.
	ErrEmptyPayload = errorsmod.Register(ModuleName, 5, "empty payload")
	// ErrTooLarge says that the payloads together exceed MaxPayloadBytes.
	ErrTooLarge = errorsmod.Register(ModuleName, 6, "payloads too large")
	// ErrUnknownKind says that no module of this program reads an entry.
	ErrUnknownKind = errorsmod.Register(ModuleName, 7, "unknown kind")
	// ErrOutside says that a system message did not come through the first transaction of a block.
	ErrOutside = errorsmod.Register(ModuleName, 8, "system messages are made by the proposer only")
	// ErrEncoding says that the transaction is not the one encoding of its message.
	ErrEncoding = errorsmod.Register(ModuleName, 9, "not a canonical system transaction")
	// ErrCheck says that a module refuses its entry; the module's own error is wrapped.
	ErrCheck = errorsmod.Register(ModuleName, 10, "entry refused")
)
