// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"cmp"
	"context"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/names/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts. Indexes follow
// from the records.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := cmp.Or(k.params.Set(ctx, g.Params), k.terms.Set(ctx, g.Terms)); err != nil {
		return err
	}
	for _, n := range g.Names {
		if err := k.put(ctx, n); err != nil {
			return err
		}
	}
	for _, c := range g.Commitments {
		err := cmp.Or(k.commitments.Set(ctx, c.Hash, c), k.expiries.Set(ctx, collections.Join(c.ExpiresAt, c.Hash)))
		if err != nil {
			return err
		}
	}
	for _, p := range g.Primaries {
		addr, err := k.addresses.StringToBytes(p.Account)
		if err != nil {
			return err
		}
		if err := k.primaries.Set(ctx, addr, p); err != nil {
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
	if g.Terms, err = k.terms.Get(ctx); err != nil {
		return nil, err
	}
	if g.Names, err = values(ctx, k.names); err != nil {
		return nil, err
	}
	if g.Commitments, err = values(ctx, k.commitments); err != nil {
		return nil, err
	}
	g.Primaries, err = values(ctx, k.primaries)
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

// CheckInvariants reports the first record that contradicts its key, its index or
// another record.
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
	err = k.names.Walk(ctx, nil, func(key []byte, n types.Name) (bool, error) {
		if !bytes.Equal(key, types.Hash(n.Name)) {
			return true, types.ErrBrokenState.Wrapf("name %s under another hash", n.Name)
		}
		owner, err := k.addresses.StringToBytes(n.Owner)
		if err != nil {
			return true, err
		}
		has, err := k.byOwner.Has(ctx, collections.Join(owner, key))
		if err != nil || !has {
			return true, types.ErrBrokenState.Wrapf("name %s is not in the index of owners", n.Name)
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	return cmp.Or(counted(ctx, k.byOwner, len(g.Names)), counted(ctx, k.expiries, len(g.Commitments)))
}

// counted checks how many keys an index has.
func counted[K any](ctx context.Context, s collections.KeySet[K], want int) error {
	it, err := s.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	keys, err := it.Keys()
	if err != nil {
		return err
	}
	if len(keys) != want {
		return types.ErrBrokenState.Wrapf("%d keys in an index, want %d", len(keys), want)
	}
	return nil
}
