// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
)

// Memory is the budget of linear memory that the instances of one service share.
// It is safe for concurrent use.
type Memory struct {
	limit    int64
	used     atomic.Int64
	refusals atomic.Int64
}

// NewMemory returns a budget in bytes.
func NewMemory(limit uint64) *Memory { return &Memory{limit: int64(min(limit, 1<<50))} }

// Used returns the bytes taken.
func (m *Memory) Used() int64 { return m.used.Load() }

// Refusals returns how often growth was refused since the last call, and forgets it.
func (m *Memory) Refusals() int64 { return m.refusals.Swap(0) }

// take adds n bytes, or refuses.
func (m *Memory) take(n int64) bool {
	if m.used.Add(n) > m.limit {
		m.used.Add(-n)
		m.refusals.Add(1)
		return false
	}
	return true
}

// Allocate implements experimental.MemoryAllocator. The first size was checked
// against the budget before; wazero has no way to hear a refusal here.
func (m *Memory) Allocate(capacity, _ uint64) experimental.LinearMemory {
	return &linear{m: m, b: make([]byte, 0, capacity)}
}

// linear is the memory of one instance. It grows by doubling within the budget.
type linear struct {
	m    *Memory
	b    []byte
	took int64
}

// Reallocate implements experimental.LinearMemory; nil refuses.
func (l *linear) Reallocate(size uint64) []byte {
	more := int64(size) - l.took
	if more > 0 && !l.m.take(more) {
		return nil
	}
	l.took += max(more, 0)
	if size > uint64(cap(l.b)) {
		grown := make([]byte, size, min(max(size, 2*uint64(cap(l.b))), uint64(max(l.m.limit, int64(size)))))
		copy(grown, l.b)
		l.b = grown
	}
	l.b = l.b[:size]
	return l.b
}

// Free implements experimental.LinearMemory.
func (l *linear) Free() {
	l.m.used.Add(-l.took)
	l.b, l.took = nil, 0
}
