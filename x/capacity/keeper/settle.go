// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"
	"sort"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// settle books failures, slashes and rewards of a commitment up to and including
// an epoch, in memory. The work is bounded by the epochs that have a tally, the
// changes of params since, and the commitment's units; epochs without a tally
// are booked as runs, however many they are.
func (k *Keeper) settle(ctx context.Context, v *view, upTo uint64) error {
	if v.b.Status != types.StatusActive {
		return nil
	}
	end := v.c.EndEpoch() - 1
	to := min(upTo, end)
	if to <= v.b.Settled {
		return nil
	}
	tallies, err := k.talliesOf(ctx, v.c.Id, v.b.Settled, to)
	if err != nil {
		return err
	}
	v.changed = true
	for _, t := range tallies {
		if err := k.settleRun(ctx, v, v.b.Settled+1, t.Epoch-1); err != nil || v.failed {
			return err
		}
		if err := k.settleTally(ctx, v, t); err != nil || v.failed {
			return err
		}
	}
	if err := k.settleRun(ctx, v, v.b.Settled+1, to); err != nil || v.failed {
		return err
	}
	if to == end {
		v.b.Status = types.StatusInactive
	}
	return nil
}

// talliesOf returns the tallies of the epochs after one up to and including another, in ascending order.
func (k *Keeper) talliesOf(ctx context.Context, id []byte, after, upTo uint64) ([]types.Tally, error) {
	it, err := k.tallies.Iterate(ctx, collections.NewPrefixedPairRange[[]byte, uint64](id).StartExclusive(after).EndInclusive(upTo))
	if err != nil {
		return nil, err
	}
	return it.Values()
}

// settleRun books the epochs first to last, which have no tally: each unit that
// is due fails in each of them that was not void.
func (k *Keeper) settleRun(ctx context.Context, v *view, first, last uint64) error {
	for x := first; x <= last && !v.failed; x = v.b.Settled + 1 {
		y, due, err := k.segment(ctx, v, x, last)
		if err != nil {
			return err
		}
		live, err := k.live(ctx, x, y)
		if err != nil {
			return err
		}
		v.b.Settled = y
		if live == 0 || len(due) == 0 {
			continue
		}
		p, err := k.ParamsAt(ctx, x)
		if err != nil {
			return err
		}
		rest, n := v.c.MaxFails()-v.b.TotalFails, uint64(len(due))
		need := (rest + n - 1) / n
		if live < need {
			v.fail(due, live, n, p.SlashingRate, y)
			continue
		}
		f, err := k.kthLive(ctx, x, y, need)
		if err != nil {
			return err
		}
		v.fail(due, need, rest-(need-1)*n, p.SlashingRate, f)
		if err := k.end(ctx, v, f); err != nil {
			return err
		}
	}
	return nil
}

// segment returns the last epoch up to which the same units are due as in the
// first and the same params hold, and those units.
func (k *Keeper) segment(ctx context.Context, v *view, first, last uint64) (uint64, []int, error) {
	var due []int
	for i, u := range v.b.Units {
		switch {
		case u.DueFrom(first):
			due = append(due, i)
		case u.DueFrom(last): // later
			last = u.From - 1
		}
	}
	it, err := k.history.Iterate(ctx, new(collections.Range[uint64]).StartExclusive(first).EndInclusive(last))
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if it.Valid() {
		key, err := it.Key()
		if err != nil {
			return 0, nil, err
		}
		last = key - 1
	}
	return last, due, err
}

// fail books times-1 failures of each of the units and one more of the first of
// them, and slashes for them.
func (v *view) fail(units []int, times, first uint64, rate, epoch uint64) {
	penalty := types.Rate(v.c.CollateralPerUnit, rate)
	for j, i := range units {
		n := times
		if uint64(j) >= first {
			n--
		}
		if n == 0 {
			continue
		}
		v.b.Units[i].Fails += n
		v.b.TotalFails += n
		if took := v.cut(i, penalty.Mul(math.NewIntFromUint64(n))); took.IsPositive() {
			v.cuts = append(v.cuts, cut{i, epoch, took})
		}
	}
}

// settleTally books an epoch in which something was recorded.
func (k *Keeper) settleTally(ctx context.Context, v *view, t types.Tally) error {
	v.gone = append(v.gone, t.Epoch)
	v.b.Settled = t.Epoch
	live, err := k.live(ctx, t.Epoch, t.Epoch)
	if err != nil || live == 0 {
		return err
	}
	p, err := k.ParamsAt(ctx, t.Epoch)
	if err != nil {
		return err
	}
	var failed []int
	for i := range v.b.Units {
		u := &v.b.Units[i]
		enough := !t.Lost && t.Proofs[i] >= p.MinProofs
		u.Proofs += uint64(t.Proofs[i])
		switch {
		case enough:
			u.Successes++
		case t.IsDue(i):
			failed = append(failed, i)
		}
	}
	rest := v.c.MaxFails() - v.b.TotalFails
	if n := uint64(len(failed)); n >= rest {
		v.fail(failed, 1, rest, p.SlashingRate, t.Epoch)
		return k.end(ctx, v, t.Epoch)
	} else if n > 0 {
		v.fail(failed, 1, n, p.SlashingRate, t.Epoch)
	}
	if t.Lost {
		return nil
	}
	return k.reward(ctx, v, t, p)
}

// end marks the commitment as failed in an epoch: what is not unlocked by then is forfeited.
func (k *Keeper) end(ctx context.Context, v *view, epoch uint64) error {
	v.failed = true
	v.b.Status, v.b.FailedEpoch, v.b.Settled = types.StatusFailed, epoch, epoch
	return k.forfeit(ctx, v, epoch)
}

// live counts the epochs from first to last that were not void; those after the running one count as live.
func (k *Keeper) live(ctx context.Context, first, last uint64) (uint64, error) {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return 0, err
	}
	before, err := k.voids(ctx, min(first-1, now))
	if err != nil {
		return 0, err
	}
	upTo, err := k.voids(ctx, min(last, now))
	return last - first + 1 - (upTo - before), err
}

func (k *Keeper) voids(ctx context.Context, upTo uint64) (uint64, error) {
	if upTo == 0 {
		return 0, nil
	}
	return k.epochs.VoidCount(ctx, upTo)
}

// kthLive returns the n-th epoch from first on that was not void; last is late enough.
func (k *Keeper) kthLive(ctx context.Context, first, last, n uint64) (uint64, error) {
	var failed error
	span := last - first + 1
	i := sort.Search(int(span), func(i int) bool {
		live, err := k.live(ctx, first, first+uint64(i))
		failed = errors.Join(failed, err)
		return live >= n
	})
	return first + uint64(i), failed
}
