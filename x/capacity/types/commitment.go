// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"sort"

	"cosmossdk.io/math"
)

// EndEpoch returns the first epoch after the term, 0 before the deposit.
func (c Commitment) EndEpoch() uint64 {
	if c.StartEpoch == 0 {
		return 0
	}
	return c.StartEpoch + c.Duration
}

// MaxFails returns how many failed epochs of units together end the commitment.
func (c Commitment) MaxFails() uint64 { return c.MaxFailedRatio * uint64(c.UnitCount) }

// Required returns the collateral of all units.
func (c Commitment) Required() math.Int { return c.CollateralPerUnit.MulRaw(int64(c.UnitCount)) }

// Index returns the place of a unit among the sorted units of the book.
func (b Book) Index(unit []byte) (int, bool) {
	i := sort.Search(len(b.Units), func(i int) bool { return bytes.Compare(b.Units[i].UnitId, unit) >= 0 })
	return i, i < len(b.Units) && bytes.Equal(b.Units[i].UnitId, unit)
}

// Ended reports whether nothing more is due: the commitment failed, ran out or is finished.
func (b Book) Ended() bool {
	return b.Status == StatusInactive || b.Status == StatusFailed || b.Status == StatusRemoved
}

// ActiveUnits counts the units from which proofs are due now or later.
func (b Book) ActiveUnits() uint64 {
	n := uint64(0)
	for _, u := range b.Units {
		if !u.InDeal && !u.Exited && u.From > 0 {
			n++
		}
	}
	return n
}

// DueFrom reports whether a unit's proofs are due in an epoch, as far as the unit's present state tells.
func (u UnitBook) DueFrom(epoch uint64) bool {
	return !u.InDeal && !u.Exited && u.From > 0 && u.From <= epoch
}

// NewTally returns the tally of an epoch of the units as they are now.
func NewTally(b Book, epoch uint64) Tally {
	n := len(b.Units)
	t := Tally{CommitmentId: b.CommitmentId, Epoch: epoch, Due: make([]byte, (n+7)/8), Excused: make([]byte, (n+7)/8), Proofs: make([]uint32, n)}
	for i, u := range b.Units {
		if u.DueFrom(epoch) {
			setBit(t.Due, i, true)
		}
	}
	return t
}

// IsDue reports whether unit i must prove in the epoch.
func (t Tally) IsDue(i int) bool { return bit(t.Due, i) }

// Counts reports whether proofs of unit i count in the epoch: it must prove, or
// had to until a deal took it.
func (t Tally) Counts(i int) bool { return bit(t.Due, i) || bit(t.Excused, i) }

// Excuse notes that a deal took unit i in the epoch.
func (t Tally) Excuse(i int) {
	if bit(t.Due, i) {
		setBit(t.Due, i, false)
		setBit(t.Excused, i, true)
	}
}

// Sharing returns the proofs of units with at least least of them.
func (t Tally) Sharing(least uint32) uint64 {
	sum := uint64(0)
	for _, n := range t.Proofs {
		if n >= least {
			sum += uint64(n)
		}
	}
	return sum
}

func bit(b []byte, i int) bool { return i/8 < len(b) && b[i/8]>>(i%8)&1 == 1 }

func setBit(b []byte, i int, on bool) {
	if on {
		b[i/8] |= 1 << (i % 8)
	} else {
		b[i/8] &^= 1 << (i % 8)
	}
}

// MaxReward returns the most that a unit earns in an epoch: what it stands to
// lose by cheating, divided by penalty_multiple. That is the penalty of one
// epoch, and no more than the part of its remaining collateral that is left
// when the penalty is scaled by sample_units. A multiple of 0, which Validate
// refuses, means no limit; then part is returned.
func (c Commitment) MaxReward(u UnitBook, p Params, part math.Int) math.Int {
	if p.PenaltyMultiple == 0 {
		return part
	}
	risk := math.MinInt(Rate(c.CollateralPerUnit, p.SlashingRate), c.CollateralPerUnit.Sub(u.Slashed).QuoRaw(int64(max(p.Admission.SampleUnits, 1))))
	return risk.Quo(math.NewIntFromUint64(p.PenaltyMultiple))
}

// Scale returns how many times a penalty is due when the peer whose units the
// tally holds was drawn: the inverse of min(1, u/sample) for the u units whose
// proofs count, rounded up.
func Scale(t Tally, sample uint32) uint32 {
	u := uint32(0)
	for i := range t.Proofs {
		if t.Counts(i) {
			u++
		}
	}
	if u == 0 || u >= sample {
		return 1
	}
	return (sample + u - 1) / u
}
