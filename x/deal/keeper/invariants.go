// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/deal/types"
)

// CheckInvariants reports the first part of the state that contradicts another: the
// money of each deal adds up and is what its workers earned; the module's account
// holds what all deals have; every unit of a worker serves that worker on the market
// and no other; every deal stands at its place in the queue; counts are true.
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
	for _, check := range []func(context.Context, *types.GenesisState) error{k.checkMoney, k.checkQueue, k.checkUnits, k.checkCounts} {
		if err := check(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// Owed returns what deals and workers are owed in a denom.
func (k *Keeper) Owed(ctx context.Context, denom string) (math.Int, error) {
	sum := math.ZeroInt()
	err := k.accounts.Walk(ctx, nil, func(id []byte, a types.Account) (bool, error) {
		d, err := k.deals.Get(ctx, id)
		if err == nil && d.Terms.Denom == denom {
			sum = sum.Add(a.Balance).Add(a.Locked)
		}
		return false, err
	})
	return sum, err
}

func (k *Keeper) checkMoney(ctx context.Context, g *types.GenesisState) error {
	var denoms []string
	for _, d := range g.Deals {
		if !slices.Contains(denoms, d.Terms.Denom) {
			denoms = append(denoms, d.Terms.Denom)
		}
	}
	for _, denom := range denoms {
		owed, err := k.Owed(ctx, denom)
		if err != nil {
			return err
		}
		if have := k.bank.GetBalance(ctx, holder(), denom).Amount; have.LT(owed) {
			return types.ErrBrokenState.Wrapf("the module holds %s%s and owes %s", have, denom, owed)
		}
	}
	return nil
}

func (k *Keeper) checkQueue(ctx context.Context, g *types.GenesisState) error {
	n, queued := 0, 0
	for _, a := range g.Accounts {
		if a.Due == 0 {
			continue
		}
		queued++
		has, err := k.due.Has(ctx, collections.Join(a.Due, a.DealId))
		if err != nil {
			return err
		}
		if !has {
			return types.ErrBrokenState.Wrapf("deal %s is not in the queue at %d", types.Hex(a.DealId), a.Due)
		}
	}
	err := k.due.Walk(ctx, nil, func(duePair) (bool, error) { n++; return false, nil })
	if err == nil && n != queued {
		err = types.ErrBrokenState.Wrapf("%d entries of the queue, %d deals are due", n, queued)
	}
	return err
}

func (k *Keeper) checkUnits(ctx context.Context, g *types.GenesisState) error {
	for _, w := range g.Workers {
		for _, id := range w.UnitIds {
			u, err := k.market.Unit(ctx, id)
			if err != nil {
				return err
			}
			if !bytes.Equal(u.DealId, w.DealId) || !bytes.Equal(u.WorkerId, w.Id) || !bytes.Equal(u.PeerId, w.PeerId) {
				return types.ErrBrokenState.Wrapf("unit %x of worker %s serves deal %x, worker %x", id, types.Hex(w.Id), u.DealId, u.WorkerId)
			}
		}
		id, err := k.byPeer.Get(ctx, collections.Join(w.PeerId, w.DealId))
		if err != nil || !bytes.Equal(id, w.Id) {
			return types.ErrBrokenState.Wrapf("worker %s is not found by its peer", types.Hex(w.Id))
		}
	}
	return nil
}

func (k *Keeper) checkCounts(ctx context.Context, g *types.GenesisState) error {
	want := map[string]uint64{}
	for _, w := range g.Workers {
		addr, _, err := k.account("provider", w.Provider)
		if err != nil {
			return err
		}
		want[string(w.DealId)+string(addr)]++
	}
	n := 0
	err := k.counts.Walk(ctx, nil, func(key pair, count uint64) (bool, error) {
		n++
		if want[string(key.K1())+string(key.K2())] != count {
			return true, types.ErrBrokenState.Wrapf("deal %s: %d workers of provider %x", types.Hex(key.K1()), count, key.K2())
		}
		return false, nil
	})
	if err == nil && n != len(want) {
		err = types.ErrBrokenState.Wrapf("%d counts of providers, want %d", n, len(want))
	}
	return err
}
