// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"maps"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// CheckInvariants reports the first part of the state that contradicts another:
// collateral held is that of all books and lies on the module's account, no unit
// is slashed beyond its collateral, active units and rewards owed add up, no
// epoch paid out more than its pool, and every index leads somewhere. It walks
// over everything: it is for tests and exports.
//
// Errors: ErrBrokenState.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	g, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := g.Validate(); err != nil {
		return types.ErrBrokenState.Wrap(err.Error())
	}
	if err := k.admission.CheckInvariants(ctx); err != nil {
		return err
	}
	return k.consistent(ctx, g)
}

// consistent reports the first part of the economy's state that contradicts another, whatever the params.
func (k *Keeper) consistent(ctx context.Context, g *types.GenesisState) error {
	for _, e := range g.Epochs {
		p, err := k.ParamsAt(ctx, e.Epoch)
		if err != nil {
			return err
		}
		if e.Pool.LT(p.MinRewardPerEpoch) || e.Pool.GT(p.MaxRewardPerEpoch) {
			return types.ErrBrokenState.Wrapf("epoch %d: pool %s is not within %s and %s", e.Epoch, e.Pool, p.MinRewardPerEpoch, p.MaxRewardPerEpoch)
		}
	}
	s := sums{collateral: math.ZeroInt(), rewards: math.ZeroInt(), ending: map[uint64]uint64{}}
	for _, v := range g.Vestings {
		s.rewards = s.rewards.Add(v.Amount)
	}
	known := map[string]types.Status{}
	for _, b := range g.Books {
		known[string(b.CommitmentId)] = b.Status
	}
	for _, v := range g.Vestings {
		if _, ok := known[string(v.CommitmentId)]; !ok {
			return types.ErrBrokenState.Wrapf("%s vest for commitment %x, which is not there", v.Amount, v.CommitmentId)
		}
	}
	for _, t := range g.Tallies {
		if known[string(t.CommitmentId)] != types.StatusActive {
			return types.ErrBrokenState.Wrapf("tally of epoch %d for commitment %x, which is not active", t.Epoch, t.CommitmentId)
		}
	}
	for i, b := range g.Books {
		if err := s.add(g.Commitments[i], b, g.Totals); err != nil {
			return types.ErrBrokenState.Wrapf("commitment %x: %v", b.CommitmentId, err)
		}
		if err := k.checkIndexes(ctx, g.Commitments[i], b); err != nil {
			return err
		}
	}
	return k.compare(ctx, s, g.Totals)
}

// sums are what the commitments add up to.
type sums struct {
	collateral, rewards math.Int
	active              uint64
	ending              map[uint64]uint64
}

func (s *sums) add(c types.Commitment, b types.Book, t types.Totals) error {
	s.collateral = s.collateral.Add(b.Collateral)
	s.rewards = s.rewards.Add(b.Matured).Sub(b.Withdrawn)
	fails, slashed := uint64(0), math.ZeroInt()
	for _, u := range b.Units {
		fails += u.Fails
		slashed = slashed.Add(u.Slashed)
		if u.Slashed.IsNegative() || u.Slashed.GT(c.CollateralPerUnit) {
			return types.ErrBrokenState.Wrapf("unit %x: slashed %s of %s", u.UnitId, u.Slashed, c.CollateralPerUnit)
		}
	}
	switch {
	case fails != b.TotalFails || fails > c.MaxFails():
		return types.ErrBrokenState.Wrapf("%d failures of units, total_fails %d, at most %d", fails, b.TotalFails, c.MaxFails())
	case !slashed.Equal(b.Slashed):
		return types.ErrBrokenState.Wrapf("%s slashed of units, slashed %s", slashed, b.Slashed)
	case b.CollateralWithdrawn == b.Collateral.IsPositive() && c.StartEpoch > 0:
		return types.ErrBrokenState.Wrapf("collateral %s, withdrawn %v", b.Collateral, b.CollateralWithdrawn)
	case c.StartEpoch > 0 && !b.CollateralWithdrawn && !b.Collateral.Equal(c.Required()):
		return types.ErrBrokenState.Wrapf("collateral %s of %s", b.Collateral, c.Required())
	case (b.FailedEpoch > 0) != (b.TotalFails == c.MaxFails() && c.StartEpoch > 0):
		return types.ErrBrokenState.Wrapf("failed in epoch %d with %d of %d failures", b.FailedEpoch, b.TotalFails, c.MaxFails())
	case !b.PaidProvider.Add(b.PaidDelegator).Equal(b.Withdrawn):
		return types.ErrBrokenState.Wrapf("paid %s and %s of %s", b.PaidProvider, b.PaidDelegator, b.Withdrawn)
	}
	if b.Status == types.StatusActive && c.EndEpoch() > t.Ended {
		s.active += b.ActiveUnits()
		if n := b.ActiveUnits(); n > 0 {
			s.ending[c.EndEpoch()] += n
		}
	}
	return nil
}

func (k *Keeper) checkIndexes(ctx context.Context, c types.Commitment, b types.Book) error {
	id, err := get(ctx, k.byPeer, c.PeerId, nil)
	if err != nil {
		return err
	}
	if own := string(id) == string(c.Id); own == (b.Status == types.StatusRemoved) {
		return types.ErrBrokenState.Wrapf("commitment %x is %s, peer's commitment is %x", c.Id, b.Status, id)
	}
	if ok, err := k.byProvider.Has(ctx, collections.Join(c.Provider, c.Id)); err != nil || !ok {
		return types.ErrBrokenState.Wrapf("commitment %x: not listed under %s: %v", c.Id, c.Provider, err)
	}
	if (b.Status == types.StatusActive) != (b.Check > 0) {
		return types.ErrBrokenState.Wrapf("commitment %x: %s, looked at after epoch %d", c.Id, b.Status, b.Check)
	}
	if b.Check == 0 {
		return nil
	}
	if ok, err := k.checks.Has(ctx, collections.Join(b.Check, c.Id)); err != nil || !ok {
		return types.ErrBrokenState.Wrapf("commitment %x: not looked at after epoch %d: %v", c.Id, b.Check, err)
	}
	return nil
}

func (k *Keeper) compare(ctx context.Context, s sums, t types.Totals) error {
	ending := map[uint64]uint64{}
	if err := k.ending.Walk(ctx, nil, func(e, n uint64) (bool, error) { ending[e] = n; return false, nil }); err != nil {
		return err
	}
	held := k.bank.GetBalance(ctx, k.holder, types.Denom).Amount
	switch {
	case !s.collateral.Equal(t.Collateral) || held.LT(s.collateral):
		return types.ErrBrokenState.Wrapf("collateral of all %s, total %s, on the account %s", s.collateral, t.Collateral, held)
	case s.active != t.ActiveUnits:
		return types.ErrBrokenState.Wrapf("%d active units, total %d", s.active, t.ActiveUnits)
	case !maps.Equal(s.ending, ending):
		return types.ErrBrokenState.Wrapf("units by end %v, counted %v", s.ending, ending)
	case !s.rewards.Equal(t.ReservedRewards) || s.rewards.IsNegative():
		return types.ErrBrokenState.Wrapf("rewards owed %s, total %s", s.rewards, t.ReservedRewards)
	}
	return nil
}
