// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// Commit keeps the root of all proofs of a peer in the running epoch. There is one
// per peer and epoch, and it cannot be replaced: the beacon that draws its leaves is
// that of the epoch after.
//
// Errors: ErrWrongEpoch, ErrNonceUnknown, ErrBadRoot, ErrNotOwner, ErrRootExists,
// ErrOtherPath, ErrTooManyProofs, and those of Record.RequireProving and
// CommittedUnits.
func (a *Admission) Commit(ctx context.Context, msg *types.MsgCommitProofs) (*types.MsgCommitProofsResponse, error) {
	r, err := a.round(ctx, msg.Epoch)
	if err != nil {
		return nil, err
	}
	if len(msg.PeerId) != 32 || len(msg.Root) != 32 {
		return nil, types.ErrBadRoot.Wrapf("peer_id of %d and root of %d bytes, want 32 each", len(msg.PeerId), len(msg.Root))
	}
	key := collections.Join(msg.Epoch, msg.PeerId)
	if exists, err := a.roots.Has(ctx, key); err != nil || exists {
		return nil, orElse(err, types.ErrRootExists.Wrapf("peer %x, epoch %d", msg.PeerId, msg.Epoch))
	}
	if direct, err := a.direct.Has(ctx, key); err != nil || direct {
		return nil, orElse(err, types.ErrOtherPath.Wrapf("peer %x submitted proofs of epoch %d directly", msg.PeerId, msg.Epoch))
	}
	commitment, units, err := a.record.CommittedUnits(ctx, msg.PeerId)
	if err != nil {
		return nil, err
	}
	root := types.Root{
		PeerId: msg.PeerId, Epoch: msg.Epoch, Root: msg.Root, CommitmentId: commitment, Owner: msg.Owner,
		UnitIds: bytes.Join(units, nil), Counts: msg.Counts,
	}
	layout, err := root.Layout()
	if err != nil {
		return nil, types.ErrBadRoot.Wrap(err.Error())
	}
	if layout.Len() != uint64(msg.N) {
		return nil, types.ErrBadRoot.Wrapf("n %d, counts add up to %d", msg.N, layout.Len())
	}
	if root.Provider, err = a.checkCounts(ctx, msg, units); err != nil {
		return nil, err
	}
	r.Roots++
	if err := a.roots.Set(ctx, key, root); err != nil {
		return nil, err
	}
	if err := a.rounds.Set(ctx, r.Epoch, r); err != nil {
		return nil, err
	}
	return &types.MsgCommitProofsResponse{}, emit(ctx, &types.EventProofsCommitted{
		PeerId: msg.PeerId, Epoch: msg.Epoch, Root: msg.Root, N: layout.Len(),
	})
}

// checkCounts checks every unit that a root claims proofs of, and returns their provider.
func (a *Admission) checkCounts(ctx context.Context, msg *types.MsgCommitProofs, units [][]byte) (provider string, err error) {
	gas := sdk.UnwrapSDKContext(ctx).GasMeter()
	rules, err := a.record.EpochParams(ctx, msg.Epoch)
	if err != nil {
		return "", err
	}
	for i, n := range msg.Counts {
		if n == 0 {
			continue
		}
		gas.ConsumeGas(nodeGas, "unit of a root")
		if n > rules.MaxProofs {
			return "", types.ErrTooManyProofs.Wrapf("counts[%d] %d: %d count in epoch %d", i, n, rules.MaxProofs, msg.Epoch)
		}
		p, err := a.record.RequireProving(ctx, units[i], msg.Epoch)
		if err != nil {
			return "", err
		}
		if p.Owner != msg.Owner {
			return "", types.ErrNotOwner.Wrapf("peer %x belongs to %s", msg.PeerId, p.Owner)
		}
		provider = p.Provider
	}
	return provider, nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// Open takes the drawn leaves of a root, checks that they belong to it, and queues
// their hashes for verdicts.
//
// Errors: ErrNoRoot, ErrNotOwner, ErrSettled, ErrOpened, ErrNotSampled,
// ErrOpenClosed, ErrNotDrawn, ErrBadOpening.
func (a *Admission) Open(ctx context.Context, msg *types.MsgOpenProofs) (*types.MsgOpenProofsResponse, error) {
	root, r, err := a.rootOf(ctx, msg.PeerId, msg.Epoch)
	if err != nil {
		return nil, err
	}
	switch {
	case root.Owner != msg.Owner:
		return nil, types.ErrNotOwner.Wrapf("peer %x belongs to %s", msg.PeerId, root.Owner)
	case root.Settled:
		return nil, types.ErrSettled.Wrapf("peer %x, epoch %d", msg.PeerId, msg.Epoch)
	case root.Opened:
		return nil, types.ErrOpened.Wrapf("peer %x, epoch %d", msg.PeerId, msg.Epoch)
	case r.Sampled == 0:
		return nil, types.ErrNotSampled.Wrapf("epoch %d", msg.Epoch)
	case r.Left == 0 || root.Closed:
		return nil, types.ErrOpenClosed.Wrapf("epoch %d, %d blocks", msg.Epoch, r.Params.OpenWindow)
	case !r.Lot(root.PeerId).Drawn(root.UnitCount(), r.Params.SampleUnits):
		return nil, types.ErrNotDrawn.Wrapf("peer %x, epoch %d", msg.PeerId, msg.Epoch)
	}
	leaves, err := a.opened(ctx, root, r, msg.Opening)
	if err != nil {
		return nil, err
	}
	m, err := item(ctx, a.meter)
	if err != nil {
		return nil, err
	}
	batches := leafBatches(ctx, root, r, leaves)
	if err := a.enqueue(ctx, &r, &m, batches); err != nil {
		return nil, err
	}
	root.Opened, root.Pending = true, uint32(len(batches))
	if err := a.roots.Set(ctx, collections.Join(root.Epoch, root.PeerId), root); err != nil {
		return nil, err
	}
	if err := a.rounds.Set(ctx, r.Epoch, r); err != nil {
		return nil, err
	}
	return &types.MsgOpenProofsResponse{}, emit(ctx, &types.EventProofsOpened{
		PeerId: root.PeerId, Epoch: root.Epoch, Leaves: uint32(len(leaves)),
	})
}

func (a *Admission) rootOf(ctx context.Context, peer []byte, epoch uint64) (types.Root, types.Round, error) {
	root, ok, err := get(ctx, a.roots, collections.Join(epoch, peer))
	if err != nil || !ok {
		return root, types.Round{}, orElse(err, types.ErrNoRoot.Wrapf("peer %x, epoch %d", peer, epoch))
	}
	r, err := a.rounds.Get(ctx, epoch)
	return root, r, err
}

// opened returns the drawn leaves of a root that an opening shows.
//
// Errors: ErrBadOpening.
func (a *Admission) opened(ctx context.Context, root types.Root, r types.Round, wire []byte) ([]capacity.Leaf, error) {
	o, err := capacity.ParseOpening(wire)
	if err != nil {
		return nil, types.ErrBadOpening.Wrap(err.Error())
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(nodeGas*uint64(len(o.Claims)+len(o.Path)), "nodes of a tree")
	layout, err := root.Layout()
	if err != nil {
		return nil, err
	}
	indices := r.Lot(root.PeerId).Sample(layout.Len(), r.Params.Openings)
	leaves, err := o.Verify(layout, [32]byte(root.Root), indices)
	if err != nil {
		return nil, types.ErrBadOpening.Wrapf("want leaves %d: %v", indices, err)
	}
	for i, l := range leaves {
		if !capacity.Meets(l.Hash, [32]byte(r.Difficulty)) {
			return nil, types.ErrBadOpening.Wrapf("leaf %d: hash %x is above the difficulty %x", indices[i], l.Hash, r.Difficulty)
		}
	}
	return leaves, nil
}

// leafBatches makes batches of opened leaves, which are in the order of their units.
func leafBatches(ctx context.Context, root types.Root, r types.Round, leaves []capacity.Leaf) (all []types.Batch) {
	gas := sdk.UnwrapSDKContext(ctx).GasMeter()
	for i := 0; i < len(leaves); {
		unit := leaves[i].Unit
		var claims []byte
		for ; i < len(leaves) && leaves[i].Unit == unit; i++ {
			claims = append(append(claims, leaves[i].Nonce[:]...), leaves[i].Hash[:]...)
			gas.ConsumeGas(HashGas, "hash of a leaf")
		}
		gas.ConsumeGas(KeyGas, "key of a unit")
		for _, b := range split(r, unit[:], root.PeerId, root.Provider, claims) {
			b.Opened = true
			all = append(all, b)
		}
	}
	return all
}

// Challenge takes a fraud proof of a published leaf: hashes that lead to the root
// and show the leaf out of place, twice, of another unit or above the difficulty.
// The root is lost at once. What is no fault of the root itself is refused.
//
// Errors: ErrNoRoot, ErrSettled, ErrProofForm, ErrBadChallenge.
func (a *Admission) Challenge(ctx context.Context, msg *types.MsgChallengeLeaf) (*types.MsgChallengeLeafResponse, error) {
	root, r, err := a.rootOf(ctx, msg.PeerId, msg.Epoch)
	if err != nil {
		return nil, err
	}
	if root.Settled {
		return nil, types.ErrSettled.Wrapf("peer %x, epoch %d", msg.PeerId, msg.Epoch)
	}
	for _, b := range [][]byte{msg.Leaf.UnitId, msg.Leaf.LocalNonce, msg.Leaf.ResultHash} {
		if len(b) != 32 {
			return nil, types.ErrProofForm.Wrapf("leaf: field of %d bytes, want 32", len(b))
		}
	}
	steps, err := capacity.ParseSteps(msg.Steps)
	if err != nil {
		return nil, types.ErrBadChallenge.Wrap(err.Error())
	}
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(nodeGas*uint64(len(steps)+1), "nodes of a tree")
	layout, err := root.Layout()
	if err != nil {
		return nil, err
	}
	fraud := capacity.Fraud{Index: uint64(msg.Index), Steps: steps, Leaf: capacity.Leaf{
		Unit: [32]byte(msg.Leaf.UnitId), Nonce: [32]byte(msg.Leaf.LocalNonce), Hash: [32]byte(msg.Leaf.ResultHash),
	}}
	fault, err := fraud.Verify(layout, [32]byte(root.Root), [32]byte(r.Difficulty))
	if err != nil {
		return nil, types.ErrBadChallenge.Wrap(err.Error())
	}
	unit := layout.Unit(fraud.Index)
	if err := a.record.SlashFalse(ctx, unit[:], root.Epoch, capacity.Scale(root.UnitCount(), r.Params.SampleUnits), types.ReasonFalseLeaf); err != nil {
		return nil, err
	}
	root.FalseLeaf = true
	if err := a.settle(ctx, root); err != nil {
		return nil, err
	}
	return &types.MsgChallengeLeafResponse{Fault: uint32(fault)}, emit(ctx, &types.EventLeafChallenged{
		PeerId: root.PeerId, Epoch: root.Epoch, Index: fraud.Index, UnitId: unit[:], Fault: uint32(fault), Challenger: msg.Challenger,
	})
}
