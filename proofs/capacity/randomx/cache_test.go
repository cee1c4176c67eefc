// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"errors"
	"sync"
	"testing"
	"unsafe"
)

// testCaches makes the caches that tests share, one for each key: filling one
// takes the better part of a second, and its memory is the same in both
// parameter sets.
type testCaches struct {
	mu   sync.Mutex
	made map[string]*Cache
}

// shared holds them for the life of the test binary.
var shared = testCaches{made: map[string]*Cache{}}

// testCache returns the shared cache of a key; the test must not close it.
func testCache(t testing.TB, p Params, key string) *Cache {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	c := shared.made[key]
	if c == nil {
		var err error
		if c, err = NewCache(context.Background(), Fluence(), []byte(key), Memory{}); err != nil {
			t.Fatal(err)
		}
		shared.made[key] = c
	}
	if p == c.params {
		return c
	}
	// The programs of a key are the same too, and Stock uses the first half.
	own := calc{mem: c.calc.mem, progs: c.calc.progs[:p.accesses]}
	code, err := compileItems(own.progs, Memory{})
	if err == nil {
		own.code = code
		t.Cleanup(code.free)
	}
	return &Cache{params: p, calc: own, hold: c.hold}
}

func TestDatasetWords(t *testing.T) {
	tests := map[string]struct {
		params Params
		want   map[uint64]uint64
	}{
		"stock": {Stock(), map[uint64]uint64{
			0: 0x680588a85ae222db, 10_000_000: 0x7943a1f6186ffb72,
			20_000_000: 0x9035244d718095e1, 30_000_000: 0x145a5091f7853099,
		}},
		"fluence": {Fluence(), map[uint64]uint64{
			0: 0x9df9124e2735bf8a, 10_000_000: 0xbaa42e8d4055ab62,
			20_000_000: 0x0b647ff6827de229, 30_000_000: 0xbc76a07fcefbe38f,
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := testCache(t, tt.params, "test key 000")
			for n, want := range tt.want {
				if got, err := c.Item(n); err != nil || got[0] != want {
					t.Errorf("Item(%d)[0] = %016x, %v; want %016x", n, got[0], err, want)
				}
			}
			if _, err := c.Item(tt.params.Items()); !errors.Is(err, ErrItem) {
				t.Errorf("Item past the end = %v, want ErrItem", err)
			}
		})
	}
}

func TestNewCacheRefuses(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	small := NewBudget(CacheSize - 1)
	tests := map[string]struct {
		ctx    context.Context
		params Params
		key    []byte
		mem    Memory
		want   error
	}{
		"nil key":         {t.Context(), Fluence(), nil, Memory{}, ErrKey},
		"empty key":       {t.Context(), Fluence(), []byte{}, Memory{}, ErrKey},
		"oversize key":    {t.Context(), Fluence(), make([]byte, MaxKeySize+1), Memory{}, ErrKey},
		"no parameters":   {t.Context(), Params{}, []byte("k"), Memory{}, ErrParams},
		"over the budget": {t.Context(), Stock(), []byte("k"), Memory{Budget: small}, ErrNoMemory},
		"ended context":   {ended, Stock(), []byte("k"), Memory{Budget: NewBudget(0)}, context.Canceled},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := NewCache(tt.ctx, tt.params, tt.key, tt.mem)
			if c != nil || !errors.Is(err, tt.want) {
				t.Errorf("NewCache = %v, %v; want %v", c, err, tt.want)
			}
			if n := tt.mem.Budget.InUse(); n != 0 {
				t.Errorf("%d bytes in use after a refusal, want 0", n)
			}
		})
	}
}

func BenchmarkCacheInit(b *testing.B) {
	for b.Loop() {
		c, err := NewCache(b.Context(), Fluence(), []byte("test key 000"), Memory{})
		if err != nil {
			b.Fatal(err)
		}
		_ = c.Close()
	}
}

func BenchmarkItem(b *testing.B) {
	for _, p := range []Params{Stock(), Fluence()} {
		b.Run(p.Name(), func(b *testing.B) {
			c := testCache(b, p, "test key 000")
			n := uint64(0)
			for b.Loop() {
				items(c.calc.mem, c.calc.progs, n, n+1)
				n += 2
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/item")
		})
		b.Run(p.Name()+"/compiled", func(b *testing.B) {
			c := testCache(b, p, "test key 000")
			if !c.Compiled() {
				return
			}
			n := uint64(0)
			var out line
			for b.Loop() {
				c.calc.code.item(c.calc.mem, n, &out)
				n++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/item")
		})
	}
}

func BenchmarkHash(b *testing.B) {
	for _, p := range []Params{Stock(), Fluence()} {
		for name, newVM := range map[string]func(*Cache, Memory) (*VM, error){"auto": NewVM, "portable": NewPortableVM} {
			b.Run(p.Name()+"/light/"+name, func(b *testing.B) {
				vm, err := newVM(testCache(b, p, "test key 000"), Memory{})
				if err != nil {
					b.Fatal(err)
				}
				defer vm.Close()
				in := []byte("This is a test")
				b.ReportAllocs()
				for b.Loop() {
					if _, err := vm.Hash(b.Context(), in); err != nil {
						b.Fatal(err)
					}
					in[0]++
				}
			})
		}
	}
}

// arbitraryDataset is a dataset of the right size with any content: hashing over
// it takes as long as over the right one.
func arbitraryDataset(t testing.TB, p Params) *Dataset {
	t.Helper()
	r, err := Memory{}.alloc(p.DatasetSize())
	if err != nil {
		t.Fatal(err)
	}
	d := &Dataset{params: p, hold: newHold(r)}
	d.items = unsafe.Slice((*line)(unsafe.Pointer(unsafe.SliceData(r.bytes))), p.Items())
	for n := range d.items {
		d.items[n] = itemStart(uint64(n))
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func BenchmarkFastHash(b *testing.B) {
	d := arbitraryDataset(b, Stock())
	for name, newVM := range map[string]func(*Dataset, Memory) (*VM, error){"auto": NewFastVM, "portable": NewPortableFastVM} {
		b.Run(name, func(b *testing.B) {
			vm, err := newVM(d, Memory{})
			if err != nil {
				b.Fatal(err)
			}
			defer vm.Close()
			in := make([]byte, 32)
			for b.Loop() {
				if _, err := vm.Hash(b.Context(), in); err != nil {
					b.Fatal(err)
				}
				in[0]++
			}
		})
	}
}
