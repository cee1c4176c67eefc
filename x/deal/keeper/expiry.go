// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/deal/types"
)

// EndBlock does what is due: it announces low and dry deals, refills them, ends
// workers of dry and stopped ones, and replaces failed workers of standing orders.
// Each part has a budget of its own per block; what is left over waits.
func (k *Keeper) EndBlock(ctx context.Context) error {
	now, err := k.now(ctx)
	if err != nil {
		return err
	}
	p, err := k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := k.expire(ctx, now, int(p.ExpiryBudget)); err != nil {
		return err
	}
	return k.rematch(ctx, now, int(p.RematchBudget))
}

// expire takes up to budget steps of the expiry queue. Bills do not depend on when
// a step is taken.
func (k *Keeper) expire(ctx context.Context, now moment, budget int) error {
	for budget > 0 {
		ids, err := k.dueDeals(ctx, now.clock+1, budget)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if budget <= 0 {
				return nil
			}
			steps, err := k.expireDeal(ctx, id, now, budget)
			if err != nil {
				return err
			}
			budget -= steps
		}
	}
	return nil
}

// dueDeals returns up to limit deals that are due, the longest due first.
func (k *Keeper) dueDeals(ctx context.Context, upTo uint64, limit int) ([][]byte, error) {
	var ids [][]byte
	r := collections.NewPrefixUntilPairRange[uint64, []byte](upTo)
	err := k.due.Walk(ctx, r, func(key duePair) (bool, error) {
		ids = append(ids, key.K2())
		return len(ids) >= limit, nil
	})
	return ids, err
}

// expireDeal does what is due for one deal and returns how many steps it took, at
// least one.
func (k *Keeper) expireDeal(ctx context.Context, id []byte, now moment, budget int) (int, error) {
	l, err := k.openAt(ctx, id, now)
	if err != nil {
		return 1, err
	}
	steps := 1
	switch {
	case l.deal.EndedEpoch != 0:
		steps, err = k.drain(ctx, l, ended, budget)
	case l.acc.Dry != 0:
		if err = k.topUp(ctx, l); err == nil && l.drained() {
			steps, err = k.drain(ctx, l, dry, budget)
		}
	default:
		err = k.remind(ctx, l)
	}
	if err != nil {
		return steps, err
	}
	return steps, k.save(ctx, l)
}

// remind refills a deal that is low, or announces that it is low or dry.
func (k *Keeper) remind(ctx context.Context, l *ledger) error {
	if k.runway(l) > l.params.LowBalanceEpochs {
		return nil
	}
	if err := k.topUp(ctx, l); err != nil {
		return err
	}
	left := k.runway(l)
	if left == 0 {
		l.acc.Dry, l.acc.Warned = l.now.clock+1, true
		return emit(ctx, &types.EventDealExpired{DealId: l.deal.Id, Epoch: l.now.epoch})
	}
	if left > l.params.LowBalanceEpochs || l.acc.Warned {
		return nil
	}
	l.acc.Warned = true
	return emit(ctx, &types.EventLowBalance{DealId: l.deal.Id, EpochsLeft: left, MaxPaidEpoch: l.now.epoch - 1 + left})
}

// drain ends up to budget workers of a deal.
func (k *Keeper) drain(ctx context.Context, l *ledger, reason string, budget int) (int, error) {
	ws, err := k.firstWorkers(ctx, l.deal.Id, budget)
	if err != nil {
		return 1, err
	}
	for _, w := range ws {
		if err := k.remove(ctx, l, w, reason); err != nil {
			return 1, err
		}
	}
	if l.deal.WorkerCount == 0 {
		if err := k.rematches.Remove(ctx, l.deal.Id); err != nil {
			return 1, err
		}
	}
	return max(len(ws), 1), nil
}

// topUp refills a deal that has an automatic top-up, within what is allowed, for the
// epochs it names. A depositor that cannot pay is announced, and changes nothing.
func (k *Keeper) topUp(ctx context.Context, l *ledger) error {
	a := l.deal.AutoTopUp
	if !a.Set() || k.runway(l) > max(l.params.LowBalanceEpochs, a.Epochs) {
		return nil
	}
	want := l.deal.Terms.Price.Mul(math.NewIntFromUint64(uint64(max(l.acc.PaidWorkers, 1)))).Mul(math.NewIntFromUint64(a.Epochs))
	want = math.MinInt(want.Sub(l.acc.Balance), a.Allowance)
	if !want.IsPositive() {
		return nil
	}
	var after ledger
	err := atomically(ctx, func(ctx context.Context) error {
		after = *l
		after.acc.Sponsors = append([]types.Sponsor(nil), l.acc.Sponsors...)
		from, err := k.depositor(after.deal.Owner, a.Depositor)
		if err != nil {
			return err
		}
		return k.deposit(ctx, &after, from, after.deal.Owner, want, true)
	})
	if err != nil {
		return emit(ctx, &types.EventTopUpFailed{DealId: l.deal.Id, Reason: err.Error()})
	}
	after.deal.AutoTopUp.Allowance = a.Allowance.Sub(want)
	*l = after
	if after.deal.AutoTopUp.Allowance.IsPositive() {
		return nil
	}
	l.deal.AutoTopUp = types.AutoTopUp{Allowance: math.ZeroInt()}
	return emit(ctx, &types.EventAutoTopUpChanged{DealId: l.deal.Id, AutoTopUp: l.deal.AutoTopUp})
}
