// SPDX-License-Identifier: Apache-2.0

package ante

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"

	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	"github.com/cosmos/cosmos-sdk/crypto/types/multisig"
	sdk "github.com/cosmos/cosmos-sdk/types"
	monoante "github.com/cosmos/evm/ante/evm"
	anteiface "github.com/cosmos/evm/ante/interfaces"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/cosmos/gogoproto/proto"
)

// Signatures remembers signatures that verified, so that a transaction which passed CheckTx is not verified
// again in its proposal and its block. Verification is a pure function of what the key below covers; only
// successes are kept; so a full, empty or absent memory changes speed and nothing else. It is safe for
// concurrent use.
type Signatures struct {
	mu          sync.Mutex // guards the fields below
	fresh, aged map[[sha256.Size]byte]struct{}
	limit       int
	verified    uint64
	remembered  uint64
}

// NewSignatures returns a memory of at least limit and at most twice limit signatures, 32 bytes each plus the
// map's overhead.
func NewSignatures(limit int) *Signatures {
	return &Signatures{fresh: make(map[[sha256.Size]byte]struct{}), limit: max(limit, 1)}
}

// Counts returns how many signatures were verified and how many were remembered since the start.
func (s *Signatures) Counts() (verified, remembered uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verified, s.remembered
}

func (s *Signatures) has(key [sha256.Size]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.fresh[key]
	if !ok {
		_, ok = s.aged[key]
	}
	if ok {
		s.remembered++
	}
	return ok
}

func (s *Signatures) add(key [sha256.Size]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verified++
	if len(s.fresh) >= s.limit {
		s.fresh, s.aged = make(map[[sha256.Size]byte]struct{}, s.limit), s.fresh
	}
	s.fresh[key] = struct{}{}
}

// digest hashes the parts so that no two lists of parts give the same bytes.
func digest(parts ...[]byte) [sha256.Size]byte {
	h := sha256.New()
	var n [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// rememberingAccounts gives out accounts whose public key remembers what it verified.
type rememberingAccounts struct {
	anteiface.AccountKeeper
	signatures *Signatures
}

// GetAccount returns the account at addr, or nil.
func (r rememberingAccounts) GetAccount(ctx context.Context, addr sdk.AccAddress) sdk.AccountI {
	acc := r.AccountKeeper.GetAccount(ctx, addr)
	if acc == nil {
		return nil
	}
	return rememberingAccount{acc, r.signatures}
}

type rememberingAccount struct {
	sdk.AccountI
	signatures *Signatures
}

// GetPubKey returns the account's key. A multisignature key is left as it is: its type is looked at.
func (r rememberingAccount) GetPubKey() cryptotypes.PubKey {
	key := r.AccountI.GetPubKey()
	if _, multi := key.(multisig.PubKey); key == nil || multi {
		return key
	}
	return &rememberingKey{key, r.signatures}
}

// rememberingKey is a key that still packs as the type it holds.
type rememberingKey struct {
	cryptotypes.PubKey
	signatures *Signatures
}

// XXX_MessageName returns the protobuf name of the key inside.
func (r *rememberingKey) XXX_MessageName() string { return proto.MessageName(r.PubKey) }

// Marshal returns the protobuf bytes of the key inside.
func (r *rememberingKey) Marshal() ([]byte, error) { return proto.Marshal(r.PubKey) }

// VerifySignature reports whether sig signs msg, from memory when it was verified before. The sign bytes cover
// chain id, account number and sequence.
func (r *rememberingKey) VerifySignature(msg, sig []byte) bool {
	key := digest([]byte(r.Type()), r.Bytes(), msg, sig)
	if r.signatures.has(key) {
		return true
	}
	if !r.PubKey.VerifySignature(msg, sig) {
		return false
	}
	r.signatures.add(key)
	return true
}

// rememberEVM tells the EVM's decorator, through the cache it looks into, that a sender was recovered before. It
// stands directly before that decorator.
type rememberEVM struct{ signatures *Signatures }

// AnteHandle implements sdk.AnteDecorator.
func (r rememberEVM) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	key, ok := evmKey(tx)
	if !ok {
		return next(ctx, tx, simulate)
	}
	if r.signatures.has(key) {
		known := map[string]any{monoante.EthSigVerificationResultCacheKey: nil}
		return next(ctx.WithIncarnationCache(known), tx, simulate)
	}
	newCtx, err := next(ctx, tx, simulate)
	if err == nil {
		r.signatures.add(key)
	}
	return newCtx, err
}

// evmKey covers the signed Ethereum transaction, its signature and the claimed sender. The signer's rules are
// those of the one chain id and of forks active since genesis.
func evmKey(tx sdk.Tx) (key [sha256.Size]byte, ok bool) {
	msgs := tx.GetMsgs()
	if len(msgs) != 1 {
		return key, false
	}
	msg, ok := msgs[0].(*evmtypes.MsgEthereumTx)
	if !ok || msg.Raw.Transaction == nil {
		return key, false
	}
	return digest([]byte("ethereum"), msg.AsTransaction().Hash().Bytes(), msg.From), true
}
