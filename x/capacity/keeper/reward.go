// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// reward books the commitment's part of an epoch's pool: of each unit with
// enough proofs, pool · proofs / all such proofs, cut at what penalty_multiple
// leaves of the unit's own risk.
func (k *Keeper) reward(ctx context.Context, v *view, t types.Tally, p types.Params) error {
	if t.Sharing(p.MinProofs) == 0 {
		return nil
	}
	rec, err := k.records.Get(ctx, t.Epoch)
	if err != nil {
		return err
	}
	sum := math.ZeroInt()
	for i, u := range v.b.Units {
		if n := t.Proofs[i]; n >= p.MinProofs {
			part := rec.Pool.MulRaw(int64(n)).Quo(math.NewIntFromUint64(rec.Proofs))
			sum = sum.Add(math.MinInt(part, v.c.MaxReward(u, p, part)))
		}
	}
	if !sum.IsPositive() {
		return nil
	}
	v.rewards = append(v.rewards, epochReward{t.Epoch, sum})
	return k.vest(ctx, v, types.Vesting{
		CommitmentId: v.c.Id, First: types.FirstUnlock(t.Epoch, p.VestingPeriodDuration),
		Period: p.VestingPeriodDuration, Count: p.VestingPeriodCount, Amount: sum,
	})
}

// vest adds a sum to those of the view.
func (k *Keeper) vest(ctx context.Context, v *view, s types.Vesting) error {
	for i := range v.vest {
		if v.vest[i].First == s.First && v.vest[i].Terms() == s.Terms() {
			v.vest[i].Amount = v.vest[i].Amount.Add(s.Amount)
			return nil
		}
	}
	stored, err := get(ctx, k.vestings, collections.Join3(v.c.Id, s.First, s.Terms()), nil)
	if err != nil {
		return err
	}
	if !stored.Amount.IsNil() {
		s.Amount = s.Amount.Add(stored.Amount)
	}
	v.vest = append(v.vest, s)
	return nil
}

// sums returns the sums that vest, those that the view adds or enlarges included.
func (k *Keeper) sums(ctx context.Context, v *view) ([]types.Vesting, error) {
	if v.dropped {
		return v.vest, nil
	}
	it, err := k.vestings.Iterate(ctx, collections.NewPrefixedTripleRange[[]byte, uint64, uint64](v.c.Id))
	if err != nil {
		return nil, err
	}
	stored, err := it.Values()
	if err != nil {
		return nil, err
	}
	sums := append([]types.Vesting(nil), v.vest...)
	for _, s := range stored {
		known := false
		for _, n := range v.vest {
			known = known || n.First == s.First && n.Terms() == s.Terms()
		}
		if !known {
			sums = append(sums, s)
		}
	}
	return sums, nil
}

// owed returns what of the reward is neither withdrawn nor forfeited, and how
// much of that is unlocked in the given epoch.
func (k *Keeper) owed(ctx context.Context, v *view, epoch uint64) (total, unlocked math.Int, err error) {
	sums, err := k.sums(ctx, v)
	if err != nil {
		return total, unlocked, err
	}
	total, unlocked = v.b.Matured.Sub(v.b.Withdrawn), v.b.Matured.Sub(v.b.Withdrawn)
	for _, s := range sums {
		total = total.Add(s.Amount)
		unlocked = unlocked.Add(s.Unlocked(epoch))
	}
	return total, math.MaxInt(unlocked, math.ZeroInt()), nil
}

// forfeit keeps of the reward what is unlocked in the failed epoch, or was
// withdrawn since, and drops the rest.
func (k *Keeper) forfeit(ctx context.Context, v *view, epoch uint64) error {
	total, unlocked, err := k.owed(ctx, v, epoch)
	if err != nil {
		return err
	}
	v.forfeited = v.forfeited.Add(total.Sub(unlocked))
	v.b.Matured = v.b.Withdrawn.Add(unlocked)
	v.vest, v.dropped = nil, true
	return nil
}

// mature moves sums whose vesting is over to the matured ones.
func (k *Keeper) mature(ctx context.Context, v *view, epoch uint64) error {
	sums, err := k.sums(ctx, v)
	if err != nil {
		return err
	}
	for _, s := range sums {
		if !s.Over(epoch) {
			continue
		}
		v.b.Matured = v.b.Matured.Add(s.Amount)
		if err := k.vestings.Remove(ctx, collections.Join3(v.c.Id, s.First, s.Terms())); err != nil {
			return err
		}
	}
	return nil
}
