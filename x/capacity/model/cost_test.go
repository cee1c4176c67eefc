// SPDX-License-Identifier: Apache-2.0

package model_test

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// engine is what a RandomX engine needs with Fluence's parameters, in processor
// seconds: docs/benchmarks/randomx.md (16 384 items of 2.4 or 6.5 us and a fast hash).
type engine struct {
	name        string
	cache, hash float64
}

// envelope is what a transaction needs beside its message: signature, key, fee.
const (
	envelope   = 250
	proofBytes = 96 // unit, local nonce, hash
	day        = 86_400
)

// sizes returns what the messages of a peer take that proves 30 times with each
// unit: the root, and the opening of eight leaves, averaged over draws.
func sizes(t *testing.T, rng *rand.Rand, units int) (root, opening float64) {
	t.Helper()
	ids, leaves := make([][32]byte, units), []capacity.Leaf{}
	for i := range ids {
		binary.BigEndian.PutUint64(ids[i][:], uint64(i))
		for range 30 {
			l := capacity.Leaf{Unit: ids[i]}
			binary.BigEndian.PutUint64(l.Nonce[:], rng.Uint64())
			leaves = append(leaves, l)
		}
	}
	tree, err := capacity.NewTree(ids, leaves)
	if err != nil {
		t.Fatal(err)
	}
	msg := types.MsgCommitProofs{Owner: strings.Repeat("o", 45), PeerId: ids[0][:], Epoch: 1000, Root: make([]byte, 32), N: uint32(len(leaves)), Counts: tree.Counts()}
	root = float64(msg.Size() + envelope)
	const runs = 50
	for range runs {
		places := rng.Perm(len(leaves))[:openings]
		slices.Sort(places)
		at := make([]uint64, openings)
		for i, p := range places {
			at[i] = uint64(p)
		}
		o, err := tree.Open(at)
		if err != nil {
			t.Fatal(err)
		}
		msg := types.MsgOpenProofs{Owner: msg.Owner, PeerId: msg.PeerId, Epoch: 1000, Opening: o.Append(nil)}
		opening += float64(msg.Size()+envelope) / runs
	}
	return root, opening
}

// load is what a validator does in an epoch of a day.
type load struct{ seconds, megabytes float64 }

// direct verifies every proof; a unit's proofs share a cache as far as they stand in one batch.
func direct(units, proofs, batch int, e engine) load {
	batches := (proofs + batch - 1) / batch
	return load{
		float64(units) * (float64(batches)*e.cache + float64(proofs)*e.hash),
		float64(units*proofs*proofBytes) / 1e6,
	}
}

// committed draws peers and verifies the openings of those, each unit's with one cache.
func committed(rng *rand.Rand, units, perPeer int, root, opening float64, e engine) (l load) {
	for range units / perPeer {
		l.megabytes += root / 1e6
		if rng.Float64() >= float64(perPeer)/32 {
			continue
		}
		seen := map[int]bool{}
		for range openings {
			seen[rng.IntN(perPeer)] = true
		}
		l.seconds += float64(len(seen))*e.cache + openings*e.hash
		l.megabytes += opening / 1e6
	}
	return l
}

// TestVerificationCost computes the table of docs/benchmarks/capacity.md: a day's
// epoch, 30 proofs per unit, batches of 8 and eight openings. The committed path at
// 100 000 units must stay within 0.16 core of a day and 45 MB with the compiled engine.
func TestVerificationCost(t *testing.T) {
	engines := []engine{{"compiled", 0.363, 0.0433}, {"portable", 0.363, 0.124}}
	for _, units := range []int{1_000, 10_000, 100_000} {
		for _, e := range engines {
			d := direct(units, 30, 8, e)
			t.Logf("%6d units, %s, direct: %8.0f s (%.3f cores), %.1f MB", units, e.name, d.seconds, d.seconds/day, d.megabytes)
			for _, per := range []int{1, 8, 32} {
				var sum load
				rng := rand.New(rand.NewPCG(uint64(units), uint64(per)))
				root, opening := sizes(t, rng, per)
				const runs = 20
				for range runs {
					l := committed(rng, units, per, root, opening, e)
					sum.seconds, sum.megabytes = sum.seconds+l.seconds/runs, sum.megabytes+l.megabytes/runs
				}
				t.Logf("%6d units, %s, committed by peers of %2d: %6.0f s (%.3f cores), %.1f MB", units, e.name, per, sum.seconds, sum.seconds/day, sum.megabytes)
				if units == 100_000 && e.name == "compiled" && (sum.seconds/day > 0.16 || sum.megabytes > 45) {
					t.Errorf("peers of %d: %.3f cores, %.1f MB", per, sum.seconds/day, sum.megabytes)
				}
			}
		}
	}
}
