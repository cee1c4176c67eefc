// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/capacity/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

var _ markettypes.UnitHooks = (*Keeper)(nil)

// UnitsTaken implements the hooks of x/market: nothing is due from the units from
// this epoch on. What they proved in it still earns.
func (k *Keeper) UnitsTaken(ctx context.Context, peer []byte, units [][]byte) error {
	return k.move(ctx, peer, units, func(v *view, i int, now uint64, open *types.Tally) error {
		u := &v.b.Units[i]
		if u.InDeal || u.Exited {
			return nil
		}
		if open != nil {
			open.Excuse(i)
		}
		u.InDeal = true
		if !v.running(now) {
			return nil
		}
		if err := k.changeActive(ctx, v.c.EndEpoch(), -1); err != nil {
			return err
		}
		return emit(ctx, &types.EventUnitDeactivated{CommitmentId: v.c.Id, UnitId: u.UnitId})
	})
}

// UnitsReturned implements the hooks of x/market: proofs are due again from the next epoch on.
func (k *Keeper) UnitsReturned(ctx context.Context, peer []byte, units [][]byte) error {
	return k.move(ctx, peer, units, func(v *view, i int, now uint64, _ *types.Tally) error {
		u := &v.b.Units[i]
		if !u.InDeal {
			return nil
		}
		u.InDeal = false
		if !v.running(now) {
			return nil
		}
		u.From = max(now+1, v.c.StartEpoch)
		if err := k.changeActive(ctx, v.c.EndEpoch(), 1); err != nil {
			return err
		}
		return emit(ctx, &types.EventUnitActivated{CommitmentId: v.c.Id, UnitId: u.UnitId, StartEpoch: u.From})
	})
}

// move changes the units of a peer's commitment. What was due in the epochs
// that are not settled is written down first: it must not change with the units.
func (k *Keeper) move(ctx context.Context, peer []byte, units [][]byte, change func(v *view, i int, now uint64, open *types.Tally) error) error {
	v, err := k.ofPeer(ctx, peer)
	switch {
	case errors.Is(err, types.ErrNoCommitment):
		return nil
	case err != nil:
		return err
	}
	if err := k.store(ctx, v); err != nil {
		return err
	}
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return err
	}
	open, err := k.writeDown(ctx, v, now)
	if err != nil {
		return err
	}
	for _, id := range units {
		i, ok := v.b.Index(id)
		if !ok {
			return types.ErrUnitNotFound.Wrapf("unit %x in commitment %x", id, v.c.Id)
		}
		if err := change(v, i, now, open); err != nil {
			return err
		}
	}
	if open != nil {
		if err := k.tallies.Set(ctx, collections.Join(v.c.Id, open.Epoch), *open); err != nil {
			return err
		}
	}
	if err := k.books.Set(ctx, v.c.Id, v.b); err != nil {
		return err
	}
	if err := k.schedule(ctx, v); err != nil { // more units fail sooner
		return err
	}
	return k.emitStats(ctx, v, now)
}

// writeDown stores a tally of every epoch that is not settled and may have been
// live, and returns that of the running one; nil when nothing is due in it.
func (k *Keeper) writeDown(ctx context.Context, v *view, now uint64) (*types.Tally, error) {
	if v.b.Status != types.StatusActive {
		return nil, nil
	}
	var open *types.Tally
	for e := max(v.b.Settled+1, v.c.StartEpoch); e <= min(now, v.c.EndEpoch()-1); e++ {
		live, err := k.live(ctx, e, now)
		if err != nil {
			return nil, err
		}
		if live == 0 {
			break
		}
		if e, err = k.kthLive(ctx, e, now, 1); err != nil { // skip void ones
			return nil, err
		}
		if e > v.c.EndEpoch()-1 {
			break
		}
		t, err := k.tally(ctx, v, e)
		if err != nil {
			return nil, err
		}
		if e == now {
			open = &t
			break
		}
		if err := k.tallies.Set(ctx, collections.Join(v.c.Id, e), t); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// running reports whether proofs of the commitment's units are due now or later.
func (v *view) running(now uint64) bool {
	return v.b.Status == types.StatusActive && now < v.c.EndEpoch()
}

// status returns the status of a settled view in an epoch.
func (v *view) status(now uint64) types.Status {
	if v.b.Status == types.StatusActive && now < v.c.StartEpoch {
		return types.StatusWaitStart
	}
	return v.b.Status
}

// changeActive changes the number of active units, and of those that cease to
// be active when the term is over.
func (k *Keeper) changeActive(ctx context.Context, end uint64, delta int64) error {
	t, err := k.totals.Get(ctx)
	if err != nil || end <= t.Ended {
		return err
	}
	n, err := k.ending.Get(ctx, end)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	t.ActiveUnits = uint64(int64(t.ActiveUnits) + delta)
	if err := k.totals.Set(ctx, t); err != nil {
		return err
	}
	if n = uint64(int64(n) + delta); n == 0 {
		return k.ending.Remove(ctx, end)
	}
	return k.ending.Set(ctx, end, n)
}

// recordFailure tells that a commitment failed.
func (k *Keeper) recordFailure(ctx context.Context, v *view) error {
	if err := k.changeActive(ctx, v.c.EndEpoch(), -int64(v.b.ActiveUnits())); err != nil {
		return err
	}
	if err := emit(ctx, &types.EventCommitmentFailed{CommitmentId: v.c.Id, FailedEpoch: v.b.FailedEpoch}); err != nil {
		return err
	}
	if err := k.emitStats(ctx, v, v.b.FailedEpoch); err != nil {
		return err
	}
	k.apart(ctx, "tell of a failed commitment", func(ctx context.Context) error {
		return k.hooks.CommitmentFailed(ctx, v.c.PeerId, v.b.FailedEpoch)
	})
	return nil
}

// emitStats emits the official CommitmentStatsUpdated.
func (k *Keeper) emitStats(ctx context.Context, v *view, now uint64) error {
	active, next, exited := v.counts(now)
	return emit(ctx, &types.EventCommitmentStatsUpdated{
		CommitmentId: v.c.Id, TotalFailCount: v.b.TotalFails, ExitedUnitCount: uint64(exited),
		ActiveUnitCount: uint64(active), NextAdditionalActiveUnitCount: uint64(next), ChangedEpoch: now,
	})
}

// counts returns how many units must prove in an epoch, how many more from the
// next one on, and how many left.
func (v *view) counts(now uint64) (active, next, exited uint32) {
	for _, u := range v.b.Units {
		switch {
		case u.Exited:
			exited++
		case !v.running(now) || u.InDeal || u.From == 0:
		case u.From <= now:
			active++
		default:
			next++
		}
	}
	return active, next, exited
}
