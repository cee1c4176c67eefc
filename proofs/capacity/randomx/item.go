// SPDX-License-Identifier: Apache-2.0

package randomx

import "math/bits"

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

// pair holds the registers of two items side by side. Items are computed two at
// a time: decoding an instruction costs more than running it once.
type pair = [8][2]uint64

// items computes dataset items a and b.
func items(mem []line, progs []ssProgram, a, b uint64) (line, line) {
	sa, sb := itemStart(a), itemStart(b)
	var r pair
	for i := range r {
		r[i] = [2]uint64{sa[i], sb[i]}
	}
	for i := range progs {
		p := &progs[i]
		// Loaded before the program runs, so that memory is fetched meanwhile.
		la, lb := mem[a%cacheItems], mem[b%cacheItems]
		runPair(p.ops, &r)
		for j := range r {
			r[j][0] ^= la[j]
			r[j][1] ^= lb[j]
		}
		a, b = r[p.addr&7][0], r[p.addr&7][1]
	}
	for i := range r {
		sa[i], sb[i] = r[i][0], r[i][1]
	}
	return sa, sb
}

// runPair runs a superscalar program over two items.
func runPair(ops []ssOp, r *pair) {
	for i := range ops {
		op := &ops[i]
		d, s := &r[op.dst&7], &r[op.src&7]
		switch op.code {
		case ssSub:
			d[0] -= s[0]
			d[1] -= s[1]
		case ssXor:
			d[0] ^= s[0]
			d[1] ^= s[1]
		case ssAddShift:
			d[0] += s[0] << (op.shift & 63)
			d[1] += s[1] << (op.shift & 63)
		case ssMul:
			d[0] *= s[0]
			d[1] *= s[1]
		case ssRor:
			d[0] = bits.RotateLeft64(d[0], -int(op.shift))
			d[1] = bits.RotateLeft64(d[1], -int(op.shift))
		case ssAddC:
			d[0] += op.imm
			d[1] += op.imm
		case ssXorC:
			d[0] ^= op.imm
			d[1] ^= op.imm
		case ssMulh:
			d[0], _ = bits.Mul64(d[0], s[0])
			d[1], _ = bits.Mul64(d[1], s[1])
		case ssSmulh:
			d[0] = smulh(d[0], s[0])
			d[1] = smulh(d[1], s[1])
		case ssRcp:
			d[0] *= op.imm
			d[1] *= op.imm
		}
	}
}

// smulh is the high half of the signed product.
func smulh(a, b uint64) uint64 {
	hi, _ := bits.Mul64(a, b)
	return hi - uint64(int64(a)>>63)&b - uint64(int64(b)>>63)&a
}
