// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// Figures that were seen when the official contracts ran. Their parameter sets are
// refused by genesis, since cheating pays under them; here they are set directly.

// official returns the params under which the figures were seen: rewards are not
// bounded by risk, a unit's collateral is 200 USD and its penalty 1 %.
func official() types.Params {
	p := types.DefaultParams()
	p.UsdCollateralPerUnit = 200 * types.Precision
	p.UsdTargetRevenuePerEpoch = 33 * types.Precision / 100
	p.PenaltyMultiple = 0
	p.MinRewardPerEpoch, p.MaxRewardPerEpoch = math.OneInt(), flt(1_000_000)
	p.VestingPeriodDuration, p.VestingPeriodCount = 3, 6
	p.MinDuration, p.MinProofs, p.MaxProofs = 5, 1, 5
	return p
}

func TestCollateralOf200USD(t *testing.T) {
	tests := map[uint64]math.Int{types.Precision: flt(200_000), types.Precision / 2: flt(400_000), 3 * types.Precision: math.NewInt(666_666_666).MulRaw(1e11)}
	for price, want := range tests {
		if got := types.CollateralPerUnit(200*types.Precision, price); !got.Equal(want) {
			t.Errorf("at price %d: %s, want %s", price, got, want)
		}
	}
}

func TestPoolOfThreeEpochs(t *testing.T) {
	// 9 + 8.1 + 8.91 FLT: 0.10 USD a FLT, 4 units, at 8.1 FLT a unit gets 0.2025 USD, which is below 0.33.
	p := official()
	pool := flt(10_000)
	for i, want := range []int64{9_000, 8_100} {
		if pool = types.NextPool(pool, 10*types.Precision, 4, p); !pool.Equal(flt(want)) {
			t.Errorf("epoch %d: pool %s, want %d thousandths of an FLT", i+1, pool, want)
		}
	}
	if pool = types.NextPool(pool, types.Precision/10, 4, p); !pool.Equal(flt(8_910)) {
		t.Errorf("pool %s, want 8.91 FLT", pool)
	}
}

func TestRewardsOfOneCommitmentAreThePools(t *testing.T) {
	p := official()
	w := newWorld(t, p, types.Precision, flt(10_000))
	c, units := w.create(t, "peer", 3, 20)
	w.next(t, false, 0)
	sum := math.ZeroInt()
	for range 3 {
		rec, err := w.record(w.ctx())
		if err != nil {
			t.Fatal(err)
		}
		w.credit(t, 2, units...)
		sum = sum.Add(rec.Pool)
		w.next(t, false, 0)
	}
	q, err := w.query.Rewards(w.ctx(), &types.QueryRewardsRequest{Id: fmt.Sprintf("%x", c)})
	if err != nil {
		t.Fatal(err)
	}
	// each third is rounded down: at most one aflt per unit and epoch stays with the pool
	if d := sum.Sub(q.Total.Amount); d.IsNegative() || d.GT(math.NewInt(9)) {
		t.Errorf("rewards %s of pools %s", q.Total.Amount, sum)
	}
	w.check(t)
}

func TestVestingOf6FLT(t *testing.T) {
	// 6 FLT for epoch 2, d = 3, 6 parts: 1 FLT at epochs 3, 6, 9, 12, 15, 18
	v := types.Vesting{First: types.FirstUnlock(2, 3), Period: 3, Count: 6, Amount: flt(6_000)}
	var at []uint64
	for e := uint64(1); e <= 20; e++ {
		if before, now := v.Unlocked(e-1), v.Unlocked(e); !now.Equal(before) {
			if !now.Sub(before).Equal(flt(1_000)) {
				t.Errorf("epoch %d unlocks %s", e, now.Sub(before))
			}
			at = append(at, e)
		}
	}
	if want := []uint64{3, 6, 9, 12, 15, 18}; !slices.Equal(at, want) {
		t.Errorf("unlocks at %v, want %v", at, want)
	}
	if first := types.FirstUnlock(3, 3); first != 6 {
		t.Errorf("a reward for epoch 3 unlocks first at %d, want strictly later: 6", first)
	}
}

func TestSlashingOf6Failures(t *testing.T) {
	// 6 failures · 200 FLT · 1 % = 12 FLT
	p := official()
	p.MaxFailedRatio = 4
	w := newWorld(t, p, types.Precision, flt(10_000))
	c, units := w.create(t, "peer", 3, 20)
	w.next(t, false, 0)
	for range 3 { // 3 epochs, 3 units, one of which proves
		w.credit(t, 1, units[0])
		w.next(t, false, 0)
	}
	v := viewOf(t, w, c)
	if v.TotalFails != 6 || !v.Slashed.Equal(flt(12_000)) || v.Status != types.StatusActive {
		t.Errorf("%d failures, %s slashed, %s: want 6, 12 FLT, Active", v.TotalFails, v.Slashed, v.Status)
	}
	w.check(t)
}

func TestUnitInDealDoesNotMaskAFailure(t *testing.T) {
	// 3 units, 3 epochs; one unit proves twice, then serves a deal. The official
	// contracts pool successes and count 5 failures; it is 6.
	p := official()
	w := newWorld(t, p, types.Precision, flt(10_000))
	c, units := w.create(t, "peer", 3, 20)
	w.next(t, false, 0)
	w.credit(t, 1, units[0], units[1]) // unit 2 fails
	w.next(t, false, 0)
	w.credit(t, 1, units[0]) // 1 and 2 fail
	w.next(t, false, 0)
	w.credit(t, 1, units[0])
	if err := w.market.take(w.ctx(), units[0]); err != nil { // its success in this epoch is not due
		t.Fatal(err)
	}
	w.next(t, false, 0)
	if v := viewOf(t, w, c); v.TotalFails != 5 || v.ActiveUnits != 2 {
		t.Errorf("%d failures, %d active: want 5 (1 + 2 + 2), 2", v.TotalFails, v.ActiveUnits)
	}
	w.check(t)
}

func TestSlashingIsMonotoneAndCapped(t *testing.T) {
	// Two units fail until 400 of 400 FLT are gone; the official contracts took 280.
	p := official()
	p.SlashingRate, p.MaxFailedRatio = types.Precision/2, 10
	w := newWorld(t, p, types.Precision, flt(10_000))
	c, _ := w.create(t, "peer", 2, 50)
	before := math.ZeroInt()
	for range 12 {
		w.next(t, false, 0)
		v := viewOf(t, w, c)
		if v.Slashed.LT(before) {
			t.Fatalf("slashed fell from %s to %s", before, v.Slashed)
		}
		before = v.Slashed
	}
	if v := viewOf(t, w, c); !v.Slashed.Equal(flt(400_000)) || v.Status != types.StatusFailed || v.FailedEpoch != 11 {
		t.Errorf("%s slashed, %s in epoch %d: want 400 FLT, Failed in 11", v.Slashed, v.Status, v.FailedEpoch)
	}
	w.check(t)
}

func TestFailedEpochChargesTheRestOnly(t *testing.T) {
	// 3 units may fail 4 times: in the second epoch only the first is charged.
	p := official()
	p.MaxFailedRatio = 1
	w := newWorld(t, p, types.Precision, flt(10_000))
	c, _ := w.create(t, "peer", 3, 50)
	peer2, units := w.create(t, "other", 4, 50)
	w.next(t, false, 0)
	w.credit(t, 1, units[1], units[2], units[3])
	w.next(t, false, 0)
	w.next(t, false, 0)
	if v := viewOf(t, w, c); v.FailedEpoch != 2 || v.TotalFails != 3 {
		t.Errorf("failed in %d with %d: want 2, 3", v.FailedEpoch, v.TotalFails)
	}
	if v := viewOf(t, w, peer2); v.FailedEpoch != 3 || v.TotalFails != 4 || !v.Slashed.Equal(flt(8_000)) {
		t.Errorf("failed in %d with %d, %s: want 3, 4, 8 FLT", v.FailedEpoch, v.TotalFails, v.Slashed)
	}
	if want := []string{fmt.Sprintf("%x:2", id("peer")[:2]), fmt.Sprintf("%x:3", id("other")[:2])}; !slices.Equal(w.deals.failed, want) {
		t.Errorf("told of %v, want %v", w.deals.failed, want)
	}
	w.check(t)
}

func TestFailureForfeitsWhatIsNotUnlocked(t *testing.T) {
	p := official()
	p.MaxFailedRatio = 2
	w := newWorld(t, p, types.Precision, flt(10_000))
	c, units := w.create(t, "peer", 1, 50)
	w.next(t, false, 0)
	for range 3 { // epochs 2, 3, 4
		w.credit(t, 1, units...)
		w.next(t, false, 0)
	}
	for range 3 { // fails in 5 and 6
		w.next(t, false, 0)
	}
	q, err := w.query.Rewards(w.ctx(), &types.QueryRewardsRequest{Id: fmt.Sprintf("%x", c)})
	if err != nil {
		t.Fatal(err)
	}
	if v := viewOf(t, w, c); v.FailedEpoch != 6 || !q.Total.Amount.Equal(q.Unlocked.Amount) || !q.Total.Amount.IsPositive() {
		t.Errorf("failed in %d, total %s, unlocked %s: want 6 and both the same", v.FailedEpoch, q.Total.Amount, q.Unlocked.Amount)
	}
	w.check(t)
}

func TestOfficialParamsAreRefused(t *testing.T) {
	tables := map[string]struct{ collateral, target, rate uint64 }{
		"local": {types.Precision / 10, 3 * types.Precision / 10, types.Precision / 100},
		"kras":  {types.Precision, 33 * types.Precision / 100, 0},
		"dar":   {types.Precision, types.Precision / 10, 0},
	}
	for name, tt := range tables {
		t.Run(name, func(t *testing.T) {
			p := types.DefaultParams()
			p.UsdCollateralPerUnit, p.UsdTargetRevenuePerEpoch, p.SlashingRate = tt.collateral, tt.target, tt.rate
			err := types.DefaultGenesis(p).Validate()
			if want := types.ErrPenaltyTooLow; tt.rate > 0 && !errors.Is(err, want) || tt.rate == 0 && !errors.Is(err, types.ErrInvalidParams) {
				t.Errorf("got %v", err)
			}
		})
	}
	p := types.DefaultParams()
	p.UsdCollateralPerUnit, p.UsdTargetRevenuePerEpoch = 200*types.Precision, 33*types.Precision/100
	if err := types.DefaultGenesis(p).Validate(); err != nil {
		t.Errorf("200 USD, 0.33 USD and 1 %%, a margin of six, are refused: %v", err)
	}
}

// viewOf returns what a query shows of a commitment.
func viewOf(t *testing.T, w *world, c []byte) types.CommitmentView {
	t.Helper()
	q, err := w.query.Commitment(w.ctx(), &types.QueryCommitmentRequest{Id: fmt.Sprintf("0x%x", c)})
	if err != nil {
		t.Fatal(err)
	}
	return q.Commitment
}
