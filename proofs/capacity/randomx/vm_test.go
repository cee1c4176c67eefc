// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// emptyCache is a cache whose memory is all zeros: good for everything but its
// hashes, and free.
func emptyCache(t testing.TB, m Memory) *Cache {
	t.Helper()
	r, err := m.alloc(CacheSize)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cache{params: Stock(), hold: newHold(r)}
	lines := unsafe.Slice((*line)(unsafe.Pointer(unsafe.SliceData(r.bytes))), cacheItems)
	c.calc = newCalc(lines, []byte("empty"), c.params.accesses, Memory{})
	c.hold.code = c.calc.code
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestMemoryIsHeldUntilTheLastUserCloses(t *testing.T) {
	m := Memory{Budget: NewBudget(0)}
	c := emptyCache(t, m)
	vm, err := NewVM(c, m)
	if err != nil {
		t.Fatal(err)
	}
	want := func(step string, n uint64) {
		t.Helper()
		if got := m.Budget.InUse(); got != n {
			t.Errorf("%s: %d bytes in use, want %d", step, got, n)
		}
	}
	own := uint64(ScratchSize)
	if vm.code != nil {
		own += codePages
	}
	want("made", CacheSize+own)
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	want("cache closed", CacheSize+own)
	if _, err := vm.Hash(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Hash over a closed cache = %v, want ErrClosed", err)
	}
	if err := errors.Join(vm.Close(), vm.Close()); err != nil {
		t.Error(err)
	}
	want("VM closed", 0)
	if _, err := vm.Hash(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Hash of a closed VM = %v, want ErrClosed", err)
	}
	if _, err := c.Item(0); !errors.Is(err, ErrClosed) {
		t.Errorf("Item of a closed cache = %v, want ErrClosed", err)
	}
	if _, err := NewVM(c, m); !errors.Is(err, ErrClosed) {
		t.Errorf("NewVM over a closed cache = %v, want ErrClosed", err)
	}
	if _, err := NewDataset(t.Context(), c, DatasetOptions{Memory: m}); !errors.Is(err, ErrClosed) {
		t.Errorf("NewDataset over a closed cache = %v, want ErrClosed", err)
	}
}

func TestNilIsRefused(t *testing.T) {
	var c *Cache
	var d *Dataset
	var vm *VM
	_, e1 := c.Item(0)
	_, e2 := d.Item(0)
	_, e3 := vm.Hash(t.Context(), nil)
	_, e4 := NewVM(nil, Memory{})
	_, e8 := NewPortableFastVM(nil, Memory{})
	_, e7 := NewPortableVM(nil, Memory{})
	_, e5 := NewFastVM(nil, Memory{})
	_, e6 := NewDataset(t.Context(), nil, DatasetOptions{})
	for i, err := range []error{e1, e2, e3, e4, e5, e6, e7, e8, vm.Close()} {
		if !errors.Is(err, ErrNil) {
			t.Errorf("call %d = %v, want ErrNil", i+1, err)
		}
	}
	if err := errors.Join(c.Close(), d.Close()); err != nil {
		t.Errorf("Close of nil = %v, want no error", err)
	}
}

func TestHashRefusesLongInput(t *testing.T) {
	vm, err := NewVM(emptyCache(t, Memory{}), Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	if _, err := vm.Hash(t.Context(), make([]byte, MaxInput+1)); !errors.Is(err, ErrInput) {
		t.Errorf("Hash of %d bytes = %v, want ErrInput", MaxInput+1, err)
	}
}

func TestVMRefusesASecondGoroutine(t *testing.T) {
	vm, err := NewVM(emptyCache(t, Memory{}), Memory{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	entered := make(chan struct{})
	vm.items = &recorder{source: vm.items, each: sync.OnceFunc(func() { close(entered) })}
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			if _, err := vm.Hash(ctx, []byte("long")); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("Hash of the first = %v", err)
			}
		}
	})
	<-entered
	for range 100 {
		if _, err := vm.Hash(t.Context(), nil); err != nil && !errors.Is(err, ErrBusy) {
			t.Errorf("Hash of the second = %v, want ErrBusy", err)
		} else if err != nil {
			break
		}
	}
	if err := vm.Close(); err != nil && !errors.Is(err, ErrBusy) {
		t.Errorf("Close while hashing = %v, want ErrBusy", err)
	}
	cancel()
	group.Wait()
	if err := vm.Close(); err != nil {
		t.Error(err)
	}
}

func TestHashStopsWithItsContext(t *testing.T) {
	vm, err := NewVM(emptyCache(t, Memory{}), Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	ctx, cancel := context.WithCancel(t.Context())
	rec := &recorder{source: vm.items}
	var stopped time.Time
	rec.each = func() {
		if rec.count == 100 {
			stopped = time.Now()
			cancel()
		}
	}
	vm.items = rec
	if _, err := vm.Hash(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("Hash = %v, want context.Canceled", err)
	}
	// A whole hash asks for 16384 items; the time is for the reader.
	if rec.count > 10000 {
		t.Errorf("%d items asked for after the context ended at 100", rec.count-100)
	}
	t.Logf("stopped %d items, %v after", rec.count-100, time.Since(stopped))
}

// recorder is a source that reports which items are asked for.
type recorder struct {
	source
	count int
	asked map[uint64]line
	each  func()
}

func (r *recorder) item(n, next uint64) *line {
	l := r.source.item(n, next)
	r.count++
	if r.asked != nil {
		r.asked[n] = *l
	}
	if r.each != nil {
		r.each()
	}
	return l
}

// TestFastModeAgreesWithLightMode runs one hash in light mode, puts the items it
// asked for into a dataset that is otherwise empty, and runs it in fast mode.
func TestFastModeAgreesWithLightMode(t *testing.T) {
	for _, p := range []Params{Stock(), Fluence()} {
		c := testCache(t, p, "test key 000")
		vm, err := NewVM(c, Memory{})
		if err != nil {
			t.Fatal(err)
		}
		defer vm.Close()
		rec := &recorder{source: vm.items, asked: map[uint64]line{}}
		vm.items = rec
		in := []byte("fast and light")
		want, err := vm.Hash(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		// Mapped without asking for huge pages: only touched pages cost memory.
		b, err := mapBytes(p.DatasetSize())
		if err != nil {
			t.Fatal(err)
		}
		d := &Dataset{params: p, hold: newHold(&region{bytes: b})}
		defer d.Close()
		d.items = unsafe.Slice((*line)(unsafe.Pointer(unsafe.SliceData(b))), p.Items())
		for n, l := range rec.asked {
			d.items[n] = l
		}
		for name, newVM := range map[string]func(*Dataset, Memory) (*VM, error){"auto": NewFastVM, "portable": NewPortableFastVM} {
			fast, err := newVM(d, Memory{})
			if err != nil {
				t.Fatal(err)
			}
			defer fast.Close()
			if got, err := fast.Hash(t.Context(), in); err != nil || got != want {
				t.Errorf("%s, %s: fast hash = %x, %v; want %x", p.Name(), name, got, err, want)
			}
		}
	}
}

func TestDatasetFillAgreesWithItems(t *testing.T) {
	c := testCache(t, Fluence(), "test key 000")
	out := make([]line, 2*datasetChunk/1024+5) // an odd number
	var last, total uint64
	o := DatasetOptions{Workers: 2, Progress: func(done, all uint64) { last, total = done, all }}
	if err := c.fill(t.Context(), out, o); err != nil {
		t.Fatal(err)
	}
	if n := uint64(len(out)); last != n || total != n {
		t.Errorf("progress ended at %d of %d, want %d", last, total, n)
	}
	for n := range out {
		if want, _ := c.Item(uint64(n)); out[n] != want {
			t.Fatalf("item %d = %x, want %x", n, out[n], want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.fill(ctx, out, o); !errors.Is(err, context.Canceled) {
		t.Errorf("fill with an ended context = %v, want context.Canceled", err)
	}
	m := Memory{Budget: NewBudget(1 << 30)}
	if _, err := NewDataset(t.Context(), c, DatasetOptions{Memory: m}); !errors.Is(err, ErrNoMemory) {
		t.Errorf("NewDataset over its budget = %v, want ErrNoMemory", err)
	}
}
