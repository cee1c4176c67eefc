// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/errors"

// Errors of proof admission. Their codes begin at 40, apart from those of the
// economy. Codes are seen by clients and never change.
var (
	// ErrWrongEpoch says that proofs are not of the running epoch. Remedy: mine with the nonce of the running one.
	ErrWrongEpoch = errors.Register(ModuleName, 40, "not the running epoch")
	// ErrNonceUnknown says that the epoch has no nonce yet, or never will. Remedy: wait for the beacon.
	ErrNonceUnknown = errors.Register(ModuleName, 41, "epoch has no nonce")
	// ErrBatchSize says that a message carries no proof or too many. Remedy: several messages.
	ErrBatchSize = errors.Register(ModuleName, 42, "bad number of proofs")
	// ErrProofForm says that a field of a proof does not have 32 bytes.
	ErrProofForm = errors.Register(ModuleName, 43, "malformed proof")
	// ErrNotOwner says that the sender does not own the peer of a unit.
	ErrNotOwner = errors.Register(ModuleName, 44, "not the owner of the peer")
	// ErrProofAboveDifficulty says that a hash is above the difficulty of the epoch.
	ErrProofAboveDifficulty = errors.Register(ModuleName, 45, "hash is above the difficulty")
	// ErrDuplicateProof says that a nonce was admitted before for this unit and epoch.
	ErrDuplicateProof = errors.Register(ModuleName, 46, "duplicate proof")
	// ErrTooManyProofs says that a unit has more proofs than count in an epoch.
	ErrTooManyProofs = errors.Register(ModuleName, 47, "too many proofs of a unit")
	// ErrOtherPath says that a peer proves directly and by commitment in one epoch. Remedy: one of them.
	ErrOtherPath = errors.Register(ModuleName, 48, "peer proves by the other path in this epoch")
	// ErrQueueFull says that too many proofs wait for their verdicts. Remedy: send them again later.
	ErrQueueFull = errors.Register(ModuleName, 49, "queue of proofs is full")
	// ErrBadRoot says that a field of a commitment to proofs is malformed.
	ErrBadRoot = errors.Register(ModuleName, 50, "malformed commitment to proofs")
	// ErrRootExists says that a peer committed to its proofs of the epoch before.
	ErrRootExists = errors.Register(ModuleName, 51, "peer has committed to its proofs")
	// ErrNoRoot says that a peer did not commit to proofs of that epoch, or that they are forgotten.
	ErrNoRoot = errors.Register(ModuleName, 52, "no commitment to proofs")
	// ErrNotSampled says that it is not known yet which leaves are drawn. Remedy: wait for the beacon of the next epoch.
	ErrNotSampled = errors.Register(ModuleName, 53, "leaves are not drawn yet")
	// ErrNotDrawn says that a peer need not open any leaf.
	ErrNotDrawn = errors.Register(ModuleName, 54, "peer is not drawn")
	// ErrOpenClosed says that the time to open is over.
	ErrOpenClosed = errors.Register(ModuleName, 55, "time to open is over")
	// ErrOpened says that the leaves were opened before.
	ErrOpened = errors.Register(ModuleName, 56, "leaves are opened")
	// ErrBadOpening says that an opening does not show the drawn leaves.
	ErrBadOpening = errors.Register(ModuleName, 57, "bad opening")
	// ErrBadChallenge says that a challenge shows nothing wrong, or nothing of the root.
	ErrBadChallenge = errors.Register(ModuleName, 58, "bad challenge")
	// ErrSettled says that a commitment to proofs came to its end.
	ErrSettled = errors.Register(ModuleName, 59, "commitment to proofs is settled")
	// ErrVerdictForm says that bytes are no list of verdicts.
	ErrVerdictForm = errors.Register(ModuleName, 60, "malformed verdicts")
	// ErrNotDue says that a verdict is on a batch that is not due, or of another size.
	ErrNotDue = errors.Register(ModuleName, 61, "batch is not due")
)
