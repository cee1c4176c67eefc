// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"context"
	"encoding/binary"

	"golang.org/x/crypto/blake2b"
)

// blockWords is the number of 64-bit words of an Argon2 block (1 KiB).
const blockWords = 128

// argonBlock is one Argon2 block as little-endian words.
type argonBlock [blockWords]uint64

// argonH0 is the first hash of Argon2 (RFC 9106, section 3.2) for the options of
// the specification's table 7.1.1: one lane, no output, version 0x13, Argon2d.
func argonH0(key []byte) [64]byte {
	h, _ := blake2b.New512(nil) // fails for a long MAC key only
	var b [4]byte
	put := func(v uint32) {
		binary.LittleEndian.PutUint32(b[:], v)
		_, _ = h.Write(b[:])
	}
	put(1)           // lanes
	put(0)           // output size
	put(argonBlocks) // memory
	put(argonPasses)
	put(0x13) // version
	put(0)    // Argon2d
	put(uint32(len(key)))
	_, _ = h.Write(key)
	put(uint32(len(argonSalt)))
	_, _ = h.Write([]byte(argonSalt))
	put(0) // secret
	put(0) // associated data
	var out [64]byte
	h.Sum(out[:0])
	return out
}

// argonFirst is block number n (0 or 1) of the lane: H' of RFC 9106, section
// 3.3, stretched to a block.
func argonFirst(h0 *[64]byte, n uint32) *argonBlock {
	const size = blockWords * 8
	var in [4 + 64 + 8]byte
	binary.LittleEndian.PutUint32(in[:], size)
	copy(in[4:], h0[:])
	binary.LittleEndian.PutUint32(in[68:], n)

	// All hashes but the last give their first half.
	var out [size]byte
	v := blake2b.Sum512(in[:])
	pos := copy(out[:], v[:32])
	for size-pos > 64 {
		v = blake2b.Sum512(v[:])
		pos += copy(out[pos:], v[:32])
	}
	v = blake2b.Sum512(v[:])
	copy(out[pos:], v[:])

	b := new(argonBlock)
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(out[i*8:])
	}
	return b
}

// argonFill fills mem, of argonBlocks blocks, from key. It looks at ctx every
// few milliseconds and returns its error.
func argonFill(ctx context.Context, mem []argonBlock, key []byte) error {
	h0 := argonH0(key)
	mem[0], mem[1] = *argonFirst(&h0, 0), *argonFirst(&h0, 1)
	block := blockFunc()
	const lane, segment = uint32(argonBlocks), uint32(argonBlocks / 4)
	prev := &mem[1]
	for pass := range argonPasses {
		for i := uint32(0); i < lane; i++ {
			if pass == 0 && i < 2 {
				continue
			}
			if i&0xfff == 0 && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if pass > 0 && i == 0 {
				prev = &mem[lane-1]
			}
			// The blocks that may be referred to: in the first pass all before the
			// previous one, later the three segments before this one and this one so far.
			area, start := i-1, uint32(0)
			if pass > 0 {
				slice := i / segment
				area = lane - segment + i%segment - 1
				start = (slice + 1) * segment % lane
			}
			x := uint64(uint32(prev[0]))
			x = x * x >> 32
			y := uint64(area) * x >> 32
			ref := (start + area - 1 - uint32(y)) % lane
			block(&mem[i], prev, &mem[ref], pass > 0)
			prev = &mem[i]
		}
	}
	return nil
}

// blockGeneric is Argon2's compression function G with version 0x13's XOR: dst
// becomes G(a, b), XORed with what it held when keep is set.
func blockGeneric(dst, a, b *argonBlock, keep bool) {
	var r, z argonBlock
	for i := range r {
		r[i] = a[i] ^ b[i]
	}
	z = r
	for i := 0; i < blockWords; i += 16 {
		argonRound(&z[i], &z[i+1], &z[i+2], &z[i+3], &z[i+4], &z[i+5], &z[i+6], &z[i+7],
			&z[i+8], &z[i+9], &z[i+10], &z[i+11], &z[i+12], &z[i+13], &z[i+14], &z[i+15])
	}
	for i := 0; i < 16; i += 2 {
		argonRound(&z[i], &z[i+1], &z[i+16], &z[i+17], &z[i+32], &z[i+33], &z[i+48], &z[i+49],
			&z[i+64], &z[i+65], &z[i+80], &z[i+81], &z[i+96], &z[i+97], &z[i+112], &z[i+113])
	}
	if keep {
		for i := range dst {
			dst[i] ^= r[i] ^ z[i]
		}
		return
	}
	for i := range dst {
		dst[i] = r[i] ^ z[i]
	}
}
