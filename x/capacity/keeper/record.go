// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// The methods of this file are what admission calls. Epoch e is open, and its
// record may grow, until it is settled: that is at the earliest at the start of
// e+1, and not before admission lets go of it (admission.OldestPending). Each
// method changes nothing when it returns an error.

// RequireProving returns for whom a unit proves in an epoch, or why nothing is
// expected from it: the commitment must be active, the epoch within its term, not
// in the future and not settled, and the unit neither in a deal nor out of the
// commitment in that epoch. A unit that a deal took during the epoch is refused
// while the epoch runs; proofs submitted before count all the same.
//
// Errors: ErrUnitNotFound, ErrNoCommitment, ErrNotProving, ErrStatus, ErrEpochNotBegun, ErrEpochSettled.
func (k *Keeper) RequireProving(ctx context.Context, unit []byte, epoch uint64) (types.Proving, error) {
	v, i, err := k.unit(ctx, unit)
	if err != nil {
		return types.Proving{}, err
	}
	now, err := k.openEpoch(ctx, v, epoch)
	if err != nil {
		return types.Proving{}, err
	}
	t, err := k.tally(ctx, v, epoch)
	if err != nil {
		return types.Proving{}, err
	}
	if !t.IsDue(i) && (epoch == now || !t.Counts(i)) {
		return types.Proving{}, types.ErrNotProving.Wrapf("unit %x in epoch %d: in a deal, exited or not started", unit, epoch)
	}
	peer, err := k.market.Peer(ctx, v.c.PeerId)
	return types.Proving{
		CommitmentId: v.c.Id, PeerId: v.c.PeerId, Provider: v.c.Provider, Owner: peer.Owner, Proofs: t.Proofs[i],
	}, err
}

// CreditProofs counts n more valid proofs of a unit in an epoch. What exceeds
// max_proofs counts for nothing. The unit must have proven in the epoch, be it
// that a deal took it since.
//
// Errors: ErrUnitNotFound, ErrNoCommitment, ErrNotProving, ErrStatus, ErrEpochNotBegun, ErrEpochSettled.
func (k *Keeper) CreditProofs(ctx context.Context, unit []byte, epoch uint64, n uint32) error {
	v, i, err := k.unit(ctx, unit)
	if err != nil {
		return err
	}
	if _, err := k.openEpoch(ctx, v, epoch); err != nil {
		return err
	}
	t, err := k.tally(ctx, v, epoch)
	if err != nil {
		return err
	}
	if !t.Counts(i) {
		return types.ErrNotProving.Wrapf("unit %x in epoch %d: in a deal, exited or not started", unit, epoch)
	}
	p, err := k.ParamsAt(ctx, epoch)
	if err != nil {
		return err
	}
	before := t.Proofs[i]
	t.Proofs[i] = min(before+min(n, p.MaxProofs), p.MaxProofs)
	if err := k.store(ctx, v); err != nil {
		return err
	}
	if err := k.tallies.Set(ctx, collections.Join(v.c.Id, epoch), t); err != nil {
		return err
	}
	switch after := t.Proofs[i]; {
	case t.Lost || after < p.MinProofs:
		return nil
	case before >= p.MinProofs:
		return k.share(ctx, epoch, uint64(after-before), 0)
	default:
		return k.share(ctx, epoch, uint64(after), 0)
	}
}

// FailEpoch makes an epoch count for nothing for all units of a peer, whatever
// they proved. Each unit that was due fails, and as a peer of u units is drawn
// with probability min(1, u/sample_units) only, each is slashed the inverse of
// that probability times. Of an epoch lost already nothing more is lost.
//
// Errors: ErrNoCommitment, ErrStatus, ErrNotProving, ErrEpochNotBegun, ErrEpochSettled.
func (k *Keeper) FailEpoch(ctx context.Context, peer []byte, epoch uint64, reason types.Reason) error {
	v, err := k.ofPeer(ctx, peer)
	if err != nil {
		return err
	}
	if _, err := k.openEpoch(ctx, v, epoch); err != nil {
		return err
	}
	t, err := k.tally(ctx, v, epoch)
	if err != nil || t.Lost {
		return err
	}
	p, err := k.ParamsAt(ctx, epoch)
	if err != nil {
		return err
	}
	t.Lost = true
	scale := types.Scale(t, p.Admission.SampleUnits)
	for i := range v.b.Units {
		if !t.Counts(i) {
			continue
		}
		n := scale // the failure of a due unit is slashed once more when the epoch is settled
		if t.IsDue(i) {
			n--
		}
		if err := k.slash(ctx, v, i, epoch, uint64(n), p.SlashingRate, reason); err != nil {
			return err
		}
	}
	if err := k.store(ctx, v); err != nil {
		return err
	}
	if err := k.tallies.Set(ctx, collections.Join(v.c.Id, epoch), t); err != nil {
		return err
	}
	if err := k.share(ctx, epoch, 0, t.Sharing(p.MinProofs)); err != nil {
		return err
	}
	if err := k.schedule(ctx, v); err != nil { // the end may be nearer now
		return err
	}
	return emit(ctx, &types.EventEpochLost{CommitmentId: v.c.Id, PeerId: v.c.PeerId, Epoch: epoch, Reason: reason})
}

// SlashFalse slashes a unit scale times for something false that it claimed to
// have proven in an epoch: scale is the inverse of the probability to be caught.
// It works as long as the collateral is not paid back, whatever became of the
// commitment or the unit since.
//
// Errors: ErrUnitNotFound, ErrNoCommitment, ErrWithdrawn.
func (k *Keeper) SlashFalse(ctx context.Context, unit []byte, epoch uint64, scale uint32, reason types.Reason) error {
	v, i, err := k.unit(ctx, unit)
	if err != nil {
		return err
	}
	if v.b.CollateralWithdrawn || v.c.StartEpoch == 0 {
		return types.ErrWithdrawn.Wrapf("commitment %x holds no collateral", v.c.Id)
	}
	p, err := k.ParamsAt(ctx, epoch)
	if err != nil {
		return err
	}
	if err := k.slash(ctx, v, i, epoch, uint64(max(scale, 1)), p.SlashingRate, reason); err != nil {
		return err
	}
	return k.store(ctx, v)
}

// EpochParams returns the rules of proofs in an epoch that has begun.
//
// Errors: ErrEpochNotBegun.
func (k *Keeper) EpochParams(ctx context.Context, epoch uint64) (types.EpochParams, error) {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return types.EpochParams{}, err
	}
	if epoch == 0 || epoch > now {
		return types.EpochParams{}, types.ErrEpochNotBegun.Wrapf("epoch %d: want 1 to %d", epoch, now)
	}
	p, err := k.ParamsAt(ctx, epoch)
	return types.EpochParams{
		Epoch: epoch, Difficulty: p.Difficulty, MinProofs: p.MinProofs, MaxProofs: p.MaxProofs,
		SlashingRate: p.SlashingRate, PenaltyMultiple: p.PenaltyMultiple,
	}, err
}

// Settled returns the last epoch that may be settled: proofs of it come too late.
func (k *Keeper) Settled(ctx context.Context) (uint64, error) {
	t, err := k.totals.Get(ctx)
	return t.Settled, err
}

// openEpoch returns the running epoch, and refuses an epoch of which the
// commitment's record no longer or not yet grows.
func (k *Keeper) openEpoch(ctx context.Context, v *view, epoch uint64) (uint64, error) {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return 0, err
	}
	switch {
	case epoch > now:
		return 0, types.ErrEpochNotBegun.Wrapf("epoch %d: the running one is %d", epoch, now)
	case v.c.StartEpoch == 0:
		return 0, types.ErrStatus.Wrapf("commitment %x: %s", v.c.Id, types.StatusWaitDelegation)
	case epoch < v.c.StartEpoch || epoch >= v.c.EndEpoch():
		return 0, types.ErrNotProving.Wrapf("epoch %d: the term is from %d until %d", epoch, v.c.StartEpoch, v.c.EndEpoch())
	case v.b.Ended():
		return 0, types.ErrStatus.Wrapf("commitment %x: %s", v.c.Id, v.b.Status)
	case epoch <= v.b.Settled:
		return 0, types.ErrEpochSettled.Wrapf("epoch %d: settled up to %d", epoch, v.b.Settled)
	}
	live, err := k.live(ctx, epoch, epoch)
	if err == nil && live == 0 {
		err = types.ErrNotProving.Wrapf("epoch %d was void", epoch)
	}
	return now, err
}

// tally returns the record of an open epoch, a new one where there is none.
func (k *Keeper) tally(ctx context.Context, v *view, epoch uint64) (types.Tally, error) {
	t, err := k.tallies.Get(ctx, collections.Join(v.c.Id, epoch))
	if errors.Is(err, collections.ErrNotFound) {
		return types.NewTally(v.b, epoch), nil
	}
	return t, err
}

// share changes how many proofs share the pool of an epoch.
func (k *Keeper) share(ctx context.Context, epoch, more, less uint64) error {
	if more == less {
		return nil
	}
	r, err := k.records.Get(ctx, epoch)
	if err != nil {
		return err
	}
	r.Proofs = r.Proofs + more - less
	return k.records.Set(ctx, epoch, r)
}

// slash cuts n times the penalty of a unit, as far as its collateral reaches.
func (k *Keeper) slash(ctx context.Context, v *view, i int, epoch, n, rate uint64, reason types.Reason) error {
	cut := v.cut(i, types.Rate(v.c.CollateralPerUnit, rate).Mul(math.NewIntFromUint64(n)))
	if cut.IsZero() {
		return nil
	}
	return emit(ctx, &types.EventSlashed{CommitmentId: v.c.Id, UnitId: v.b.Units[i].UnitId, Amount: cut, Epoch: epoch, Reason: reason})
}
