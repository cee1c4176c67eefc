// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package randomx

import (
	"errors"
	"math"
	"unsafe"
)

// mapBytes uses the Go heap where there is no mmap.
func mapBytes(n uint64) ([]byte, error) {
	if n > math.MaxInt {
		return nil, errors.New("larger than the address space")
	}
	w := make([]uint64, n/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), n), nil
}

func unmapBytes([]byte) {}
