// SPDX-License-Identifier: Apache-2.0

//go:build unix

package randomx

import (
	"math"
	"syscall"
)

func mapBytes(n uint64) ([]byte, error) {
	if n > math.MaxInt {
		return nil, syscall.ENOMEM
	}
	return syscall.Mmap(-1, 0, int(n), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
}

// unmapBytes cannot fail for a whole mapping that mapBytes made.
func unmapBytes(b []byte) { _ = syscall.Munmap(b) }
