// SPDX-License-Identifier: Apache-2.0

package prover_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/prover"
	"github.com/go-fluence/fluence/peer/prover/miner"
	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// roleVar makes the test binary a child process that searches.
const roleVar = "FLUENCED_TEST_MINER"

func TestMain(m *testing.M) {
	if os.Getenv(roleVar) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	if err := miner.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestRealProofsOfTwoUnits searches in child processes and hashes again what the
// chain was given.
func TestRealProofsOfTwoUnits(t *testing.T) {
	t.Setenv(roleVar, "serve")
	w := newWorld(2)
	w.window, w.duration, w.max = 0, 10*time.Minute, 2
	p, err := prover.New(prover.Config{
		Chain: easy{w}, Files: files(t, t.TempDir()), Miner: miner.Process{Command: []string{os.Args[0]}},
		Mode: prover.Light, Processors: miner.Processors(), Nice: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	for n := w.count(1); n[1] < 2 || n[2] < 2; n = w.count(1) {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("proofs %v, status %+v", n, p.Status())
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, u := range w.units {
		rehash(t, w, u.ID)
	}
}

// easy lowers the difficulty to about two hashes.
type easy struct{ *world }

// Capacity implements chain.Proving.
func (e easy) Capacity(ctx context.Context, peer [32]byte) (c chain.Capacity, err error) {
	c, err = e.world.Capacity(ctx, peer)
	c.Difficulty[0] = 0x7f
	return c, err
}

func rehash(t *testing.T, w *world, unit [32]byte) {
	t.Helper()
	key := capacity.UnitKey(w.nonce(1), unit)
	cache, err := randomx.NewCache(t.Context(), randomx.Fluence(), key[:], randomx.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cache.Close() }()
	vm, err := randomx.NewVM(cache, randomx.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = vm.Close() }()
	for _, p := range w.accepted[1] {
		if p.Unit != unit {
			continue
		}
		if h, err := vm.Hash(t.Context(), p.Nonce[:]); err != nil || h != p.Hash || h[0] > 0x7f {
			t.Errorf("unit %x, nonce %x: hash %x, handed in %x, error %v", unit[:4], p.Nonce, h, p.Hash, err)
		}
	}
}

// counter ends a search after so many hashes.
type counter struct{ left int }

func (c *counter) Found(_, _ [32]byte) bool {
	c.left--
	return c.left > 0
}

func (c *counter) Hashed(uint64, float64) bool { return true }

// BenchmarkSearch compares a search in a child process with the bare loop of
// fluenced randomx bench, per hash, over a cache that is there.
func BenchmarkSearch(b *testing.B) {
	every := [32]byte{}
	for i := range every {
		every[i] = 0xff
	}
	b.Run("bare", func(b *testing.B) {
		key := [32]byte{1}
		cache, err := randomx.NewCache(b.Context(), randomx.Fluence(), key[:], randomx.Memory{})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = cache.Close() }()
		vm, err := randomx.NewVM(cache, randomx.Memory{})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = vm.Close() }()
		b.ReportAllocs()
		left := b.N
		b.ResetTimer()
		_, err = randomx.Mine(b.Context(), vm, randomx.Search{Difficulty: every, Found: func(_, _ [32]byte) bool { left--; return left > 0 }})
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("child", func(b *testing.B) {
		b.Setenv(roleVar, "serve")
		b.ReportAllocs()
		c := &timed{b: b, counter: counter{left: b.N}}
		s := miner.Spec{Params: "fluence", Key: [32]byte{1}, Difficulty: every, Processor: miner.NoProcessor}
		if err := (miner.Process{Command: []string{os.Args[0]}}).Mine(b.Context(), s, c); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
	})
}

// timed begins to count once the cache is there.
type timed struct {
	b *testing.B
	counter
}

// Hashed implements miner.Listener.
func (t *timed) Hashed(n uint64, _ float64) bool {
	if n == 0 {
		t.b.ResetTimer()
	}
	return true
}
