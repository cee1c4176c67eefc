// SPDX-License-Identifier: Apache-2.0

package beacon_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/go-fluence/fluence/proofs/beacon"
)

// order says, block by block, whether a hostile validator proposes.
type order func(rng *rand.Rand, blocks int) []bool

// atRandom gives each block to a hostile proposer with the probability of its stake:
// the order of many validators of unequal stake.
func atRandom(share float64) order {
	return func(rng *rand.Rand, blocks int) []bool {
		list := make([]bool, blocks)
		for i := range list {
			list[i] = rng.Float64() < share
		}
		return list
	}
}

// inARow is the worst order of CometBFT: of n validators of equal stake, hostile ones
// propose one after the other.
func inARow(hostile, n int) order {
	return func(rng *rand.Rand, blocks int) []bool {
		list, at := make([]bool, blocks), rng.IntN(n)
		for i := range list {
			list[i] = (at+i)%n < hostile
		}
		return list
	}
}

// choices returns the values that hostile proposers can choose from: each mix of
// the outputs given and withheld after the last honest one, whose output they cannot
// foresee. With skip, a hostile proposer may also let its round pass where the next
// proposer is hostile too, whose output for the height is another one.
func choices(rng *rand.Rand, hostile []bool, share float64, skip bool) [][32]byte {
	mixes := [][32]byte{beacon.Begin("fluence-local-1", 1, [32]byte{})}
	for i, h := range hostile {
		height := int64(i + 1)
		if !h {
			out := output(rng)
			mixes = [][32]byte{beacon.Mix(mixes[rng.IntN(len(mixes))], height, out)}
			continue
		}
		outs := []beacon.Output{output(rng)}
		for skip && len(outs) < 3 && rng.Float64() < share {
			outs = append(outs, output(rng))
		}
		given := make([][32]byte, 0, len(mixes)*len(outs))
		for _, m := range mixes {
			for _, out := range outs {
				given = append(given, beacon.Mix(m, height, out))
			}
		}
		if mixes = append(mixes, given...); len(mixes) > maxChoices {
			mixes = mixes[:maxChoices]
		}
	}
	return mixes
}

// maxChoices bounds the simulation, not the attacker: nine bits, one more than the
// penalties are made for.
const maxChoices = 1 << 9

// output stands for a VRF output that nobody foresees.
func output(rng *rand.Rand) (o beacon.Output) {
	for i := 0; i < len(o); i += 8 {
		binary.BigEndian.PutUint64(o[i:], rng.Uint64())
	}
	return o
}

// measured is what hostile proposers reached over many epochs.
type measured struct {
	bits  float64 // mean gain over one honest draw, in bits
	rare  float64 // share of epochs with 2^8 choices or more
	blind float64 // share of epochs without an honest output
}

// measure has hostile proposers choose the smallest value they can. One honest draw
// is 1/ln 2 bits small on average; what is beyond that is bias.
func measure(epochs, window int, o order, share float64, skip bool) (m measured) {
	rng := rand.New(rand.NewPCG(uint64(window), 7))
	for range epochs {
		hostile := o(rng, window)
		list := choices(rng, hostile, share, skip)
		least := uint64(math.MaxUint64)
		for _, v := range list {
			least = min(least, binary.BigEndian.Uint64(v[:]))
		}
		m.bits += 64 - math.Log2(float64(least)+1) - 1/math.Ln2
		if len(list) >= 1<<8 {
			m.rare++
		}
		all := true
		for _, h := range hostile {
			all = all && h
		}
		if all {
			m.blind++
		}
	}
	n := float64(epochs)
	return measured{m.bits / n, m.rare / n, m.blind / n}
}

// TestBiasOfHostileProposers measures what withholding gives; x/beacon/README.md has
// the table.
func TestBiasOfHostileProposers(t *testing.T) {
	tests := []struct {
		name    string
		epochs  int
		window  int
		order   order
		share   float64
		skip    bool
		maxBits float64
		rare    float64 // at most this share of epochs with eight bits
	}{
		{"nobody hostile", 2000, 32, atRandom(0), 0, false, 0.1, 0},
		{"a tenth", 2000, 32, atRandom(0.1), 0.1, false, 0.2, 0},
		{"a third", 2000, 3, atRandom(1. / 3), 1. / 3, false, 0.6, 0},
		{"a third", 2000, 8, atRandom(1. / 3), 1. / 3, false, 0.6, 0.002},
		{"a third", 2000, 32, atRandom(1. / 3), 1. / 3, false, 0.6, 0.002},
		{"a third that also skips rounds", 2000, 32, atRandom(1. / 3), 1. / 3, true, 0.8, 0.01},
		{"33 of 100 in a row", 300, 8, inARow(33, 100), 1, false, 2.5, 0.32},
		{"33 of 100 in a row", 300, 32, inARow(33, 100), 1, false, 4.5, 0.32},
		{"33 of 100 in a row", 300, 64, inARow(33, 100), 1, false, 4.5, 0.32},
	}
	for _, tt := range tests {
		m := measure(tt.epochs, tt.window, tt.order, tt.share, tt.skip)
		t.Logf("%-31s window %2d: %5.2f bits on average, 8 bits in %6.3f %% of epochs, no honest output in %6.3f %%",
			tt.name, tt.window, m.bits, 100*m.rare, 100*m.blind)
		if m.bits > tt.maxBits || m.rare > tt.rare {
			t.Errorf("%s, window %d: %.2f bits and %.4f, want at most %.2f and %.4f", tt.name, tt.window, m.bits, m.rare, tt.maxBits, tt.rare)
		}
	}
}

// profit is what faking a fraction of a peer's leaves gains on average in an epoch,
// in units of what the peer can gain honestly, when the value is the best of 2^bits
// draws of k openings each and a fake that is found costs penalty units.
func profit(fraction float64, k int, bits, penalty float64) float64 {
	seen := 1 - math.Pow(1-fraction, float64(k))
	return fraction - penalty*math.Pow(seen, math.Exp2(bits))
}

// best returns the fraction that pays most and what it pays.
func best(k int, bits, penalty float64) (fraction, gain float64) {
	for f := 0.0; f <= 1; f += 1. / 2048 {
		if g := profit(f, k, bits, penalty); g > gain {
			fraction, gain = f, g
		}
	}
	return fraction, gain
}

// TestOpeningsBoundWhatBiasIsWorth computes the table of x/beacon/README.md. Without
// bias no fraction pays. With eight bits small ones do, by less than ln(2^8)/k of one
// peer's epoch, which is what a withheld output must cost.
func TestOpeningsBoundWhatBiasIsWorth(t *testing.T) {
	const penalty = 2 // times the gain: the least that genesis and governance accept
	for _, k := range []int{4, 8, 16, 32, 64} {
		row := fmt.Sprintf("k = %2d:", k)
		for _, bits := range []float64{0, 0.5, 1, 2, 4, 8} {
			fraction, gain := best(k, bits, penalty)
			row += fmt.Sprintf("  %g bits %.3f at %.3f", bits, gain, fraction)
			if bits == 0 && gain > 0 {
				t.Errorf("k %d: faking %.3f gains %.4f without bias", k, fraction, gain)
			}
			if bound := math.Ln2 * bits / float64(k); bits >= 1 && gain > bound+1./float64(k) {
				t.Errorf("k %d, %g bits: gains %.3f, want at most %.3f", k, bits, gain, bound)
			}
		}
		t.Log(row)
	}
}
