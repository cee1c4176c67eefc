// SPDX-License-Identifier: Apache-2.0

package randomx

import "golang.org/x/sys/cpu"

// hasAES reports whether the processor has the AES instructions.
func hasAES() bool { return cpu.X86.HasAES }

// aesFill1 is aesUnit.fill1 with AES instructions.
//
//go:noescape
func aesFill1(s *aesState, out []uint64, key *aesState)

// aesHash1 is the main loop of aesUnit.hash1 with AES instructions.
//
//go:noescape
func aesHash1(s *aesState, in []uint64)

// blockFunc returns the fastest form of Argon2's compression function.
func blockFunc() func(dst, a, b *argonBlock, keep bool) {
	if cpu.X86.HasAVX2 {
		return blockAVX2
	}
	return blockGeneric
}

// blockAVX2 is blockGeneric with 256-bit vectors.
func blockAVX2(dst, a, b *argonBlock, keep bool) {
	var scratch argonBlock
	if keep {
		argonXorAVX2(dst, a, b, &scratch)
	} else {
		argonSetAVX2(dst, a, b, &scratch)
	}
}

// argonSetAVX2 sets dst to G(a, b); scratch is overwritten.
//
//go:noescape
func argonSetAVX2(dst, a, b, scratch *argonBlock)

// argonXorAVX2 XORs G(a, b) into dst; scratch is overwritten.
//
//go:noescape
func argonXorAVX2(dst, a, b, scratch *argonBlock)

// prefetch asks for a line of memory that will be read soon.
//
//go:noescape
func prefetch(l *line)
