// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// Bounds of the work of one block.
const (
	// maxRounds is how many epochs' rounds one block moves.
	maxRounds = 16
	// sweepRoots and sweepUnits are how many roots, and units of them, one block settles.
	sweepRoots = 64
	sweepUnits = 512
	// pruneKeys is how many keys of ended rounds one block forgets.
	pruneKeys = 256
)

// SetFull tells whether the running block has no room left for openings. The
// application says so before the first transaction.
func (a *Admission) SetFull(ctx context.Context, full bool) error {
	m, err := item(ctx, a.meter)
	if err != nil || m.Full == full {
		return err
	}
	m.Full = full
	return a.meter.Set(ctx, m)
}

// EndBlock schedules queued proofs, gives up those without a verdict for too long,
// and moves every round on: draw, count the time to open, settle, forget. Its work
// is bounded whatever waits.
func (a *Admission) EndBlock(ctx context.Context) error {
	now, err := a.epochs.Number(ctx)
	if err != nil {
		return err
	}
	p, err := a.record.AdmissionParams(ctx, now)
	if err != nil {
		return err
	}
	if err := a.schedule(ctx, p); err != nil {
		return err
	}
	if err := a.lapse(ctx, p); err != nil {
		return err
	}
	rounds, err := walk(ctx, a.rounds, nil, maxRounds)
	if err != nil {
		return err
	}
	for _, kv := range rounds {
		if kv.Key >= now {
			continue
		}
		if err := a.step(ctx, kv.Value, now); err != nil {
			return err
		}
	}
	return nil
}

// step moves the round of an epoch that is over.
func (a *Admission) step(ctx context.Context, r types.Round, now uint64) error {
	switch {
	case r.Done:
		return a.prune(ctx, r.Epoch)
	case r.Roots == 0 && r.Batches == 0:
		r.Done = true
		if err := emit(ctx, &types.EventRoundDone{Epoch: r.Epoch}); err != nil {
			return err
		}
	case r.Roots == 0:
		return nil // verdicts are missing
	case r.Sampled == 0:
		value, err := a.beacon.Value(ctx, now)
		if err != nil {
			return nil //nolint:nilerr // pending or void: a later epoch draws
		}
		r.Sampled, r.Beacon, r.Left = now, value[:], r.Params.OpenWindow
		if err := emit(ctx, &types.EventRoundSampled{Epoch: r.Epoch, ByEpoch: now, Window: r.Left}); err != nil {
			return err
		}
	case r.Left > 0:
		m, err := item(ctx, a.meter)
		if err != nil || m.Full {
			return err
		}
		r.Left--
	case !r.Swept:
		return a.sweep(ctx, r)
	default:
		return nil // verdicts of opened leaves are missing
	}
	return a.rounds.Set(ctx, r.Epoch, r)
}

// sweep looks at roots after the time to open is over and settles those whose
// outcome is known.
func (a *Admission) sweep(ctx context.Context, r types.Round) error {
	list, err := walk(ctx, a.roots, prefixAfter(r.Epoch, r.Cursor), sweepRoots)
	if err != nil {
		return err
	}
	units := 0
	for _, kv := range list {
		root := kv.Value
		if units += len(root.Counts); units > sweepUnits && units > len(root.Counts) {
			return a.rounds.Set(ctx, r.Epoch, r)
		}
		if err := a.close(ctx, r, root); err != nil {
			return err
		}
		if r, err = a.rounds.Get(ctx, r.Epoch); err != nil { // settling counts in it
			return err
		}
		r.Cursor = root.PeerId
		if err := a.rounds.Set(ctx, r.Epoch, r); err != nil {
			return err
		}
	}
	r.Swept = len(list) < sweepRoots
	return a.rounds.Set(ctx, r.Epoch, r)
}

// close ends the time to open one root.
func (a *Admission) close(ctx context.Context, r types.Round, root types.Root) error {
	if root.Settled {
		return nil
	}
	root.Closed = true
	drawn := r.Lot(root.PeerId).Drawn(root.UnitCount(), r.Params.SampleUnits)
	if drawn && root.Opened && root.Pending > 0 {
		return a.roots.Set(ctx, collections.Join(root.Epoch, root.PeerId), root)
	}
	return a.settle(ctx, root)
}

// settle brings a root to its end: its proofs are credited, or its epoch is lost.
func (a *Admission) settle(ctx context.Context, root types.Root) error {
	r, err := a.rounds.Get(ctx, root.Epoch)
	if err != nil {
		return err
	}
	reason := types.ReasonUnspecified
	drawn := r.Sampled != 0 && r.Lot(root.PeerId).Drawn(root.UnitCount(), r.Params.SampleUnits)
	switch {
	case root.FalseLeaf:
		reason = types.ReasonFalseLeaf
	case drawn && !root.Opened:
		reason = types.ReasonMissingOpening
	}
	apart(ctx, "settle a root", func(ctx context.Context) error {
		switch {
		case reason != types.ReasonUnspecified:
			return a.record.FailEpoch(ctx, root.PeerId, root.Epoch, reason)
		case root.Lapsed:
			return nil
		default:
			return a.credit(ctx, root)
		}
	})
	root.Settled, root.Closed = true, true
	if err := a.roots.Set(ctx, collections.Join(root.Epoch, root.PeerId), root); err != nil {
		return err
	}
	r.Roots--
	if err := a.rounds.Set(ctx, r.Epoch, r); err != nil {
		return err
	}
	return emit(ctx, &types.EventRootSettled{PeerId: root.PeerId, Epoch: root.Epoch, Reason: reason, Lapsed: root.Lapsed && reason == types.ReasonUnspecified})
}

// credit books all proofs of a root.
func (a *Admission) credit(ctx context.Context, root types.Root) error {
	for i, unit := range root.Units() {
		if n := root.Counts[i]; n > 0 {
			if err := a.record.CreditProofs(ctx, unit[:], root.Epoch, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune forgets a round that is done, some keys at a time.
func (a *Admission) prune(ctx context.Context, epoch uint64) error {
	left := pruneKeys
	for _, remove := range []func(context.Context, uint64, int) (int, error){
		func(ctx context.Context, e uint64, n int) (int, error) { return forget(ctx, a.nonces, e, n) },
		func(ctx context.Context, e uint64, n int) (int, error) { return forget(ctx, a.roots, e, n) },
		func(ctx context.Context, e uint64, n int) (int, error) {
			return forget(ctx, collections.Map[of, collections.NoValue](a.direct), e, n)
		},
	} {
		n, err := remove(ctx, epoch, left)
		if err != nil {
			return err
		}
		if left -= n; left == 0 {
			return nil
		}
	}
	return a.rounds.Remove(ctx, epoch)
}

// forget removes up to limit entries of an epoch and returns how many.
func forget[V any](ctx context.Context, m collections.Map[of, V], epoch uint64, limit int) (int, error) {
	list, err := walk(ctx, m, prefixAfter(epoch, nil), limit)
	if err != nil {
		return 0, err
	}
	for _, kv := range list {
		if err := m.Remove(ctx, kv.Key); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// prefixAfter is the range of an epoch's entries after the given one.
func prefixAfter(epoch uint64, after []byte) collections.Ranger[of] {
	r := collections.NewPrefixedPairRange[uint64, []byte](epoch)
	if after != nil {
		return r.StartExclusive(after)
	}
	return r
}
