// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"

	"cosmossdk.io/collections"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// maxLapsed bounds how many batches one block gives up.
const maxLapsed = 16

// Listed returns the due batches that a payload of the system transaction decides,
// beside their verdicts.
//
// Errors: ErrVerdictForm, ErrNotDue.
func (a *Admission) Listed(ctx context.Context, payload []byte) ([]types.Batch, []types.BatchVerdict, error) {
	list, err := types.ParseVerdicts(payload)
	if err != nil {
		return nil, nil, err
	}
	height := uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())
	all := make([]types.Batch, len(list))
	for i, v := range list {
		b, ok, err := get(ctx, a.due, collections.Join(v.Due, v.Seq))
		switch {
		case err != nil:
			return nil, nil, err
		case !ok || v.Due > height:
			return nil, nil, types.ErrNotDue.Wrapf("batch %d, due at %d, in block %d", v.Seq, v.Due, height)
		case len(v.Verdicts) != b.Len():
			return nil, nil, types.ErrNotDue.Wrapf("batch %d has %d proofs, %d verdicts", v.Seq, b.Len(), len(v.Verdicts))
		}
		all[i] = b
	}
	return all, list, nil
}

// Apply books the verdicts of a payload that stands in the running block. It reads
// only: whether the verdicts are right was judged before the block was voted for.
//
// Errors: those of Listed.
func (a *Admission) Apply(ctx context.Context, payload []byte) error {
	all, list, err := a.Listed(ctx, payload)
	if err != nil {
		return err
	}
	for i, b := range all {
		if err := a.end(ctx, b, list[i].Verdicts); err != nil {
			return err
		}
	}
	return nil
}

// end removes a due batch and books its verdicts; nil means that there are none.
func (a *Admission) end(ctx context.Context, b types.Batch, verdicts []capacity.Verdict) error {
	if err := a.due.Remove(ctx, collections.Join(b.Due, b.Seq)); err != nil {
		return err
	}
	var valid, invalid uint32
	for i := range b.Len() {
		nonce, _ := b.Claim(i)
		v := capacity.Unknown
		if verdicts != nil {
			v = verdicts[i]
		}
		switch v {
		case capacity.Valid:
			valid++
		case capacity.Invalid:
			invalid++
		}
		if err := emit(ctx, &types.EventProofVerified{
			UnitId: b.UnitId, Epoch: b.Epoch, LocalNonce: nonce[:], Verdict: types.Verdict(v), Opened: b.Opened,
		}); err != nil {
			return err
		}
	}
	if b.Opened {
		if err := a.endOpened(ctx, b, invalid > 0, verdicts == nil); err != nil {
			return err
		}
	} else {
		apart(ctx, "credit proofs", func(ctx context.Context) error { return a.book(ctx, b, valid, invalid) })
	}
	r, err := a.rounds.Get(ctx, b.Epoch)
	if err != nil {
		return err
	}
	r.Batches--
	return a.rounds.Set(ctx, b.Epoch, r)
}

// book credits the valid proofs of a unit and slashes it for each false one.
func (a *Admission) book(ctx context.Context, b types.Batch, valid, invalid uint32) error {
	if valid > 0 {
		if err := a.record.CreditProofs(ctx, b.UnitId, b.Epoch, valid); err != nil {
			return err
		}
	}
	if invalid > 0 {
		return a.record.SlashFalse(ctx, b.UnitId, b.Epoch, invalid, types.ReasonFalseHash)
	}
	return nil
}

// endOpened notes what became of opened leaves of a unit.
func (a *Admission) endOpened(ctx context.Context, b types.Batch, isFalse, lapsed bool) error {
	key := collections.Join(b.Epoch, b.PeerId)
	root, ok, err := get(ctx, a.roots, key)
	if err != nil || !ok {
		return err
	}
	root.Pending--
	root.FalseLeaf = root.FalseLeaf || isFalse
	root.Lapsed = root.Lapsed || lapsed
	if err := a.roots.Set(ctx, key, root); err != nil {
		return err
	}
	if isFalse && !root.Settled {
		r, err := a.rounds.Get(ctx, b.Epoch)
		if err != nil {
			return err
		}
		scale := capacity.Scale(root.UnitCount(), r.Params.SampleUnits)
		apart(ctx, "slash a false leaf", func(ctx context.Context) error {
			return a.record.SlashFalse(ctx, b.UnitId, b.Epoch, scale, types.ReasonFalseLeaf)
		})
	}
	if root.Closed && root.Pending == 0 && !root.Settled {
		return a.settle(ctx, root)
	}
	return nil
}

// lapse gives up batches that no proposer had a verdict on for too long.
func (a *Admission) lapse(ctx context.Context, p types.AdmissionParams) error {
	height := uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())
	if height < uint64(p.Lapse) {
		return nil
	}
	old, err := batches(walk(ctx, a.due, upTo(height-uint64(p.Lapse)), maxLapsed))
	if err != nil {
		return err
	}
	for _, b := range old {
		if err := a.end(ctx, b, nil); err != nil {
			return err
		}
	}
	return nil
}
