// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// view is a commitment with everything settled that can be, and what storing it
// will change besides its book. Until it is stored, nothing is written.
type view struct {
	c types.Commitment
	b types.Book

	changed   bool            // the book differs from the stored one
	gone      []uint64        // tallies that were settled
	rewards   []epochReward   // booked per epoch
	vest      []types.Vesting // new or larger sums
	dropped   bool            // all sums are forfeited or matured: delete them
	forfeited math.Int
	cuts      []cut
	failed    bool // failed in this settlement
}

type epochReward struct {
	epoch  uint64
	amount math.Int
}

type cut struct {
	unit   int
	epoch  uint64
	amount math.Int
}

// load returns a commitment settled up to what may be settled now.
//
// Errors: ErrNotFound, ErrInvalidID.
func (k *Keeper) load(ctx context.Context, id []byte) (*view, error) {
	if len(id) != types.CommitmentIDSize {
		return nil, types.ErrInvalidID.Wrapf("commitment of %d bytes: want %d", len(id), types.CommitmentIDSize)
	}
	c, err := get(ctx, k.commitments, id, types.ErrNotFound.Wrapf("commitment %x", id))
	if err != nil {
		return nil, err
	}
	b, err := k.books.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	settled, err := k.Settled(ctx)
	if err != nil {
		return nil, err
	}
	v := &view{c: c, b: b, forfeited: math.ZeroInt()}
	return v, k.settle(ctx, v, settled)
}

// ofPeer returns the commitment of a peer.
//
// Errors: ErrNoCommitment.
func (k *Keeper) ofPeer(ctx context.Context, peer []byte) (*view, error) {
	id, err := get(ctx, k.byPeer, peer, types.ErrNoCommitment.Wrapf("peer %x", peer))
	if err != nil {
		return nil, err
	}
	return k.load(ctx, id)
}

// unit returns the commitment of a unit and the unit's place in it.
//
// Errors: ErrUnitNotFound, ErrNoCommitment.
func (k *Keeper) unit(ctx context.Context, unit []byte) (*view, int, error) {
	u, err := k.market.Unit(ctx, unit)
	if err != nil {
		return nil, 0, types.ErrUnitNotFound.Wrapf("unit %x: %v", unit, err)
	}
	v, err := k.ofPeer(ctx, u.PeerId)
	if err != nil {
		return nil, 0, err
	}
	i, ok := v.b.Index(unit)
	if !ok {
		return nil, 0, types.ErrUnitNotFound.Wrapf("unit %x in commitment %x", unit, v.c.Id)
	}
	return v, i, nil
}

// cut takes an amount from a unit's collateral, as far as it reaches, and returns what it took.
func (v *view) cut(i int, amount math.Int) math.Int {
	u := &v.b.Units[i]
	amount = math.MinInt(amount, v.c.CollateralPerUnit.Sub(u.Slashed))
	if amount.IsPositive() {
		u.Slashed = u.Slashed.Add(amount)
		v.b.Slashed = v.b.Slashed.Add(amount)
		v.changed = true
	}
	return amount
}

// store writes the view, tells what happened, and looks at the commitment
// again when something may happen by time alone.
func (k *Keeper) store(ctx context.Context, v *view) error {
	if !v.changed {
		return nil
	}
	if v.failed { // what came after the failed epoch counts for nothing
		if err := k.tallies.Clear(ctx, collections.NewPrefixedPairRange[[]byte, uint64](v.c.Id)); err != nil {
			return err
		}
	}
	for _, e := range v.gone {
		if err := k.tallies.Remove(ctx, collections.Join(v.c.Id, e)); err != nil {
			return err
		}
	}
	if err := k.storeRewards(ctx, v); err != nil {
		return err
	}
	if err := v.emitCuts(ctx); err != nil {
		return err
	}
	if v.b.Ended() && v.b.Check > 0 {
		if err := k.checks.Remove(ctx, collections.Join(v.b.Check, v.c.Id)); err != nil {
			return err
		}
		v.b.Check = 0
	}
	if err := k.books.Set(ctx, v.c.Id, v.b); err != nil {
		return err
	}
	failed := v.failed
	*v = view{c: v.c, b: v.b, forfeited: math.ZeroInt()}
	if failed {
		return k.recordFailure(ctx, v)
	}
	return nil
}

// emitCuts tells how much was slashed for failures, of all units together.
func (v *view) emitCuts(ctx context.Context) error {
	if len(v.cuts) == 0 {
		return nil
	}
	sum := math.ZeroInt()
	for _, c := range v.cuts {
		sum = sum.Add(c.amount)
	}
	e := &types.EventSlashed{CommitmentId: v.c.Id, Amount: sum, Epoch: v.cuts[len(v.cuts)-1].epoch, Reason: types.ReasonTooFewProofs}
	if one := v.cuts[0].unit; !slices.ContainsFunc(v.cuts, func(c cut) bool { return c.unit != one }) {
		e.UnitId = v.b.Units[one].UnitId
	}
	return emit(ctx, e)
}

func (k *Keeper) storeRewards(ctx context.Context, v *view) error {
	sum := v.forfeited.Neg()
	for _, r := range v.rewards {
		rec, err := k.records.Get(ctx, r.epoch)
		if err != nil {
			return err
		}
		rec.Credited = rec.Credited.Add(r.amount)
		if err := k.records.Set(ctx, r.epoch, rec); err != nil {
			return err
		}
		sum = sum.Add(r.amount)
	}
	if v.dropped {
		if err := k.vestings.Clear(ctx, collections.NewPrefixedTripleRange[[]byte, uint64, uint64](v.c.Id)); err != nil {
			return err
		}
	}
	for _, s := range v.vest {
		if err := k.vestings.Set(ctx, collections.Join3(v.c.Id, s.First, s.Terms()), s); err != nil {
			return err
		}
	}
	return k.changeTotals(ctx, func(t *types.Totals) { t.ReservedRewards = t.ReservedRewards.Add(sum) })
}

// changeTotals applies a change to the totals.
func (k *Keeper) changeTotals(ctx context.Context, change func(*types.Totals)) error {
	t, err := k.totals.Get(ctx)
	if err != nil {
		return err
	}
	change(&t)
	return k.totals.Set(ctx, t)
}
