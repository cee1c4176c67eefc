// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math/bits"
	"unsafe"
)

// line is one dataset item or cache line as words.
type line = [8]uint64

// itemStart gives the registers an item begins with (specification, chapter 7.3).
func itemStart(n uint64) line {
	r0 := (n + 1) * 6364136223846793005
	return line{
		r0, r0 ^ 9298411001130361340, r0 ^ 12065312585734608966, r0 ^ 9306329213124626780,
		r0 ^ 5281919268842080866, r0 ^ 10536153434571861004, r0 ^ 3398623926847679864, r0 ^ 9549104520008361294,
	}
}

// items computes dataset items a and b. Like the other inner loops of this
// package it is left out by the race detector, which would slow it down thirty
// times: it touches memory that a hold or VM.busy guards.
//
//go:norace
func items(mem []line, progs []ssProgram, a, b uint64) (line, line) {
	sa, sb := itemStart(a), itemStart(b)
	var r pairs
	for i := range sa {
		r[i] = [2]uint64{sa[i], sb[i]}
	}
	r[slotOne] = [2]uint64{1, 1}
	for i := range progs {
		p := &progs[i]
		// Loaded before the program runs, so that memory is fetched meanwhile.
		la, lb := mem[a%cacheItems], mem[b%cacheItems]
		runPairs(p.bundles, &r)
		for j := range la {
			r[j][0] ^= la[j]
			r[j][1] ^= lb[j]
		}
		a, b = r[p.addr&7][0], r[p.addr&7][1]
	}
	for i := range sa {
		sa[i], sb[i] = r[i][0], r[i][1]
	}
	return sa, sb
}

// runPairs runs a superscalar program over two items: decoding a place costs
// more than running it once, and the two do not wait for each other. The places
// are written out because the compiler does not inline them.
//
//go:norace
func runPairs(bundles []bundle, r *pairs) {
	for i := range bundles {
		b := &bundles[i]
		var (
			m       *mulAdd
			q       *xorRot
			d, x, s *[2]uint64
		)
		m = &b.m[0]
		d, x, s = r.at(m.dst), r.at(m.x), r.at(m.s)
		d[0], d[1] = d[0]*x[0]+s[0]*m.k, d[1]*x[1]+s[1]*m.k

		m = &b.m[1]
		d, x, s = r.at(m.dst), r.at(m.x), r.at(m.s)
		d[0], d[1] = d[0]*x[0]+s[0]*m.k, d[1]*x[1]+s[1]*m.k

		q = &b.x[0]
		d, s = r.at(q.dst), r.at(q.s)
		d[0], d[1] = bits.RotateLeft64(d[0]^s[0]^q.imm, -int(q.n)), bits.RotateLeft64(d[1]^s[1]^q.imm, -int(q.n))

		m = &b.m[2]
		d, x, s = r.at(m.dst), r.at(m.x), r.at(m.s)
		d[0], d[1] = d[0]*x[0]+s[0]*m.k, d[1]*x[1]+s[1]*m.k

		m = &b.m[3]
		d, x, s = r.at(m.dst), r.at(m.x), r.at(m.s)
		d[0], d[1] = d[0]*x[0]+s[0]*m.k, d[1]*x[1]+s[1]*m.k

		q = &b.x[1]
		d, s = r.at(q.dst), r.at(q.s)
		d[0], d[1] = bits.RotateLeft64(d[0]^s[0]^q.imm, -int(q.n)), bits.RotateLeft64(d[1]^s[1]^q.imm, -int(q.n))

		if b.h.used {
			d, s = r.at(b.h.dst), r.at(b.h.s)
			d[0], d[1] = mulh(d[0], s[0], b.h.signed), mulh(d[1], s[1], b.h.signed)
		}
	}
}

// at returns the register at a byte offset that bundle.put made from a register
// number below slotCount.
func (r *pairs) at(offset uint8) *[2]uint64 {
	return (*[2]uint64)(unsafe.Add(unsafe.Pointer(r), uintptr(offset)))
}

// mulh is the high half of the product: of signed numbers when signed is all
// ones, of unsigned ones when it is zero.
func mulh(a, b, signed uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi - signed&(uint64(int64(a)>>63)&b) - signed&(uint64(int64(b)>>63)&a)
}

// smulh is the high half of the signed product.
func smulh(a, b uint64) uint64 { return mulh(a, b, ^uint64(0)) }
