// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/deal/types"
)

// SetAppCID changes the app; peers that serve the deal deploy it anew.
//
// Errors: ErrDealNotFound, ErrNotOwner, ErrEnded, ErrInvalidID.
func (s msgServer) SetAppCID(ctx context.Context, msg *types.MsgSetAppCID) (*types.MsgSetAppCIDResponse, error) {
	return &types.MsgSetAppCIDResponse{}, s.owned(ctx, msg.DealId, msg.Owner, func(ctx context.Context, l *ledger) error {
		if err := types.CheckCID("app_cid", msg.AppCid); err != nil {
			return err
		}
		l.deal.Terms.AppCid = msg.AppCid
		return emit(ctx, &types.EventAppChanged{DealId: l.deal.Id, AppCid: msg.AppCid})
	})
}

// SetAccess replaces the access list for matches to come; running workers stay.
//
// Errors: ErrDealNotFound, ErrNotOwner, ErrEnded, ErrInvalidAccess, ErrInvalidAddress.
func (s msgServer) SetAccess(ctx context.Context, msg *types.MsgSetAccess) (*types.MsgSetAccessResponse, error) {
	return &types.MsgSetAccessResponse{}, s.owned(ctx, msg.DealId, msg.Owner, func(ctx context.Context, l *ledger) error {
		if err := s.k.setAccess(ctx, l, msg.Access, msg.AccessList); err != nil {
			return err
		}
		return emit(ctx, &types.EventAccessChanged{DealId: l.deal.Id, Access: msg.Access, AccessCount: l.deal.AccessCount})
	})
}

// setAccess replaces the access list. The old one is as bounded as the new one.
func (k *Keeper) setAccess(ctx context.Context, l *ledger, a types.Access, list []string) error {
	switch {
	case a < types.AccessNone || a > types.AccessBlacklist:
		return types.ErrInvalidAccess.Wrapf("access %d: want 0 none, 1 whitelist or 2 blacklist", a)
	case a == types.AccessNone && len(list) > 0:
		return types.ErrInvalidAccess.Wrap("access_list: want none without whitelist or blacklist")
	case len(list) > int(l.params.MaxAccess):
		return types.ErrInvalidAccess.Wrapf("access_list: %d accounts, want at most %d", len(list), l.params.MaxAccess)
	}
	if err := k.access.Clear(ctx, collections.NewPrefixedPairRange[[]byte, []byte](l.deal.Id)); err != nil {
		return err
	}
	for i, entry := range list {
		addr, _, err := k.account("access_list", entry)
		if err != nil {
			return err
		}
		key := collections.Join(l.deal.Id, []byte(addr))
		switch has, err := k.access.Has(ctx, key); {
		case err != nil:
			return err
		case has:
			return types.ErrInvalidAccess.Wrapf("access_list[%d]: %s stands there twice", i, entry)
		}
		if err := k.access.Set(ctx, key); err != nil {
			return err
		}
	}
	l.deal.Access, l.deal.AccessCount = a, uint32(len(list))
	return nil
}

// SetStandingOrder sets or withdraws a standing order. Workers that failed before
// are not replaced by it.
//
// Errors: ErrDealNotFound, ErrNotOwner, ErrEnded, ErrInvalidGrant.
func (s msgServer) SetStandingOrder(ctx context.Context, msg *types.MsgSetStandingOrder) (*types.MsgSetStandingOrderResponse, error) {
	return &types.MsgSetStandingOrderResponse{}, s.owned(ctx, msg.DealId, msg.Owner, func(ctx context.Context, l *ledger) error {
		if err := msg.StandingOrder.Validate(l.now.epoch); err != nil {
			return err
		}
		if !msg.StandingOrder.Enabled {
			if err := s.k.rematches.Remove(ctx, l.deal.Id); err != nil {
				return err
			}
		}
		l.deal.StandingOrder = msg.StandingOrder
		return emit(ctx, &types.EventStandingOrderChanged{DealId: l.deal.Id, StandingOrder: msg.StandingOrder})
	})
}

// SetAutoTopUp sets or withdraws the automatic top-up. The chain draws from the
// depositor, within the allowance, when the deal's balance is low.
//
// Errors: ErrDealNotFound, ErrNotOwner, ErrEnded, ErrInvalidGrant, ErrInvalidAddress.
func (s msgServer) SetAutoTopUp(ctx context.Context, msg *types.MsgSetAutoTopUp) (*types.MsgSetAutoTopUpResponse, error) {
	return &types.MsgSetAutoTopUpResponse{}, s.owned(ctx, msg.DealId, msg.Owner, func(ctx context.Context, l *ledger) error {
		a := msg.AutoTopUp
		if err := a.Validate(); err != nil {
			return err
		}
		if !a.Set() {
			a.Allowance = math.ZeroInt()
		} else {
			from, err := s.k.depositor(msg.Owner, a.Depositor)
			if err != nil {
				return err
			}
			a.Depositor = from.name
		}
		l.deal.AutoTopUp = a
		return emit(ctx, &types.EventAutoTopUpChanged{DealId: l.deal.Id, AutoTopUp: a})
	})
}
