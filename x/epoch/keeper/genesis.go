// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/epoch/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts. A fresh one,
// with current number 0, begins epoch 1 at the block time, which is genesis time.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if g.Current.Number == 0 {
		return k.begin(ctx, g.Params, sdk.UnwrapSDKContext(ctx).BlockTime())
	}
	if err := k.next.Set(ctx, g.Params); err != nil {
		return err
	}
	if err := k.current.Set(ctx, g.Current); err != nil {
		return err
	}
	for _, e := range g.Eras {
		if err := k.eras.Set(ctx, e.First, e); err != nil {
			return err
		}
	}
	for _, v := range g.Voids {
		if err := k.voids.Set(ctx, v.First, v); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	next, err := k.next.Get(ctx)
	if err != nil {
		return nil, err
	}
	cur, err := k.current.Get(ctx)
	if err != nil {
		return nil, err
	}
	eras, err := collect(ctx, k.eras)
	if err != nil {
		return nil, err
	}
	voids, err := collect(ctx, k.voids)
	if err != nil {
		return nil, err
	}
	return &types.GenesisState{Params: next, Current: cur, Eras: eras, Voids: voids}, nil
}

// CheckInvariants reports the first part of the state that contradicts another:
// eras follow each other without gaps, the current epoch is of the last era,
// void ranges are in order, disjoint, over and counted.
//
// Errors: ErrBrokenState.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	g, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := g.Validate(); err != nil {
		return types.ErrBrokenState.Wrap(err.Error())
	}
	return nil
}
