// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
)

// Work of one block beside its messages.
const (
	// maxChecks is how many commitments a block looks at because time passed.
	maxChecks = 64
	// maxCheckedUnits ends the block's look earlier when they have many units.
	maxCheckedUnits = 1024
	// maxEnding is how many epochs with commitments that run out a block merges.
	maxEnding = 256
	// maxPruned is how many old epoch records a block deletes.
	maxPruned = 16
	// keptRecords is how many epochs are kept beyond those that can matter.
	keptRecords = 10_000
)

var _ epochtypes.Hooks = (*Keeper)(nil)

// EpochsEnded implements the hooks of x/epoch. Nothing happens here: epochs are
// settled when they are looked at.
func (k *Keeper) EpochsEnded(context.Context, uint64, uint64, bool) error { return nil }

// EpochStarted fixes what the epoch is worth: params, price and reward pool. Its
// work does not grow with the number of epochs since the last one, nor with that
// of commitments.
func (k *Keeper) EpochStarted(ctx context.Context, epoch uint64) error {
	_, prev, ok, err := last(ctx, k.records, epoch)
	if err != nil {
		return err
	}
	if !ok {
		return nil // before InitGenesis of this module
	}
	if prev.Epoch == epoch {
		return nil
	}
	if err := k.mergeEnding(ctx, epoch); err != nil {
		return err
	}
	p, err := k.ParamsAt(ctx, epoch)
	if err != nil {
		return err
	}
	totals, err := k.totals.Get(ctx)
	if err != nil {
		return err
	}
	rec := types.EpochRecord{Epoch: epoch, ActiveUnits: totals.ActiveUnits, Credited: math.ZeroInt()}
	if rec.Price, rec.Priced, err = k.nextPrice(ctx, prev, p, epoch); err != nil {
		return err
	}
	rec.Pool = types.NextPool(prev.Pool, rec.Price, totals.ActiveUnits, p)
	if err := k.records.Set(ctx, epoch, rec); err != nil {
		return err
	}
	if err := k.announce(ctx, prev, rec, p); err != nil {
		return err
	}
	return k.advance(ctx)
}

// announce tells what the epoch is worth and what changed.
func (k *Keeper) announce(ctx context.Context, prev, rec types.EpochRecord, p types.Params) error {
	if rec.Price != prev.Price {
		if err := emit(ctx, &types.EventFLTPriceUpdated{NewValue: rec.Price}); err != nil {
			return err
		}
	}
	before, err := k.ParamsAt(ctx, prev.Epoch)
	if err != nil {
		return err
	}
	if string(before.Difficulty) != string(p.Difficulty) {
		if err := emit(ctx, &types.EventDifficultyUpdated{Difficulty: p.Difficulty}); err != nil {
			return err
		}
	}
	return emit(ctx, &types.EventRewardPoolUpdated{Epoch: rec.Epoch, Pool: rec.Pool, ActiveUnits: rec.ActiveUnits, Price: rec.Price})
}

// EndBlock moves admission, then what happens by time alone, each step within a budget.
func (k *Keeper) EndBlock(ctx context.Context) error {
	if err := k.admission.EndBlock(ctx); err != nil {
		return err
	}
	if err := k.advance(ctx); err != nil {
		return err
	}
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return err
	}
	if err := k.mergeEnding(ctx, now); err != nil {
		return err
	}
	if err := k.check(ctx); err != nil {
		return err
	}
	return k.prune(ctx)
}

// advance moves the last epoch that may be settled up to the one before the
// running one, or before the oldest of which proofs or openings are pending.
func (k *Keeper) advance(ctx context.Context) error {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return err
	}
	upTo := now - 1
	pending, ok, err := k.hold(ctx)
	if err != nil {
		return err
	}
	if ok && pending <= upTo {
		upTo = pending - 1
	}
	t, err := k.totals.Get(ctx)
	if err != nil || upTo <= t.Settled {
		return err
	}
	t.Settled = upTo
	return k.totals.Set(ctx, t)
}

// mergeEnding takes the units of commitments whose term is over from the active ones.
func (k *Keeper) mergeEnding(ctx context.Context, upTo uint64) error {
	t, err := k.totals.Get(ctx)
	if err != nil || t.Ended >= upTo {
		return err
	}
	list, more, err := firstKeys(ctx, k.ending, upTo, maxEnding)
	if err != nil {
		return err
	}
	t.Ended = upTo
	for _, e := range list {
		t.ActiveUnits -= e.Value
		if more {
			t.Ended = e.Key
		}
		if err := k.ending.Remove(ctx, e.Key); err != nil {
			return err
		}
	}
	return k.totals.Set(ctx, t)
}

// firstKeys returns up to limit entries with keys up to one, and whether there are more.
func firstKeys[V any](ctx context.Context, m collections.Map[uint64, V], upTo uint64, limit int) (list []collections.KeyValue[uint64, V], more bool, err error) {
	it, err := m.Iterate(ctx, new(collections.Range[uint64]).EndInclusive(upTo))
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ; it.Valid(); it.Next() {
		if len(list) == limit {
			return list, true, nil
		}
		kv, err := it.KeyValue()
		if err != nil {
			return nil, false, err
		}
		list = append(list, kv)
	}
	return list, false, nil
}

// check looks at the commitments that may have failed or run out, some per block,
// those of earlier epochs first and then in the order of their ids.
func (k *Keeper) check(ctx context.Context) error {
	settled, err := k.Settled(ctx)
	if err != nil {
		return err
	}
	var due []collections.Pair[uint64, []byte]
	it, err := k.checks.Iterate(ctx, collections.NewPrefixUntilPairRange[uint64, []byte](settled))
	if err != nil {
		return err
	}
	for ; it.Valid() && len(due) < maxChecks; it.Next() {
		key, err := it.Key()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		due = append(due, key)
	}
	if err := it.Close(); err != nil {
		return err
	}
	units := 0
	for _, key := range due {
		v, err := k.load(ctx, key.K2())
		if err != nil {
			return err
		}
		if err := k.store(ctx, v); err != nil {
			return err
		}
		if err := k.schedule(ctx, v); err != nil {
			return err
		}
		if units += len(v.b.Units); units >= maxCheckedUnits {
			return nil
		}
	}
	return nil
}

// schedule names the epoch after whose settlement the commitment fails or runs
// out if nothing more is proven, but not later than records are kept for.
func (k *Keeper) schedule(ctx context.Context, v *view) error {
	next := uint64(0)
	if v.b.Status == types.StatusActive {
		failing, err := k.nextFailure(ctx, v)
		if err != nil {
			return err
		}
		next = min(v.c.EndEpoch()-1, max(v.b.Settled, v.c.StartEpoch)+keptRecords/2)
		if failing > 0 {
			next = min(next, failing)
		}
	}
	if next == v.b.Check {
		return nil
	}
	if v.b.Check > 0 {
		if err := k.checks.Remove(ctx, collections.Join(v.b.Check, v.c.Id)); err != nil {
			return err
		}
	}
	if next > 0 {
		if err := k.checks.Set(ctx, collections.Join(next, v.c.Id)); err != nil {
			return err
		}
	}
	v.b.Check = next
	return k.books.Set(ctx, v.c.Id, v.b)
}

// nextFailure returns the first epoch in which the commitment fails if no
// further proof comes, 0 if its term is over before.
func (k *Keeper) nextFailure(ctx context.Context, v *view) (uint64, error) {
	if v.b.Status != types.StatusActive {
		return 0, nil
	}
	trial := &view{c: v.c, b: v.b, forfeited: math.ZeroInt()}
	trial.b.Units = append([]types.UnitBook(nil), v.b.Units...)
	err := k.settle(ctx, trial, v.c.EndEpoch()-1)
	return trial.b.FailedEpoch, err
}

// prune deletes records of epochs long settled by every commitment: each is
// looked at within keptRecords/2 epochs, late only as far as the queue is long.
func (k *Keeper) prune(ctx context.Context) error {
	t, err := k.totals.Get(ctx)
	if err != nil || t.Settled < keptRecords || t.Pruned >= t.Settled-keptRecords {
		return err
	}
	upTo := t.Settled - keptRecords
	it, err := k.checks.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	if it.Valid() {
		key, err := it.Key()
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if key.K1()+keptRecords/2 < t.Settled { // the queue lags: wait for it
			return it.Close()
		}
	}
	if err := it.Close(); err != nil {
		return err
	}
	list, more, err := firstKeys(ctx, k.records, upTo, maxPruned)
	if err != nil {
		return err
	}
	t.Pruned = upTo
	for _, e := range list {
		if more {
			t.Pruned = e.Key
		}
		if err := k.records.Remove(ctx, e.Key); err != nil {
			return err
		}
	}
	return k.totals.Set(ctx, t)
}
