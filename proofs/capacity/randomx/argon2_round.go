// SPDX-License-Identifier: Apache-2.0

package randomx

import "math/bits"

// argonMix is BlaMka's half of Blake2b's G: a += b + 2*lo(a)*lo(b), d = (d^a)>>>n,
// and so on twice (RFC 9106, section 3.6).
func argonMix(a, b, c, d uint64) (uint64, uint64, uint64, uint64) {
	a += b + 2*uint64(uint32(a))*uint64(uint32(b))
	d = bits.RotateLeft64(d^a, -32)
	c += d + 2*uint64(uint32(c))*uint64(uint32(d))
	b = bits.RotateLeft64(b^c, -24)
	a += b + 2*uint64(uint32(a))*uint64(uint32(b))
	d = bits.RotateLeft64(d^a, -16)
	c += d + 2*uint64(uint32(c))*uint64(uint32(d))
	b = bits.RotateLeft64(b^c, -63)
	return a, b, c, d
}

// argonRound is the permutation P over sixteen words: columns, then diagonals.
func argonRound(v0, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15 *uint64) {
	a0, b0, c0, d0 := argonMix(*v0, *v4, *v8, *v12)
	a1, b1, c1, d1 := argonMix(*v1, *v5, *v9, *v13)
	a2, b2, c2, d2 := argonMix(*v2, *v6, *v10, *v14)
	a3, b3, c3, d3 := argonMix(*v3, *v7, *v11, *v15)
	*v0, *v5, *v10, *v15 = argonMix(a0, b1, c2, d3)
	*v1, *v6, *v11, *v12 = argonMix(a1, b2, c3, d0)
	*v2, *v7, *v8, *v13 = argonMix(a2, b3, c0, d1)
	*v3, *v4, *v9, *v14 = argonMix(a3, b0, c1, d2)
}
