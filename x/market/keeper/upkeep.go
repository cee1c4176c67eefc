// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"slices"

	"github.com/go-fluence/fluence/x/market/types"
)

// SetPeerResource sets what a peer has of a resource, new or not, and its details.
// The vCPU follow the units; only their details can be set.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrUnpriced, ErrSupply, ErrSupplyShort,
// ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) SetPeerResource(ctx context.Context, msg *types.MsgSetPeerResource) (*types.MsgSetPeerResourceResponse, error) {
	_, old, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	if err := types.CheckText("details", msg.Supply.Details, 0, types.MaxTextBytes); err != nil {
		return nil, err
	}
	o, err := s.k.Offer(ctx, old.OfferId)
	if err != nil {
		return nil, err
	}
	if _, ok := o.PriceOf(msg.Supply.ResourceId); !ok {
		return nil, types.ErrUnpriced.Wrapf("resource %d: price it in offer %x first", msg.Supply.ResourceId, o.Id)
	}
	p := old
	p.Supplies = slices.Clone(old.Supplies)
	if err := setSupply(&p, msg.Supply); err != nil {
		return nil, err
	}
	if err := atMost("supplies", len(p.Supplies), types.MaxSupplies); err != nil {
		return nil, err
	}
	if err := p.CheckRatio(s.k.kind(ctx)); err != nil {
		return nil, err
	}
	if i, ok := old.Supply(msg.Supply.ResourceId); !ok {
		if err := emit(ctx, &types.EventPeerResourceRegistered{PeerId: p.Id, ResourceId: msg.Supply.ResourceId, MaxSupply: msg.Supply.Max, Details: msg.Supply.Details}); err != nil {
			return nil, err
		}
		return &types.MsgSetPeerResourceResponse{}, s.k.peers.Set(ctx, p.Id, p)
	} else if old.Supplies[i].Details != msg.Supply.Details {
		if err := emit(ctx, &types.EventPeerResourceDetailsUpdated{PeerId: p.Id, ResourceId: msg.Supply.ResourceId, Details: msg.Supply.Details}); err != nil {
			return nil, err
		}
	}
	return &types.MsgSetPeerResourceResponse{}, s.k.changePeer(ctx, p)
}

// RemovePeerResource removes a resource that no deal uses. vCPU and memory stay.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrResourceNotFound, ErrSupplyShort, ErrSupply.
func (s msgServer) RemovePeerResource(ctx context.Context, msg *types.MsgRemovePeerResource) (*types.MsgRemovePeerResourceResponse, error) {
	_, p, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	i, ok := p.Supply(msg.ResourceId)
	if !ok {
		return nil, types.ErrResourceNotFound.Wrapf("peer %x does not supply resource %d", p.Id, msg.ResourceId)
	}
	if used := p.Supplies[i].Max - p.Supplies[i].Available; used > 0 {
		return nil, types.ErrSupplyShort.Wrapf("resource %d: deals use %d", msg.ResourceId, used)
	}
	p.Supplies = slices.Delete(slices.Clone(p.Supplies), i, i+1)
	if err := p.CheckRatio(s.k.kind(ctx)); err != nil {
		return nil, err
	}
	if err := s.k.peers.Set(ctx, p.Id, p); err != nil {
		return nil, err
	}
	return &types.MsgRemovePeerResourceResponse{}, emit(ctx, &types.EventPeerResourceRemoved{PeerId: p.Id, ResourceId: msg.ResourceId})
}

// DrainPeer stops or resumes matching of a peer; deals that run stay.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrInvalidField.
func (s msgServer) DrainPeer(ctx context.Context, msg *types.MsgDrainPeer) (*types.MsgDrainPeerResponse, error) {
	_, p, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	p.Draining = msg.Draining
	if err := s.k.peers.Set(ctx, p.Id, p); err != nil {
		return nil, err
	}
	return &types.MsgDrainPeerResponse{}, emit(ctx, &types.EventPeerDraining{PeerId: p.Id, Draining: p.Draining})
}

// SetMaintenance announces a maintenance window, replaces one that has not begun,
// or withdraws it when the window is empty. A window begins after the running
// epoch, at most one interval ahead and at least one after the last that began.
// No deal is matched to the peer in it.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrMaintenance, ErrInvalidField.
func (s msgServer) SetMaintenance(ctx context.Context, msg *types.MsgSetMaintenance) (*types.MsgSetMaintenanceResponse, error) {
	_, p, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	if p.Maintenance.Contains(now) {
		return nil, types.ErrMaintenance.Wrapf("a window runs until epoch %d", p.Maintenance.Until)
	}
	if p.Maintenance.Until != 0 && p.Maintenance.Until <= now {
		p.LastMaintenance, p.Maintenance = p.Maintenance, types.Window{}
	}
	if msg.Window == (types.Window{}) {
		if p.Maintenance == (types.Window{}) {
			return nil, types.ErrMaintenance.Wrap("no window is announced")
		}
	} else if err := s.checkWindow(ctx, p, msg.Window, now); err != nil {
		return nil, err
	}
	p.Maintenance = msg.Window
	if err := s.k.peers.Set(ctx, p.Id, p); err != nil {
		return nil, err
	}
	return &types.MsgSetMaintenanceResponse{}, emit(ctx, &types.EventMaintenanceSet{PeerId: p.Id, From: msg.Window.From, Until: msg.Window.Until})
}

func (s msgServer) checkWindow(ctx context.Context, p types.Peer, w types.Window, now uint64) error {
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return err
	}
	earliest, latest := now+1, now+params.MaintenanceInterval
	if p.LastMaintenance.From != 0 {
		earliest = max(earliest, p.LastMaintenance.From+params.MaintenanceInterval)
	}
	switch {
	case w.From < earliest || w.From > latest:
		return types.ErrMaintenance.Wrapf("from %d: want %d to %d", w.From, earliest, latest)
	case w.Until <= w.From || w.Until-w.From > params.MaxMaintenanceEpochs:
		return types.ErrMaintenance.Wrapf("until %d: want 1 to %d epochs", w.Until, params.MaxMaintenanceEpochs)
	}
	return nil
}

// InMaintenance reports whether a peer announced, before the epoch began, that it
// would be in maintenance. It is exact for the running epoch and for those since
// the window before the latest.
//
// Errors: ErrPeerNotFound.
func (k *Keeper) InMaintenance(ctx context.Context, peer []byte, epoch uint64) (bool, error) {
	p, err := k.Peer(ctx, peer)
	return p.Maintenance.Contains(epoch) || p.LastMaintenance.Contains(epoch), err
}

// SetPeerOwner names another account of the machine; the peer has signed for it.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrExpired, ErrInvalidSignature, ErrInvalidField.
func (s msgServer) SetPeerOwner(ctx context.Context, msg *types.MsgSetPeerOwner) (*types.MsgSetPeerOwnerResponse, error) {
	addr, p, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	owner, name, err := s.k.account("owner", msg.Owner)
	if err != nil {
		return nil, err
	}
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.checkSignature(ctx, params, p.Id, addr, owner, msg.ExpiresAt, msg.Signature); err != nil {
		return nil, err
	}
	p.Owner = name
	if err := s.k.peers.Set(ctx, p.Id, p); err != nil {
		return nil, err
	}
	return &types.MsgSetPeerOwnerResponse{}, emit(ctx, &types.EventPeerOwnerSet{PeerId: p.Id, Owner: name})
}

// SetPeerAddresses replaces the addresses of a peer. Its provider and its owner may.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) SetPeerAddresses(ctx context.Context, msg *types.MsgSetPeerAddresses) (*types.MsgSetPeerAddressesResponse, error) {
	if err := types.CheckID("peer_id", msg.PeerId, types.IDSize); err != nil {
		return nil, err
	}
	p, err := s.k.Peer(ctx, msg.PeerId)
	if err != nil {
		return nil, err
	}
	_, name, err := s.k.account("sender", msg.Sender)
	if err != nil {
		return nil, err
	}
	if name != p.Provider && name != p.Owner {
		return nil, types.ErrNotOwner.Wrapf("%s: only provider %s and owner %s may do this", name, p.Provider, p.Owner)
	}
	if err := checkAddresses(msg.Addresses); err != nil {
		return nil, err
	}
	p.Addresses = msg.Addresses
	if err := s.k.peers.Set(ctx, p.Id, p); err != nil {
		return nil, err
	}
	return &types.MsgSetPeerAddressesResponse{}, emit(ctx, &types.EventPeerAddressesSet{PeerId: p.Id, Addresses: p.Addresses})
}
