// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"sync"
)

// Pool keeps the caches of the keys used last, up to a bound, those in use
// included. Safe for concurrent use. It starts no goroutine of its own.
type Pool struct {
	params Params
	mem    Memory
	limit  int

	mu      sync.Mutex
	closed  bool
	entries map[string]*entry
	tick    uint64        // counts uses, to find the least recent
	freed   chan struct{} // closed and replaced whenever an entry may be evicted
}

// entry is a cache in the pool, or one being filled. Guarded by Pool.mu but for
// cache and err, which are set before ready is closed.
type entry struct {
	cache *Cache
	err   error
	ready chan struct{}
	users int
	used  uint64
}

// NewPool returns a pool of at most limit caches, at least one.
//
// Errors: ErrParams.
func NewPool(p Params, limit int, m Memory) (*Pool, error) {
	if !p.valid() {
		return nil, ErrParams
	}
	return &Pool{params: p, mem: m, limit: max(limit, 1), entries: map[string]*entry{}, freed: make(chan struct{})}, nil
}

// Get returns the cache of key, filling it when the pool does not have it, and a
// function that must be called once when the cache is no longer used. The pool
// owns the cache: do not close it. Get waits while every cache is in use, and
// while another goroutine fills the same one.
//
// Errors: ErrKey, ErrNoMemory, ErrClosed, the error of ctx.
func (p *Pool) Get(ctx context.Context, key []byte) (*Cache, func(), error) {
	if len(key) == 0 || len(key) > MaxKeySize {
		return nil, nil, ErrKey
	}
	for {
		e, mine, wait, err := p.claim(string(key))
		switch {
		case err != nil:
			return nil, nil, err
		case e == nil:
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, nil, context.Cause(ctx)
			}
		case mine:
			e.cache, e.err = NewCache(ctx, p.params, key, p.mem)
			if e.err != nil {
				p.drop(string(key))
			}
			close(e.ready)
		default:
			select {
			case <-e.ready:
			case <-ctx.Done():
				p.release(e)
				return nil, nil, context.Cause(ctx)
			}
		}
		if e.err == nil {
			return e.cache, sync.OnceFunc(func() { p.release(e) }), nil
		}
		p.release(e)
		if mine {
			return nil, nil, e.err
		}
		// Another caller failed to fill it, perhaps because its context ended: try again.
	}
}

// claim finds or makes room for the entry of key and counts the caller as a
// user. mine says that the caller must fill it. Without room it returns a
// channel that is closed when trying again makes sense.
func (p *Pool) claim(key string) (e *entry, mine bool, wait <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, nil, ErrClosed
	}
	p.tick++
	if e = p.entries[key]; e != nil {
		e.users++
		e.used = p.tick
		return e, false, nil, nil
	}
	if len(p.entries) >= p.limit && !p.evictLocked() {
		return nil, false, p.freed, nil
	}
	e = &entry{ready: make(chan struct{}), users: 1, used: p.tick}
	p.entries[key] = e
	return e, true, nil, nil
}

// evictLocked closes the unused cache that was used longest ago.
func (p *Pool) evictLocked() bool {
	victim := ""
	var oldest *entry
	for key, e := range p.entries {
		if e.users == 0 && (oldest == nil || e.used < oldest.used) {
			victim, oldest = key, e
		}
	}
	if oldest == nil {
		return false
	}
	delete(p.entries, victim)
	_ = oldest.cache.Close()
	return true
}

// drop forgets an entry whose filling failed.
func (p *Pool) drop(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.entries, key)
	p.wakeLocked()
}

func (p *Pool) release(e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e.users--
	if e.users == 0 {
		if p.closed && e.cache != nil {
			_ = e.cache.Close()
		}
		p.wakeLocked()
	}
}

func (p *Pool) wakeLocked() {
	close(p.freed)
	p.freed = make(chan struct{})
}

// Close frees the caches that are not in use now and the others when they are
// released. Get answers ErrClosed from now on.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	for _, e := range p.entries {
		if e.users == 0 && e.cache != nil {
			_ = e.cache.Close()
		}
	}
	p.wakeLocked()
	return nil
}
