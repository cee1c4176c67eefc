// SPDX-License-Identifier: Apache-2.0

package chain

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// ErrNoDeal reports a deal id that names no deal.
var ErrNoDeal = errors.New("no such deal")

// DealStatus is how a deal stands, in the words of upstream.
type DealStatus string

// The statuses of deals.
const (
	DealActive           DealStatus = "ACTIVE"
	DealEnded            DealStatus = "ENDED"
	DealNoFunds          DealStatus = "INSUFFICIENT_FUNDS"
	DealNotEnoughWorkers DealStatus = "NOT_ENOUGH_WORKERS"
	DealSmallBalance     DealStatus = "SMALL_BALANCE"
)

// Serves reports whether workers of a deal in this status are to run.
func (s DealStatus) Serves() bool { return s != DealEnded && s != DealNoFunds }

// DealID names a deal.
type DealID [20]byte

// String returns 0x and 40 lower-case hex digits.
func (id DealID) String() string { return "0x" + hex.EncodeToString(id[:]) }

// Deal is a customer's request for workers, as far as who serves it must know.
type Deal struct {
	ID     DealID
	Owner  string // bech32
	App    []byte // binary CIDv1 of the worker definition, raw and sha2-256
	Status DealStatus
}

// DealWorker is one worker of a deal.
type DealWorker struct {
	ID       [32]byte
	Deal     DealID
	Peer     [32]byte // ed25519 key of the peer it runs on
	Provider string   // bech32
	Units    [][32]byte
	Key      []byte // ed25519 key of the worker, 32 bytes; empty until it is activated
	Failed   bool   // its peer's capacity commitment failed: it is paid no more
	Joined   uint64 // epoch
}

// PeerDeal is a worker of a peer with its deal.
type PeerDeal struct {
	Worker DealWorker
	Deal   Deal
}

// Deals reads what is rented. Safe for concurrent use.
type Deals interface {
	// DealsOf returns the workers of the peer with that ed25519 key, with their deals.
	//
	// Errors: ErrUnavailable, ErrWrongChain.
	DealsOf(ctx context.Context, peer [32]byte) ([]PeerDeal, Height, error)
	// Workers returns the workers of a deal.
	//
	// Errors: ErrNoDeal, ErrUnavailable, ErrWrongChain.
	Workers(ctx context.Context, deal DealID) ([]DealWorker, Height, error)
}

// Activation tells the chain that a worker runs.
type Activation struct {
	Deal      DealID
	Worker    [32]byte
	Key       [32]byte // ed25519 key of the worker
	Signature [64]byte // of that key over ActivationBytes
}

// Activator hands activations in. Safe for concurrent use.
type Activator interface {
	// ActivateWorker returns once the transaction is in a block. The account that
	// signs it must be the provider's or the peer's own.
	//
	// Errors: those of Submitter.Submit.
	ActivateWorker(ctx context.Context, a Activation) (Receipt, error)
}

// ActivationBytes returns what the key of a worker signs.
//
//	"fluence/worker/v1" ‖ u16be len ‖ chain id ‖ deal id (20) ‖ worker id (32) ‖ peer's key (32)
func ActivationBytes(chainID string, deal DealID, worker, peer [32]byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte("fluence/worker/v1"), uint16(len(chainID)))
	b = append(append(b, chainID...), deal[:]...)
	return append(append(b, worker[:]...), peer[:]...)
}
