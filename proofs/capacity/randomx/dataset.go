// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Dataset is all dataset items of a cache: 2 GiB for Stock, 4 GiB for Fluence.
// It is read-only once made and safe for concurrent use. It must be closed; its
// memory goes back to the system when it is closed and every VM over it is
// closed too.
type Dataset struct {
	params Params
	items  []line
	hold   *hold
}

// DatasetOptions says how a dataset is built.
type DatasetOptions struct {
	Memory  Memory
	Workers int // goroutines that compute; 0 for one per processor
	// Progress, when set, is told the items done and their total, a few hundred
	// times in all and from one goroutine at a time.
	Progress func(done, total uint64)
}

// datasetChunk is the number of items a worker takes at a time.
const datasetChunk = 1 << 17

// NewDataset computes all items of c, which it does not need afterwards. That
// takes minutes of processor time; it stops early when ctx ends.
//
// Errors: ErrNil, ErrClosed, ErrNoMemory, the error of ctx.
func NewDataset(ctx context.Context, c *Cache, o DatasetOptions) (*Dataset, error) {
	if c == nil {
		return nil, ErrNil
	}
	if !c.hold.acquire() {
		return nil, ErrClosed
	}
	defer c.hold.release()
	r, err := o.Memory.alloc(c.params.DatasetSize())
	if err != nil {
		return nil, err
	}
	d := &Dataset{params: c.params, hold: newHold(r)}
	d.items = unsafe.Slice((*line)(unsafe.Pointer(unsafe.SliceData(r.bytes))), c.params.Items())
	if err := c.fill(ctx, d.items, o); err != nil {
		_ = d.Close()
		return nil, err
	}
	runtime.AddCleanup(d, func(h *hold) { h.close() }, d.hold)
	return d, nil
}

// fill computes out, the items from 0 on, with several workers.
func (c *Cache) fill(ctx context.Context, out []line, o DatasetOptions) error {
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var (
		group sync.WaitGroup
		next  atomic.Uint64 // first item nobody has taken
		mu    sync.Mutex
		done  uint64 // guarded by mu
	)
	total := uint64(len(out))
	for range workers {
		group.Go(func() {
			for {
				first := next.Add(datasetChunk) - datasetChunk
				end := min(first+datasetChunk, total)
				if first >= total || !c.fillRange(ctx, out, first, end) {
					return
				}
				mu.Lock()
				done += end - first
				if o.Progress != nil {
					o.Progress(done, total)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// fillRange computes the items from first up to end and reports false when ctx
// ended before.
func (c *Cache) fillRange(ctx context.Context, out []line, first, end uint64) bool {
	for n := first; n < end; n += 2 {
		if n&0x7e == 0 && ctx.Err() != nil {
			return false
		}
		var last line
		second := &last
		if n+1 < end {
			second = &out[n+1]
		}
		c.calc.two(n, n+1, &out[n], second)
	}
	return true
}

// Params returns the parameter set of the dataset.
func (d *Dataset) Params() Params { return d.params }

// Item returns dataset item n as eight words.
//
// Errors: ErrNil, ErrItem, ErrClosed.
func (d *Dataset) Item(n uint64) ([8]uint64, error) {
	if d == nil {
		return line{}, ErrNil
	}
	if n >= uint64(len(d.items)) {
		return line{}, ErrItem
	}
	if !d.hold.acquire() {
		return line{}, ErrClosed
	}
	defer d.hold.release()
	return d.items[n], nil
}

// Close gives the dataset up. Closing twice is no error.
func (d *Dataset) Close() error {
	if d == nil {
		return nil
	}
	d.hold.close()
	return nil
}
