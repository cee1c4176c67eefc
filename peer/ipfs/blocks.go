// SPDX-License-Identifier: Apache-2.0

package ipfs

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/store"
)

// diskStep is what the smallest file takes of the quota.
const diskStep = 4096

// files is what the store needs of an area; *store.Files has it.
type files interface {
	Get(name string) ([]byte, error)
	Put(name string, data []byte) error
	Delete(name string) error
	List(prefix string) ([]string, error)
	Close() error
}

// blocks keeps blocks by digest, one file each, named DD/DIGEST.SIZE in hex.
// Those that nobody holds go when room is needed, the longest unused first. Safe
// for concurrent use.
type blocks struct {
	files files
	quota int64

	mu    sync.Mutex // guards the fields below; not held while a file is read or written
	index map[dag.Digest]*entry
	idle  *list.List // *entry with no holds, the longest unused first
	used  int64      // charged
}

// entry is one block. A pin is a hold, and so is a fetch under way.
type entry struct {
	digest dag.Digest
	size   int
	holds  int
	place  *list.Element // in idle; nil while held
}

func charge(size int) int64 { return max(int64(size+diskStep-1)/diskStep, 1) * diskStep }

func (e *entry) file() string {
	name := hex.EncodeToString(e.digest[:])
	return name[:2] + "/" + name + "." + strconv.Itoa(e.size)
}

// openBlocks reads the names of what is kept.
func openBlocks(f files, quota int64) (*blocks, error) {
	b := &blocks{files: f, quota: quota, index: map[dag.Digest]*entry{}, idle: list.New()}
	names, err := f.List("")
	if err != nil {
		return nil, fmt.Errorf("list blocks: %w", err)
	}
	for _, name := range names {
		e, ok := parseFile(name)
		if !ok || e.file() != name {
			continue
		}
		b.index[e.digest] = e
		e.place = b.idle.PushBack(e)
		b.used += charge(e.size)
	}
	return b, nil
}

func parseFile(name string) (*entry, bool) {
	_, base, _ := strings.Cut(name, "/")
	digest, size, _ := strings.Cut(base, ".")
	raw, err := hex.DecodeString(digest)
	if err != nil || len(raw) != sha256.Size {
		return nil, false
	}
	n, err := strconv.Atoi(size)
	return &entry{digest: dag.Digest(raw), size: n}, err == nil && n >= 0 && n <= dag.MaxBlock
}

// hold is a set of blocks that stay until it is released. Not safe for concurrent
// use.
type hold struct {
	b    *blocks
	kept map[dag.Digest]bool
}

func (b *blocks) newHold() *hold { return &hold{b: b, kept: map[dag.Digest]bool{}} }

// release lets every block of h go.
func (h *hold) release() {
	h.b.mu.Lock()
	defer h.b.mu.Unlock()
	for d := range h.kept {
		if e := h.b.index[d]; e != nil {
			h.b.unhold(e)
		}
	}
	h.kept = nil
}

// add holds a block that is kept; h.b.mu is held.
func (h *hold) add(e *entry) {
	if h == nil || h.kept[e.digest] {
		return
	}
	h.kept[e.digest] = true
	if e.holds++; e.place != nil {
		h.b.idle.Remove(e.place)
		e.place = nil
	}
}

func (b *blocks) unhold(e *entry) {
	if e.holds--; e.holds == 0 {
		e.place = b.idle.PushBack(e)
	}
}

// get returns a block and holds it; h may be nil. A file that does not match its
// name is removed.
//
// Errors: ErrNotFound.
func (b *blocks) get(d dag.Digest, h *hold) ([]byte, error) {
	b.mu.Lock()
	e := b.index[d]
	if e == nil {
		b.mu.Unlock()
		return nil, ErrNotFound
	}
	h.add(e)
	if e.place != nil {
		b.idle.MoveToBack(e.place)
	}
	b.mu.Unlock()
	data, err := b.files.Get(e.file())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("read block: %w", err)
	}
	if err != nil || sha256.Sum256(data) != d {
		b.forget(e, h)
		return nil, ErrNotFound
	}
	return data, nil
}

// forget removes a block whose file is missing or damaged, unless it was written
// anew meanwhile.
func (b *blocks) forget(e *entry, h *hold) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.index[e.digest] != e {
		return
	}
	if h != nil {
		delete(h.kept, e.digest)
	}
	b.drop(e)
}

// drop removes e from the index and its file; b.mu is held.
func (b *blocks) drop(e *entry) {
	delete(b.index, e.digest)
	b.used -= charge(e.size)
	if e.place != nil {
		b.idle.Remove(e.place)
		e.place = nil
	}
	_ = b.files.Delete(e.file()) // a file that stays is found again at the next start
}

// size returns the size of a block that is kept.
func (b *blocks) size(d dag.Digest) (int, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.index[d]
	if e == nil {
		return 0, false
	}
	return e.size, true
}

// put keeps a verified block and holds it; h may be nil.
//
// Errors: ErrQuota.
func (b *blocks) put(d dag.Digest, data []byte, h *hold) error {
	b.mu.Lock()
	if e := b.index[d]; e != nil {
		h.add(e)
		b.mu.Unlock()
		return nil
	}
	if err := b.makeRoom(charge(len(data))); err != nil {
		b.mu.Unlock()
		return err
	}
	b.used += charge(len(data)) // booked before the write, given back if it fails
	b.mu.Unlock()

	e := &entry{digest: d, size: len(data)}
	err := b.files.Put(e.file(), data)

	b.mu.Lock()
	defer b.mu.Unlock()
	have := b.index[d]
	switch {
	case err != nil:
		b.used -= charge(len(data))
		return fmt.Errorf("write block: %w", err)
	case have != nil: // written twice at one time, the same bytes
		b.used -= charge(len(data))
		e = have
	default:
		b.index[d] = e
		e.place = b.idle.PushBack(e)
	}
	h.add(e)
	return nil
}

// makeRoom drops idle blocks until n more bytes fit; b.mu is held.
func (b *blocks) makeRoom(n int64) error {
	for b.used+n > b.quota {
		oldest := b.idle.Front()
		if oldest == nil {
			return fmt.Errorf("%d of %d bytes are held: %w", b.used, b.quota, ErrQuota)
		}
		e, ok := oldest.Value.(*entry)
		if !ok {
			return ErrQuota
		}
		b.drop(e)
	}
	return nil
}

// room reports whether n more bytes could be kept if all idle blocks went.
func (b *blocks) room(n int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	free := b.quota - b.used
	for e := b.idle.Front(); e != nil && free < n; e = e.Next() {
		if x, ok := e.Value.(*entry); ok {
			free += charge(x.size)
		}
	}
	if free < n {
		return fmt.Errorf("%d bytes wanted, %d are free: %w", n, free, ErrQuota)
	}
	return nil
}

// usage returns the charged bytes and the number of blocks.
func (b *blocks) usage() (used int64, count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used, len(b.index)
}
