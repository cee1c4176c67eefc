// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of x/perimeter. Codes are seen by clients and never change.
var (
	// ErrInvalidParams says which param is out of its bounds.
	ErrInvalidParams = errors.Register(ModuleName, 2, "invalid params")
	// ErrNotAuthority says that somebody else than governance tried to change the params.
	ErrNotAuthority = errors.Register(ModuleName, 3, "not the authority")
	// ErrNotFound says that there is no such perimeter, version, member or policy.
	ErrNotFound = errors.Register(ModuleName, 4, "not found")
	// ErrExists says that the creator used the nonce before.
	ErrExists = errors.Register(ModuleName, 5, "perimeter exists")
	// ErrNotOwner says that the sender does not own the perimeter, the peer or the deal.
	ErrNotOwner = errors.Register(ModuleName, 6, "not the owner")
	// ErrState says that the perimeter's state does not allow the change.
	ErrState = errors.Register(ModuleName, 7, "state does not allow it")
	// ErrInvalidPolicy says what is wrong with a policy.
	ErrInvalidPolicy = errors.Register(ModuleName, 8, "invalid policy")
	// ErrInvalidMember says what is wrong with a subject, a service or its terms.
	ErrInvalidMember = errors.Register(ModuleName, 9, "invalid member")
	// ErrTooMany says which bound a change would pass.
	ErrTooMany = errors.Register(ModuleName, 10, "too many")
	// ErrNotProposed says that there is nothing to accept.
	ErrNotProposed = errors.Register(ModuleName, 11, "nothing is proposed")
	// ErrPolicyChanged says that the accepted policy is not the current one.
	ErrPolicyChanged = errors.Register(ModuleName, 12, "policy has changed")
	// ErrNotMember says that there is neither membership nor proposal.
	ErrNotMember = errors.Register(ModuleName, 13, "not a member")
	// ErrOpenDeal says that a deal admits providers its owner did not choose.
	ErrOpenDeal = errors.Register(ModuleName, 14, "deal admits any provider")
	// ErrInvalidGenesis says which part of a genesis state is wrong.
	ErrInvalidGenesis = errors.Register(ModuleName, 15, "invalid genesis state")
	// ErrBrokenState says that the store breaks an invariant of the module.
	ErrBrokenState = errors.Register(ModuleName, 16, "broken state")
	// ErrUnchanged says that a message would change nothing.
	ErrUnchanged = errors.Register(ModuleName, 17, "nothing would change")
)
