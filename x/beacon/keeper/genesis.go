// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/beacon/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts. A fresh one, without
// a window, opens that of the running epoch: x/epoch comes before this module.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	for _, r := range g.Registrations {
		operator, err := operatorBytes(r.Operator)
		if err != nil {
			return err
		}
		if err := k.registrations.Set(ctx, operator, r); err != nil {
			return err
		}
	}
	for _, b := range g.Beacons {
		if err := k.beacons.Set(ctx, b.Epoch, b); err != nil {
			return err
		}
	}
	if g.Window == nil {
		cur, err := k.epochs.Current(ctx)
		if err != nil {
			return err
		}
		return k.open(ctx, g.Params, cur.Number)
	}
	if g.KeptFrom > 0 {
		if err := k.keptFrom.Set(ctx, g.KeptFrom); err != nil {
			return err
		}
	}
	return k.window.Set(ctx, *g.Window)
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	g := &types.GenesisState{}
	var err error
	if g.Params, err = k.params.Get(ctx); err != nil {
		return nil, err
	}
	if g.Registrations, err = values(ctx, k.registrations); err != nil {
		return nil, err
	}
	if g.Beacons, err = values(ctx, k.beacons); err != nil {
		return nil, err
	}
	if g.KeptFrom, err = k.kept(ctx); err != nil {
		return nil, err
	}
	w, err := k.window.Get(ctx)
	g.Window = &w
	return g, err
}

// values returns all values of m in the order of their keys.
func values[K, V any](ctx context.Context, m collections.Map[K, V]) ([]V, error) {
	it, err := m.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}

// CheckInvariants reports the first part of the state that contradicts another:
// values are of epochs in the history, the window is of the running epoch and closed
// once its blocks have passed, and a registration stands under its operator.
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
	cur, err := k.epochs.Current(ctx)
	if err != nil {
		return err
	}
	if g.Window.Epoch != cur.Number {
		return types.ErrBrokenState.Wrapf("the window is of epoch %d, epoch %d runs", g.Window.Epoch, cur.Number)
	}
	if g.Window.Closed != (cur.Blocks >= uint64(g.Window.Blocks)) {
		return types.ErrBrokenState.Wrapf("closed %t after %d of %d blocks", g.Window.Closed, cur.Blocks, g.Window.Blocks)
	}
	for _, r := range g.Registrations {
		operator, err := operatorBytes(r.Operator)
		if err != nil {
			return err
		}
		if _, err := k.registrations.Get(ctx, operator); errors.Is(err, collections.ErrNotFound) {
			return types.ErrBrokenState.Wrapf("registration of %s stands under another address", r.Operator)
		}
	}
	return nil
}
