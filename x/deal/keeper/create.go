// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/deal/types"
)

// CreateDeal creates a deal and, if asked to, funds and matches it. Its id follows
// from the owner and the number of deals it created before.
//
// Errors: ErrInvalidTerms, ErrInvalidID, ErrInvalidAddress, ErrInvalidAccess,
// ErrInvalidGrant, ErrDenom, ErrInvalidAmount, ErrDepositTooSmall, ErrNoGrant, those
// of MatchDeal and of the bank.
func (s msgServer) CreateDeal(ctx context.Context, msg *types.MsgCreateDeal) (*types.MsgCreateDealResponse, error) {
	res := &types.MsgCreateDealResponse{}
	return res, atomically(ctx, func(ctx context.Context) error {
		l, err := s.k.create(ctx, msg)
		if err != nil {
			return err
		}
		res.DealId = l.deal.Id
		if len(msg.Match) > 0 {
			if res.WorkerIds, err = s.k.match(ctx, l, msg.Match); err != nil {
				return err
			}
		}
		return s.k.save(ctx, l)
	})
}

// create writes a deal with its access list and takes its first deposit.
func (k *Keeper) create(ctx context.Context, msg *types.MsgCreateDeal) (*ledger, error) {
	owner, name, err := k.account("owner", msg.Owner)
	if err != nil {
		return nil, err
	}
	p, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	now, err := k.now(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.checkTerms(ctx, msg.Terms, p); err != nil {
		return nil, err
	}
	if err := msg.StandingOrder.Validate(now.epoch); err != nil {
		return nil, err
	}
	id, err := k.nextDealID(ctx, owner, true)
	if err != nil {
		return nil, err
	}
	zero := math.ZeroInt()
	l := &ledger{
		deal: types.Deal{
			Id: id, Owner: name, Terms: msg.Terms, CreatedEpoch: now.epoch, StandingOrder: msg.StandingOrder,
			AutoTopUp: types.AutoTopUp{Allowance: zero},
		},
		acc: types.Account{DealId: id, Balance: zero, Locked: zero, Funded: zero, Spent: zero, Settled: now.clock},
		now: now, params: p,
	}
	if err := k.setAccess(ctx, l, msg.Access, msg.AccessList); err != nil {
		return nil, err
	}
	if err := k.byOwner.Set(ctx, collections.Join([]byte(owner), id)); err != nil {
		return nil, err
	}
	if err := emit(ctx, &types.EventDealCreated{Owner: name, DealId: id, CreatedEpoch: now.epoch, Terms: msg.Terms, Access: msg.Access}); err != nil {
		return nil, err
	}
	return l, k.firstDeposit(ctx, l, msg)
}

// firstDeposit takes the deposit of a new deal, which lasts for the least time or is absent.
func (k *Keeper) firstDeposit(ctx context.Context, l *ledger, msg *types.MsgCreateDeal) error {
	if msg.Deposit.Amount.IsNil() || msg.Deposit.Amount.IsZero() {
		return nil
	}
	if err := types.CheckAmount("deposit", msg.Deposit, l.deal.Terms.Denom); err != nil {
		return err
	}
	if need := l.minimum(); msg.Deposit.Amount.LT(need) {
		return types.ErrDepositTooSmall.Wrapf("deposit %s: %s missing to %s, which pays %d workers for %d epochs",
			msg.Deposit, l.coin(need.Sub(msg.Deposit.Amount)), l.coin(need), l.deal.Terms.TargetWorkers, l.params.MinDepositedEpochs)
	}
	from, err := k.depositor(msg.Owner, msg.Depositor)
	if err != nil {
		return err
	}
	return k.deposit(ctx, l, from, msg.Owner, msg.Deposit.Amount, false)
}

// checkTerms checks the terms of a new deal against the params of both sides of the market.
func (k *Keeper) checkTerms(ctx context.Context, t types.Terms, p types.Params) error {
	if err := t.Validate(); err != nil {
		return err
	}
	if t.TargetWorkers > p.MaxWorkers {
		return types.ErrInvalidTerms.Wrapf("target_workers %d: want 1 to %d", t.TargetWorkers, p.MaxWorkers)
	}
	m, err := k.market.Params(ctx)
	if err != nil {
		return err
	}
	if !m.Pays(t.Denom) {
		return types.ErrDenom.Wrapf("denom %s: want one of %v", t.Denom, m.PaymentDenoms)
	}
	if t.ProtocolVersion < m.MinProtocolVersion || t.ProtocolVersion > m.MaxProtocolVersion {
		return types.ErrInvalidTerms.Wrapf("protocol_version %d: want %d to %d", t.ProtocolVersion, m.MinProtocolVersion, m.MaxProtocolVersion)
	}
	for _, a := range t.Attributes {
		if _, _, err := k.account("auditor", a.Auditor); err != nil {
			return err
		}
	}
	return nil
}

// nextDealID returns the id of an account's next deal, and counts it if it is used.
func (k *Keeper) nextDealID(ctx context.Context, owner []byte, use bool) ([]byte, error) {
	n, err := k.owners.Get(ctx, owner)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	if use {
		if err := k.owners.Set(ctx, owner, n+1); err != nil {
			return nil, err
		}
	}
	return types.DealID(sdk.UnwrapSDKContext(ctx).ChainID(), owner, n), nil
}
