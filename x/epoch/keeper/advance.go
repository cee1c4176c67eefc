// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"
	"time"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/x/epoch/types"
)

// BeginBlock counts the block to its epoch, and when its time lies beyond the
// running epoch ends that one, ends as void all that had no block, and starts
// the one the block belongs to. However long the chain stood still, that is at
// most two calls of EpochsEnded and one of EpochStarted.
func (k *Keeper) BeginBlock(ctx context.Context) error {
	cur, err := k.current.Get(ctx)
	if err != nil {
		return err
	}
	now := sdk.UnwrapSDKContext(ctx).BlockTime()
	if now.Before(cur.Start.Add(cur.Params.Duration)) {
		cur.Blocks++
		return k.current.Set(ctx, cur)
	}
	era, err := k.nextEra(ctx, cur)
	if err != nil {
		return err
	}
	return k.turn(ctx, cur, era, era.At(now))
}

// nextEra returns the era of the epoch after cur, a new one where the params ask for it.
func (k *Keeper) nextEra(ctx context.Context, cur types.Current) (types.Era, error) {
	next, err := k.next.Get(ctx)
	if err != nil {
		return types.Era{}, err
	}
	if next.Duration == cur.Params.Duration {
		return k.EraOf(ctx, cur.Number)
	}
	era := types.Era{First: cur.Number + 1, Start: cur.Start.Add(cur.Params.Duration), Duration: next.Duration}
	return era, k.eras.Set(ctx, era.First, era)
}

// turn ends cur and everything up to number, which it starts.
func (k *Keeper) turn(ctx context.Context, cur types.Current, era types.Era, number uint64) error {
	live, err := k.live(ctx, cur)
	if err != nil {
		return err
	}
	params, err := k.next.Get(ctx)
	if err != nil {
		return err
	}
	started := types.Current{Number: number, Start: era.StartOf(number), Blocks: 1, Params: params}
	if err := k.current.Set(ctx, started); err != nil {
		return err
	}
	void := cur.Number
	if live {
		if err := k.end(ctx, cur.Number, cur.Number, false); err != nil {
			return err
		}
		void++
	}
	if void < number {
		if err := k.addVoids(ctx, void, number-1); err != nil {
			return err
		}
		if err := k.end(ctx, void, number-1, true); err != nil {
			return err
		}
	}
	return k.start(ctx, started.Number, started.Start)
}

// live reports whether cur had blocks enough and its judge, if there is one, agrees.
func (k *Keeper) live(ctx context.Context, cur types.Current) (bool, error) {
	if cur.Blocks < uint64(cur.Params.MinBlocks) {
		return false, nil
	}
	if k.judge == nil {
		return true, nil
	}
	return k.judge.Live(ctx, cur.Number)
}

// Place returns the epoch to which the block that ctx describes belongs, and which
// of its blocks that is, counted from 1. The state must be that before the block;
// BeginBlock comes to the same answer.
func (k *Keeper) Place(ctx context.Context) (epoch, block uint64, err error) {
	cur, err := k.current.Get(ctx)
	if err != nil {
		return 0, 0, err
	}
	now := sdk.UnwrapSDKContext(ctx).BlockTime()
	if now.Before(cur.Start.Add(cur.Params.Duration)) {
		return cur.Number, cur.Blocks + 1, nil
	}
	next, err := k.next.Get(ctx)
	if err != nil {
		return 0, 0, err
	}
	era := types.Era{First: cur.Number + 1, Start: cur.Start.Add(cur.Params.Duration), Duration: next.Duration}
	return era.At(now), 1, nil
}

func (k *Keeper) end(ctx context.Context, first, last uint64, void bool) error {
	if err := k.hooks.EpochsEnded(ctx, first, last, void); err != nil {
		return err
	}
	return emit(ctx, &types.EventEpochsEnded{First: first, Last: last, Void: void})
}

func (k *Keeper) start(ctx context.Context, number uint64, at time.Time) error {
	if err := k.hooks.EpochStarted(ctx, number); err != nil {
		return err
	}
	return emit(ctx, &types.EventEpochStarted{Number: number, Start: at})
}

// addVoids records first to last as void, joined with a range that ends just before.
func (k *Keeper) addVoids(ctx context.Context, first, last uint64) error {
	r := types.VoidRange{First: first, Last: last, Total: last - first + 1}
	prev, ok, err := k.voidsUpTo(ctx, first)
	if err != nil {
		return err
	}
	if ok {
		r.Total += prev.Total
		if prev.Last+1 == first {
			r.First = prev.First
		}
	}
	return k.voids.Set(ctx, r.First, r)
}

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}

// begin starts epoch 1 at t. It is called once, by a fresh genesis.
func (k *Keeper) begin(ctx context.Context, p types.Params, t time.Time) error {
	era := types.Era{First: 1, Start: t, Duration: p.Duration}
	return errors.Join(
		k.next.Set(ctx, p),
		k.eras.Set(ctx, era.First, era),
		k.current.Set(ctx, types.Current{Number: 1, Start: t, Params: p}),
		k.hooks.EpochStarted(ctx, 1),
	)
}

// collect returns all values of m in the order of their keys.
func collect[V any](ctx context.Context, m collections.Map[uint64, V]) ([]V, error) {
	it, err := m.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}
