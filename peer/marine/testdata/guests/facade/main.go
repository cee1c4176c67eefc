// SPDX-License-Identifier: Apache-2.0

//go:build wasip1

// Command facade imports from the guest all.
package main

import (
	"encoding/binary"
	"unsafe"

	"github.com/go-fluence/fluence/peer/marine/testdata/guests/marine"
)

func main() {}

//go:wasmimport all greeting
func greeting(p, n uint32)

//go:wasmimport all older
func older(p uint32)

//go:wasmimport all next
func next() uint64

//go:wasmimport all trap
func trap()

//go:wasmimport all wide
func wide(a uint64) uint64

//go:wasmimport all neg8
func neg8(a int32) int32

//go:wasmimport all squares
func squares(n uint32)

//go:wasmimport all join
func join(p, n uint32)

//go:wasmexport twice
func twice(p, n uint32) {
	greeting(marine.Keep(marine.Bytes(p, n)), n)
	b := marine.Take()
	greeting(marine.Keep(b), uint32(len(b)))
	b = marine.Take()
	marine.Return(b, len(b))
}

//go:wasmexport much_older
func muchOlder(p uint32) { older(marine.Keep(marine.Bytes(p, 17))) }

//go:wasmexport count
func count() uint64 { return next() }

//go:wasmexport trap_below
func trapBelow() { trap() }

//go:wasmexport far
func far(a uint64, b int32) uint64 { return wide(a) + uint64(neg8(b)) }

//go:wasmexport sum_squares
func sumSquares(n uint32) uint64 {
	squares(n)
	p, k := marine.Result()
	sum := uint64(0)
	for b := marine.Bytes(p, k*8); len(b) > 0; b = b[8:] {
		sum += binary.LittleEndian.Uint64(b)
	}
	return sum
}

//go:wasmexport join2
func join2(p, n uint32) {
	b := marine.Bytes(p, n*8)
	for i := 0; i < len(b); i += 8 {
		at := binary.LittleEndian.Uint32(b[i:])
		marine.Keep(marine.Bytes(at, binary.LittleEndian.Uint32(b[i+4:])))
	}
	join(uint32(uintptr(unsafe.Pointer(&b[0]))), n)
	r := marine.Take()
	marine.Return(r, len(r))
}
