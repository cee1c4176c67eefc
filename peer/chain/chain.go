// SPDX-License-Identifier: Apache-2.0

// Package chain is how a peer sees the chain: state read with the height it was
// read at, blocks and their events in order and without gaps, and transactions
// handed in with a receipt. It holds interfaces and value types only; it opens no
// connection and knows nothing of the modules behind the keys. Package remote
// implements it over a validator's RPC.
package chain

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrUnavailable reports that no validator answered. The call may be repeated;
	// nothing was changed by it unless it was a Submit, see ErrUnconfirmed.
	ErrUnavailable = errors.New("chain unavailable")
	// ErrWrongChain reports a validator that serves another chain id than the one
	// the peer was configured for. Repeating does not help.
	ErrWrongChain = errors.New("validator serves another chain")
	// ErrPruned reports a height whose state or block the validator no longer keeps.
	ErrPruned = errors.New("height no longer kept")
	// ErrProof reports an answer whose proof does not lead to the header the peer trusts.
	ErrProof = errors.New("state proof refused")
	// ErrRefused reports a transaction that was not admitted: it is in no block and
	// never will be, and the sequence number it used is free again.
	ErrRefused = errors.New("transaction refused")
	// ErrFailed reports a transaction that is in a block and failed there: its
	// fee is spent and its messages changed nothing. The receipt says why.
	ErrFailed = errors.New("transaction failed")
	// ErrUnconfirmed reports a transaction that was admitted but not seen in a
	// block before the context ended. It may still be executed later: look its
	// hash up before handing in another.
	ErrUnconfirmed = errors.New("transaction not confirmed")
	// ErrNoKey reports a Submit without a key to sign with.
	ErrNoKey = errors.New("no key to sign transactions")
)

// Height is one committed block as far as a reader of state has to know it.
type Height struct {
	Number  uint64    // block number, from 1
	Time    time.Time // block time, UTC; the only clock the chain has
	AppHash []byte    // root of the state a query at Number reads, 32 bytes; nil when not known
}

// String returns the block number in decimal.
func (h Height) String() string { return fmt.Sprint(h.Number) }

// Basis says why an answer may be believed.
type Basis uint8

// The two bases, weakest first.
const (
	// Claimed: the validator said so and the peer trusts that validator.
	Claimed Basis = iota
	// Proven: a proof leads from the answer to a header signed by more than two
	// thirds of the voting power.
	Proven
)

// String returns "claimed" or "proven".
func (b Basis) String() string {
	if b == Proven {
		return "proven"
	}
	return "claimed"
}

// Value is the answer to Get.
type Value struct {
	Found  bool   // false: the key was absent at Height
	Data   []byte // raw bytes as the module stored them; nil when not found
	Height Height // the state that was read
	Basis  Basis  // why to believe it
}

// View reads the chain's state. Safe for concurrent use.
type View interface {
	// At returns the newest height a Get would read.
	//
	// Errors: ErrUnavailable, ErrWrongChain.
	At(ctx context.Context) (Height, error)
	// Get reads one key of one module's store at the newest height. An absent key
	// is an answer (Found false), not an error.
	//
	// Errors: ErrUnavailable, ErrWrongChain, ErrProof.
	Get(ctx context.Context, store string, key []byte) (Value, error)
}

// Epoch is the chain's epoch as of Height.
type Epoch struct {
	Number   uint64        // from 1
	Start    time.Time     // when this epoch began, UTC
	Duration time.Duration // nominal length of an epoch, whole seconds
	End      time.Time     // first moment that no longer belongs to it
	// Blocks is how many blocks it has so far; with fewer than MinBlocks at its end
	// it is void: nothing is due, failed, earned or billed in it.
	Blocks, MinBlocks uint64
	Height            Height // the state that was read
}

// Epochs reads the epoch. Safe for concurrent use.
type Epochs interface {
	// Epoch returns the epoch of the newest height.
	//
	// Errors: ErrUnavailable, ErrWrongChain, ErrProof.
	Epoch(ctx context.Context) (Epoch, error)
}

// Attribute is one key and value of an event, both text.
type Attribute struct{ Key, Value string }

// OutsideTx is the Tx of an event that no transaction caused.
const OutsideTx = -1

// Event is something a module announced while a block was executed.
type Event struct {
	Type       string      // protobuf full name of a typed event, or a legacy name such as "transfer"
	Tx         int         // index of the transaction in its block, or OutsideTx
	Attributes []Attribute // in the module's order; a key may repeat
}

// Get returns the value of the first attribute named key. Typed events carry JSON
// as values, so text arrives with its quotes.
func (e Event) Get(key string) (string, bool) {
	for _, a := range e.Attributes {
		if a.Key == key {
			return a.Value, true
		}
	}
	return "", false
}

// Block is what happened in one block. Transactions that failed have no events here.
type Block struct {
	Height Height  // AppHash is the root before this block was executed; nil when not known
	Events []Event // transactions first, in order; then what the block itself caused
	Basis  Basis   // why to believe it
}

// Events follows the chain. Safe for concurrent use.
type Events interface {
	// Follow calls each for every block after the block numbered after, in order,
	// each exactly once, catching up first; after zero means from the next block.
	// It reconnects by itself and returns when ctx ends (with its error), when
	// each returns an error (that error), or when it cannot go on without a gap.
	// each runs on the caller's goroutine; while it runs nothing is lost.
	//
	// Errors: ErrWrongChain, ErrPruned, ErrProof.
	Follow(ctx context.Context, after uint64, each func(context.Context, Block) error) error
}

// Msg is one message of a transaction: its protobuf type URL ("/fluence.epoch.v1.MsgUpdateParams")
// and its protobuf encoding.
type Msg struct {
	TypeURL string
	Value   []byte
}

// TxHash is the SHA-256 of a transaction's bytes.
type TxHash [32]byte

// String returns the hash as 64 upper-case hex digits, as CometBFT prints it.
func (h TxHash) String() string { return fmt.Sprintf("%X", h[:]) }

// MarshalText returns what String does.
func (h TxHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hex digits of either case.
func (h *TxHash) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("transaction hash has %d characters, want %d", len(text), hex.EncodedLen(len(h)))
	}
	_, err := hex.Decode(h[:], text)
	return err
}

// Receipt says what became of a transaction.
type Receipt struct {
	Hash      TxHash
	Height    Height  // block it is in; zero for ErrRefused and ErrUnconfirmed
	Code      uint32  // 0: done; otherwise the error's number in Codespace
	Codespace string  // module that refused
	Log       string  // its words; not agreed on by validators, for people only
	GasWanted uint64  // gas the fee was paid for
	GasUsed   uint64  // gas it took
	Events    []Event // what its messages announced; nil unless Code is 0
}

// Submitter hands transactions in for one account. Safe for concurrent use; calls
// are put in one order and get consecutive sequence numbers.
type Submitter interface {
	// Submit signs msgs as one transaction, hands it in and waits until it is in a
	// block. All messages take effect or none does. The receipt is meaningful
	// with ErrFailed and ErrRefused too, and carries the hash with ErrUnconfirmed.
	//
	// Errors: ErrNoKey, ErrUnavailable, ErrWrongChain, ErrRefused, ErrFailed, ErrUnconfirmed.
	Submit(ctx context.Context, msgs ...Msg) (Receipt, error)
	// Account returns the bech32 address transactions are signed for, "" without a key.
	Account() string
}
