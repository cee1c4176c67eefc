// SPDX-License-Identifier: Apache-2.0

// Package model is a slow and obvious account of what deals cost and workers earn,
// written from the rules in x/deal/README.md. It looks at every worker of every deal
// in every epoch, and knows nothing of stores, queues or lazy bills. Tests compare
// the keeper with it; nothing else imports it.
package model

import (
	"errors"
	"math/big"
)

// Rules are the params that matter to bills. Epochs counts live epochs only.
type Rules struct {
	MinDeposited int64 // epochs of all target workers that stay on a deal
	Grace        int64 // unpaid epochs after which a dry deal's workers go
	Fee          int64 // protocol's share of rewards, over 10000000
}

// Refusals of the model.
var (
	ErrSmall   = errors.New("less than the least deposit")
	ErrTooMuch = errors.New("more than can be withdrawn")
	ErrNothing = errors.New("nothing earned")
)

// Worker is one worker. It is forgotten when it goes.
type Worker struct {
	Active bool
	Failed bool
	Earned *big.Int
	Share  int64 // the delegator's, over 10000000
}

// Deal is one deal. Lists are in the order in which things came.
type Deal struct {
	Price   int64
	Target  int64
	Min     int64
	Balance *big.Int
	Gifts   []*Gift // sponsors' part of the balance
	Ended   bool
	// Dry is 1 more than how many epochs ended since the balance ran out; 0 while it pays.
	Dry     int64
	Workers []*Worker

	rules Rules
}

// Gift is what is left of a sponsor's deposits.
type Gift struct {
	Name   string
	Amount *big.Int
}

// Paid is what went out of a deal: to whom, how much.
type Paid struct{ Provider, Delegator, Fee *big.Int }

// New returns a deal without money or workers.
func New(r Rules, price, target, least int64) *Deal {
	return &Deal{Price: price, Target: target, Min: least, Balance: new(big.Int), rules: r}
}

// Minimum is what stays on the deal while it runs.
func (d *Deal) Minimum() *big.Int { return big.NewInt(d.Price * d.Target * d.rules.MinDeposited) }

// cost is what the active workers cost for one epoch; 0 when there are none, or
// fewer than the customer asked for at least.
func (d *Deal) cost() *big.Int {
	n := int64(0)
	for _, w := range d.Workers {
		if w.Active {
			n++
		}
	}
	if n < d.Min {
		n = 0
	}
	return big.NewInt(n * d.Price)
}

// pays reports whether the balance pays an epoch of all active workers.
func (d *Deal) pays() bool { return d.Balance.Cmp(d.cost()) >= 0 }

// Deposit adds money; of a sponsor when it is named.
func (d *Deal) Deposit(sponsor string, amount int64) {
	d.Balance.Add(d.Balance, big.NewInt(amount))
	if sponsor != "" {
		d.gift(sponsor).Amount.Add(d.gift(sponsor).Amount, big.NewInt(amount))
	}
	if d.pays() {
		d.Dry = 0
	}
}

func (d *Deal) gift(name string) *Gift {
	for _, g := range d.Gifts {
		if g.Name == name {
			return g
		}
	}
	d.Gifts = append(d.Gifts, &Gift{name, new(big.Int)})
	return d.Gifts[len(d.Gifts)-1]
}

// own is the owner's part of the balance.
func (d *Deal) own() *big.Int {
	n := new(big.Int).Set(d.Balance)
	for _, g := range d.Gifts {
		n.Sub(n, g.Amount)
	}
	return n
}

// take spends one coin after another: the owner's, then the sponsors' in their order.
func (d *Deal) take(amount *big.Int) {
	rest := new(big.Int).Sub(amount, d.own())
	d.Balance.Sub(d.Balance, amount)
	var left []*Gift
	for _, g := range d.Gifts {
		if rest.Sign() > 0 {
			part := new(big.Int).Set(rest)
			if part.Cmp(g.Amount) > 0 {
				part.Set(g.Amount)
			}
			g.Amount.Sub(g.Amount, part)
			rest.Sub(rest, part)
		}
		if g.Amount.Sign() > 0 {
			left = append(left, g)
		}
	}
	d.Gifts = left
}

// Withdraw gives the owner an amount back.
//
// Errors: ErrTooMuch.
func (d *Deal) Withdraw(amount int64) error {
	most := new(big.Int).Sub(d.Balance, d.Minimum())
	if own := d.own(); own.Cmp(most) < 0 {
		most = own
	}
	if most.Cmp(big.NewInt(amount)) < 0 {
		return ErrTooMuch
	}
	d.Balance.Sub(d.Balance, big.NewInt(amount))
	return nil
}

// Join adds a worker that is not paid yet.
func (d *Deal) Join(share int64) *Worker {
	w := &Worker{Earned: new(big.Int), Share: share}
	d.Workers = append(d.Workers, w)
	return w
}

// EndEpoch bills one epoch. A void one costs nothing and does not count.
func (d *Deal) EndEpoch(void bool) {
	if void || d.Ended {
		return
	}
	if cost := d.cost(); cost.Sign() > 0 && d.pays() {
		d.bill(d.Workers...)
	}
	if d.Dry > 0 {
		d.Dry++
	}
}

// EndBlock notes whether the deal pays for the running epoch, and returns the
// workers that go because it did not for too long. The caller pays them.
func (d *Deal) EndBlock() (leaving []*Worker) {
	if d.Ended {
		return nil
	}
	if d.cost().Sign() > 0 {
		switch {
		case d.pays():
			d.Dry = 0
		case d.Dry == 0:
			d.Dry = 1
		}
	}
	if d.Dry > d.rules.Grace {
		leaving, d.Workers = d.Workers, nil
	}
	return leaving
}

// bill pays one epoch to those of the workers that are active.
func (d *Deal) bill(ws ...*Worker) {
	for _, w := range ws {
		if w.Active {
			d.take(big.NewInt(d.Price))
			w.Earned.Add(w.Earned, big.NewInt(d.Price))
		}
	}
}

// Remove ends a worker and pays it. The running epoch is paid if the deal's side
// ends it while the epoch is live for certain.
func (d *Deal) Remove(w *Worker, byDeal, live bool) Paid {
	if byDeal && live && w.Active && d.cost().Sign() > 0 && d.pays() {
		d.bill(w)
	}
	for i, v := range d.Workers {
		if v == w {
			d.Workers = append(d.Workers[:i:i], d.Workers[i+1:]...)
		}
	}
	return d.Pay(w)
}

// Fail ends a worker's pay: its peer's commitment failed.
func (d *Deal) Fail(w *Worker) { w.Active, w.Failed = false, true }

// Stop ends the deal: the running epoch is paid if it is live for certain and the
// balance covers it. It returns what the owner and the sponsors get back; the
// workers are paid by the caller.
func (d *Deal) Stop(live bool) (owner *big.Int, sponsors []*Gift) {
	if live && d.cost().Sign() > 0 && d.pays() {
		d.bill(d.Workers...)
	}
	owner, sponsors = d.own(), d.Gifts
	d.Balance, d.Gifts, d.Ended = new(big.Int), nil, true
	return owner, sponsors
}

// Pay pays what a worker has earned: the fee first, then the delegator's share of
// the rest, both rounded down; the provider gets the remainder.
func (d *Deal) Pay(w *Worker) Paid {
	part := func(of *big.Int, rate int64) *big.Int {
		n := new(big.Int).Mul(of, big.NewInt(rate))
		return n.Quo(n, big.NewInt(10_000_000))
	}
	p := Paid{Fee: part(w.Earned, d.rules.Fee)}
	rest := new(big.Int).Sub(w.Earned, p.Fee)
	p.Delegator = part(rest, w.Share)
	p.Provider = rest.Sub(rest, p.Delegator)
	w.Earned = new(big.Int)
	return p
}
