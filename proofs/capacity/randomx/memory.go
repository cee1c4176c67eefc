// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"fmt"
	"sync"
	"unsafe"
)

// Budget bounds the bytes that caches, datasets and VMs hold off the Go heap. A
// nil *Budget has no bound. Safe for concurrent use.
type Budget struct {
	mu    sync.Mutex
	limit uint64 // 0: no bound
	used  uint64
}

// NewBudget returns a budget of limit bytes; 0 counts without a bound.
func NewBudget(limit uint64) *Budget { return &Budget{limit: limit} }

// InUse returns the bytes held now.
func (b *Budget) InUse() uint64 {
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

func (b *Budget) take(n uint64) error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limit != 0 && (n > b.limit || b.used > b.limit-n) {
		return fmt.Errorf("%w: %d bytes asked, %d of %d in use", ErrNoMemory, n, b.used, b.limit)
	}
	b.used += n
	return nil
}

func (b *Budget) give(n uint64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.used -= n
	b.mu.Unlock()
}

// Memory says where large memory comes from. The zero value has no bound. Huge
// pages are asked for and never needed.
type Memory struct {
	Budget *Budget
}

// region is zeroed memory off the Go heap, owned by one holder.
type region struct {
	bytes  []byte
	budget *Budget
}

// alloc maps n bytes, n a multiple of 8.
func (m Memory) alloc(n uint64) (*region, error) {
	if err := m.Budget.take(n); err != nil {
		return nil, err
	}
	b, err := mapBytes(n)
	if err != nil {
		m.Budget.give(n)
		return nil, fmt.Errorf("%w: %d bytes: %w", ErrNoMemory, n, err)
	}
	adviseHuge(b)
	return &region{bytes: b, budget: m.Budget}, nil
}

// words returns the region as 64-bit words in the machine's byte order.
func (r *region) words() []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(r.bytes))), len(r.bytes)/8)
}

// free unmaps the region; a second call does nothing.
func (r *region) free() {
	if r.bytes == nil {
		return
	}
	n := uint64(len(r.bytes))
	unmapBytes(r.bytes)
	r.bytes = nil
	r.budget.give(n)
}
