// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/perimeter/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts. Indexes follow
// from the records.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := k.params.Set(ctx, g.Params); err != nil {
		return err
	}
	for _, v := range g.Versions {
		err := k.versions.Set(ctx, collections.Join(v.Id, v.Version), v)
		if v.RetainedUntil > 0 {
			err = cmp.Or(err, k.expiries.Set(ctx, collections.Join3(uint64(v.RetainedUntil), v.Id, v.Version)))
		} else {
			err = cmp.Or(err, k.current.Set(ctx, v.Id, v.Version))
		}
		if err != nil {
			return err
		}
	}
	for _, p := range g.Policies {
		if err := k.policies.Set(ctx, collections.Join(p.Perimeter, p.Number), p); err != nil {
			return err
		}
	}
	for _, m := range g.Members {
		if err := k.store(ctx, m); err != nil {
			return err
		}
		for _, s := range m.Spans {
			if s.To == 0 {
				continue
			}
			if err := k.ended.Set(ctx, collections.Join3(m.Perimeter, s.To-1, types.MemberID(m.Subject, m.Service))); err != nil {
				return err
			}
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
	if g.Versions, err = values(ctx, k.versions); err != nil {
		return nil, err
	}
	if g.Members, err = values(ctx, k.members); err != nil {
		return nil, err
	}
	g.Policies, err = values(ctx, k.policies)
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

// CheckInvariants reports the first record that contradicts its key, its hash, its
// index or another record.
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
	for _, v := range g.Versions {
		p, err := k.Policy(ctx, v.Id, v.Policy)
		if err != nil {
			return types.ErrBrokenState.Wrap(err.Error())
		}
		raw, err := p.Policy.Marshal()
		if err != nil {
			return err
		}
		if sum := sha256.Sum256(raw); !bytes.Equal(sum[:], v.PolicyHash) {
			return types.ErrBrokenState.Wrapf("version %d of %x: hash of its policy", v.Version, v.Id)
		}
		n, err := k.current.Get(ctx, v.Id)
		if err != nil || (v.RetainedUntil == 0) != (n == v.Version) {
			return types.ErrBrokenState.Wrapf("perimeter %x: current version", v.Id)
		}
	}
	return k.checkIndexes(ctx, g)
}

func (k *Keeper) checkIndexes(ctx context.Context, g *types.GenesisState) error {
	want := 0
	for _, m := range g.Members {
		has, err := k.bySubject.Has(ctx, collections.Join(m.Subject.Key(), append(bytes.Clone(m.Perimeter), types.MemberID(m.Subject, m.Service)...)))
		if err != nil || !has {
			return types.ErrBrokenState.Wrapf("member %s of %x: index", m.Service, m.Perimeter)
		}
		for _, s := range m.Spans {
			if s.To != 0 {
				want++
			}
		}
	}
	if err := counted(ctx, "by_subject", k.bySubject, len(g.Members)); err != nil {
		return err
	}
	if err := counted(ctx, "ended", k.ended, want); err != nil {
		return err
	}
	retained := 0
	for _, v := range g.Versions {
		if v.RetainedUntil > 0 {
			retained++
		}
	}
	return counted(ctx, "expiries", k.expiries, retained)
}

// counted checks how many keys an index has.
func counted[K any](ctx context.Context, name string, s collections.KeySet[K], want int) error {
	it, err := s.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	keys, err := it.Keys()
	if err != nil {
		return err
	}
	if len(keys) != want {
		return types.ErrBrokenState.Wrapf("%d keys in the index %s, want %d", len(keys), name, want)
	}
	return nil
}
