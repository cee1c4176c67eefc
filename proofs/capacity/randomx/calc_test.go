// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"
)

func TestThisSystemCompiles(t *testing.T) {
	c := testCache(t, Fluence(), "test key 000")
	if want := runtime.GOOS == "linux" && runtime.GOARCH == "amd64"; c.Compiled() != want {
		t.Errorf("Compiled = %v on %s/%s, want %v", c.Compiled(), runtime.GOOS, runtime.GOARCH, want)
	}
}

// TestCompiledItemsAgreeWithPortable compiles the programs of many keys over the
// memory of one, which is as good as their own for this.
func TestCompiledItemsAgreeWithPortable(t *testing.T) {
	mem := testCache(t, Fluence(), "test key 000").calc.mem
	r := rand.New(rand.NewPCG(11, 12))
	m := Memory{Budget: NewBudget(0)}
	for range 60 {
		key := make([]byte, 1+r.IntN(MaxKeySize))
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		c := newCalc(mem, key, maxAccesses, m)
		p := c.portable()
		for range 10 {
			a, b := r.Uint64N(Fluence().Items()), r.Uint64N(Fluence().Items())
			var got, want [2]line
			c.two(a, b, &got[0], &got[1])
			p.two(a, b, &want[0], &want[1])
			if got != want {
				t.Fatalf("key %x: items %d and %d are %x, want %x", key, a, b, got, want)
			}
		}
		if c.code != nil {
			c.code.free()
		}
	}
	if n := m.Budget.InUse(); n != 0 {
		t.Errorf("%d bytes of code in use, want none", n)
	}
}

// TestWithoutMemoryForCodeThePortableEngineComputes refuses the code its memory.
func TestWithoutMemoryForCodeThePortableEngineComputes(t *testing.T) {
	full := testCache(t, Fluence(), "test key 000")
	c := newCalc(full.calc.mem, []byte("test key 000"), maxAccesses, Memory{Budget: NewBudget(1)})
	if c.code != nil {
		t.Fatal("code without memory")
	}
	var a, b line
	c.two(0, 10_000_000, &a, &b)
	if a[0] != 0x9df9124e2735bf8a || b[0] != 0xbaa42e8d4055ab62 {
		t.Errorf("items begin with %x and %x", a[0], b[0])
	}
}

// collectUntilFree runs the collector until nothing of b is in use.
func collectUntilFree(t *testing.T, b *Budget) {
	t.Helper()
	for range 1000 {
		if b.InUse() == 0 {
			return
		}
		runtime.GC()
	}
	t.Errorf("%d bytes still in use", b.InUse())
}

func TestForgottenVMIsFreed(t *testing.T) {
	m := Memory{Budget: NewBudget(0)}
	c := emptyCache(t, m)
	if _, err := NewVM(c, m); err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	collectUntilFree(t, m.Budget)
}

func TestForgottenCacheIsFreed(t *testing.T) {
	m := Memory{Budget: NewBudget(0)}
	if _, err := NewCache(t.Context(), Stock(), []byte("forgotten"), m); err != nil {
		t.Fatal(err)
	}
	collectUntilFree(t, m.Budget)
}

// TestHashesAreRightUnderSignals hashes while the profiler interrupts every
// thread and the collector stops the world.
func TestHashesAreRightUnderSignals(t *testing.T) {
	c := testCache(t, Stock(), "test key 000")
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	var hashing, collecting sync.WaitGroup
	done := make(chan struct{})
	collecting.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	})
	for range 3 {
		hashing.Go(func() {
			vm, err := NewVM(c, Memory{})
			if err != nil {
				t.Error(err)
				return
			}
			defer vm.Close()
			for range 3 {
				h, err := vm.Hash(t.Context(), []byte("This is a test"))
				if got := hex.EncodeToString(h[:]); err != nil || got != "639183aae1bf4c9a35884cb46b09cad9175f04efd7684e7262a0ac1c2f0b4e3f" {
					t.Errorf("Hash = %s, %v", got, err)
				}
			}
		})
	}
	hashing.Wait()
	close(done)
	collecting.Wait()
}

// TestWithoutMemoryForProgramsThePortableEngineComputes leaves a VM its
// scratchpad and nothing for code.
func TestWithoutMemoryForProgramsThePortableEngineComputes(t *testing.T) {
	vm, err := NewVM(testCache(t, Stock(), "test key 000"), Memory{Budget: NewBudget(ScratchSize)})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if vm.code != nil {
		t.Fatal("code without memory")
	}
	h, err := vm.Hash(t.Context(), []byte("This is a test"))
	if got := hex.EncodeToString(h[:4]); err != nil || got != "639183aa" {
		t.Errorf("Hash begins with %s, %v", got, err)
	}
}
