// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"runtime"
	"sync"
	"unsafe"
)

// Cache is what RandomX derives from one key: CacheSize bytes and the programs
// that compute dataset items from them. It is read-only once made and safe for
// concurrent use. It must be closed; its memory goes back to the system when it
// is closed and every VM over it is closed too.
type Cache struct {
	params Params
	calc   calc
	hold   *hold
}

// NewCache fills a cache for key, 1 to MaxKeySize bytes. It takes the better
// part of a second of one processor and stops early when ctx ends.
//
// Errors: ErrKey, ErrParams, ErrNoMemory, the error of ctx.
func NewCache(ctx context.Context, p Params, key []byte, m Memory) (*Cache, error) {
	switch {
	case !p.valid():
		return nil, ErrParams
	case len(key) == 0 || len(key) > MaxKeySize:
		return nil, ErrKey
	}
	r, err := m.alloc(CacheSize)
	if err != nil {
		return nil, err
	}
	c := &Cache{params: p, hold: newHold(r)}
	words := r.words()
	blocks := unsafe.Slice((*argonBlock)(unsafe.Pointer(unsafe.SliceData(words))), argonBlocks)
	if err := argonFill(ctx, blocks, key); err != nil {
		_ = c.Close()
		return nil, err
	}
	lines := unsafe.Slice((*line)(unsafe.Pointer(unsafe.SliceData(words))), cacheItems)
	c.calc = newCalc(lines, key, p.accesses, m)
	c.hold.code = c.calc.code
	runtime.AddCleanup(c, func(h *hold) { h.close() }, c.hold)
	return c, nil
}

// Params returns the parameter set of the cache.
func (c *Cache) Params() Params { return c.params }

// Compiled reports whether the cache computes with code compiled for this
// machine. Without, everything works and gives the same, at about half the speed.
func (c *Cache) Compiled() bool { return c != nil && c.calc.code != nil }

// Item computes dataset item n as eight words.
//
// Errors: ErrNil, ErrItem, ErrClosed.
func (c *Cache) Item(n uint64) ([8]uint64, error) {
	if c == nil {
		return line{}, ErrNil
	}
	if n >= c.params.Items() {
		return line{}, ErrItem
	}
	if !c.hold.acquire() {
		return line{}, ErrClosed
	}
	defer c.hold.release()
	var a, b line
	c.calc.two(n, n, &a, &b)
	return a, nil
}

// Close gives the cache up. Closing twice is no error.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	c.hold.close()
	return nil
}

// hold counts the users of a region and frees it when the owner has closed it
// and the last user is gone.
type hold struct {
	mu     sync.Mutex
	region *region
	code   *itemCode // or nil; freed with the region
	users  int
	closed bool
}

func newHold(r *region) *hold { return &hold{region: r} }

// acquire adds a user; it reports false once the owner has closed.
func (h *hold) acquire() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.users++
	return true
}

func (h *hold) release() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users--
	h.freeLocked()
}

func (h *hold) isClosed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

func (h *hold) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.freeLocked()
}

func (h *hold) freeLocked() {
	if h.closed && h.users == 0 {
		h.region.free()
		if h.code != nil {
			h.code.free()
		}
	}
}
