// SPDX-License-Identifier: Apache-2.0

package ante

import errorsmod "cosmossdk.io/errors"

// Codespace is the name under which the refusals below are reported.
const Codespace = "ante"

// Refusals of the limits. Their codes are seen by clients: never renumber or reuse one.
var (
	// ErrTooManyMessages says that a transaction carries more messages, nested ones counted, than MaxMessages.
	ErrTooManyMessages = errorsmod.Register(Codespace, 2, "too many messages")
	// ErrTooDeep says that messages are nested deeper than MaxDepth.
	ErrTooDeep = errorsmod.Register(Codespace, 3, "messages nested too deep")
	// ErrTooLarge says that a transaction has more bytes than MaxTxBytes.
	ErrTooLarge = errorsmod.Register(Codespace, 4, "transaction too large")
	// ErrForbiddenMessage says that a message may not stand where it stands.
	ErrForbiddenMessage = errorsmod.Register(Codespace, 5, "message not allowed here")
	// ErrFeeDenom says that a fee is offered in a coin that does not pay fees.
	ErrFeeDenom = errorsmod.Register(Codespace, 6, "coin does not pay fees")
	// ErrDecode says that bytes are no transaction of this chain.
	ErrDecode = errorsmod.Register(Codespace, 7, "not a transaction")
	// ErrSignatureForm says that a signature is written in a way no wallet writes it.
	ErrSignatureForm = errorsmod.Register(Codespace, 8, "signature in an unknown form")
	// ErrPanic says that checking a transaction failed in a way that was not foreseen.
	ErrPanic = errorsmod.Register(Codespace, 9, "check failed")
)
