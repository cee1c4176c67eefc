// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/deal/types"
)

// depositor is who pays, and whether by a grant.
type depositor struct {
	addr    sdk.AccAddress
	name    string
	granted bool
}

// depositor reads who pays for sender: the sender itself when the field is empty.
//
// Errors: ErrInvalidAddress.
func (k *Keeper) depositor(sender, field string) (depositor, error) {
	addr, name, err := k.account("sender", sender)
	if err != nil || field == "" {
		return depositor{addr: addr, name: name}, err
	}
	other, otherName, err := k.account("depositor", field)
	if err != nil {
		return depositor{}, err
	}
	return depositor{addr: other, name: otherName, granted: !bytes.Equal(addr, other)}, nil
}

// deposit takes an amount from the depositor's account. Money by grant is used up
// in the name of the owner, stays the depositor's and goes back to it when the deal
// does not need it; all other is the owner's from now on.
//
// Errors: ErrNoGrant, ErrTooManySponsors, ErrNotOwner, and those of the bank.
func (k *Keeper) deposit(ctx context.Context, l *ledger, from depositor, sender string, amount math.Int, auto bool) error {
	if from.granted {
		if err := k.useGrant(ctx, l, from, sender, amount); err != nil {
			return err
		}
		if err := l.sponsor(from.name, amount); err != nil {
			return err
		}
	}
	c := l.coin(amount)
	if err := k.bank.SendCoinsFromAccountToModule(ctx, from.addr, types.ModuleName, sdk.NewCoins(c)); err != nil {
		return err
	}
	l.acc.Balance, l.acc.Funded = l.acc.Balance.Add(amount), l.acc.Funded.Add(amount)
	if k.runway(l) > 0 {
		l.acc.Dry = 0
	}
	return emit(ctx, &types.EventDeposited{DealId: l.deal.Id, Depositor: from.name, Amount: c, Auto: auto})
}

// sponsor notes that so much of the next balance is the depositor's.
func (l *ledger) sponsor(name string, amount math.Int) error {
	for i, s := range l.acc.Sponsors {
		if s.Depositor == name {
			l.acc.Sponsors[i].Amount = s.Amount.Add(amount)
			return nil
		}
	}
	if len(l.acc.Sponsors) == types.MaxSponsors {
		return types.ErrTooManySponsors.Wrapf("depositors: %d, want at most %d; let one of them deposit, or deposit yourself", len(l.acc.Sponsors)+1, types.MaxSponsors)
	}
	l.acc.Sponsors = append(l.acc.Sponsors, types.Sponsor{Depositor: name, Amount: amount})
	return nil
}

// useGrant takes an amount off what the depositor granted the deal's owner.
func (k *Keeper) useGrant(ctx context.Context, l *ledger, from depositor, sender string, amount math.Int) error {
	owner, name, err := k.account("sender", sender)
	if err != nil {
		return err
	}
	if name != l.deal.Owner {
		return types.ErrNotOwner.Wrapf("depositor: only the owner %s deposits by a grant", l.deal.Owner)
	}
	key := collections.Join3([]byte(owner), []byte(from.addr), l.deal.Terms.Denom)
	g, err := k.grants.Get(ctx, key)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return types.ErrNoGrant.Wrapf("%s granted %s no deposits in %s", from.name, name, l.deal.Terms.Denom)
	case err != nil:
		return err
	case g.Until != 0 && g.Until < l.now.epoch:
		return types.ErrNoGrant.Wrapf("the grant of %s ended with epoch %d", from.name, g.Until)
	case g.Limit.Amount.LT(amount):
		return types.ErrNoGrant.Wrapf("%s left of the grant of %s, %s missing", g.Limit, from.name, l.coin(amount.Sub(g.Limit.Amount)))
	}
	g.Limit.Amount = g.Limit.Amount.Sub(amount)
	if g.Limit.IsZero() {
		err = k.grants.Remove(ctx, key)
	} else {
		err = k.grants.Set(ctx, key, g)
	}
	if err != nil {
		return err
	}
	return emit(ctx, &types.EventDepositGranted{Granter: from.name, Grantee: name, Limit: g.Limit, Until: g.Until})
}

// send pays an amount of the deal's money out. What governance is owed goes to the
// community pool, since its own account holds deposits of proposals only.
func (k *Keeper) send(ctx context.Context, l *ledger, to string, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	coins := sdk.NewCoins(l.coin(amount))
	l.acc.Spent = l.acc.Spent.Add(amount)
	if to == k.authority {
		return k.pool.FundCommunityPool(ctx, coins, holder())
	}
	addr, _, err := k.account("receiver", to)
	if err != nil {
		return err
	}
	return k.bank.SendCoins(ctx, holder(), addr, coins)
}

// refund gives the owner an amount of its own back.
func (k *Keeper) refund(ctx context.Context, l *ledger, amount math.Int) error {
	if !amount.IsPositive() {
		return nil
	}
	l.acc.Balance = l.acc.Balance.Sub(amount)
	if err := k.send(ctx, l, l.deal.Owner, amount); err != nil {
		return err
	}
	return emit(ctx, &types.EventWithdrawn{DealId: l.deal.Id, To: l.deal.Owner, Amount: l.coin(amount)})
}

// refundAll gives the owner and the sponsors back what is left.
func (k *Keeper) refundAll(ctx context.Context, l *ledger) error {
	if err := k.refund(ctx, l, l.acc.Own()); err != nil {
		return err
	}
	for _, s := range l.acc.Sponsors {
		l.acc.Balance = l.acc.Balance.Sub(s.Amount)
		if err := k.send(ctx, l, s.Depositor, s.Amount); err != nil {
			return err
		}
		if err := emit(ctx, &types.EventWithdrawn{DealId: l.deal.Id, To: s.Depositor, Amount: l.coin(s.Amount)}); err != nil {
			return err
		}
	}
	l.acc.Sponsors = nil
	return nil
}

// split is how a worker's reward is divided. The parts sum up to the whole.
type split struct {
	provider, delegator, fee math.Int
	delegatorName            string
}

// split divides what a worker earned: the protocol's fee first, of the rest the
// delegator's share, all rounded down; the provider has the remainder. The share is
// that of the peer's commitment now, or of the failed one when it failed.
func (k *Keeper) split(ctx context.Context, l *ledger, w types.Worker, gross math.Int) (split, error) {
	s := split{fee: share(gross, l.params.ProtocolFee), delegator: math.ZeroInt()}
	rest := gross.Sub(s.fee)
	name, rate, ok := w.Delegator, w.DelegatorShare, w.Delegator != ""
	if w.State != types.WorkerFailed {
		var err error
		if name, rate, ok, err = k.capacity.Share(ctx, w.PeerId); err != nil {
			return s, err
		}
	}
	if ok && name != "" {
		s.delegator, s.delegatorName = share(rest, min(rate, types.Precision)), name
	}
	s.provider = rest.Sub(s.delegator)
	return s, nil
}

func share(amount math.Int, rate uint64) math.Int {
	return amount.Mul(math.NewIntFromUint64(rate)).Quo(math.NewInt(types.Precision))
}

// payWorker pays out what a worker has earned and returns the worker as of then.
// A worker that earned nothing is paid nothing.
func (k *Keeper) payWorker(ctx context.Context, l *ledger, w types.Worker) (types.Worker, math.Int, error) {
	gross := k.biller.Earned(l.deal.Terms, l.acc, w)
	w.Earned, w.PaidFrom = math.ZeroInt(), l.acc.Paid
	if !gross.IsPositive() {
		return w, gross, nil
	}
	s, err := k.split(ctx, l, w, gross)
	if err != nil {
		return w, gross, err
	}
	l.acc.Locked = l.acc.Locked.Sub(gross)
	if err := k.send(ctx, l, w.Provider, s.provider); err != nil {
		return w, gross, err
	}
	if err := k.send(ctx, l, s.delegatorName, s.delegator); err != nil {
		return w, gross, err
	}
	if err := k.send(ctx, l, k.authority, s.fee); err != nil {
		return w, gross, err
	}
	return w, gross, emit(ctx, &types.EventRewardWithdrawn{
		DealId: w.DealId, WorkerId: w.Id, Provider: w.Provider, ProviderReward: l.coin(s.provider),
		Delegator: s.delegatorName, DelegatorReward: l.coin(s.delegator), ProtocolFee: l.coin(s.fee),
	})
}
