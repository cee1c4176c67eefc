// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"errors"
	"testing"
)

func TestNextNonceCountsLittleEndianAndWraps(t *testing.T) {
	tests := map[string]struct{ in, want [32]byte }{
		"one":   {[32]byte{0}, [32]byte{1}},
		"carry": {[32]byte{0xff, 0, 7}, [32]byte{0, 1, 7}},
		"wraps, others stay": {
			[32]byte{255, 255, 255, 255, 255, 255, 255, 255, 9},
			[32]byte{0, 0, 0, 0, 0, 0, 0, 0, 9},
		},
	}
	for name, tt := range tests {
		if got := NextNonce(tt.in); got != tt.want {
			t.Errorf("%s: NextNonce(%x) = %x, want %x", name, tt.in, got, tt.want)
		}
	}
}

func TestBelowIsStrictAndBigEndian(t *testing.T) {
	low, high := [32]byte{0, 255}, [32]byte{1, 0}
	if !Below(low, high) || Below(high, low) || Below(low, low) {
		t.Errorf("Below = %v, %v, %v; want true, false, false", Below(low, high), Below(high, low), Below(low, low))
	}
}

func TestMineFindsWhatHashSays(t *testing.T) {
	vm, err := NewVM(testCache(t, Stock(), "test key 000"), Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	meter := NewMeter()
	var nonces, hashes [][32]byte
	start := [32]byte{0xff, 1, 31: 5}
	next, err := Mine(ctx, vm, Search{
		Start: start, Difficulty: [32]byte{0: 0xff, 1: 0xff}, Meter: meter,
		Found: func(n, h [32]byte) bool {
			nonces, hashes = append(nonces, n), append(hashes, h)
			return len(nonces) < 2
		},
	})
	if err != nil || len(nonces) != 2 {
		t.Fatalf("Mine = %v with %d nonces, want 2", err, len(nonces))
	}
	if meter.Hashes() < 2 || meter.Rate() <= 0 {
		t.Errorf("meter counts %d at %f/s", meter.Hashes(), meter.Rate())
	}
	if nonces[0] != start || next != NextNonce(nonces[1]) {
		t.Errorf("nonces %x then %x, want them to start at %x", nonces, next, start)
	}
	for i, n := range nonces {
		if h, err := vm.Hash(t.Context(), n[:]); err != nil || h != hashes[i] {
			t.Errorf("Hash(%x) = %x, %v; Mine said %x", n, h, err, hashes[i])
		}
	}
	stop := errors.New("epoch over")
	cancel(stop)
	if _, err := Mine(ctx, vm, Search{}); !errors.Is(err, stop) {
		t.Errorf("Mine with an ended context = %v, want its cause", err)
	}
}
