// SPDX-License-Identifier: Apache-2.0

//go:build sim

package verdicts_test

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// cpu returns the processor time that f takes on this thread, in milliseconds: the
// least of n runs.
func cpu(t *testing.T, n int, f func() error) float64 {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now := func() float64 {
		var u unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
			t.Fatal(err)
		}
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
	}
	best := 0.0
	for i := range n {
		before := now()
		if err := f(); err != nil {
			t.Fatal(err)
		}
		if took := now() - before; i == 0 || took < best {
			best = took
		}
	}
	return best
}

// engineCost is what one engine takes, in milliseconds of one processor.
type engineCost struct {
	name        string
	cache, hash float64
}

// measure returns the costs of the compiled and the portable engine.
func measure(t *testing.T) []engineCost {
	t.Helper()
	var cache *randomx.Cache
	key := []byte("cost")
	fill := cpu(t, 3, func() (err error) {
		if cache != nil {
			_ = cache.Close()
		}
		cache, err = randomx.NewCache(t.Context(), randomx.Fluence(), key, randomx.Memory{})
		return err
	})
	t.Cleanup(func() { _ = cache.Close() })
	one := func(vm *randomx.VM, err error) float64 {
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = vm.Close() }()
		return cpu(t, 12, func() error {
			_, err := vm.Hash(t.Context(), key)
			return err
		})
	}
	compiled := one(randomx.NewVM(cache, randomx.Memory{}))
	portable := one(randomx.NewPortableVM(cache, randomx.Memory{}))
	return []engineCost{{"compiled", fill, compiled}, {"portable", fill, portable}}
}

// day is what the committed path asks of every validator in one epoch.
type day struct {
	drawn, keys, hashes, bytes int
}

// committed plays the draw of an epoch for units on peers of the given size, each
// unit with proofs leaves, and opens what is drawn.
func committed(t *testing.T, units, perPeer, proofs int) (d day) {
	t.Helper()
	const openings, every, overhead = 8, 32, 300 // bytes of a transaction around its message
	trees := make([]*capacity.Tree, 4)           // peers differ in what is drawn, not in shape
	for i := range trees {
		trees[i] = plant(t, i, perPeer, proofs)
	}
	for p := range units / perPeer {
		lot := capacity.Lot{Beacon: [32]byte{7}, Epoch: 1}
		binary.BigEndian.PutUint64(lot.Peer[:], uint64(p))
		d.bytes += overhead + 32 + 32 + 8 + perPeer // the root
		if !lot.Drawn(uint32(perPeer), every) {
			continue
		}
		tree := trees[p%len(trees)]
		indices := lot.Sample(tree.Layout().Len(), openings)
		o, err := tree.Open(indices)
		if err != nil {
			t.Fatal(err)
		}
		d.drawn++
		d.bytes += overhead + len(o.Append(nil))
		d.hashes += len(indices)
		for i, x := range indices {
			if i == 0 || tree.Layout().Unit(x) != tree.Layout().Unit(indices[i-1]) {
				d.keys++
			}
		}
	}
	return d
}

func plant(t *testing.T, seed, units, proofs int) *capacity.Tree {
	t.Helper()
	ids := make([][32]byte, units)
	var leaves []capacity.Leaf
	for i := range ids {
		ids[i] = sha256.Sum256(fmt.Appendf(nil, "%d %d", seed, i))
	}
	slices.SortFunc(ids, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	for i, id := range ids {
		for j := range proofs {
			leaves = append(leaves, capacity.Leaf{Unit: id, Nonce: sha256.Sum256(fmt.Appendf(nil, "%d %d %d", seed, i, j))})
		}
	}
	tree, err := capacity.NewTree(ids, leaves)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestCostTable prints the tables of docs/benchmarks/proofs.md: what verification
// costs a validator per epoch of 24 h, measured per proof and computed for whole
// networks. It fails when the committed path at 100 000 units exceeds its bounds.
func TestCostTable(t *testing.T) {
	const epoch, proofs = 86_400, 30
	engines := measure(t)
	for _, e := range engines {
		t.Logf("| %s | %.0f ms | %.1f ms |", e.name, e.cache, e.hash)
	}
	for _, units := range []int{1_000, 10_000, 100_000} {
		for _, perPeer := range []int{32, 1} {
			d := committed(t, units, perPeer, proofs)
			for _, e := range engines {
				direct := float64(units) * (e.cache + proofs*e.hash) / 1000
				opened := (float64(d.keys)*e.cache + float64(d.hashes)*e.hash) / 1000
				t.Logf("| %d | %d | %s | %.0f s (%.3f) | %d, %d keys, %d hashes | %.0f s (%.3f) | %.1f MB |",
					units, perPeer, e.name, direct, direct/epoch, d.drawn, d.keys, d.hashes, opened, opened/epoch, float64(d.bytes)/1e6)
				if units == 100_000 && perPeer == 32 && e.name == "compiled" && opened/epoch > 0.16 {
					t.Errorf("%.3f of a core at 100 000 units, at most 0.16", opened/epoch)
				}
			}
			if units == 100_000 && d.bytes > 45_000_000 {
				t.Errorf("%d bytes at 100 000 units on peers of %d, at most 45 MB", d.bytes, perPeer)
			}
		}
	}
}
