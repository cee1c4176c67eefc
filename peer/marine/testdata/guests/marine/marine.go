// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

// Package marine is the calling convention of Marine for the guests of tests:
// blocks of memory that the host owns between calls, and the result registers.
package marine

import "unsafe"

var (
	blocks  = map[uint32][]byte{}
	results = map[uint32][]byte{}
	at      uint32
	size    uint32
)

//go:wasmexport allocate
func allocate(n, tag uint32) uint32 {
	if n == 0 {
		return 0
	}
	b := make([]byte, n)
	p := uint32(uintptr(unsafe.Pointer(&b[0])))
	blocks[p] = b
	return p
}

//go:wasmexport release_objects
func releaseObjects() { clear(results) }

//go:wasmexport get_result_size
func getResultSize() uint32 { return size }

//go:wasmexport get_result_ptr
func getResultPtr() uint32 { return at }

//go:wasmexport set_result_size
func setResultSize(n uint32) { size = n }

//go:wasmexport set_result_ptr
func setResultPtr(p uint32) { at = p }

// Bytes takes a block that the host wrote.
func Bytes(p, n uint32) []byte {
	if n == 0 {
		return nil
	}
	b := blocks[p]
	delete(blocks, p)
	return b[:n]
}

// String takes a block as text.
func String(p, n uint32) string { return string(Bytes(p, n)) }

// Keep keeps b until the results are released and returns where it is.
func Keep(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	p := uint32(uintptr(unsafe.Pointer(&b[0])))
	results[p] = b
	return p
}

// Return makes b the result; n counts its elements.
func Return(b []byte, n int) { at, size = Keep(b), uint32(n) }

// Result returns the result registers, as an imported function leaves them.
func Result() (p, n uint32) { return at, size }

// Take takes the block that the result registers name.
func Take() []byte { return Bytes(at, size) }

// Peek copies n bytes at p.
func Peek(p, n uint32) []byte {
	return append([]byte(nil), unsafe.Slice((*byte)(unsafe.Pointer(uintptr(p))), n)...)
}
