// SPDX-License-Identifier: Apache-2.0

package model

import (
	"maps"
	"math/big"
	"slices"
	"strings"
)

// flt is 1 FLT.
var flt = big.NewInt(1e18)

// rate returns x · r / 1e7, rounded down.
func rate(x *big.Int, r int64) *big.Int {
	y := new(big.Int).Mul(x, big.NewInt(r))
	return y.Quo(y, big.NewInt(1e7))
}

// Create pledges units; which of them serve deals is told.
func (w *World) Create(id, peer, provider, delegator string, share int64, duration uint64, units map[string]bool) *Commitment {
	c := &Commitment{
		ID: id, Peer: peer, Provider: provider, Delegator: delegator, Rate: share, Duration: duration, Status: WaitDelegation,
		Lost: map[uint64]bool{}, Withdrawn: new(big.Int), ToProvider: new(big.Int), ToDelegator: new(big.Int),
	}
	// order: sorted below
	for id, inDeal := range units {
		c.Units = append(c.Units, &Unit{
			ID: id, InDeal: inDeal, Due: map[uint64]bool{}, Counts: map[uint64]bool{}, Proofs: map[uint64]int64{}, Slashed: new(big.Int),
		})
	}
	slices.SortFunc(c.Units, func(a, b *Unit) int { return strings.Compare(a.ID, b.ID) })
	w.Commitments = append(w.Commitments, c)
	return c
}

// CollateralPerUnit returns what a unit's collateral is in the running epoch.
func (w *World) CollateralPerUnit() *big.Int {
	x := big.NewInt(w.Params(w.Epoch).USDCollateral)
	x.Mul(x, big.NewInt(1e7)).Quo(x, big.NewInt(w.Price[w.Epoch]))
	return x.Mul(x, flt).Quo(x, big.NewInt(1e7))
}

// Deposit pays the collateral: proofs are due from the next epoch on.
func (w *World) Deposit(c *Commitment, delegator string) {
	p := w.Params(w.Epoch)
	c.Delegator, c.PerUnit, c.Start, c.Status = delegator, w.CollateralPerUnit(), w.Epoch+1, Active
	c.MaxFailedRatio, c.WithdrawAfterFailed = p.MaxFailedRatio, p.WithdrawAfterFailed
	for _, u := range c.Units {
		u.From = c.Start
	}
}

// Drop forgets a commitment that was removed before its deposit.
func (w *World) Drop(c *Commitment) {
	w.Commitments = slices.DeleteFunc(w.Commitments, func(o *Commitment) bool { return o == c })
}

// Unit returns a unit of the commitment by its id.
func (c *Commitment) Unit(id string) *Unit {
	for _, u := range c.Units {
		if u.ID == id {
			return u
		}
	}
	return nil
}

// Take gives a unit to a deal: it need not prove from now on, but what it proved counts.
func (w *World) Take(u *Unit) {
	u.InDeal = true
	delete(u.Due, w.Epoch)
}

// Return takes a unit back from a deal: it must prove from the next epoch on.
func (w *World) Return(c *Commitment, u *Unit) {
	u.InDeal = false
	if c.Status == Active && w.Epoch < c.End() {
		u.From = max(w.Epoch+1, c.Start)
	}
}

// Credit counts proofs of a unit in an epoch, and reports whether they may be.
func (w *World) Credit(c *Commitment, u *Unit, epoch uint64, n int64) bool {
	if !w.open(c, epoch) || !u.Counts[epoch] {
		return false
	}
	u.Proofs[epoch] = min(u.Proofs[epoch]+n, w.Params(epoch).MaxProofs)
	return true
}

// open reports whether what happened in an epoch may still change.
func (w *World) open(c *Commitment, epoch uint64) bool {
	return c.Status == Active && epoch <= w.Epoch && epoch >= c.Start && epoch < c.End() && epoch > w.Settled && !w.Void[epoch]
}

// Lose makes an epoch of a commitment count for nothing. The units are slashed
// as often as it takes for the smallest chance to be drawn, once of it with the failure.
func (w *World) Lose(c *Commitment, epoch uint64) bool {
	if !w.open(c, epoch) {
		return false
	}
	if c.Lost[epoch] {
		return true
	}
	c.Lost[epoch] = true
	p, n := w.Params(epoch), int64(0)
	for _, u := range c.Units {
		if u.Counts[epoch] {
			n++
		}
	}
	scale := int64(1)
	for n > 0 && scale*n < p.SampleUnits {
		scale++
	}
	for _, u := range c.Units {
		times := scale
		if u.Due[epoch] {
			times--
		}
		if u.Counts[epoch] {
			c.Slash(u, new(big.Int).Mul(rate(c.PerUnit, p.SlashingRate), big.NewInt(times)))
		}
	}
	return true
}

// False slashes a unit for something false, and reports whether there is collateral.
func (w *World) False(c *Commitment, u *Unit, epoch uint64, scale int64) bool {
	if c.Start == 0 || c.CollateralBack {
		return false
	}
	c.Slash(u, new(big.Int).Mul(rate(c.PerUnit, w.Params(epoch).SlashingRate), big.NewInt(scale)))
	return true
}

// Withdraw pays what is unlocked and returns the two parts.
func (w *World) Withdraw(c *Commitment) (provider, delegator *big.Int) {
	amount := w.Unlocked(c)
	delegator = rate(amount, c.Rate)
	provider = new(big.Int).Sub(amount, delegator)
	c.Withdrawn.Add(c.Withdrawn, amount)
	c.ToProvider.Add(c.ToProvider, provider)
	c.ToDelegator.Add(c.ToDelegator, delegator)
	return provider, delegator
}

// Over reports whether the collateral may be paid back.
func (w *World) Over(c *Commitment) bool {
	return c.Status == Inactive || c.Status == Failed && w.Epoch >= c.FailedEpoch+c.WithdrawAfterFailed
}

// PayBack pays the collateral back and returns what was left and what was slashed.
func (c *Commitment) PayBack() (returned, slashed *big.Int) {
	c.CollateralBack = true
	slashed = c.Slashed()
	returned = new(big.Int).Mul(c.PerUnit, big.NewInt(int64(len(c.Units))))
	return returned.Sub(returned, slashed), slashed
}

// Forget drops what was noted of epochs before the given one that are settled, so
// that long plays stay in memory.
func (w *World) Forget(before uint64) {
	for _, c := range w.Commitments {
		for _, u := range c.Units {
			for _, m := range []map[uint64]bool{u.Due, u.Counts} {
				maps.DeleteFunc(m, func(e uint64, _ bool) bool { return e < before && e <= w.Settled })
			}
			maps.DeleteFunc(u.Proofs, func(e uint64, _ int64) bool { return e < before && e <= w.Settled })
		}
		c.matureAll(w.Settled)
	}
}

// matureAll joins the sums that were unlocked as a whole before an epoch.
func (c *Commitment) matureAll(epoch uint64) {
	sum, rest := new(big.Int), c.Vesting[:0]
	for _, v := range c.Vesting {
		if v.First+uint64(v.Count-1)*v.Period < epoch {
			sum.Add(sum, v.Amount)
		} else {
			rest = append(rest, v)
		}
	}
	if c.Vesting = rest; sum.Sign() > 0 {
		c.Vesting = append([]Vest{{First: 0, Period: 1, Count: 1, Amount: sum}}, c.Vesting...)
	}
}
