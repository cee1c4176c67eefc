// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/deal/types"
)

// FundDeal pays into a running deal. Anybody may; what comes without a grant is the
// owner's from then on.
//
// Errors: ErrDealNotFound, ErrEnded, ErrInvalidAmount, ErrInvalidAddress, ErrNotOwner,
// ErrNoGrant, ErrTooManySponsors, and those of the bank.
func (s msgServer) FundDeal(ctx context.Context, msg *types.MsgFundDeal) (*types.MsgFundDealResponse, error) {
	return &types.MsgFundDealResponse{}, atomically(ctx, func(ctx context.Context) error {
		from, err := s.k.depositor(msg.Sender, msg.Depositor)
		if err != nil {
			return err
		}
		l, err := s.k.open(ctx, msg.DealId)
		if err != nil {
			return err
		}
		if err := l.running(); err != nil {
			return err
		}
		if err := types.CheckAmount("amount", msg.Amount, l.deal.Terms.Denom); err != nil {
			return err
		}
		if err := s.k.deposit(ctx, l, from, msg.Sender, msg.Amount.Amount, false); err != nil {
			return err
		}
		return s.k.save(ctx, l)
	})
}

// WithdrawDeal gives the owner back what the running deal does not need.
//
// Errors: ErrDealNotFound, ErrNotOwner, ErrEnded, ErrInvalidAmount, ErrWithdrawTooLarge.
func (s msgServer) WithdrawDeal(ctx context.Context, msg *types.MsgWithdrawDeal) (*types.MsgWithdrawDealResponse, error) {
	return &types.MsgWithdrawDealResponse{}, s.owned(ctx, msg.DealId, msg.Owner, func(ctx context.Context, l *ledger) error {
		if err := types.CheckAmount("amount", msg.Amount, l.deal.Terms.Denom); err != nil {
			return err
		}
		if most := l.withdrawable(); msg.Amount.Amount.GT(most) {
			return types.ErrWithdrawTooLarge.Wrapf("amount %s: at most %s now; %s stay while the deal runs, and what others deposited by grant is theirs",
				msg.Amount, l.coin(most), l.coin(l.minimum()))
		}
		return s.k.refund(ctx, l, msg.Amount.Amount)
	})
}

// stop ends a deal. Its workers go one by one, some now and the rest with the
// expiry queue; nobody is paid for it any more.
func (k *Keeper) stop(ctx context.Context, l *ledger) error {
	if l.now.live {
		l.acc = k.biller.Advance(l.deal.Terms, l.acc)
	}
	l.acc.PaidWorkers, l.deal.EndedEpoch = 0, l.now.epoch
	l.deal.StandingOrder = types.StandingOrder{}
	l.deal.AutoTopUp.Epochs, l.deal.AutoTopUp.Depositor = 0, ""
	l.deal.AutoTopUp.Allowance = l.acc.Balance.Sub(l.acc.Balance)
	if err := k.refundAll(ctx, l); err != nil {
		return err
	}
	if err := k.rematches.Remove(ctx, l.deal.Id); err != nil {
		return err
	}
	ws, err := k.firstWorkers(ctx, l.deal.Id, types.MaxSelections)
	if err != nil {
		return err
	}
	for _, w := range ws {
		if err := k.remove(ctx, l, w, ended); err != nil {
			return err
		}
	}
	return emit(ctx, &types.EventDealStopped{DealId: l.deal.Id, EndedEpoch: l.deal.EndedEpoch})
}

// GrantDeposit lets an account deposit the granter's money into its own deals.
//
// Errors: ErrInvalidAddress, ErrInvalidGrant, ErrInvalidAmount, ErrDenom.
func (s msgServer) GrantDeposit(ctx context.Context, msg *types.MsgGrantDeposit) (*types.MsgGrantDepositResponse, error) {
	granter, from, err := s.k.account("granter", msg.Granter)
	if err != nil {
		return nil, err
	}
	grantee, to, err := s.k.account("grantee", msg.Grantee)
	if err != nil {
		return nil, err
	}
	now, err := s.k.now(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.k.market.Params(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case from == to:
		return nil, types.ErrInvalidGrant.Wrap("grantee: want another account than the granter")
	case msg.Until != 0 && msg.Until < now.epoch:
		return nil, types.ErrInvalidGrant.Wrapf("until %d: want 0, or at least the running epoch %d", msg.Until, now.epoch)
	case !m.Pays(msg.Limit.Denom):
		return nil, types.ErrDenom.Wrapf("limit: denom %s, want one of %v", msg.Limit.Denom, m.PaymentDenoms)
	}
	if err := types.CheckAmount("limit", msg.Limit, msg.Limit.Denom); err != nil {
		return nil, err
	}
	g := types.Grant{Granter: from, Grantee: to, Limit: msg.Limit, Until: msg.Until}
	if err := s.k.grants.Set(ctx, collections.Join3([]byte(grantee), []byte(granter), msg.Limit.Denom), g); err != nil {
		return nil, err
	}
	return &types.MsgGrantDepositResponse{}, emit(ctx, &types.EventDepositGranted{Granter: from, Grantee: to, Limit: msg.Limit, Until: msg.Until})
}

// RevokeDeposit takes a grant back. What was deposited by it stays until the deal
// does not need it.
//
// Errors: ErrInvalidAddress, ErrNoGrant.
func (s msgServer) RevokeDeposit(ctx context.Context, msg *types.MsgRevokeDeposit) (*types.MsgRevokeDepositResponse, error) {
	granter, from, err := s.k.account("granter", msg.Granter)
	if err != nil {
		return nil, err
	}
	grantee, to, err := s.k.account("grantee", msg.Grantee)
	if err != nil {
		return nil, err
	}
	key := collections.Join3([]byte(grantee), []byte(granter), msg.Denom)
	switch _, err := s.k.grants.Get(ctx, key); {
	case errors.Is(err, collections.ErrNotFound):
		return nil, types.ErrNoGrant.Wrapf("%s granted %s no deposits in %q", from, to, msg.Denom)
	case err != nil:
		return nil, err
	}
	if err := s.k.grants.Remove(ctx, key); err != nil {
		return nil, err
	}
	limit := sdk.NewInt64Coin(msg.Denom, 0)
	return &types.MsgRevokeDepositResponse{}, emit(ctx, &types.EventDepositGranted{Granter: from, Grantee: to, Limit: limit})
}
