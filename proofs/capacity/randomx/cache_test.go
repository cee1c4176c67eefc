// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"sync"
	"testing"
)

// cacheKey names a cache that tests share: filling one takes about a second.
type cacheKey struct {
	params Params
	key    string
}

// sharedMem is the filled memory of a key, which does not depend on the
// parameter set.
func sharedCaches() func(t testing.TB, p Params, key string) *Cache {
	var mu sync.Mutex
	made := map[cacheKey]*Cache{}
	return func(t testing.TB, p Params, key string) *Cache {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if c := made[cacheKey{p, key}]; c != nil {
			return c
		}
		for _, c := range made {
			_ = c
		}
		c, err := NewCache(t.Context(), p, []byte(key), Memory{})
		if err != nil {
			t.Fatal(err)
		}
		made[cacheKey{p, key}] = c
		return c
	}
}

// testCache returns the shared cache of a key. Tests do not close it.
var testCache = sharedCaches()

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
				items(c.mem, c.progs, n, n+1)
				n += 2
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/item")
		})
	}
}
