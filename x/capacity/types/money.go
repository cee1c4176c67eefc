// SPDX-License-Identifier: Apache-2.0

package types

import (
	"encoding/binary"

	"cosmossdk.io/math"
	"golang.org/x/crypto/sha3"
)

// Precision scales rates, USD amounts and prices: 1e7 is one.
const Precision = 10_000_000

// PoolStep is the part by which the reward pool moves from one epoch to the next, scaled by Precision.
const PoolStep = Precision / 10

// OneFLT returns 1 FLT in aflt.
func OneFLT() math.Int { return math.NewIntFromUint64(1e18) }

// Rate returns floor(x · rate / Precision).
func Rate(x math.Int, rate uint64) math.Int {
	return x.Mul(math.NewIntFromUint64(rate)).QuoRaw(Precision)
}

// CollateralPerUnit returns what a unit's collateral is in aflt: usd · 1e7 / price · 1e18 / 1e7,
// floor after each division. The price must not be 0.
//
// Source: deal@b87aa6a src/core/Core.sol, fltCollateralPerUnit.
func CollateralPerUnit(usd, price uint64) math.Int {
	return math.NewIntFromUint64(usd).MulRaw(Precision).Quo(math.NewIntFromUint64(price)).Mul(OneFLT()).QuoRaw(Precision)
}

// NextPool returns the reward pool of an epoch from that of the epoch before:
// a tenth less when a unit would get more than usd_target_revenue_per_epoch,
// else a tenth more, within the params' bounds. Without active units it stays.
func NextPool(prev math.Int, price, activeUnits uint64, p Params) math.Int {
	next := prev
	if activeUnits > 0 {
		target := prev.Mul(math.NewIntFromUint64(price)).Quo(math.NewIntFromUint64(activeUnits)).Quo(OneFLT())
		if target.GT(math.NewIntFromUint64(p.UsdTargetRevenuePerEpoch)) {
			next = Rate(prev, Precision-PoolStep)
		} else {
			next = Rate(prev, Precision+PoolStep)
		}
	}
	return math.MaxInt(p.MinRewardPerEpoch, math.MinInt(next, p.MaxRewardPerEpoch))
}

// NextPrice returns the price of an epoch from that of the epoch before and
// the median of the reports: moved towards it by at most the params' step (but
// by 1 at least), and never below their floor.
func NextPrice(prev, median uint64, p Params) uint64 {
	step := math.NewIntFromUint64(prev).Mul(math.NewIntFromUint64(p.PriceStep)).QuoRaw(Precision).Uint64()
	step = max(step, 1)
	next := median
	switch {
	case median > prev && median-prev > step:
		next = prev + step
	case median < prev && prev-median > step:
		next = prev - step
	}
	return min(max(next, p.PriceFloor), MaxPrice)
}

// Median returns the middle of sorted prices, of an even number the lower mean
// of the two in the middle. The list must not be empty.
func Median(sorted []uint64) uint64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	a, b := sorted[n/2-1], sorted[n/2]
	return a + (b-a)/2
}

// FirstUnlock returns the epoch in which the first part of a reward for an
// epoch unlocks: the next multiple of period, strictly later.
func FirstUnlock(epoch, period uint64) uint64 { return epoch + (period - epoch%period) }

// Unlocked returns how much of the sum is unlocked in an epoch: part i of count
// adds up to floor(amount · i / count), so that no remainder is lost.
func (v Vesting) Unlocked(epoch uint64) math.Int {
	if epoch < v.First {
		return math.ZeroInt()
	}
	parts := min((epoch-v.First)/v.Period+1, v.Count)
	return v.Amount.Mul(math.NewIntFromUint64(parts)).Quo(math.NewIntFromUint64(v.Count))
}

// Over reports whether all parts are unlocked in an epoch.
func (v Vesting) Over(epoch uint64) bool {
	return epoch >= v.First && (epoch-v.First)/v.Period+1 >= v.Count
}

// Terms returns the last part of the sum's store key.
func (v Vesting) Terms() uint64 { return v.Period<<32 | v.Count }

// Split returns a reward's parts: the delegator's is rounded down.
func Split(amount math.Int, rate uint64) (provider, delegator math.Int) {
	delegator = Rate(amount, rate)
	return amount.Sub(delegator), delegator
}

// CommitmentID returns keccak256(u256 height ‖ peer ‖ u256 duration ‖ delegator(20) ‖ u256 rate).
// The delegator's address is cut or filled from the left to 20 bytes.
//
// Source: deal@b87aa6a src/core/modules/capacity/Capacity.sol, createCommitment.
func CommitmentID(height int64, peer []byte, duration uint64, delegator []byte, rate uint64) []byte {
	b := append(word(uint64(height)), peer...)
	b = append(b, word(duration)...)
	var addr [20]byte
	if len(delegator) > 20 {
		delegator = delegator[len(delegator)-20:]
	}
	copy(addr[20-len(delegator):], delegator)
	b = append(append(b, addr[:]...), word(rate)...)
	h := sha3.NewLegacyKeccak256()
	h.Write(b)
	return h.Sum(nil)
}

// word returns n as 32 bytes, big-endian.
func word(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 24), n) }
