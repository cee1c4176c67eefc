// SPDX-License-Identifier: Apache-2.0

// Package model is the capacity economy as its specification tells it: slow,
// eager and obvious. It keeps everything that ever happened, walks over every unit
// in every epoch, and shares no code with the keeper that it judges. It is
// imported by tests and by simulations of cheating providers only.
//
// Deviations from the official contracts are those of x/capacity/README.md: success
// is counted per unit and epoch, slashing is monotone and capped per unit, no
// remainder of a reward is lost, the pool moves once per epoch, and a unit's reward
// is bounded by what it risks.
package model

import (
	"math/big"
	"slices"
)

// Status of a commitment, numbered as in the official contracts.
type Status int

// The statuses.
const (
	Inactive Status = iota
	Active
	WaitDelegation
	WaitStart
	Failed
	Removed
)

// Params are the rules in one epoch. Rates, USD and prices are scaled by 1e7.
type Params struct {
	USDCollateral, USDTarget int64
	SlashingRate             int64
	PenaltyMultiple          int64 // 0: rewards are not bounded by risk
	SampleUnits              int64
	MinReward, MaxReward     *big.Int
	MinProofs, MaxProofs     int64
	MaxFailedRatio           int64
	WithdrawAfterFailed      uint64
	VestingPeriod            uint64
	VestingCount             int64
	PriceStep, Floor         int64
	PriceExpiry              uint64
	Feeders                  []string
	MinReports               int
}

// Unit is one unit of a commitment.
type Unit struct {
	ID             string
	InDeal, Exited bool
	From           uint64           // first epoch in which it must prove
	Due            map[uint64]bool  // epochs in which it must prove
	Counts         map[uint64]bool  // epochs in which its proofs count
	Proofs         map[uint64]int64 // proofs by epoch
	Fails          int64
	Slashed        *big.Int
}

// Commitment is a pledge.
type Commitment struct {
	ID, Peer, Provider, Delegator string
	Rate                          int64
	Start, Duration               uint64
	PerUnit                       *big.Int
	MaxFailedRatio                int64
	WithdrawAfterFailed           uint64
	Units                         []*Unit // sorted by id
	Status                        Status  // WaitStart is told by time
	Fails                         int64
	FailedEpoch                   uint64
	Lost                          map[uint64]bool
	Vesting                       []Vest
	Withdrawn                     *big.Int
	ToProvider, ToDelegator       *big.Int
	Forfeited                     bool
	Kept                          *big.Int // of a failed commitment: all that was ever unlocked
	CollateralBack                bool
}

// Vest is a sum that unlocks in parts.
type Vest struct {
	First, Period uint64
	Count         int64
	Amount        *big.Int
}

// Report is a feeder's price.
type Report struct {
	Price int64
	Epoch uint64
}

// World is the whole economy.
type World struct {
	Epoch       uint64
	Settled     uint64
	Void        map[uint64]bool
	ParamsOf    map[uint64]Params // by the epoch from which they count
	Pool        map[uint64]*big.Int
	Price       map[uint64]int64
	Priced      uint64
	Reports     map[string]Report
	Commitments []*Commitment // in the order of creation; removed ones stay
	Credited    map[uint64]*big.Int
}

// New returns a world in which epoch 1 begins.
func New(p Params, price int64, pool *big.Int) *World {
	return &World{
		Epoch: 1, Priced: 1, Void: map[uint64]bool{}, ParamsOf: map[uint64]Params{1: p},
		Pool: map[uint64]*big.Int{1: pool}, Price: map[uint64]int64{1: price},
		Reports: map[string]Report{}, Credited: map[uint64]*big.Int{},
	}
}

// Params returns the params in force in an epoch: those of the latest change up to it.
func (w *World) Params(epoch uint64) Params {
	from := uint64(1)
	// order: the greatest is the same in any
	for e := range w.ParamsOf {
		if e <= epoch && e > from {
			from = e
		}
	}
	return w.ParamsOf[from]
}

// Next ends the running epoch, as void or not, and as void all that a standstill
// of the chain skipped, and begins the one after them.
func (w *World) Next(void bool, skipped uint64) {
	w.Void[w.Epoch] = void
	price, pool := w.Price[w.Epoch], w.Pool[w.Epoch]
	for range skipped {
		w.Epoch++
		w.Void[w.Epoch], w.Price[w.Epoch], w.Pool[w.Epoch] = true, price, pool
	}
	w.Epoch++
	p := w.Params(w.Epoch)
	w.Price[w.Epoch] = w.nextPrice(p)
	w.Pool[w.Epoch] = w.nextPool(p)
	for _, c := range w.Commitments {
		for _, u := range c.Units {
			c.mark(u, w.Epoch)
		}
	}
}

// mark notes whether a unit must prove in an epoch that begins.
func (c *Commitment) mark(u *Unit, epoch uint64) {
	if c.Status == Active && epoch < c.End() && !u.InDeal && !u.Exited && u.From <= epoch {
		u.Due[epoch], u.Counts[epoch] = true, true
	}
}

// End returns the first epoch after the term.
func (c *Commitment) End() uint64 { return c.Start + c.Duration }

func (w *World) nextPrice(p Params) int64 {
	prev := w.Price[w.Epoch-1]
	if len(p.Feeders) == 0 {
		w.Priced = w.Epoch
		return prev
	}
	var prices []int64
	for _, f := range p.Feeders {
		if r, ok := w.Reports[f]; ok && w.Epoch-r.Epoch <= p.PriceExpiry {
			prices = append(prices, r.Price)
		}
	}
	if len(prices) < p.MinReports {
		return prev
	}
	w.Priced = w.Epoch
	slices.Sort(prices)
	median := (prices[(len(prices)-1)/2] + prices[len(prices)/2]) / 2
	step := max(prev*p.PriceStep/1e7, 1)
	return max(min(max(median, prev-step), prev+step), p.Floor)
}

func (w *World) nextPool(p Params) *big.Int {
	pool := new(big.Int).Set(w.Pool[w.Epoch-1])
	if n := w.ActiveUnits(); n > 0 {
		target := new(big.Int).Mul(pool, big.NewInt(w.Price[w.Epoch]))
		target.Quo(target, big.NewInt(n)).Quo(target, flt)
		step := int64(11_000_000)
		if target.Cmp(big.NewInt(p.USDTarget)) > 0 {
			step = 9_000_000
		}
		pool = rate(pool, step)
	}
	if pool.Cmp(p.MaxReward) > 0 {
		pool.Set(p.MaxReward)
	}
	if pool.Cmp(p.MinReward) < 0 {
		pool.Set(p.MinReward)
	}
	return pool
}

// ActiveUnits counts the units that must prove now or from the next epoch on.
func (w *World) ActiveUnits() (n int64) {
	for _, c := range w.Commitments {
		for _, u := range c.Units {
			if c.Status == Active && w.Epoch < c.End() && !u.InDeal && !u.Exited {
				n++
			}
		}
	}
	return n
}

// Settle books one epoch after the other up to and including the given one.
func (w *World) Settle(upTo uint64) {
	for w.Settled < upTo {
		w.Settled++
		sharing := w.sharing(w.Settled)
		for _, c := range w.Commitments {
			w.settle(c, w.Settled, sharing)
		}
	}
}

// sharing adds up the proofs of all units with enough of them in an epoch.
func (w *World) sharing(epoch uint64) (n int64) {
	for _, c := range w.Commitments {
		for _, u := range c.Units {
			if !c.Lost[epoch] && u.Proofs[epoch] >= w.Params(epoch).MinProofs {
				n += u.Proofs[epoch]
			}
		}
	}
	return n
}

// settle books an epoch of a commitment.
func (w *World) settle(c *Commitment, epoch uint64, sharing int64) {
	if c.Status != Active || epoch < c.Start || epoch >= c.End() {
		return
	}
	if !w.Void[epoch] {
		w.fail(c, epoch)
		if c.Status != Failed && !c.Lost[epoch] {
			w.reward(c, epoch, sharing)
		}
	}
	if c.Status == Active && epoch == c.End()-1 {
		c.Status = Inactive
	}
}

// fail counts the units that had to prove and did not; of those beyond the
// limit nobody is charged.
func (w *World) fail(c *Commitment, epoch uint64) {
	p := w.Params(epoch)
	for _, u := range c.Units {
		if !u.Due[epoch] || !c.Lost[epoch] && u.Proofs[epoch] >= p.MinProofs {
			continue
		}
		u.Fails++
		c.Fails++
		c.Slash(u, rate(c.PerUnit, p.SlashingRate))
		if c.Fails == c.MaxFailedRatio*int64(len(c.Units)) {
			c.Kept = c.everUnlocked(epoch)
			if c.Kept.Cmp(c.Withdrawn) < 0 {
				c.Kept.Set(c.Withdrawn)
			}
			c.Status, c.FailedEpoch, c.Vesting, c.Forfeited = Failed, epoch, nil, true
			return
		}
	}
}

// Slash takes an amount from a unit's collateral, as far as it reaches.
func (c *Commitment) Slash(u *Unit, amount *big.Int) {
	left := new(big.Int).Sub(c.PerUnit, u.Slashed)
	if amount.Cmp(left) > 0 {
		amount = left
	}
	u.Slashed.Add(u.Slashed, amount)
}

// reward books the commitment's part of the epoch's pool.
func (w *World) reward(c *Commitment, epoch uint64, sharing int64) {
	p, sum := w.Params(epoch), new(big.Int)
	for _, u := range c.Units {
		n := u.Proofs[epoch]
		if n < p.MinProofs {
			continue
		}
		part := new(big.Int).Mul(w.Pool[epoch], big.NewInt(n))
		part.Quo(part, big.NewInt(sharing))
		if most := c.mostReward(u, p); most != nil && part.Cmp(most) > 0 {
			part = most
		}
		sum.Add(sum, part)
	}
	if sum.Sign() == 0 {
		return
	}
	if w.Credited[epoch] == nil {
		w.Credited[epoch] = new(big.Int)
	}
	w.Credited[epoch].Add(w.Credited[epoch], sum)
	first := epoch + (p.VestingPeriod - epoch%p.VestingPeriod)
	for i, v := range c.Vesting {
		if v.First == first && v.Period == p.VestingPeriod && v.Count == p.VestingCount {
			c.Vesting[i].Amount.Add(v.Amount, sum)
			return
		}
	}
	c.Vesting = append(c.Vesting, Vest{first, p.VestingPeriod, p.VestingCount, sum})
}

// mostReward returns what a unit earns at most in an epoch: a part of what it
// can still lose by cheating once. Nil means no limit.
func (c *Commitment) mostReward(u *Unit, p Params) *big.Int {
	if p.PenaltyMultiple == 0 {
		return nil
	}
	left := new(big.Int).Sub(c.PerUnit, u.Slashed)
	left.Quo(left, big.NewInt(p.SampleUnits))
	if penalty := rate(c.PerUnit, p.SlashingRate); penalty.Cmp(left) < 0 {
		left = penalty
	}
	return left.Quo(left, big.NewInt(p.PenaltyMultiple))
}

// everUnlocked returns all of the reward that is unlocked in an epoch, withdrawn or not.
func (c *Commitment) everUnlocked(epoch uint64) *big.Int {
	if c.Forfeited {
		return new(big.Int).Set(c.Kept)
	}
	sum := new(big.Int)
	for _, v := range c.Vesting {
		parts := int64(0)
		for i := range v.Count {
			if epoch >= v.First+uint64(i)*v.Period {
				parts++
			}
		}
		part := new(big.Int).Mul(v.Amount, big.NewInt(parts))
		sum.Add(sum, part.Quo(part, big.NewInt(v.Count)))
	}
	return sum
}

// Unlocked returns what may be withdrawn now.
func (w *World) Unlocked(c *Commitment) *big.Int {
	return new(big.Int).Sub(c.everUnlocked(w.Epoch), c.Withdrawn)
}

// Total returns what was earned and neither forfeited nor withdrawn.
func (c *Commitment) Total() *big.Int {
	sum := new(big.Int)
	if c.Forfeited {
		sum.Set(c.Kept)
	}
	for _, v := range c.Vesting {
		sum.Add(sum, v.Amount)
	}
	return sum.Sub(sum, c.Withdrawn)
}

// Slashed returns how much of all units' collateral was cut.
func (c *Commitment) Slashed() *big.Int {
	sum := new(big.Int)
	for _, u := range c.Units {
		sum.Add(sum, u.Slashed)
	}
	return sum
}

// StatusAt returns the status as people see it in an epoch.
func (c *Commitment) StatusAt(epoch uint64) Status {
	if c.Status == Active && epoch < c.Start {
		return WaitStart
	}
	return c.Status
}
