// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"slices"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/market/types"
)

// Take gives free units of a peer, and what they use of its resources, to a
// worker of a deal: all or nothing. The hooks run after the checks and before
// the change. The caller has checked with CheckMatch that the offer fits.
//
// Errors: ErrInvalidField, ErrBatchTooLarge, ErrPeerNotFound, ErrDraining,
// ErrUnitNotFound, ErrUnitTaken, ErrSupply, ErrSupplyShort, ErrResourceNotFound,
// and those of the hooks.
func (k *Keeper) Take(ctx context.Context, t types.Taking) error {
	if err := checkTaking(t); err != nil {
		return err
	}
	p, err := k.Peer(ctx, t.Peer)
	if err != nil {
		return err
	}
	epoch, err := k.epochs.Number(ctx)
	if err != nil {
		return err
	}
	if why, idle := p.Idle(epoch); idle {
		return types.ErrDraining.Wrapf("peer %x is %s", p.Id, why)
	}
	key := collections.Join(t.Peer, t.Worker)
	switch has, err := k.holdings.Has(ctx, key); {
	case err != nil:
		return err
	case has:
		return types.ErrUnitTaken.Wrapf("worker %x holds units of peer %x already", t.Worker, t.Peer)
	}
	ids := sorted(t.Units)
	units, err := k.freeUnits(ctx, p, ids)
	if err != nil {
		return err
	}
	p.TakenCount += uint64(len(units))
	if err := k.spend(ctx, &p, t.Resources); err != nil {
		return err
	}
	if err := k.hooks.UnitsTaken(ctx, t.Peer, ids); err != nil {
		return err
	}
	for _, u := range units {
		u.DealId, u.WorkerId = t.Deal, t.Worker
		if err := k.units.Set(ctx, u.Id, u); err != nil {
			return err
		}
	}
	if err := k.changePeer(ctx, p); err != nil {
		return err
	}
	h := types.Holding{PeerId: t.Peer, WorkerId: t.Worker, DealId: t.Deal, UnitIds: ids, Resources: t.Resources}
	if err := k.holdings.Set(ctx, key, h); err != nil {
		return err
	}
	return emit(ctx, &types.EventUnitsTaken{PeerId: p.Id, DealId: t.Deal, WorkerId: t.Worker, UnitIds: ids})
}

func checkTaking(t types.Taking) error {
	if err := types.CheckID("deal id", t.Deal, types.DealSize); err != nil {
		return err
	}
	if err := types.CheckID("worker id", t.Worker, types.IDSize); err != nil {
		return err
	}
	if err := types.CheckIDs("unit ids", t.Units, types.IDSize, types.MaxUnitsPerTaking); err != nil {
		return err
	}
	return types.CheckQuantities("resources", t.Resources)
}

func sorted(ids [][]byte) [][]byte {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, bytes.Compare)
	return ids
}

// freeUnits reads units that must be the peer's and free.
func (k *Keeper) freeUnits(ctx context.Context, p types.Peer, ids [][]byte) ([]types.Unit, error) {
	units := make([]types.Unit, len(ids))
	for i, id := range ids {
		u, err := k.Unit(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case !bytes.Equal(u.PeerId, p.Id):
			return nil, types.ErrUnitNotFound.Wrapf("%x is a unit of peer %x, not of %x", id, u.PeerId, p.Id)
		case len(u.DealId) > 0:
			return nil, types.ErrUnitTaken.Wrapf("%x serves deal 0x%x", id, u.DealId)
		}
		units[i] = u
	}
	return units, nil
}

// spend takes resources off what the peer has available. The peer counts the
// taken units already, so that the ratios of what is left are checked.
func (k *Keeper) spend(ctx context.Context, p *types.Peer, qs []types.Quantity) error {
	if len(p.Supplies) == 0 && len(qs) == 0 {
		return nil
	}
	p.Supplies = slices.Clone(p.Supplies)
	for _, q := range qs {
		i, ok := p.Supply(q.ResourceId)
		if !ok {
			return types.ErrResourceNotFound.Wrapf("peer %x does not supply resource %d", p.Id, q.ResourceId)
		}
		s := &p.Supplies[i]
		if s.Available < q.Amount {
			return types.ErrSupplyShort.Wrapf("resource %d: %d available, %d asked for", q.ResourceId, s.Available, q.Amount)
		}
		s.Available -= q.Amount
	}
	return p.CheckRatio(k.kind(ctx))
}

// Return gives all units that a worker holds of a peer, and its resources, back.
// They may be named, which is checked, or left out. The units may prove from the
// next epoch on. The hooks run after the checks and before the change.
//
// Errors: ErrInvalidField, ErrUnitNotTaken, and those of the hooks.
func (k *Keeper) Return(ctx context.Context, deal, worker, peer []byte, units [][]byte) error {
	h, err := k.Holding(ctx, peer, worker)
	if err != nil {
		return err
	}
	if !bytes.Equal(h.DealId, deal) {
		return types.ErrUnitNotTaken.Wrapf("worker %x is of deal 0x%x, not of 0x%x", worker, h.DealId, deal)
	}
	if units != nil && !slices.EqualFunc(sorted(units), h.UnitIds, bytes.Equal) {
		return types.ErrUnitNotTaken.Wrapf("unit ids: want the %d that worker %x holds, all together", len(h.UnitIds), worker)
	}
	p, err := k.Peer(ctx, peer)
	if err != nil {
		return err
	}
	epoch, err := k.epochs.Number(ctx)
	if err != nil {
		return err
	}
	if err := k.hooks.UnitsReturned(ctx, peer, h.UnitIds); err != nil {
		return err
	}
	for _, id := range h.UnitIds {
		u, err := k.Unit(ctx, id)
		if err != nil {
			return err
		}
		u.DealId, u.WorkerId, u.StartEpoch = nil, nil, epoch+1
		if err := k.units.Set(ctx, id, u); err != nil {
			return err
		}
	}
	p.TakenCount -= uint64(len(h.UnitIds))
	p.Supplies = slices.Clone(p.Supplies)
	for _, q := range h.Resources {
		i, ok := p.Supply(q.ResourceId)
		if !ok {
			return types.ErrBrokenState.Wrapf("peer %x has no supply of resource %d", p.Id, q.ResourceId)
		}
		p.Supplies[i].Available += q.Amount
	}
	if err := k.changePeer(ctx, p); err != nil {
		return err
	}
	if err := k.holdings.Remove(ctx, collections.Join(peer, worker)); err != nil {
		return err
	}
	return emit(ctx, &types.EventComputeUnitsRemovedFromDeal{PeerId: peer, DealId: deal, UnitIds: h.UnitIds, WorkerId: worker})
}

// SetCommitment records the capacity commitment that a peer is under; nil clears
// it. Until then the peer neither gains nor loses units. Only x/capacity calls it.
//
// Errors: ErrPeerNotFound, ErrPeerCommitted, ErrInvalidField.
func (k *Keeper) SetCommitment(ctx context.Context, peer, commitment []byte) error {
	p, err := k.Peer(ctx, peer)
	if err != nil {
		return err
	}
	if commitment != nil {
		if err := types.CheckID("commitment id", commitment, types.IDSize); err != nil {
			return err
		}
		if len(p.CommitmentId) > 0 {
			return types.ErrPeerCommitted.Wrapf("peer %x: %x", peer, p.CommitmentId)
		}
	}
	p.CommitmentId = commitment
	return k.peers.Set(ctx, peer, p)
}

// changePeer writes a peer and announces every supply that changed.
func (k *Keeper) changePeer(ctx context.Context, p types.Peer) error {
	old, err := k.Peer(ctx, p.Id)
	if err != nil {
		return err
	}
	for _, s := range p.Supplies {
		i, ok := old.Supply(s.ResourceId)
		if ok && old.Supplies[i].Available == s.Available && old.Supplies[i].Max == s.Max {
			continue
		}
		if err := emit(ctx, &types.EventPeerResourceSupplyUpdated{PeerId: p.Id, ResourceId: s.ResourceId, AvailableSupply: s.Available, MaxSupply: s.Max}); err != nil {
			return err
		}
	}
	return k.peers.Set(ctx, p.Id, p)
}
