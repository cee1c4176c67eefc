// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/trust/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	for _, r := range g.Revocations {
		if err := k.revocations.Set(ctx, collections.Join(r.Revoked, r.RevokedBy), r); err != nil {
			return err
		}
	}
	for _, a := range g.Anchors {
		if err := k.anchors.Set(ctx, collections.Join(a.IssuedFor, a.IssuedBy), a); err != nil {
			return err
		}
	}
	for _, b := range g.Bindings {
		if err := k.bindings.Set(ctx, b.PeerKey, b); err != nil {
			return err
		}
	}
	for _, a := range g.Activity {
		if err := k.activity.Set(ctx, a.Key, a); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	p, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	g := &types.GenesisState{Params: p}
	if g.Revocations, err = values(ctx, k.revocations); err != nil {
		return nil, err
	}
	if g.Anchors, err = values(ctx, k.anchors); err != nil {
		return nil, err
	}
	if g.Bindings, err = values(ctx, k.bindings); err != nil {
		return nil, err
	}
	g.Activity, err = values(ctx, k.activity)
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

// CheckInvariants reports the first record that contradicts its key, its
// signature or another record.
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
	for _, r := range g.Revocations {
		if err := r.Verify(); err != nil {
			return types.ErrBrokenState.Wrap(err.Error())
		}
	}
	for _, a := range g.Anchors {
		if err := a.Verify(); err != nil {
			return types.ErrBrokenState.Wrap(err.Error())
		}
	}
	return k.bindings.Walk(ctx, nil, func(key []byte, b types.Binding) (bool, error) {
		if !bytes.Equal(key, b.PeerKey) {
			return true, types.ErrBrokenState.Wrapf("binding under the key of another peer: %x", key)
		}
		return false, nil
	})
}
