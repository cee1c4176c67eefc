// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// seed puts a cache that is not filled into the pool.
func (p *Pool) seed(t *testing.T, key string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	e := &entry{cache: emptyCache(t, p.mem), ready: make(chan struct{}), used: p.tick}
	p.tick++
	close(e.ready)
	p.entries[key] = e
}

func TestPoolEvictsTheLeastRecentlyUsed(t *testing.T) {
	m := Memory{Budget: NewBudget(0)}
	p, err := NewPool(Stock(), 2, m)
	if err != nil {
		t.Fatal(err)
	}
	p.seed(t, "a")
	p.seed(t, "b")
	_, release, err := p.Get(t.Context(), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	release()
	release() // once more does nothing
	e, mine, _, err := p.claim("c")
	if err != nil || !mine {
		t.Fatalf("claim(c) = mine %v, %v; want to fill it", mine, err)
	}
	if p.entries["a"] == nil || p.entries["b"] != nil {
		t.Errorf("pool keeps %v, want a and c", p.entries)
	}
	if n := m.Budget.InUse(); n != CacheSize {
		t.Errorf("%d bytes in use, want one cache", n)
	}
	p.release(e)
}

func TestPoolWaitsWhileAllAreInUse(t *testing.T) {
	p, err := NewPool(Stock(), 1, Memory{})
	if err != nil {
		t.Fatal(err)
	}
	p.seed(t, "a")
	_, release, err := p.Get(t.Context(), []byte("a"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, _, wait, err := p.claim("b")
	if err != nil || wait == nil {
		t.Fatalf("claim(b) = %v, %v; want to wait", wait, err)
	}
	cancel()
	if _, _, err := p.Get(ctx, []byte("b")); !errors.Is(err, context.Canceled) {
		t.Errorf("Get with no room = %v, want context.Canceled", err)
	}
	release()
	<-wait // the release woke it
}

func TestPoolRefusesAndForgetsFailures(t *testing.T) {
	m := Memory{Budget: NewBudget(CacheSize - 1)}
	p, err := NewPool(Fluence(), 1, m)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, err := p.Get(t.Context(), []byte("k")); !errors.Is(err, ErrNoMemory) {
			t.Errorf("Get over the budget = %v, want ErrNoMemory", err)
		}
	}
	if _, _, err := p.Get(t.Context(), nil); !errors.Is(err, ErrKey) {
		t.Errorf("Get(nil) = %v, want ErrKey", err)
	}
	if err := errors.Join(p.Close(), p.Close()); err != nil {
		t.Error(err)
	}
	if _, _, err := p.Get(t.Context(), []byte("k")); !errors.Is(err, ErrClosed) {
		t.Errorf("Get of a closed pool = %v, want ErrClosed", err)
	}
	if _, err := NewPool(Params{}, 1, m); !errors.Is(err, ErrParams) {
		t.Errorf("NewPool without parameters = %v, want ErrParams", err)
	}
}

func TestPoolHammer(t *testing.T) {
	m := Memory{Budget: NewBudget(0)}
	p, err := NewPool(Stock(), 2, m)
	if err != nil {
		t.Fatal(err)
	}
	p.seed(t, "a")
	p.seed(t, "b")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 200 {
				c, release, err := p.Get(t.Context(), []byte{"ab"[(i+j)%2]})
				if err != nil {
					t.Error(err)
					return
				}
				if j%50 == 0 {
					if _, err := c.Item(uint64(j)); err != nil {
						t.Errorf("Item of a cache in use = %v", err)
					}
				}
				release()
			}
		})
	}
	group.Wait()
	if err := p.Close(); err != nil || m.Budget.InUse() != 0 {
		t.Errorf("Close = %v with %d bytes in use, want none", err, m.Budget.InUse())
	}
}
