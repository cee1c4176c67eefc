// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"slices"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/market/types"
)

// AddUnits adds compute units to a peer without commitment. Where the peer
// supplies resources, its vCPU grow by two per unit; the memory they need may be
// raised in the same message.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrPeerCommitted, ErrUnitExists,
// ErrTooManyUnits, ErrSupply, ErrSupplyShort, ErrResourceNotFound,
// ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) AddUnits(ctx context.Context, msg *types.MsgAddUnits) (*types.MsgAddUnitsResponse, error) {
	addr, p, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	if err := uncommitted(p); err != nil {
		return nil, err
	}
	if err := s.checkNewUnits(ctx, msg.UnitIds); err != nil {
		return nil, err
	}
	n := uint64(len(msg.UnitIds))
	if err := s.checkCount(ctx, p, n); err != nil {
		return nil, err
	}
	p.UnitCount += n
	p.Supplies = slices.Clone(p.Supplies)
	if err := s.growSupplies(ctx, &p, n, msg.Supplies); err != nil {
		return nil, err
	}
	if err := s.k.changePeer(ctx, p); err != nil {
		return nil, err
	}
	if err := s.writeUnits(ctx, p.Id, msg.UnitIds); err != nil {
		return nil, err
	}
	return &types.MsgAddUnitsResponse{}, s.countUnits(ctx, addr, func(p *types.Provider) { p.UnitCount += n })
}

func uncommitted(p types.Peer) error {
	if len(p.CommitmentId) > 0 {
		return types.ErrPeerCommitted.Wrapf("peer %x: %x, its units are fixed until it is finished", p.Id, p.CommitmentId)
	}
	return nil
}

// checkNewUnits checks ids of units that must be new to the chain.
func (s msgServer) checkNewUnits(ctx context.Context, ids [][]byte) error {
	if err := types.CheckIDs("unit_ids", ids, types.IDSize, types.MaxUnitsPerMessage); err != nil {
		return err
	}
	for _, id := range ids {
		switch has, err := s.k.units.Has(ctx, id); {
		case err != nil:
			return err
		case has:
			return types.ErrUnitExists.Wrapf("%x: draw another id", id)
		}
	}
	return nil
}

// checkCount checks that a peer and its provider may have n more units.
func (s msgServer) checkCount(ctx context.Context, p types.Peer, n uint64) error {
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return err
	}
	provider, err := s.k.Provider(ctx, p.Provider)
	if err != nil {
		return err
	}
	if total := p.UnitCount + n; total > params.MaxUnitsPerPeer {
		return types.ErrTooManyUnits.Wrapf("%d of peer %x: at most %d", total, p.Id, params.MaxUnitsPerPeer)
	}
	if total := provider.UnitCount + n; total > params.MaxUnitsPerProvider {
		return types.ErrTooManyUnits.Wrapf("%d of provider %s: at most %d", total, p.Provider, params.MaxUnitsPerProvider)
	}
	return nil
}

// growSupplies raises the vCPU of a peer by those of n units, sets the other
// supplies as given, and checks the ratios.
func (s msgServer) growSupplies(ctx context.Context, p *types.Peer, n uint64, given []types.Supply) error {
	if err := types.CheckSupplies("supplies", given); err != nil {
		return err
	}
	for i := range p.Supplies {
		own := &p.Supplies[i]
		r, err := s.k.Resource(ctx, own.ResourceId)
		if err != nil {
			return err
		}
		if r.Type == types.ResourceVCPU {
			own.Max += types.VCPUPerUnit * n
			own.Available += types.VCPUPerUnit * n
		}
	}
	for _, g := range given {
		if _, ok := p.Supply(g.ResourceId); !ok {
			return types.ErrResourceNotFound.Wrapf("peer %x does not supply resource %d: set it first", p.Id, g.ResourceId)
		}
		if err := setSupply(p, g); err != nil {
			return err
		}
	}
	return p.CheckRatio(s.k.kind(ctx))
}

// setSupply sets maximum and details of a supply, new or not. What deals use stays.
func setSupply(p *types.Peer, g types.Supply) error {
	i, ok := p.Supply(g.ResourceId)
	if !ok {
		g.Available = g.Max
		p.Supplies = slices.Insert(p.Supplies, i, g)
		return nil
	}
	used := p.Supplies[i].Max - p.Supplies[i].Available
	if g.Max < used {
		return types.ErrSupplyShort.Wrapf("resource %d: deals use %d, want at least that", g.ResourceId, used)
	}
	g.Available = g.Max - used
	p.Supplies[i] = g
	return nil
}

// writeUnits writes new units of a peer.
func (s msgServer) writeUnits(ctx context.Context, peer []byte, ids [][]byte) error {
	for _, id := range ids {
		if err := s.k.units.Set(ctx, id, types.Unit{Id: id, PeerId: peer}); err != nil {
			return err
		}
		if err := s.k.byPeer.Set(ctx, collections.Join(peer, id)); err != nil {
			return err
		}
		if err := emit(ctx, &types.EventComputeUnitCreated{PeerId: peer, UnitId: id}); err != nil {
			return err
		}
	}
	return nil
}

// RemoveUnits removes free compute units, and their vCPU, of a peer without commitment.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrPeerCommitted, ErrUnitNotFound,
// ErrUnitTaken, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) RemoveUnits(ctx context.Context, msg *types.MsgRemoveUnits) (*types.MsgRemoveUnitsResponse, error) {
	addr, p, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	if err := uncommitted(p); err != nil {
		return nil, err
	}
	if err := types.CheckIDs("unit_ids", msg.UnitIds, types.IDSize, types.MaxUnitsPerMessage); err != nil {
		return nil, err
	}
	if _, err := s.k.freeUnits(ctx, p, msg.UnitIds); err != nil {
		return nil, err
	}
	n := uint64(len(msg.UnitIds))
	p.UnitCount -= n
	if err := s.shrinkVCPU(ctx, &p, n); err != nil {
		return nil, err
	}
	if err := s.k.changePeer(ctx, p); err != nil {
		return nil, err
	}
	for _, id := range msg.UnitIds {
		if err := s.k.units.Remove(ctx, id); err != nil {
			return nil, err
		}
		if err := s.k.byPeer.Remove(ctx, collections.Join(p.Id, id)); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventComputeUnitRemoved{PeerId: p.Id, UnitId: id}); err != nil {
			return nil, err
		}
	}
	return &types.MsgRemoveUnitsResponse{}, s.countUnits(ctx, addr, func(p *types.Provider) { p.UnitCount -= n })
}

// shrinkVCPU lowers the vCPU of a peer by those of n free units.
func (s msgServer) shrinkVCPU(ctx context.Context, p *types.Peer, n uint64) error {
	p.Supplies = slices.Clone(p.Supplies)
	for i := range p.Supplies {
		own := &p.Supplies[i]
		r, err := s.k.Resource(ctx, own.ResourceId)
		if err != nil {
			return err
		}
		if r.Type == types.ResourceVCPU {
			own.Max -= types.VCPUPerUnit * n
			own.Available -= types.VCPUPerUnit * n
		}
	}
	return p.CheckRatio(s.k.kind(ctx))
}
