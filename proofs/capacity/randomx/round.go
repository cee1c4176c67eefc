// SPDX-License-Identifier: Apache-2.0

package randomx

import "math"

// Rounding modes as the register fprc numbers them (specification, table 4.3.1).
const (
	nearest = iota
	down
	up
	toZero
)

// The processor rounds to nearest. For the other modes each function below takes
// that result and the sign of its exact error, and steps to the neighbour when
// the mode asks for it. Errors are found without fused operations and without
// touching the processor's rounding mode, which belongs to the Go runtime. Every
// float operation stands in a conversion so that no platform may fuse two.
//
// Operands that the fast way does not cover (subnormals, infinities, zeros) go
// to the integer arithmetic of softfloat.go.

const (
	signBit  = 1 << 63
	fracMask = 1<<52 - 1
	hidden   = 1 << 52
	expMask  = 0x7ff
	expBias  = 1023
	infBits  = expMask << 52
	maxBits  = infBits - 1 // largest finite number
)

// addMode returns a+b under a mode that is not nearest.
func addMode(a, b float64, mode uint8) float64 {
	s := float64(a + b)
	t := float64(s - a)
	e := float64(float64(a-float64(s-t)) + float64(b-t)) // Knuth's TwoSum: a+b = s+e
	if math.Float64bits(e)&infBits == infBits {
		if math.Float64bits(s)&infBits == infBits {
			return overflow(a, b, s, mode)
		}
		// Only an intermediate sum overflowed: take the form that cannot.
		if math.Abs(a) < math.Abs(b) {
			a, b = b, a
		}
		e = float64(b - float64(s-a))
	}
	eb, sb := math.Float64bits(e), math.Float64bits(s)
	if eb<<1 == 0 {
		if mode == down && sb<<1 == 0 && (math.Float64bits(a)|math.Float64bits(b))&signBit != 0 {
			return math.Copysign(0, -1) // an exact zero of two signs
		}
		return s
	}
	eneg, sneg := eb>>63, sb>>63
	switch mode {
	case down:
		sb += eneg * (2*sneg - 1)
	case up:
		sb += (1 - eneg) * (1 - 2*sneg)
	default:
		sb -= eneg ^ sneg
	}
	return math.Float64frombits(sb)
}

// overflow corrects s, which is not finite, for the mode.
func overflow(a, b, s float64, mode uint8) float64 {
	ab, bb, sb := math.Float64bits(a), math.Float64bits(b), math.Float64bits(s)
	if ab&infBits == infBits || bb&infBits == infBits {
		return s // exact
	}
	if sb&signBit == 0 && mode != up || sb&signBit != 0 && mode != down {
		sb = sb&signBit | maxBits
	}
	return math.Float64frombits(sb)
}

// normal reports whether all bit patterns are positive normal numbers.
func normal(x, y, z uint64) bool {
	const lo, n = uint64(hidden), uint64(infBits - hidden)
	return x-lo < n && y-lo < n && z-lo < n
}

// step moves the positive number z, whose exact value differs by the sign of
// err, to where the mode wants it.
func step(z uint64, err int64, mode uint8) float64 {
	if mode == up {
		z += uint64(-err) >> 63 // err > 0
	} else {
		z -= uint64(err) >> 63 // err < 0
	}
	return math.Float64frombits(z)
}

// split returns exponent field and significand of a positive normal number.
func split(x uint64) (exp, sig uint64) { return x >> 52, x&fracMask | hidden }

// mulMode returns a*b under a mode that is not nearest.
func mulMode(a, b float64, mode uint8) float64 {
	x, y, z := math.Float64bits(a), math.Float64bits(b), math.Float64bits(float64(a*b))
	if !normal(x, y, z) {
		return softMul(x, y, mode)
	}
	ex, mx := split(x)
	ey, my := split(y)
	ez, mz := split(z)
	// The difference is far below 2^63, so its low 64 bits tell its sign.
	return step(z, int64(mx*my-mz<<(ez-ex-ey+expBias+52)), mode)
}

// divMode returns a/b under a mode that is not nearest.
func divMode(a, b float64, mode uint8) float64 {
	x, y, z := math.Float64bits(a), math.Float64bits(b), math.Float64bits(float64(a/b))
	if !normal(x, y, z) {
		return softDiv(x, y, mode)
	}
	ex, mx := split(x)
	ey, my := split(y)
	ez, mz := split(z)
	return step(z, int64(mx<<(ex-ey-ez+expBias+52)-mz*my), mode)
}

// sqrtMode returns the square root of a under a mode that is not nearest.
func sqrtMode(a float64, mode uint8) float64 {
	x, z := math.Float64bits(a), math.Float64bits(math.Sqrt(a))
	if !normal(x, z, z) {
		return softSqrt(x, mode)
	}
	ex, mx := split(x)
	ez, mz := split(z)
	return step(z, int64(mx<<(ex-2*ez+expBias+52)-mz*mz), mode)
}
