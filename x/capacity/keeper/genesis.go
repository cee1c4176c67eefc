// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts. A fresh one
// begins with the running epoch, which x/epoch has begun before.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := k.checkFeeders(g.Params); err != nil {
		return err
	}
	if g.Fresh() {
		now, err := k.epochs.Number(ctx)
		if err != nil {
			return err
		}
		g.History = []types.ParamsFrom{{Epoch: 1, Params: g.Params}}
		g.Epochs = []types.EpochRecord{{Epoch: now, Pool: g.Pool, Price: g.Price, Priced: now, Credited: math.ZeroInt()}}
		g.Totals = types.NewTotals()
		g.Totals.Settled, g.Totals.Ended = now-1, now-1
	}
	for _, h := range g.History {
		if err := k.history.Set(ctx, h.Epoch, h.Params); err != nil {
			return err
		}
	}
	for _, e := range g.Epochs {
		if err := k.records.Set(ctx, e.Epoch, e); err != nil {
			return err
		}
	}
	if err := k.totals.Set(ctx, g.Totals); err != nil {
		return err
	}
	if err := k.initCommitments(ctx, g); err != nil {
		return err
	}
	for _, r := range g.Reports {
		if err := k.reports.Set(ctx, r.Feeder, r); err != nil {
			return err
		}
	}
	return k.admission.InitGenesis(ctx, g.Admission)
}

// initCommitments writes commitments with all that hangs on them. What can be
// derived from them is.
func (k *Keeper) initCommitments(ctx context.Context, g types.GenesisState) error {
	for i, c := range g.Commitments {
		b := g.Books[i]
		if err := k.insert(ctx, c, b); err != nil {
			return err
		}
		if b.Check > 0 {
			if err := k.checks.Set(ctx, collections.Join(b.Check, c.Id)); err != nil {
				return err
			}
		}
		if end := c.EndEpoch(); b.Status == types.StatusActive && end > g.Totals.Ended {
			if err := k.addEnding(ctx, end, b.ActiveUnits()); err != nil {
				return err
			}
		}
	}
	for _, t := range g.Tallies {
		if err := k.tallies.Set(ctx, collections.Join(t.CommitmentId, t.Epoch), t); err != nil {
			return err
		}
	}
	for _, v := range g.Vestings {
		if err := k.vestings.Set(ctx, collections.Join3(v.CommitmentId, v.First, v.Terms()), v); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) addEnding(ctx context.Context, end, n uint64) error {
	if n == 0 {
		return nil
	}
	old, err := get(ctx, k.ending, end, nil)
	if err != nil {
		return err
	}
	return k.ending.Set(ctx, end, old+n)
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	g := &types.GenesisState{}
	var err error
	if g.History, err = k.exportHistory(ctx); err != nil {
		return nil, err
	}
	if g.Epochs, err = values(ctx, k.records); err != nil {
		return nil, err
	}
	if g.Commitments, err = values(ctx, k.commitments); err != nil {
		return nil, err
	}
	if g.Books, err = values(ctx, k.books); err != nil {
		return nil, err
	}
	if g.Tallies, err = values(ctx, k.tallies); err != nil {
		return nil, err
	}
	if g.Vestings, err = values(ctx, k.vestings); err != nil {
		return nil, err
	}
	if g.Reports, err = values(ctx, k.reports); err != nil {
		return nil, err
	}
	if g.Totals, err = k.totals.Get(ctx); err != nil {
		return nil, err
	}
	if g.Params, err = k.Params(ctx); err != nil {
		return nil, err
	}
	rec, err := k.record(ctx)
	g.Price, g.Pool = rec.Price, rec.Pool
	if err != nil {
		return nil, err
	}
	g.Admission, err = k.admission.ExportGenesis(ctx)
	return g, err
}

func (k *Keeper) exportHistory(ctx context.Context) (list []types.ParamsFrom, err error) {
	err = k.history.Walk(ctx, nil, func(e uint64, p types.Params) (bool, error) {
		list = append(list, types.ParamsFrom{Epoch: e, Params: p})
		return false, nil
	})
	return list, err
}

// record returns what the running epoch is worth.
func (k *Keeper) record(ctx context.Context) (types.EpochRecord, error) {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return types.EpochRecord{}, err
	}
	return k.records.Get(ctx, now)
}

// values returns all values of m in the order of their keys.
func values[K, V any](ctx context.Context, m collections.Map[K, V]) ([]V, error) {
	it, err := m.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}
