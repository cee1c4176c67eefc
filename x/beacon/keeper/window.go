// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/types"
)

// prunedPerEpoch is how many old values one epoch removes at most: more than the one
// it adds, so that a shorter history is reached in time.
const prunedPerEpoch = 16

// EpochsEnded implements the hooks of x/epoch. What an epoch has not come to by its
// end stays so: nothing is left to do.
func (k *Keeper) EpochsEnded(context.Context, uint64, uint64, bool) error { return nil }

// EpochStarted implements the hooks of x/epoch: it opens the window of the epoch
// under the params of the moment. Before genesis wrote params, InitGenesis does.
func (k *Keeper) EpochStarted(ctx context.Context, epoch uint64) error {
	p, err := k.params.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return k.open(ctx, p, epoch)
}

// open begins the window of an epoch with the last value there was.
func (k *Keeper) open(ctx context.Context, p types.Params, epoch uint64) error {
	last, err := k.latest(ctx)
	if err != nil {
		return err
	}
	var previous [32]byte
	copy(previous[:], last.Value)
	mix := beacon.Begin(sdk.UnwrapSDKContext(ctx).ChainID(), epoch, previous)
	return k.window.Set(ctx, types.Window{Epoch: epoch, Blocks: p.Window, MinOutputs: p.MinOutputs, Mix: mix[:]})
}

// latest returns the last value there is, or an empty one.
func (k *Keeper) latest(ctx context.Context) (b types.Beacon, err error) {
	it, err := k.beacons.Iterate(ctx, new(collections.Range[uint64]).Descending())
	if err != nil {
		return b, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Valid() {
		return b, nil
	}
	return it.Value()
}

// add mixes the output of the running block's proposer into the window.
func (k *Keeper) add(ctx sdk.Context, w types.Window, operator string, out beacon.Output) error {
	mix := beacon.Mix([32]byte(w.Mix), ctx.BlockHeight(), out)
	w.Mix, w.Outputs, w.LastHeight = mix[:], w.Outputs+1, ctx.BlockHeight()
	if err := k.window.Set(ctx, w); err != nil {
		return err
	}
	return emit(ctx, &types.EventOutput{Epoch: w.Epoch, Operator: operator})
}

// EndBlock notes a proposer that gave no output though it could, and closes the
// window after its last block. It does nothing in the rest of the epoch.
func (k *Keeper) EndBlock(ctx context.Context) error {
	w, err := k.window.Get(ctx)
	if err != nil || w.Closed {
		return err
	}
	if err := k.noteMissed(sdk.UnwrapSDKContext(ctx), w); err != nil {
		return err
	}
	cur, err := k.epochs.Current(ctx)
	if err != nil || cur.Blocks < uint64(w.Blocks) {
		return err
	}
	return k.close(sdk.UnwrapSDKContext(ctx), w)
}

func (k *Keeper) noteMissed(ctx sdk.Context, w types.Window) error {
	if w.LastHeight == ctx.BlockHeight() {
		return nil
	}
	operator, _, err := k.proposerKey(ctx, w.Epoch)
	if errors.Is(err, types.ErrNoKey) || errors.Is(err, types.ErrNotValidator) {
		return nil
	}
	if err != nil {
		return err
	}
	return emit(ctx, &types.EventOutputMissed{Epoch: w.Epoch, Operator: operator})
}

// close makes the mix the value of the epoch if there were outputs enough.
func (k *Keeper) close(ctx sdk.Context, w types.Window) error {
	w.Closed = true
	if err := k.window.Set(ctx, w); err != nil {
		return err
	}
	if w.Outputs < w.MinOutputs {
		if err := emit(ctx, &types.EventBeaconMissing{Epoch: w.Epoch, Outputs: w.Outputs}); err != nil {
			return err
		}
		return k.prune(ctx, w.Epoch)
	}
	b := types.Beacon{Epoch: w.Epoch, Value: w.Mix, Outputs: w.Outputs, Height: ctx.BlockHeight()}
	if err := k.beacons.Set(ctx, b.Epoch, b); err != nil {
		return err
	}
	if err := emit(ctx, &types.EventBeacon{Epoch: b.Epoch, Value: b.Value, Outputs: b.Outputs}); err != nil {
		return err
	}
	return k.prune(ctx, w.Epoch)
}

// prune removes up to prunedPerEpoch values that are older than the history. The last
// value stays however old it is: the next one has it in it.
func (k *Keeper) prune(ctx context.Context, running uint64) error {
	p, err := k.params.Get(ctx)
	if err != nil || running <= p.History {
		return err
	}
	last, err := k.latest(ctx)
	if err != nil {
		return err
	}
	kept, err := k.kept(ctx)
	until := min(running-p.History, last.Epoch)
	if err != nil || kept >= until {
		return err
	}
	old, err := k.oldest(ctx, until)
	if err != nil {
		return err
	}
	for _, e := range old {
		if err := k.beacons.Remove(ctx, e); err != nil {
			return err
		}
	}
	if len(old) == prunedPerEpoch {
		until = old[len(old)-1] + 1
	}
	return k.keptFrom.Set(ctx, until)
}

// oldest returns up to prunedPerEpoch epochs before until that have a value, ascending.
func (k *Keeper) oldest(ctx context.Context, until uint64) (epochs []uint64, err error) {
	it, err := k.beacons.Iterate(ctx, new(collections.Range[uint64]).EndExclusive(until))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ; it.Valid() && len(epochs) < prunedPerEpoch; it.Next() {
		e, err := it.Key()
		if err != nil {
			return nil, err
		}
		epochs = append(epochs, e)
	}
	return epochs, nil
}
