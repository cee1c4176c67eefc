// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/deal/types"
)

// ledger is a deal that is being changed: its account is settled up to now.
// Nothing is written before save.
type ledger struct {
	deal   types.Deal
	acc    types.Account
	now    moment
	params types.Params
	until  uint64 // clock up to which the deal was paid when it was opened
}

// open reads a deal and settles its account.
//
// Errors: ErrInvalidID, ErrDealNotFound.
func (k *Keeper) open(ctx context.Context, id []byte) (*ledger, error) {
	now, err := k.now(ctx)
	if err != nil {
		return nil, err
	}
	return k.openAt(ctx, id, now)
}

func (k *Keeper) openAt(ctx context.Context, id []byte, now moment) (*ledger, error) {
	d, err := k.Deal(ctx, id)
	if err != nil {
		return nil, err
	}
	a, err := k.accounts.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	p, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	l := &ledger{deal: d, acc: a, now: now, params: p}
	l.until = k.paidUntil(l)
	l.acc = k.biller.Settle(d.Terms, a, now.clock)
	return l, nil
}

// openOwned opens a deal that runs and is the sender's.
//
// Errors: ErrInvalidID, ErrDealNotFound, ErrInvalidAddress, ErrNotOwner, ErrEnded.
func (k *Keeper) openOwned(ctx context.Context, id []byte, sender string) (*ledger, error) {
	_, name, err := k.account("owner", sender)
	if err != nil {
		return nil, err
	}
	l, err := k.open(ctx, id)
	if err != nil {
		return nil, err
	}
	if l.deal.Owner != name {
		return nil, types.ErrNotOwner.Wrapf("owner %s of deal %s", l.deal.Owner, types.Hex(id))
	}
	return l, l.running()
}

// running refuses a deal that was stopped.
func (l *ledger) running() error {
	if l.deal.EndedEpoch != 0 {
		return types.ErrEnded.Wrapf("deal %s was stopped in epoch %d", types.Hex(l.deal.Id), l.deal.EndedEpoch)
	}
	return nil
}

func (l *ledger) coin(amount math.Int) sdk.Coin { return sdk.NewCoin(l.deal.Terms.Denom, amount) }

// runway returns for how many more live epochs the deal pays.
func (k *Keeper) runway(l *ledger) uint64 { return k.biller.Runway(l.deal.Terms, l.acc) }

// paidUntil returns the clock up to which the deal is paid; 0 when nobody is paid.
func (k *Keeper) paidUntil(l *ledger) uint64 {
	switch r := k.runway(l); {
	case r == types.Forever:
		return 0
	case r == 0:
		return l.acc.PaidClock
	default:
		return l.acc.Settled + r
	}
}

// maxPaidEpoch returns the last epoch that is paid if no epoch to come is void; 0
// when nobody is paid.
func (k *Keeper) maxPaidEpoch(ctx context.Context, l *ledger) (uint64, error) {
	switch r := k.runway(l); {
	case r == types.Forever:
		return 0, nil
	case r == 0:
		return k.epochOf(ctx, l.acc.PaidClock, l.now)
	default:
		return l.now.epoch - 1 + r, nil
	}
}

// minimum is what must be on the deal before it is matched, and stay while it runs.
func (l *ledger) minimum() math.Int { return l.deal.Terms.Minimum(l.params.MinDepositedEpochs) }

// withdrawable is what the owner may take back while the deal runs.
func (l *ledger) withdrawable() math.Int {
	free := l.acc.Balance.Sub(l.minimum())
	if l.deal.EndedEpoch != 0 {
		free = l.acc.Balance
	}
	return math.MaxInt(math.ZeroInt(), math.MinInt(free, l.acc.Own()))
}

// status evaluates the deal in the official order.
func (k *Keeper) status(l *ledger) types.Status {
	switch {
	case l.deal.EndedEpoch != 0:
		return types.StatusEnded
	case k.runway(l) == 0 || l.acc.Dry != 0:
		return types.StatusInsufficientFunds
	case l.acc.Balance.LT(l.minimum()):
		return types.StatusSmallBalance
	case l.acc.PaidWorkers < l.deal.Terms.MinWorkers:
		return types.StatusNotEnoughWorkers
	}
	return types.StatusActive
}

// funded forgets what was announced about a balance that is high enough again.
// When the last paid worker of a dry deal goes, the deal stays dry until money comes.
func (k *Keeper) funded(l *ledger) {
	r := k.runway(l)
	if r > 0 && r != types.Forever {
		l.acc.Dry = 0
	}
	if r > l.params.LowBalanceEpochs {
		l.acc.Warned = false
	}
}

// save writes the deal and its account, moves it in the expiry queue, and announces
// a changed end of payment.
func (k *Keeper) save(ctx context.Context, l *ledger) error {
	id := l.deal.Id
	k.funded(l)
	if due := k.dueAt(l); due != l.acc.Due {
		if err := k.enqueue(ctx, id, l.acc.Due, due); err != nil {
			return err
		}
		l.acc.Due = due
	}
	if err := k.deals.Set(ctx, id, l.deal); err != nil {
		return err
	}
	if err := k.accounts.Set(ctx, id, l.acc); err != nil {
		return err
	}
	if until := k.paidUntil(l); until == l.until {
		return nil
	}
	last, err := k.maxPaidEpoch(ctx, l)
	if err != nil {
		return err
	}
	return emit(ctx, &types.EventMaxPaidEpochUpdated{DealId: id, MaxPaidEpoch: last})
}

// enqueue moves a deal from one place of the expiry queue to another; 0 is none.
func (k *Keeper) enqueue(ctx context.Context, id []byte, from, to uint64) error {
	if from != 0 {
		if err := k.due.Remove(ctx, collections.Join(from, id)); err != nil {
			return err
		}
	}
	if to == 0 {
		return nil
	}
	return k.due.Set(ctx, collections.Join(to, id))
}

// dueAt returns one more than the clock at which something is to happen to the
// deal: the announcement of a low balance, that of a dry deal, the end of its
// workers. 0 when nothing is.
func (k *Keeper) dueAt(l *ledger) uint64 {
	r, low := k.runway(l), l.params.LowBalanceEpochs
	at := l.acc.Settled + 1
	switch {
	case l.deal.EndedEpoch != 0 || l.drained():
		if l.deal.WorkerCount == 0 {
			return 0
		}
		return at
	case l.acc.Dry != 0:
		if l.deal.WorkerCount == 0 {
			return 0
		}
		return l.acc.Dry + l.params.GraceEpochs
	case r == types.Forever:
		return 0
	case !l.acc.Warned && r > low:
		return at + r - low
	case !l.acc.Warned:
		return at
	}
	return at + r
}

// drained reports whether the grace of a dry deal is over.
func (l *ledger) drained() bool {
	return l.acc.Dry != 0 && l.now.clock+1 >= l.acc.Dry+l.params.GraceEpochs
}
