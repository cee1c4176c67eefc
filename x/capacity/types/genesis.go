// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"

	"cosmossdk.io/math"
)

// DefaultGenesis returns the state of a fresh chain with the given params: 1 FLT
// is worth 1 USD, and the first epoch is worth 10 FLT within the params' bounds.
func DefaultGenesis(p Params) *GenesisState {
	pool := math.MaxInt(p.MinRewardPerEpoch, math.MinInt(OneFLT().MulRaw(10), p.MaxRewardPerEpoch))
	return &GenesisState{Params: p, Price: Precision, Pool: pool, Totals: NewTotals()}
}

// NewTotals returns the totals of a chain without commitments.
func NewTotals() Totals {
	return Totals{ReservedRewards: math.ZeroInt(), Collateral: math.ZeroInt()}
}

// Fresh reports whether the state is that of a chain that has not begun.
func (g GenesisState) Fresh() bool { return len(g.History) == 0 }

// Validate checks that the parts of the state agree with each other.
//
// Errors: ErrInvalidParams, ErrPenaltyTooLow, ErrInvalidGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := g.Admission.Validate(); err != nil {
		return err
	}
	if g.Fresh() {
		return g.validateFresh()
	}
	for i, h := range g.History {
		if err := h.Params.Validate(); err != nil {
			return err
		}
		if h.Epoch == 0 || i > 0 && h.Epoch <= g.History[i-1].Epoch {
			return ErrInvalidGenesis.Wrapf("history[%d]: epoch %d is out of order", i, h.Epoch)
		}
	}
	if len(g.Epochs) == 0 {
		return ErrInvalidGenesis.Wrap("epochs: the running epoch is missing")
	}
	for i, e := range g.Epochs {
		if e.Epoch == 0 || i > 0 && e.Epoch <= g.Epochs[i-1].Epoch || e.Pool.IsNil() || e.Pool.IsNegative() || e.Price == 0 || e.Credited.IsNil() || e.Credited.GT(e.Pool) {
			return ErrInvalidGenesis.Wrapf("epochs[%d]: epoch %d is out of order or has no pool or price", i, e.Epoch)
		}
	}
	return g.validateCommitments()
}

func (g GenesisState) validateFresh() error {
	if len(g.Epochs)+len(g.Commitments)+len(g.Books)+len(g.Tallies)+len(g.Vestings)+len(g.Reports)+len(g.Admission.Rounds) > 0 {
		return ErrInvalidGenesis.Wrap("history: empty, yet there are epochs, commitments, reports or proofs")
	}
	if g.Price < g.Params.PriceFloor || g.Price > MaxPrice {
		return ErrInvalidGenesis.Wrapf("price %d: want %d to %d", g.Price, g.Params.PriceFloor, uint64(MaxPrice))
	}
	if g.Pool.IsNil() || g.Pool.LT(g.Params.MinRewardPerEpoch) || g.Pool.GT(g.Params.MaxRewardPerEpoch) {
		return ErrInvalidGenesis.Wrapf("pool %s: want %s to %s", g.Pool, g.Params.MinRewardPerEpoch, g.Params.MaxRewardPerEpoch)
	}
	return nil
}

func (g GenesisState) validateCommitments() error {
	if len(g.Books) != len(g.Commitments) {
		return ErrInvalidGenesis.Wrapf("books: %d for %d commitments", len(g.Books), len(g.Commitments))
	}
	for i, c := range g.Commitments {
		if err := c.validate(g.Books[i]); err != nil {
			return ErrInvalidGenesis.Wrapf("commitments[%d]: %v", i, err)
		}
		if i > 0 && bytes.Compare(c.Id, g.Commitments[i-1].Id) <= 0 {
			return ErrInvalidGenesis.Wrapf("commitments[%d]: out of order", i)
		}
	}
	for i, t := range g.Tallies {
		if len(t.CommitmentId) != CommitmentIDSize || t.Epoch == 0 || len(t.Due) != (len(t.Proofs)+7)/8 || len(t.Excused) != len(t.Due) {
			return ErrInvalidGenesis.Wrapf("tallies[%d]: epoch %d, %d units", i, t.Epoch, len(t.Proofs))
		}
	}
	for i, v := range g.Vestings {
		if len(v.CommitmentId) != CommitmentIDSize || v.Period == 0 || v.Period > MaxVestingPeriod || v.Count == 0 || v.Count > MaxVestingPeriods || v.Amount.IsNil() || !v.Amount.IsPositive() {
			return ErrInvalidGenesis.Wrapf("vestings[%d]: period %d, count %d, amount %s", i, v.Period, v.Count, v.Amount)
		}
	}
	for i, r := range g.Reports {
		if r.Feeder == "" || r.Price == 0 || r.Price > MaxPrice {
			return ErrInvalidGenesis.Wrapf("reports[%d]: feeder %q, price %d", i, r.Feeder, r.Price)
		}
	}
	return nil
}

// validate checks a commitment and its book for what import would choke on.
func (c Commitment) validate(b Book) error {
	switch {
	case len(c.Id) != CommitmentIDSize || !bytes.Equal(c.Id, b.CommitmentId):
		return ErrInvalidID.Wrapf("id %x, book of %x", c.Id, b.CommitmentId)
	case len(c.PeerId) != PeerIDSize:
		return ErrInvalidID.Wrapf("peer_id %x", c.PeerId)
	case c.Provider == "" || c.Duration == 0 || c.Duration > MaxDuration || c.CollateralPerUnit.IsNil() || c.CollateralPerUnit.IsNegative():
		return ErrInvalidGenesis.Wrap("provider, duration or collateral_per_unit is missing")
	case int(c.UnitCount) != len(b.Units) || c.UnitCount == 0 || c.UnitCount > MaxUnits:
		return ErrInvalidUnits.Wrapf("unit_count %d, %d units", c.UnitCount, len(b.Units))
	case b.Collateral.IsNil() || b.Slashed.IsNil() || b.Matured.IsNil() || b.Withdrawn.IsNil() || b.PaidProvider.IsNil() || b.PaidDelegator.IsNil():
		return ErrInvalidGenesis.Wrap("book: an amount is missing")
	}
	for i, u := range b.Units {
		if len(u.UnitId) != UnitIDSize || u.Slashed.IsNil() || i > 0 && bytes.Compare(u.UnitId, b.Units[i-1].UnitId) <= 0 {
			return ErrInvalidUnits.Wrapf("units[%d] %x", i, u.UnitId)
		}
	}
	return nil
}
