// SPDX-License-Identifier: Apache-2.0

package types

import (
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Bounds and units of the params.
const (
	day           = 86_400
	year          = 365 * day
	maxSeconds    = 100 * year
	maxRecords    = 256
	maxPrices     = 64
	maxPriceBits  = 160
	maxBlocksWait = 1000
)

// DefaultParams returns the params of the local network: 28 days to 10 years, 30
// days of grace, 3 weeks of premium.
func DefaultParams() Params {
	flt := func(n int64) math.Int { return math.NewInt(n).Mul(math.NewInt(1_000_000_000_000_000_000)) }
	return Params{
		Denom:   "aflt",
		Prices:  []Price{{Length: 1, PerYear: flt(1000)}, {Length: 2, PerYear: flt(500)}, {Length: 3, PerYear: flt(100)}, {Length: 4, PerYear: flt(25)}, {Length: 5, PerYear: flt(5)}},
		Premium: flt(1000), PremiumSeconds: 21 * day, GraceSeconds: 30 * day,
		MinPeriodSeconds: 28 * day, MaxPeriodSeconds: 10 * year,
		MinCommitBlocks: 1, MaxCommitSeconds: day, MaxRecords: 32,
	}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p Params) Validate() error {
	if err := sdk.ValidateDenom(p.Denom); err != nil {
		return ErrInvalidParams.Wrapf("denom: %v", err)
	}
	if len(p.Prices) == 0 || len(p.Prices) > maxPrices || p.Prices[0].Length != 1 {
		return ErrInvalidParams.Wrapf("prices: want 1 to %d, the first for length 1", maxPrices)
	}
	for i, price := range p.Prices {
		if i > 0 && price.Length <= p.Prices[i-1].Length || badAmount(price.PerYear) {
			return ErrInvalidParams.Wrapf("prices[%d]: lengths ascend, amounts are not negative and below 2^%d", i, maxPriceBits)
		}
	}
	if badAmount(p.Premium) {
		return ErrInvalidParams.Wrapf("premium: not negative and below 2^%d", maxPriceBits)
	}
	for _, b := range []struct {
		name           string
		v, least, most uint64
	}{
		{"premium_seconds", p.PremiumSeconds, 1, maxSeconds},
		{"grace_seconds", p.GraceSeconds, 0, maxSeconds},
		{"min_period_seconds", p.MinPeriodSeconds, 1, maxSeconds},
		{"max_period_seconds", p.MaxPeriodSeconds, p.MinPeriodSeconds, maxSeconds},
		{"min_commit_blocks", p.MinCommitBlocks, 1, maxBlocksWait},
		{"max_commit_seconds", p.MaxCommitSeconds, 60, 30 * day},
		{"max_records", uint64(p.MaxRecords), 1, maxRecords},
	} {
		if b.v < b.least || b.v > b.most {
			return ErrInvalidParams.Wrapf("%s %d: want %d to %d", b.name, b.v, b.least, b.most)
		}
	}
	return nil
}

func badAmount(a math.Int) bool {
	return a.IsNil() || a.IsNegative() || a.BigInt().BitLen() > maxPriceBits
}

// Price returns what a period of a label costs, rounded up, without premium.
func (p Params) Price(label string, seconds uint64) math.Int {
	rate := math.ZeroInt()
	for _, price := range p.Prices {
		if len(label) >= int(price.Length) {
			rate = price.PerYear
		}
	}
	return rate.Mul(math.NewIntFromUint64(seconds)).AddRaw(year - 1).QuoRaw(year)
}

// PremiumAt returns what is added for a name that became free since seconds ago.
func (p Params) PremiumAt(since uint64) math.Int {
	if since >= p.PremiumSeconds {
		return math.ZeroInt()
	}
	return p.Premium.Mul(math.NewIntFromUint64(p.PremiumSeconds - since)).Quo(math.NewIntFromUint64(p.PremiumSeconds))
}
