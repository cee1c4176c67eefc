// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// ParamsAt returns the params in force in an epoch; of a future one, those that
// are known to be in force then.
func (k *Keeper) ParamsAt(ctx context.Context, epoch uint64) (types.Params, error) {
	_, p, ok, err := last(ctx, k.history, epoch)
	if err == nil && !ok {
		err = types.ErrBrokenState.Wrapf("no params of epoch %d", epoch)
	}
	return p, err
}

// Params returns the params in force now.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return types.Params{}, err
	}
	return k.ParamsAt(ctx, now)
}

// UpdateParams changes the params from the next epoch on.
//
// Errors: ErrNotAuthority, ErrInvalidParams, ErrPenaltyTooLow.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, msg.Authority); err != nil {
		return nil, types.ErrNotAuthority.Wrapf("authority %s: only governance changes params", msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	if err := s.k.checkFeeders(msg.Params); err != nil {
		return nil, err
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.k.checkRandomX(ctx, now, msg.Params); err != nil {
		return nil, err
	}
	if err := s.k.history.Set(ctx, now+1, msg.Params); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{FromEpoch: now + 1}, emit(ctx, &types.EventParamsChanged{Params: msg.Params, FromEpoch: now + 1})
}

// SetPrice records what a feeder reports; it counts from the next epoch on.
//
// Errors: ErrNotFeeder, ErrInvalidPrice.
func (s msgServer) SetPrice(ctx context.Context, msg *types.MsgSetPrice) (*types.MsgSetPriceResponse, error) {
	_, feeder, err := s.k.account("feeder", msg.Feeder)
	if err != nil {
		return nil, err
	}
	p, err := s.k.Params(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(p.Feeders, feeder) {
		return nil, types.ErrNotFeeder.Wrapf("%s: governance names the feeders", feeder)
	}
	if msg.Price < p.PriceFloor || msg.Price > types.MaxPrice {
		return nil, types.ErrInvalidPrice.Wrapf("price %d: want %d to %d, scaled by %d", msg.Price, p.PriceFloor, uint64(types.MaxPrice), types.Precision)
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.k.reports.Set(ctx, feeder, types.Report{Feeder: feeder, Price: msg.Price, Epoch: now}); err != nil {
		return nil, err
	}
	return &types.MsgSetPriceResponse{}, emit(ctx, &types.EventPriceReported{Feeder: feeder, Price: msg.Price, Epoch: now})
}

// nextPrice returns the price of an epoch, and when one was last made. Reports
// of accounts that are no longer feeders, and expired ones, do not count; with
// too few the price stays, and without feeders it never expires.
func (k *Keeper) nextPrice(ctx context.Context, prev types.EpochRecord, p types.Params, epoch uint64) (price, priced uint64, err error) {
	if len(p.Feeders) == 0 {
		return prev.Price, epoch, nil
	}
	var prices []uint64
	for _, f := range p.Feeders {
		r, err := k.reports.Get(ctx, f)
		switch {
		case errors.Is(err, collections.ErrNotFound):
		case err != nil:
			return 0, 0, err
		case epoch-r.Epoch <= p.PriceExpiry:
			prices = append(prices, r.Price)
		}
	}
	if len(prices) < int(p.MinReports) {
		return prev.Price, prev.Priced, nil
	}
	slices.Sort(prices)
	return types.NextPrice(prev.Price, types.Median(prices), p), epoch, nil
}

// priceExpired reports whether no price was made for too long.
func priceExpired(r types.EpochRecord, p types.Params) bool {
	return r.Epoch-r.Priced > p.PriceExpiry
}

// checkFeeders refuses feeders that are not addresses in their one spelling.
func (k *Keeper) checkFeeders(p types.Params) error {
	for i, f := range p.Feeders {
		if _, name, err := k.account("feeders", f); err != nil || name != f {
			return types.ErrInvalidParams.Wrapf("feeders[%d] %q: not an address in its usual spelling", i, f)
		}
	}
	return nil
}
