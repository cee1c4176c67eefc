// SPDX-License-Identifier: Apache-2.0

package types

import (
	"cosmossdk.io/math"
)

// Forever is the runway of a deal that costs nothing.
const Forever = uint64(1) << 40

// Biller decides what the workers of a deal cost and earn. It is pure: accounts go
// in and come out. Clocks count the live epochs that have ended, so that void
// epochs cost nothing without being looked at.
type Biller interface {
	// Settle bills everything up to the clock and returns the account as of then.
	// Settling twice, or in steps, gives the same.
	Settle(t Terms, a Account, clock uint64) Account

	// Advance bills the running epoch of a settled account before it has ended: in
	// full, or not at all when the balance does not cover it.
	Advance(t Terms, a Account) Account

	// AdvanceOne bills the running epoch of one paid worker, in full or not at all.
	// The second result is what the worker earned beside its share of the account.
	AdvanceOne(t Terms, a Account) (Account, math.Int)

	// Runway returns for how many more live epochs a settled account pays, at most Forever.
	Runway(t Terms, a Account) uint64

	// Earned returns what a worker may withdraw from a settled account.
	Earned(t Terms, a Account, w Worker) math.Int
}

// ByTime bills a fixed price per paid worker and live epoch. An epoch in which the
// balance does not pay all of them pays none, and is never paid later.
//
// Source: deal@b87aa6a6 src/deal/base, lazy commit of balances.
type ByTime struct{}

var _ Biller = ByTime{}

// costs returns what one epoch of all paid workers costs; zero when nobody is paid.
func (ByTime) costs(t Terms, a Account) math.Int {
	if a.PaidWorkers == 0 || a.PaidWorkers < t.MinWorkers {
		return math.ZeroInt()
	}
	return t.Price.Mul(math.NewIntFromUint64(uint64(a.PaidWorkers)))
}

// Settle implements Biller.
func (b ByTime) Settle(t Terms, a Account, clock uint64) Account {
	if clock <= a.Settled {
		return a
	}
	span, cost := clock-a.Settled, b.costs(t, a)
	if cost.IsPositive() {
		if n := min(span, b.Runway(t, a)); n > 0 {
			a = b.pay(a, cost, n)
			a.PaidClock = a.Settled + n
		}
	}
	a.Settled = clock
	return a
}

// pay moves n epochs of the given cost from the balance to what is locked.
func (ByTime) pay(a Account, cost math.Int, n uint64) Account {
	sum := cost.Mul(math.NewIntFromUint64(n))
	a = a.spend(sum)
	a.Locked, a.Paid = a.Locked.Add(sum), a.Paid+n
	return a
}

// Advance implements Biller.
func (b ByTime) Advance(t Terms, a Account) Account {
	cost := b.costs(t, a)
	if !cost.IsPositive() || a.Balance.LT(cost) {
		return a
	}
	return b.pay(a, cost, 1)
}

// AdvanceOne implements Biller.
func (b ByTime) AdvanceOne(t Terms, a Account) (Account, math.Int) {
	cost := b.costs(t, a)
	if !cost.IsPositive() || a.Balance.LT(cost) {
		return a, math.ZeroInt()
	}
	a = a.spend(t.Price)
	a.Locked = a.Locked.Add(t.Price)
	return a, t.Price
}

// Runway implements Biller.
func (b ByTime) Runway(t Terms, a Account) uint64 {
	cost := b.costs(t, a)
	if !cost.IsPositive() {
		return Forever
	}
	n := a.Balance.Quo(cost)
	if n.GT(math.NewIntFromUint64(Forever)) {
		return Forever
	}
	return n.Uint64()
}

// Earned implements Biller.
func (ByTime) Earned(t Terms, a Account, w Worker) math.Int {
	if w.State != WorkerActive {
		return w.Earned
	}
	return w.Earned.Add(t.Price.Mul(math.NewIntFromUint64(a.Paid - w.PaidFrom)))
}

// Own returns the part of the balance that is not a sponsor's.
func (a Account) Own() math.Int {
	own := a.Balance
	for _, s := range a.Sponsors {
		own = own.Sub(s.Amount)
	}
	return own
}

// spend takes an amount off the balance: first off the owner's own, then off the
// sponsors' in their order.
func (a Account) spend(sum math.Int) Account {
	rest := sum.Sub(a.Own())
	a.Balance = a.Balance.Sub(sum)
	if !rest.IsPositive() {
		return a
	}
	var left []Sponsor
	for _, s := range a.Sponsors {
		part := math.MinInt(rest, s.Amount)
		rest, s.Amount = rest.Sub(part), s.Amount.Sub(part)
		if s.Amount.IsPositive() {
			left = append(left, s)
		}
	}
	a.Sponsors = left
	return a
}
