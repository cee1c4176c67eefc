// SPDX-License-Identifier: Apache-2.0

package value

import (
	"math"
	"strconv"
	"strings"
)

// AsInt returns the number as a signed integer, and false when v is no integer
// or outside int64.
func (v Value) AsInt() (int64, bool) {
	if v.Kind() != Number || v.IsFloat() {
		return 0, false
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	return n, err == nil
}

// AsUint returns the number as an unsigned integer, and false when v is no
// integer or negative.
func (v Value) AsUint() (uint64, bool) {
	if v.Kind() != Number || v.IsFloat() {
		return 0, false
	}
	n, err := strconv.ParseUint(v.text, 10, 64)
	return n, err == nil
}

// AsFloat returns the number as a float, and false when v is no number. Integers
// beyond 2^53 are rounded.
func (v Value) AsFloat() (float64, bool) {
	if v.Kind() != Number {
		return 0, false
	}
	// The text is the shortest that names this float, so a correctly rounding
	// reader returns it exactly.
	f, err := strconv.ParseFloat(v.text, 64)
	return f, err == nil
}

// IsFloat reports whether v is a number kept as a float: one with a fraction or
// an exponent, or an integer outside int64 and uint64.
func (v Value) IsFloat() bool {
	return v.Kind() == Number && strings.ContainsAny(v.text, ".e")
}

// AppendFloat appends f in the canonical spelling: the shortest digits that read
// back as f, with a fraction where the decimal point falls into or near them
// (`1.0`, `0.00001`), else with an exponent without sign or padding (`1e16`,
// `1e-6`). A value that is not finite is written as null.
//
// Source: air.md 1.5, the "pretty" form of the ryu crate.
func AppendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	if math.Signbit(f) {
		b = append(b, '-')
		f = -f
	}
	if f == 0 {
		return append(b, "0.0"...)
	}
	var buf [32]byte
	digits, point := shortest(buf[:0], f)
	n := len(digits)
	switch {
	case n <= point && point <= 16:
		b = append(b, digits...)
		for ; n < point; n++ {
			b = append(b, '0')
		}
		return append(b, '.', '0')
	case 0 < point && point <= 16:
		b = append(b, digits[:point]...)
		b = append(b, '.')
		return append(b, digits[point:]...)
	case -5 < point && point <= 0:
		b = append(b, '0', '.')
		for ; point < 0; point++ {
			b = append(b, '0')
		}
		return append(b, digits...)
	}
	b = append(b, digits[0])
	if n > 1 {
		b = append(b, '.')
		b = append(b, digits[1:]...)
	}
	b = append(b, 'e')
	return strconv.AppendInt(b, int64(point-1), 10)
}

// shortest returns the shortest digits of f > 0 and the position of the decimal
// point behind their start.
func shortest(buf []byte, f float64) (digits []byte, point int) {
	buf = strconv.AppendFloat(buf, f, 'e', -1, 64)
	e := len(buf) - 1
	for buf[e] != 'e' {
		e--
	}
	exp, _ := strconv.Atoi(string(buf[e+1:]))
	digits = buf[:1]
	if e > 1 {
		digits = append(digits, buf[2:e]...)
	}
	return digits, exp + 1
}

// number is a scanned number: an unsigned integer, a negative one, or a float.
type number struct {
	kind byte // 'u', 'i' or 'f'
	u    uint64
	f    float64
}

// append appends the canonical text of the number.
func (n number) append(b []byte) []byte {
	switch n.kind {
	case 'u':
		return strconv.AppendUint(b, n.u, 10)
	case 'i':
		return strconv.AppendInt(b, int64(n.u), 10)
	}
	return AppendFloat(b, n.f)
}

// scale returns ±significand·10^exp, rounded as AquaVM's reader does: once for
// the significand, once for each multiplication or division.
func scale(positive bool, significand uint64, exp int) (float64, bool) {
	f := float64(significand)
	for f != 0 || exp >= -maxPow10 && exp <= maxPow10 {
		if exp >= -maxPow10 && exp <= maxPow10 {
			if exp >= 0 {
				f *= pow10(exp)
				if math.IsInf(f, 0) {
					return 0, false
				}
			} else {
				f /= pow10(-exp)
			}
			break
		}
		if exp > 0 {
			return 0, false
		}
		f /= pow10(maxPow10)
		exp += maxPow10
	}
	if !positive {
		f = -f
	}
	return f, true
}

// maxPow10 is the largest exponent for which a power of ten is a finite float.
const maxPow10 = 308

// pow10 returns the float nearest to 10^n, 0 <= n <= maxPow10.
func pow10(n int) float64 {
	const exact = 22 // the largest power of ten that is exact
	f := [exact + 1]float64{
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	}
	if n <= exact {
		return f[n]
	}
	p, _ := strconv.ParseFloat("1e"+strconv.Itoa(n), 64)
	return p
}
