// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"encoding/binary"
	"math"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/crypto/blake2b"
)

// zeroReg is the index of a register that is always zero, the base of absolute
// addresses.
const zeroReg = 8

// VM computes hashes, one at a time: in light mode over a Cache, in fast mode
// over a Dataset. It owns ScratchSize bytes and must be closed. Two goroutines
// must not use one VM; the second gets ErrBusy.
type VM struct {
	busy    atomic.Bool
	stop    atomic.Bool // asks a running hash to give up
	closed  bool        // guarded by busy
	owned   *vmMemory
	cleanup runtime.Cleanup // frees owned when the VM is forgotten
	pad     *[scratchWords]uint64
	aes     *aesUnit
	opcodes [256]uint8
	mask    uint32 // Params.addrMask

	items source // dataset items
	owner any    // the cache or dataset, kept from being collected

	prog program
	fprc uint8
	code *programCode // nil: the portable engine executes
	state
}

// source gives dataset items to a VM.
type source interface {
	// item returns dataset item n, valid until the next call. next is the item
	// that will be asked for after it.
	item(n, next uint64) *line
	// reset says that next will not be asked for.
	reset()
}

// NewVM returns a light-mode VM over c. The VM keeps the cache's memory until it
// is closed, and answers ErrClosed once the cache is closed.
//
// Errors: ErrNil, ErrClosed, ErrNoMemory.
func NewVM(c *Cache, m Memory) (*VM, error) {
	if c == nil {
		return nil, ErrNil
	}
	vm, err := newVM(c, &lightItems{calc: c.calc, spareAt: noItem}, c.params, c.hold, m)
	return vm.compiled(m), err
}

// NewPortableVM is NewVM without compiled code: slower, and independent of it. A
// hash that decides against someone is computed by such a VM.
//
// Errors: ErrNil, ErrClosed, ErrNoMemory.
func NewPortableVM(c *Cache, m Memory) (*VM, error) {
	if c == nil {
		return nil, ErrNil
	}
	return newVM(c, &lightItems{calc: c.calc.portable(), spareAt: noItem}, c.params, c.hold, m)
}

// NewFastVM returns a fast-mode VM over d, about ten times as fast as a light
// one. The VM keeps the dataset's memory until it is closed, and answers
// ErrClosed once the dataset is closed.
//
// Errors: ErrNil, ErrClosed, ErrNoMemory.
func NewFastVM(d *Dataset, m Memory) (*VM, error) {
	if d == nil {
		return nil, ErrNil
	}
	vm, err := newVM(d, fastItems(d.items), d.params, d.hold, m)
	return vm.compiled(m), err
}

// NewPortableFastVM is NewFastVM without compiled code.
//
// Errors: ErrNil, ErrClosed, ErrNoMemory.
func NewPortableFastVM(d *Dataset, m Memory) (*VM, error) {
	if d == nil {
		return nil, ErrNil
	}
	return newVM(d, fastItems(d.items), d.params, d.hold, m)
}

// compiled lets vm compile its programs where that is possible.
func (vm *VM) compiled(m Memory) *VM {
	if vm == nil {
		return nil
	}
	if code, err := newProgramCode(m); err == nil {
		vm.code, vm.owned.code = code, code
	}
	return vm
}

// vmMemory is what a VM holds off the Go heap. It is freed by Close, or by the
// collector once the VM is forgotten.
type vmMemory struct {
	hold    *hold // of the cache or dataset
	scratch *region
	code    *programCode // or nil
}

func (m *vmMemory) free() {
	if m.hold == nil {
		return
	}
	if m.code != nil {
		m.code.free()
	}
	m.scratch.free()
	m.hold.release()
	m.hold = nil
}

func newVM(owner any, items source, p Params, h *hold, m Memory) (*VM, error) {
	if !h.acquire() {
		return nil, ErrClosed
	}
	r, err := m.alloc(scratchL3)
	if err != nil {
		h.release()
		return nil, err
	}
	vm := &VM{owner: owner, items: items, mask: p.addrMask(), owned: &vmMemory{hold: h, scratch: r}}
	vm.cleanup = runtime.AddCleanup(vm, (*vmMemory).free, vm.owned)
	vm.pad = (*[scratchWords]uint64)(unsafe.Pointer(unsafe.SliceData(r.words())))
	vm.aes, vm.opcodes = newAESUnit(), opTable()
	vm.setConstants()
	return vm, nil
}

// Close frees the scratchpad and lets the cache or dataset go. Closing twice is
// no error.
//
// Errors: ErrBusy while another goroutine hashes, ErrNil.
func (vm *VM) Close() error {
	if vm == nil {
		return ErrNil
	}
	if !vm.busy.CompareAndSwap(false, true) {
		return ErrBusy
	}
	defer vm.busy.Store(false)
	if vm.closed {
		return nil
	}
	vm.closed, vm.pad, vm.items, vm.owner = true, nil, nil, nil
	vm.code = nil
	vm.cleanup.Stop()
	vm.owned.free()
	return nil
}

// Hash returns the RandomX hash of input, 0 to MaxInput bytes. When ctx ends it
// stops within a millisecond or so and returns the error of ctx.
//
// Errors: ErrNil, ErrInput, ErrBusy, ErrClosed, ErrRounding, the error of ctx.
func (vm *VM) Hash(ctx context.Context, input []byte) ([HashSize]byte, error) {
	var out [HashSize]byte
	switch {
	case vm == nil:
		return out, ErrNil
	case len(input) > MaxInput:
		return out, ErrInput
	case !vm.busy.CompareAndSwap(false, true):
		return out, ErrBusy
	}
	defer vm.busy.Store(false)
	if vm.closed || vm.owned.hold.isClosed() {
		return out, ErrClosed
	}
	vm.stop.Store(false)
	defer context.AfterFunc(ctx, func() { vm.stop.Store(true) })()
	if !vm.hash(input, &out) {
		return [HashSize]byte{}, context.Cause(ctx)
	}
	if vm.code != nil && controlWord()&^mxcsrFlags != mxcsrGo {
		return [HashSize]byte{}, ErrRounding
	}
	return out, nil
}

// hash is chapter 2 of the specification. It reports false when it was stopped.
func (vm *VM) hash(input []byte, out *[HashSize]byte) bool {
	seed := blake2b.Sum512(input)
	var state aesState
	for i := range state {
		state[i] = binary.LittleEndian.Uint64(seed[8*i:])
	}
	vm.aes.fill1(&state, vm.pad[:])
	vm.fprc = nearest
	var file [256]byte
	for n := range programCount {
		var words [programWords]uint64
		vm.aes.fill4(&state, words[:])
		vm.prog.decode(&words, &vm.opcodes)
		vm.load()
		if !vm.run() {
			return false
		}
		vm.registerFile(&file)
		if n < programCount-1 {
			seed = blake2b.Sum512(file[:])
			for i := range state {
				state[i] = binary.LittleEndian.Uint64(seed[8*i:])
			}
		}
	}
	for i, w := range vm.aes.hash1(vm.pad[:]) {
		binary.LittleEndian.PutUint64(file[192+8*i:], w)
	}
	*out = blake2b.Sum256(file[:])
	return true
}

// registerFile writes the registers r, f, e, a in order.
func (vm *VM) registerFile(file *[256]byte) {
	for i, w := range vm.r[:8] {
		binary.LittleEndian.PutUint64(file[8*i:], w)
	}
	for g, group := range [...]*[4][2]float64{&vm.f, &vm.e, &vm.prog.a} {
		for i, reg := range group {
			at := 64 + 64*g + 16*i
			binary.LittleEndian.PutUint64(file[at:], math.Float64bits(reg[0]))
			binary.LittleEndian.PutUint64(file[at+8:], math.Float64bits(reg[1]))
		}
	}
}
