// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"slices"

	"cosmossdk.io/math"
)

// Bounds of the params.
const (
	// MaxUnits bounds the units of one commitment, and so the work of settling one.
	MaxUnits = 256
	// MaxDuration bounds a commitment, in epochs.
	MaxDuration = 1 << 40
	// MaxUSD bounds USD amounts: 100 million USD.
	MaxUSD = 100_000_000 * Precision
	// MaxPrice bounds the price of 1 FLT: 100 million USD.
	MaxPrice = 100_000_000 * Precision
	// MaxProofs bounds the proofs of one unit and epoch.
	MaxProofs = 1_000_000
	// MaxFailedRatio bounds max_failed_ratio.
	MaxFailedRatio = 10_000
	// MaxVestingPeriods bounds how many parts a reward is cut into.
	MaxVestingPeriods = 1000
	// MaxVestingPeriod bounds the epochs from one part to the next.
	MaxVestingPeriod = 1 << 31
	// MaxFeeders bounds the feeders.
	MaxFeeders = 64
	// MaxWait bounds waits that are counted in epochs.
	MaxWait = 1 << 31
	// MaxPenaltyMultiple bounds penalty_multiple.
	MaxPenaltyMultiple = 1000
	// MinPenaltyMultiple is how many times a possible gain a penalty is at least.
	MinPenaltyMultiple = 2
	// DifficultySize is the number of bytes of a difficulty.
	DifficultySize = 32
	// maxRewardBits bounds the reward pool.
	maxRewardBits = 120
)

// DefaultParams returns the params of a local network with epochs of 15 s.
func DefaultParams() Params {
	return Params{
		Enabled:                   true,
		UsdCollateralPerUnit:      100 * Precision,
		UsdTargetRevenuePerEpoch:  3 * Precision / 10,
		SlashingRate:              Precision / 100,
		PenaltyMultiple:           MinPenaltyMultiple,
		MinDuration:               10,
		MaxDuration:               10_000_000,
		MinUnits:                  1,
		MaxUnits:                  128,
		MinRewardPerEpoch:         OneFLT(),
		MaxRewardPerEpoch:         OneFLT().MulRaw(200),
		MinProofs:                 1,
		MaxProofs:                 2,
		Difficulty:                append([]byte{0x3f}, bytes.Repeat([]byte{0xff}, DifficultySize-1)...),
		MaxFailedRatio:            10,
		WithdrawEpochsAfterFailed: 2,
		VestingPeriodDuration:     3,
		VestingPeriodCount:        6,
		MinReports:                1,
		PriceStep:                 Precision / 10,
		PriceFloor:                Precision / 1000,
		PriceExpiry:               1000,
		Admission:                 DefaultAdmissionParams(),
	}
}

// Penalty returns what a failed epoch costs a unit at least, in USD scaled by
// 1e7: slashing_rate of its collateral, of which no more counts than what is
// there to be slashed sample_units times.
func (p Params) Penalty() uint64 {
	rate := min(p.SlashingRate, Precision/uint64(max(p.Admission.SampleUnits, 1)))
	return Rate(math.NewIntFromUint64(p.UsdCollateralPerUnit), rate).Uint64()
}

// Validate checks every param against its bounds, and that a cheater risks at
// least twice what it could gain per unit and epoch.
//
// Errors: ErrInvalidParams, ErrPenaltyTooLow.
func (p Params) Validate() error {
	for _, b := range p.bounds() {
		if b.value < b.min || b.value > b.max {
			return ErrInvalidParams.Wrapf("%s %d: want %d to %d", b.name, b.value, b.min, b.max)
		}
	}
	if err := p.validateRewards(); err != nil {
		return err
	}
	if err := p.validateFeeders(); err != nil {
		return err
	}
	if len(p.Difficulty) != DifficultySize || bytes.Equal(p.Difficulty, make([]byte, DifficultySize)) {
		return ErrInvalidParams.Wrapf("difficulty %x: want %d bytes, not all zero", p.Difficulty, DifficultySize)
	}
	if err := p.Admission.Validate(); err != nil {
		return err
	}
	return p.validatePenalty()
}

// bound is a number that a param must lie between.
type bound struct {
	name            string
	value, min, max uint64
}

func (p Params) bounds() []bound {
	return []bound{
		{"usd_collateral_per_unit", p.UsdCollateralPerUnit, 1, MaxUSD},
		{"usd_target_revenue_per_epoch", p.UsdTargetRevenuePerEpoch, 1, MaxUSD},
		{"slashing_rate", p.SlashingRate, 1, Precision},
		{"penalty_multiple", p.PenaltyMultiple, MinPenaltyMultiple, MaxPenaltyMultiple},
		{"min_duration", p.MinDuration, 1, MaxDuration},
		{"max_duration", p.MaxDuration, p.MinDuration, MaxDuration},
		{"min_units", uint64(p.MinUnits), 1, MaxUnits},
		{"max_units", uint64(p.MaxUnits), uint64(p.MinUnits), MaxUnits},
		{"min_proofs", uint64(p.MinProofs), 1, MaxProofs},
		{"max_proofs", uint64(p.MaxProofs), uint64(p.MinProofs), MaxProofs},
		{"max_failed_ratio", p.MaxFailedRatio, 1, MaxFailedRatio},
		{"withdraw_epochs_after_failed", p.WithdrawEpochsAfterFailed, 0, MaxWait},
		{"vesting_period_duration", p.VestingPeriodDuration, 1, MaxVestingPeriod},
		{"vesting_period_count", p.VestingPeriodCount, 1, MaxVestingPeriods},
		{"price_step", p.PriceStep, 1, Precision},
		{"price_floor", p.PriceFloor, 1, MaxPrice},
		{"price_expiry", p.PriceExpiry, 1, MaxWait},
		{"min_reports", uint64(p.MinReports), 1, max(uint64(len(p.Feeders)), 1)},
	}
}

func (p Params) validateRewards() error {
	lo, hi := p.MinRewardPerEpoch, p.MaxRewardPerEpoch
	switch {
	case lo.IsNil() || hi.IsNil():
		return ErrInvalidParams.Wrap("min_reward_per_epoch, max_reward_per_epoch: give both")
	case !lo.IsPositive():
		return ErrInvalidParams.Wrapf("min_reward_per_epoch %s: want at least 1", lo)
	case hi.LT(lo) || hi.BigInt().BitLen() > maxRewardBits:
		return ErrInvalidParams.Wrapf("max_reward_per_epoch %s: want %s to 2^%d", hi, lo, maxRewardBits)
	}
	return nil
}

func (p Params) validateFeeders() error {
	if len(p.Feeders) > MaxFeeders {
		return ErrInvalidParams.Wrapf("feeders: %d: want at most %d", len(p.Feeders), MaxFeeders)
	}
	for i, f := range p.Feeders {
		if f == "" || slices.Contains(p.Feeders[:i], f) {
			return ErrInvalidParams.Wrapf("feeders[%d] %q: empty or named twice", i, f)
		}
	}
	return nil
}

// validatePenalty refuses params under which cheating could pay.
func (p Params) validatePenalty() error {
	need := p.UsdTargetRevenuePerEpoch * MinPenaltyMultiple
	if penalty := p.Penalty(); penalty < need {
		return ErrPenaltyTooLow.Wrapf("usd_collateral_per_unit %d × slashing_rate %d / %d, of which 1 / admission.sample_units %d counts at most, "+
			"is %d per unit and epoch; must be at least %d = %d × usd_target_revenue_per_epoch %d: raise the first two or lower the last",
			p.UsdCollateralPerUnit, p.SlashingRate, Precision, p.Admission.SampleUnits, penalty, need, MinPenaltyMultiple, p.UsdTargetRevenuePerEpoch)
	}
	return nil
}
