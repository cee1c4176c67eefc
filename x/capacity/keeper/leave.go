// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// ExitUnits takes units out of an ended commitment. Deals give them up first.
//
// Errors: ErrNotFound, ErrNotProvider, ErrStatus, ErrInvalidUnits, ErrUnitNotFound, ErrUnitExited.
func (s msgServer) ExitUnits(ctx context.Context, msg *types.MsgExitUnits) (*types.MsgExitUnitsResponse, error) {
	v, err := s.k.ofProvider(ctx, msg.Provider, msg.CommitmentId)
	if err != nil {
		return nil, err
	}
	if v.b.Status != types.StatusInactive && v.b.Status != types.StatusFailed {
		return nil, types.ErrStatus.Wrapf("commitment %x is %s: units leave when it is over", v.c.Id, v.b.Status)
	}
	if n := len(msg.UnitIds); n < 1 || n > len(v.b.Units) {
		return nil, types.ErrInvalidUnits.Wrapf("unit_ids: %d: want 1 to %d", n, len(v.b.Units))
	}
	for i, id := range msg.UnitIds {
		j, ok := v.b.Index(id)
		switch {
		case !ok:
			return nil, types.ErrUnitNotFound.Wrapf("unit_ids[%d] %x in commitment %x", i, id, v.c.Id)
		case v.b.Units[j].Exited || slices.ContainsFunc(msg.UnitIds[:i], func(o []byte) bool { return bytes.Equal(o, id) }):
			return nil, types.ErrUnitExited.Wrapf("unit_ids[%d] %x", i, id)
		}
	}
	if err := s.k.store(ctx, v); err != nil {
		return nil, err
	}
	if err := s.k.hooks.UnitsExiting(ctx, v.c.PeerId, msg.UnitIds); err != nil {
		return nil, err
	}
	if v, err = s.k.load(ctx, v.c.Id); err != nil { // the units came back
		return nil, err
	}
	for _, id := range msg.UnitIds {
		j, _ := v.b.Index(id)
		v.b.Units[j].Exited = true
	}
	if err := s.k.books.Set(ctx, v.c.Id, v.b); err != nil {
		return nil, err
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	return &types.MsgExitUnitsResponse{}, s.k.emitStats(ctx, v, now)
}

// WithdrawCollateral pays back what was not slashed, to the delegator; what was
// slashed goes to the community pool.
//
// Errors: ErrNotFound, ErrNotParty, ErrStatus, ErrTooEarly, ErrWithdrawn.
func (s msgServer) WithdrawCollateral(ctx context.Context, msg *types.MsgWithdrawCollateral) (*types.MsgWithdrawCollateralResponse, error) {
	v, err := s.k.load(ctx, msg.CommitmentId)
	if err != nil {
		return nil, err
	}
	if err := s.k.party(v.c, msg.Sender); err != nil {
		return nil, err
	}
	if v.b.CollateralWithdrawn {
		return nil, types.ErrWithdrawn.Wrapf("commitment %x", v.c.Id)
	}
	if err := s.k.over(ctx, v); err != nil {
		return nil, err
	}
	if err := s.k.store(ctx, v); err != nil {
		return nil, err
	}
	returned, slashed, err := s.k.payBack(ctx, v)
	if err != nil {
		return nil, err
	}
	return &types.MsgWithdrawCollateralResponse{
		Returned: sdk.NewCoin(types.Denom, returned), Slashed: sdk.NewCoin(types.Denom, slashed),
	}, s.k.books.Set(ctx, v.c.Id, v.b)
}

// over refuses a commitment that has not ended, or whose collateral must stay some
// epochs after its failure.
func (k *Keeper) over(ctx context.Context, v *view) error {
	if v.b.Status != types.StatusInactive && v.b.Status != types.StatusFailed {
		return types.ErrStatus.Wrapf("commitment %x is %s: wait for its end", v.c.Id, v.b.Status)
	}
	now, err := k.epochs.Number(ctx)
	if err != nil || v.b.Status != types.StatusFailed {
		return err
	}
	if from := v.b.FailedEpoch + v.c.WithdrawEpochsAfterFailed; now < from {
		return types.ErrTooEarly.Wrapf("commitment %x failed in epoch %d: wait until epoch %d", v.c.Id, v.b.FailedEpoch, from)
	}
	return nil
}

// payBack parts the collateral between delegator and community. The book is not stored.
func (k *Keeper) payBack(ctx context.Context, v *view) (returned, slashed math.Int, err error) {
	held := v.b.Collateral
	slashed = v.b.Slashed
	returned = held.Sub(slashed)
	v.b.Collateral, v.b.CollateralWithdrawn = math.ZeroInt(), true
	to, err := k.bytes(v.c.Delegator)
	if err != nil {
		return returned, slashed, err
	}
	if returned.IsPositive() {
		if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, to, coins(returned)); err != nil {
			return returned, slashed, err
		}
	}
	if slashed.IsPositive() {
		if err := k.community.FundCommunityPool(ctx, coins(slashed), k.holder); err != nil {
			return returned, slashed, err
		}
	}
	if err := k.changeTotals(ctx, func(t *types.Totals) { t.Collateral = t.Collateral.Sub(held) }); err != nil {
		return returned, slashed, err
	}
	return returned, slashed, emit(ctx, &types.EventCollateralWithdrawn{CommitmentId: v.c.Id, AmountWithdrawn: returned, AmountSlashed: slashed})
}

// FinishCommitment closes an ended commitment whose units have all left, and pays
// the collateral back if nobody did. Rewards that still vest stay.
//
// Errors: ErrNotFound, ErrStatus, ErrTooEarly, ErrUnitsRemain.
func (s msgServer) FinishCommitment(ctx context.Context, msg *types.MsgFinishCommitment) (*types.MsgFinishCommitmentResponse, error) {
	v, err := s.k.load(ctx, msg.CommitmentId)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.k.account("sender", msg.Sender); err != nil {
		return nil, err
	}
	if err := s.k.over(ctx, v); err != nil {
		return nil, err
	}
	if n := slices.IndexFunc(v.b.Units, func(u types.UnitBook) bool { return !u.Exited }); n >= 0 {
		return nil, types.ErrUnitsRemain.Wrapf("unit %x has not exited", v.b.Units[n].UnitId)
	}
	if err := s.k.store(ctx, v); err != nil {
		return nil, err
	}
	if !v.b.CollateralWithdrawn {
		if _, _, err := s.k.payBack(ctx, v); err != nil {
			return nil, err
		}
	}
	v.b.Status = types.StatusRemoved
	if err := s.k.release(ctx, v.c); err != nil {
		return nil, err
	}
	if err := s.k.keepOrErase(ctx, v); err != nil {
		return nil, err
	}
	return &types.MsgFinishCommitmentResponse{}, emit(ctx, &types.EventCommitmentFinished{CommitmentId: v.c.Id})
}

// keepOrErase stores a book, or deletes a finished commitment that owes nothing more.
func (k *Keeper) keepOrErase(ctx context.Context, v *view) error {
	if v.b.Status == types.StatusRemoved {
		total, _, err := k.owed(ctx, v, 0)
		if err != nil {
			return err
		}
		if total.IsZero() {
			return k.erase(ctx, v.c)
		}
	}
	return k.books.Set(ctx, v.c.Id, v.b)
}

// WithdrawReward pays what is unlocked to provider and delegator.
//
// Errors: ErrNotFound, ErrNotParty, ErrNothingUnlocked, ErrPoolEmpty.
func (s msgServer) WithdrawReward(ctx context.Context, msg *types.MsgWithdrawReward) (*types.MsgWithdrawRewardResponse, error) {
	v, err := s.k.load(ctx, msg.CommitmentId)
	if err != nil {
		return nil, err
	}
	if err := s.k.party(v.c, msg.Sender); err != nil {
		return nil, err
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	_, amount, err := s.k.owed(ctx, v, now)
	if err != nil {
		return nil, err
	}
	if !amount.IsPositive() {
		return nil, types.ErrNothingUnlocked.Wrapf("commitment %x in epoch %d", v.c.Id, now)
	}
	if have := s.k.bank.GetBalance(ctx, s.k.pool, types.Denom).Amount; have.LT(amount) {
		return nil, types.ErrPoolEmpty.Wrapf("%s is unlocked, the pool has %s: fund it", amount, have)
	}
	if err := s.k.store(ctx, v); err != nil {
		return nil, err
	}
	provider, delegator, err := s.k.pay(ctx, v, amount, now)
	if err != nil {
		return nil, err
	}
	return &types.MsgWithdrawRewardResponse{
			Provider: sdk.NewCoin(types.Denom, provider), Delegator: sdk.NewCoin(types.Denom, delegator),
		}, emit(ctx, &types.EventRewardWithdrawn{
			CommitmentId: v.c.Id, ProviderReward: provider, DealStakerRewardsAmount: math.ZeroInt(), DelegatorReward: delegator,
		})
}

// pay parts an unlocked amount between the parties and stores the book.
func (k *Keeper) pay(ctx context.Context, v *view, amount math.Int, now uint64) (provider, delegator math.Int, err error) {
	provider, delegator = types.Split(amount, v.c.RewardRate)
	for _, part := range []struct {
		to     string
		amount math.Int
	}{{v.c.Provider, provider}, {v.c.Delegator, delegator}} {
		if !part.amount.IsPositive() {
			continue
		}
		to, err := k.bytes(part.to)
		if err != nil {
			return provider, delegator, err
		}
		if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.RewardPoolName, to, coins(part.amount)); err != nil {
			return provider, delegator, err
		}
	}
	v.b.Withdrawn = v.b.Withdrawn.Add(amount)
	v.b.PaidProvider, v.b.PaidDelegator = v.b.PaidProvider.Add(provider), v.b.PaidDelegator.Add(delegator)
	if v.b.Status == types.StatusActive {
		now = v.b.Settled // an epoch after it may yet turn out to be the failed one
	}
	if err := k.mature(ctx, v, now); err != nil {
		return provider, delegator, err
	}
	if err := k.changeTotals(ctx, func(t *types.Totals) { t.ReservedRewards = t.ReservedRewards.Sub(amount) }); err != nil {
		return provider, delegator, err
	}
	return provider, delegator, k.keepOrErase(ctx, v)
}

// FundRewardPool gives coins from which rewards are paid.
//
// Errors: ErrInvalidAmount.
func (s msgServer) FundRewardPool(ctx context.Context, msg *types.MsgFundRewardPool) (*types.MsgFundRewardPoolResponse, error) {
	from, sender, err := s.k.account("sender", msg.Sender)
	if err != nil {
		return nil, err
	}
	if err := checkAmount("amount", msg.Amount); err != nil {
		return nil, err
	}
	if err := s.k.bank.SendCoinsFromAccountToModule(ctx, from, types.RewardPoolName, sdk.NewCoins(msg.Amount)); err != nil {
		return nil, err
	}
	return &types.MsgFundRewardPoolResponse{}, emit(ctx, &types.EventRewardPoolFunded{Sender: sender, Amount: msg.Amount.Amount})
}

// party refuses who is neither provider nor delegator.
func (k *Keeper) party(c types.Commitment, sender string) error {
	_, name, err := k.account("sender", sender)
	if err != nil {
		return err
	}
	if name != c.Provider && name != c.Delegator {
		return types.ErrNotParty.Wrapf("commitment %x: %s and %s may withdraw", c.Id, c.Provider, c.Delegator)
	}
	return nil
}

func coins(amount math.Int) sdk.Coins { return sdk.NewCoins(sdk.NewCoin(types.Denom, amount)) }
