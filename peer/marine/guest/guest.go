// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

// Package guest is what a Go program needs to be a Marine module: the six exports that hosts call, blocks of memory
// that go over and back, and the host's own functions. `fluenced marine gen` writes the glue that uses it, so that a
// module is plain functions with a comment; docs/examples/guestbook shows one.
//
// A module is built with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared
//
// and needs an empty main. Calls come one after another; goroutines stand still between them.
package guest

import "unsafe"

// Blocks that the host has written and the guest has not taken yet, and blocks that the host may still read. The Go
// collector moves no heap object, so an address stays good as long as the block is in a map.
var (
	lent    = map[uint32][]byte{}
	results = map[uint32][]byte{}
	at      uint32 // where the last result is
	size    uint32 // its length: bytes of a text, items of a list
)

//go:wasmexport allocate
func allocate(n, tag uint32) uint32 {
	if n == 0 {
		return 0
	}
	b := make([]byte, n)
	p := address(b)
	lent[p] = b
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

func address(b []byte) uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) }

// Take returns the n bytes that the host wrote at p; they are the caller's from now on. It panics, which fails the
// call, when the host never allocated such a block.
func Take(p, n uint32) []byte {
	if n == 0 {
		delete(lent, p)
		return nil
	}
	b, ok := lent[p]
	if !ok || uint32(len(b)) < n {
		panic("marine: no block of that size there")
	}
	delete(lent, p)
	return b[:n]
}

// Give keeps b where the host can read it until the call is over, and returns its address.
func Give(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	p := address(b)
	results[p] = b
	return p
}

// Return makes b the result of the call; n counts its bytes, or its items if it is a list.
func Return(b []byte, n int) { at, size = Give(b), uint32(n) }

// Returned is where an imported function left its result, and its length.
func Returned() (p, n uint32) { return at, size }
