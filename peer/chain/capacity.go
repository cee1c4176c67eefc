// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"context"
	"errors"
	"time"
)

// ErrNoCommitment reports a peer without a capacity commitment, or on a chain
// without capacity proofs.
var ErrNoCommitment = errors.New("no capacity commitment")

// Why proofs are refused, beside the errors of Submitter.Submit, which they join.
var (
	// ErrEpochOver reports proofs of an epoch that no longer runs.
	ErrEpochOver = errors.New("the proofs' epoch is over")
	// ErrProofKnown reports a proof that the chain has already.
	ErrProofKnown = errors.New("proof is known")
	// ErrProofsEnough reports a unit that has all the proofs that count.
	ErrProofsEnough = errors.New("unit has all its proofs")
	// ErrNotProving reports a unit of which nothing is due, such as one in a deal.
	ErrNotProving = errors.New("unit is not proving")
	// ErrProofsBusy reports a chain whose queue of proofs is full; try again later.
	ErrProofsBusy = errors.New("queue of proofs is full")
)

// UnitState is what a compute unit is doing, as the chain counts it.
type UnitState string

// The states of units.
const (
	UnitFree    UnitState = "free"    // nothing is due: no running commitment
	UnitProving UnitState = "proving" // proofs are due in this epoch
	UnitWaiting UnitState = "waiting" // proofs are due from the next epoch on
	UnitInDeal  UnitState = "in deal" // a deal has it: nothing is due
	UnitExited  UnitState = "exited"  // it left the commitment
)

// Unit is a compute unit of a peer.
type Unit struct {
	ID     [32]byte
	State  UnitState
	Proofs uint32 // verified in the running epoch so far
	Total  uint64 // verified in the whole term
	Failed uint64 // epochs it failed
}

// Capacity is what a peer has to prove in the running epoch.
type Capacity struct {
	Epoch    uint64
	Start    time.Time     // of the epoch, UTC
	Duration time.Duration // of the epoch
	// Known is set once the epoch has its nonce. Void is set when it has none and
	// will get none: nothing is due.
	Known, Void bool
	Nonce       [32]byte // global nonce; zero unless Known
	Difficulty  [32]byte // big-endian; a proof's hash is at most this
	Params      string   // parameter set of RandomX: "fluence" or "stock"
	MinProofs   uint32   // of a unit, to succeed
	MaxProofs   uint32   // of a unit, that count
	MaxBatch    int      // proofs of one message
	Units       []Unit   // ascending by id
	Height      Height   // the state that was read
}

// End returns the first moment that no longer belongs to the epoch.
func (c Capacity) End() time.Time { return c.Start.Add(c.Duration) }

// Proof is a capacity proof: RandomX under the unit's key of the epoch maps Nonce to
// Hash.
type Proof struct{ Unit, Nonce, Hash [32]byte }

// Proving reads what is to be proven. Safe for concurrent use.
type Proving interface {
	// Capacity returns what the peer with that ed25519 key has to prove, all of it in
	// the same epoch.
	//
	// Errors: ErrNoCommitment, ErrUnavailable, ErrWrongChain.
	Capacity(ctx context.Context, peer [32]byte) (Capacity, error)
}

// Proofs hands proofs in. Safe for concurrent use.
type Proofs interface {
	// SubmitProofs returns once the transaction is in a block, which queues all of the
	// proofs or none. The account that signs must be the peer's own.
	//
	// Errors: ErrEpochOver, ErrProofKnown, ErrProofsEnough, ErrNotProving,
	// ErrProofsBusy, and those of Submitter.Submit.
	SubmitProofs(ctx context.Context, epoch uint64, proofs []Proof) (Receipt, error)
}
