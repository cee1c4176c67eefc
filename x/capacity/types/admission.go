// SPDX-License-Identifier: Apache-2.0

package types

import (
	"github.com/go-fluence/fluence/proofs/capacity"
)

// Bounds of the params of admission.
const (
	maxDelay        = 1000
	maxBudget       = 10_000
	maxCost         = 1000
	maxBatch        = 10_000
	maxSampleUnits  = 10_000
	maxOpenWindow   = 100_000
	maxQueueLimit   = 1 << 32
	minLapse        = 10
	maxLapse        = 1_000_000
	claimBytes      = 64
	maxBatchProofs  = 255 // a batch's verdicts are counted in one byte
	tagBytes        = 6
	idBytes         = 32
	verdictKeyBytes = 16
)

// Parameter sets of RandomX.
const (
	RandomXFluence = "fluence"
	RandomXStock   = "stock"
)

// DefaultAdmissionParams returns the params of a local network.
func DefaultAdmissionParams() AdmissionParams {
	return AdmissionParams{
		Delay: 8, Budget: 16, KeyCost: 8, HashCost: 1, MaxBatch: 256,
		Openings: 8, SampleUnits: 32, OpenWindow: 10, QueueLimit: 1 << 16, Lapse: 1000, Randomx: RandomXFluence,
	}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p AdmissionParams) Validate() error {
	for _, f := range []struct {
		name     string
		v        uint64
		min, max uint64
	}{
		{"delay", uint64(p.Delay), 1, maxDelay},
		{"key_cost", uint64(p.KeyCost), 1, maxCost},
		{"hash_cost", uint64(p.HashCost), 1, maxCost},
		{"budget", uint64(p.Budget), uint64(p.KeyCost) + uint64(p.HashCost), maxBudget},
		{"max_batch", uint64(p.MaxBatch), 1, maxBatch},
		{"openings", uint64(p.Openings), 1, capacity.MaxOpened},
		{"sample_units", uint64(p.SampleUnits), 1, maxSampleUnits},
		{"open_window", uint64(p.OpenWindow), 1, maxOpenWindow},
		{"queue_limit", p.QueueLimit, uint64(p.Budget), maxQueueLimit},
		{"lapse", uint64(p.Lapse), minLapse, maxLapse},
	} {
		if f.v < f.min || f.v > f.max {
			return ErrInvalidParams.Wrapf("admission.%s %d: want %d to %d", f.name, f.v, f.min, f.max)
		}
	}
	if p.Randomx != RandomXFluence && p.Randomx != RandomXStock {
		return ErrInvalidParams.Wrapf("admission.randomx %q: want %s or %s", p.Randomx, RandomXFluence, RandomXStock)
	}
	return nil
}

// PerBatch returns how many proofs of one unit go into one batch: as many as a
// block's budget pays for.
func (p AdmissionParams) PerBatch() int {
	return int(min((uint64(p.Budget)-uint64(p.KeyCost))/uint64(p.HashCost), maxBatchProofs))
}

// Cost returns what n proofs of one key cost.
func (p AdmissionParams) Cost(n int) uint64 { return uint64(p.KeyCost) + uint64(n)*uint64(p.HashCost) }

// Len returns the number of proofs of a batch.
func (b Batch) Len() int { return len(b.Claims) / claimBytes }

// Claim returns the local nonce and the result hash of proof i.
func (b Batch) Claim(i int) (nonce, hash [32]byte) {
	return [32]byte(b.Claims[i*claimBytes:]), [32]byte(b.Claims[i*claimBytes+32:])
}

// Split returns nonces and hashes as a verifier wants them.
func (b Batch) Split() (key [32]byte, nonces, want [][32]byte) {
	for i := range b.Len() {
		n, h := b.Claim(i)
		nonces, want = append(nonces, n), append(want, h)
	}
	return [32]byte(b.Key), nonces, want
}

// Validate checks the form of a batch.
//
// Errors: ErrInvalidGenesis.
func (b Batch) Validate() error {
	n := len(b.Claims)
	if len(b.UnitId) != idBytes || len(b.PeerId) != idBytes || len(b.Key) != 32 || b.Epoch == 0 || b.Provider == "" ||
		n == 0 || n%claimBytes != 0 || n/claimBytes > maxBatchProofs {
		return ErrInvalidGenesis.Wrapf("batch %d: want ids and key of 32 bytes, an epoch, a provider and 1 to %d whole claims", b.Seq, maxBatchProofs)
	}
	return nil
}

// Units returns the ids of a root's units in their order.
func (r Root) Units() [][32]byte {
	units := make([][32]byte, len(r.UnitIds)/idBytes)
	for i := range units {
		units[i] = [32]byte(r.UnitIds[i*idBytes:])
	}
	return units
}

// Layout returns which leaf of the root belongs to which unit.
//
// Errors: capacity.ErrLayout.
func (r Root) Layout() (capacity.Layout, error) { return capacity.NewLayout(r.Units(), r.Counts) }

// UnitCount returns how many units the peer has: the more, the likelier it is drawn.
func (r Root) UnitCount() uint32 { return uint32(len(r.Counts)) }

// Lot returns what decides about the openings of a root.
func (r Round) Lot(peer []byte) capacity.Lot {
	return capacity.Lot{Beacon: [32]byte(r.Beacon), Peer: [32]byte(peer), Epoch: r.Epoch}
}

// Has reports whether a nonce with that tag was admitted.
func (u UnitNonces) Has(nonce [32]byte) bool {
	tag := tagOf(nonce)
	for rest := u.Tags; len(rest) >= tagBytes; rest = rest[tagBytes:] {
		if [tagBytes]byte(rest) == tag {
			return true
		}
	}
	return false
}

// Add records a nonce.
func (u *UnitNonces) Add(nonce [32]byte) {
	tag := tagOf(nonce)
	u.Tags = append(u.Tags, tag[:]...)
}

// Len returns the number of nonces.
func (u UnitNonces) Len() int { return len(u.Tags) / tagBytes }

func tagOf(nonce [32]byte) (b [tagBytes]byte) {
	tag := capacity.Tag(nonce)
	for i := range b {
		b[i] = byte(tag >> (8 * (tagBytes - 1 - i)))
	}
	return b
}
