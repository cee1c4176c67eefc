// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/types"
)

// PayloadBytes is the size of an entry in the system transaction: one VRF proof.
const PayloadBytes = beacon.ProofSize

// Source is how the module speaks in the system transaction: the proposer of a block
// of the window gives the proof of its key's output for the block's height.
type Source struct {
	k      *Keeper
	prover types.Prover
}

// NewSource returns the source over k. The prover is this validator's key; nil gives
// no outputs and checks those of others.
func NewSource(k *Keeper, prover types.Prover) Source { return Source{k: k, prover: prover} }

// Prepare returns the proof for the block, or nothing: outside of the window, without
// a key, or while another key than this one counts for the proposer.
func (s Source) Prepare(ctx sdk.Context, limit int) ([]byte, error) {
	if s.prover == nil || limit < PayloadBytes {
		return nil, nil
	}
	epoch, err := s.k.asked(ctx)
	if errors.Is(err, types.ErrNoWindow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, key, err := s.k.proposerKey(ctx, epoch)
	if errors.Is(err, types.ErrNoKey) || errors.Is(err, types.ErrNotValidator) {
		return nil, nil
	}
	if err != nil || !bytes.Equal(key, s.prover.Public()) {
		return nil, err
	}
	return s.prover.Prove(beacon.OutputAlpha(ctx.ChainID(), ctx.BlockHeight())), nil
}

// Check refuses a payload that is not the output of the block's proposer, or that
// stands where none belongs. No payload is always accepted: a validator that lost
// its key must not stop the chain.
//
// Errors: ErrNoWindow, ErrNotValidator, ErrNoKey, ErrInvalidOutput.
func (s Source) Check(ctx sdk.Context, payload []byte) error {
	if payload == nil {
		return nil
	}
	epoch, err := s.k.asked(ctx)
	if err != nil {
		return err
	}
	_, _, err = s.k.output(ctx, epoch, payload)
	return err
}

// Execute mixes the output into the window of the running epoch. It verifies again:
// a block may be executed that this process never judged.
//
// Errors: those of Check.
func (s Source) Execute(ctx sdk.Context, payload []byte) error {
	w, err := s.k.window.Get(ctx)
	if err != nil {
		return err
	}
	cur, err := s.k.epochs.Current(ctx)
	if err != nil {
		return err
	}
	if w.Closed || cur.Blocks > uint64(w.Blocks) || w.LastHeight == ctx.BlockHeight() {
		return types.ErrNoWindow.Wrapf("block %d of epoch %d, the window is %d", cur.Blocks, cur.Number, w.Blocks)
	}
	operator, out, err := s.k.output(ctx, w.Epoch, payload)
	if err != nil {
		return err
	}
	return s.k.add(ctx, w, operator, out)
}

// asked returns the epoch of the block that ctx describes, over the state before it,
// if the block is in its window.
//
// Errors: ErrNoWindow.
func (k *Keeper) asked(ctx sdk.Context) (uint64, error) {
	epoch, block, err := k.epochs.Place(ctx)
	if err != nil {
		return 0, err
	}
	w, err := k.window.Get(ctx)
	if err != nil {
		return 0, err
	}
	blocks := w.Blocks
	if w.Epoch != epoch {
		p, err := k.params.Get(ctx)
		if err != nil {
			return 0, err
		}
		blocks = p.Window
	}
	if block > uint64(blocks) || (w.Epoch == epoch && w.Closed) {
		return 0, types.ErrNoWindow.Wrapf("block %d of epoch %d, the window is %d", block, epoch, blocks)
	}
	return epoch, nil
}

// proposerKey returns the operator of the block's proposer and the key that counts
// for it in an epoch.
//
// Errors: ErrNotValidator, ErrNoKey.
func (k *Keeper) proposerKey(ctx sdk.Context, epoch uint64) (operator string, key []byte, err error) {
	consensus := sdk.ConsAddress(ctx.BlockHeader().ProposerAddress)
	v, err := k.staking.GetValidatorByConsAddr(ctx, consensus)
	if errors.Is(err, stakingtypes.ErrNoValidatorFound) {
		return "", nil, types.ErrNotValidator.Wrapf("proposer %X", []byte(consensus))
	}
	if err != nil {
		return "", nil, err
	}
	address, err := operatorBytes(v.OperatorAddress)
	if err != nil {
		return "", nil, err
	}
	r, err := k.registrations.Get(ctx, address)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return "", nil, err
	}
	if key = r.KeyAt(epoch); key == nil {
		return "", nil, types.ErrNoKey.Wrapf("%s in epoch %d", v.OperatorAddress, epoch)
	}
	return v.OperatorAddress, key, nil
}

// output verifies a payload against the key of the block's proposer.
func (k *Keeper) output(ctx sdk.Context, epoch uint64, payload []byte) (string, beacon.Output, error) {
	operator, key, err := k.proposerKey(ctx, epoch)
	if err != nil {
		return "", beacon.Output{}, err
	}
	out, err := beacon.Verify(key, beacon.OutputAlpha(ctx.ChainID(), ctx.BlockHeight()), payload)
	if err != nil {
		return "", beacon.Output{}, types.ErrInvalidOutput.Wrapf("of %s: %v", operator, err)
	}
	return operator, out, nil
}
