// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math"
	"math/bits"
)

// unpacked is a finite number other than zero: sig*2^exp, bit 63 of sig set.
type unpacked struct {
	neg bool
	exp int
	sig uint64
}

// unpack splits a finite number other than zero.
func unpack(x uint64) unpacked {
	u := unpacked{neg: x&signBit != 0, exp: int(x >> 52 & expMask), sig: x & fracMask}
	if u.exp == 0 {
		u.exp = 1
	} else {
		u.sig |= hidden
	}
	n := bits.LeadingZeros64(u.sig)
	u.sig <<= n
	u.exp -= expBias + 52 + n
	return u
}

// pack rounds to double precision, subnormals and overflow included. sticky
// says that the exact value is greater in magnitude than sig*2^exp, by less
// than one unit of sig.
func (u unpacked) pack(sticky bool, mode uint8) float64 {
	field := u.exp + 63 + expBias // of the result, unless it carries
	shift := 11
	if field < 1 {
		shift += 1 - field // subnormal: fewer bits are kept
		field = 1
	}
	keep, rest := uint64(0), u.sig
	if shift < 64 {
		keep, rest = u.sig>>shift, u.sig<<(64-shift)
	} else if shift > 64 {
		sticky, rest = true, 0 // less than half a unit
	}
	away := false
	switch mode {
	case nearest:
		away = rest>>63 == 1 && (rest<<1 != 0 || sticky || keep&1 == 1)
	case down, up:
		away = (rest != 0 || sticky) && u.neg == (mode == down)
	}
	if away {
		keep++
	}
	// A normal keep has the hidden bit, which adds one to the field below it.
	z := uint64(field-1)<<52 + keep
	if field > expMask-1 || z >= infBits {
		z = infBits
		if mode == toZero || mode == down && !u.neg || mode == up && u.neg {
			z = maxBits
		}
	}
	if u.neg {
		z |= signBit
	}
	return math.Float64frombits(z)
}

// plain reports whether x is finite and not zero.
func plain(x uint64) bool { return x<<1 != 0 && x&infBits != infBits }

// softMul multiplies any two numbers under any mode.
func softMul(x, y uint64, mode uint8) float64 {
	if !plain(x) || !plain(y) {
		return float64(math.Float64frombits(x) * math.Float64frombits(y)) // exact, or not a number
	}
	a, b := unpack(x), unpack(y)
	hi, lo := bits.Mul64(a.sig, b.sig)
	r := unpacked{neg: a.neg != b.neg, exp: a.exp + b.exp + 64, sig: hi}
	if hi>>63 == 0 {
		r.sig, lo = hi<<1|lo>>63, lo<<1
		r.exp--
	}
	return r.pack(lo != 0, mode)
}

// softDiv divides any two numbers under any mode.
func softDiv(x, y uint64, mode uint8) float64 {
	if !plain(x) || !plain(y) {
		return float64(math.Float64frombits(x) / math.Float64frombits(y))
	}
	a, b := unpack(x), unpack(y)
	r := unpacked{neg: a.neg != b.neg, exp: a.exp - b.exp - 63}
	hi, lo := a.sig>>1, a.sig<<63 // a.sig*2^63
	if a.sig < b.sig {
		hi, lo = a.sig, 0 // a.sig*2^64
		r.exp--
	}
	var rem uint64
	r.sig, rem = bits.Div64(hi, lo, b.sig)
	return r.pack(rem != 0, mode)
}

// softSqrt takes the square root of any number under any mode.
func softSqrt(x uint64, mode uint8) float64 {
	if !plain(x) || x&signBit != 0 {
		return math.Sqrt(math.Float64frombits(x))
	}
	a := unpack(x)
	// Bring a to sig*2^exp with 2^62 <= sig < 2^64 and exp even; the root of
	// sig*2^64 then has 64 bits, found bit by bit.
	if a.exp&1 != 0 {
		a.sig >>= 1 // the lost bit is zero: at most 53 bits are in use
		a.exp++
	}
	root := uint64(0)
	for bit := uint64(1) << 63; bit != 0; bit >>= 1 {
		try := root | bit
		if hi, _ := bits.Mul64(try, try); hi < a.sig || hi == a.sig && try*try == 0 {
			root = try
		}
	}
	r := unpacked{exp: a.exp/2 - 32, sig: root}
	hi, lo := bits.Mul64(root, root)
	return r.pack(hi != a.sig || lo != 0, mode)
}
