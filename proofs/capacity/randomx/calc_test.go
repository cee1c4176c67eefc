// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math/rand/v2"
	"runtime"
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

func TestForgottenCacheIsFreed(t *testing.T) {
	m := Memory{Budget: NewBudget(0)}
	if _, err := NewCache(t.Context(), Stock(), []byte("forgotten"), m); err != nil {
		t.Fatal(err)
	}
	for m.Budget.InUse() != 0 { // until the collector has seen it; a timeout fails
		if t.Context().Err() != nil {
			t.Fatal("never freed")
		}
		runtime.GC()
	}
}
