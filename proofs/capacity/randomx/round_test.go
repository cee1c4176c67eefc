// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigMode are big.Float's names for the modes.
func bigMode(mode uint8) big.RoundingMode {
	return [...]big.RoundingMode{big.ToNearestEven, big.ToNegativeInf, big.ToPositiveInf, big.ToZero}[mode]
}

// roundBig rounds an exact number other than zero to a double: the slow obvious way.
func roundBig(x *big.Float, mode uint8) float64 {
	prec := 53
	if e := x.MantExp(nil); e < -1021 {
		prec -= -1021 - e
	}
	if prec < 1 { // below the smallest subnormal, or just at it
		tiny, half := math.SmallestNonzeroFloat64, new(big.Float).SetMantExp(big.NewFloat(1), -1075)
		switch mag := new(big.Float).Abs(x); {
		case mode == up && x.Sign() > 0:
			return tiny
		case mode == down && x.Sign() < 0:
			return -tiny
		case mode == nearest && mag.Cmp(half) > 0:
			return math.Copysign(tiny, float64(x.Sign()))
		}
		return math.Copysign(0, float64(x.Sign()))
	}
	r := new(big.Float).SetPrec(uint(prec)).SetMode(bigMode(mode)).Set(x)
	f, _ := r.Float64()
	if math.IsInf(f, 0) {
		neg := x.Sign() < 0
		if mode == toZero || mode == down && !neg || mode == up && neg {
			return math.Copysign(math.MaxFloat64, f)
		}
	}
	return f
}

func exact(f float64) *big.Float { return new(big.Float).SetPrec(4000).SetFloat64(f) }

// quotient has so many bits that a rest never looks like a tie.
func quotient(a, b float64) *big.Float { return exact(a).Quo(exact(a), exact(b)) }

// operands draws numbers that meet the edges: near ones, far ones, subnormals,
// powers of two, the largest.
func operands(r *rand.Rand) (a, b float64) {
	one := func() float64 {
		m := r.Uint64() & fracMask
		switch r.IntN(6) {
		case 0:
			m = 0
		case 1:
			m = fracMask
		case 2:
			m &= 0x1f << r.IntN(48)
		}
		e := uint64(r.IntN(2047))
		switch r.IntN(4) {
		case 0:
			e = uint64(expBias - 30 + r.IntN(60))
		case 1:
			e = uint64(r.IntN(3))
		case 2:
			e = uint64(2044 + r.IntN(3))
		}
		return math.Float64frombits(e<<52 | m | r.Uint64()&signBit)
	}
	a, b = one(), one()
	if r.IntN(4) == 0 { // close together
		b = math.Float64frombits(math.Float64bits(a) + uint64(r.IntN(5)) - 2 ^ r.Uint64()&signBit)
	}
	return a, b
}

func TestRoundingAgreesWithExactArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(op string, a, b, got float64, want *big.Float, mode uint8) {
		t.Helper()
		if w := roundBig(want, mode); math.Float64bits(got) != math.Float64bits(w) {
			t.Fatalf("%s(%x, %x) mode %d = %x, want %x", op, a, b, mode, got, w)
		}
	}
	for range 20000 {
		a, b := operands(r)
		if a == 0 || b == 0 || math.IsInf(b, 0) || math.IsNaN(b) {
			continue
		}
		sum, product, ratio := new(big.Float).SetPrec(4000).Add(exact(a), exact(b)), exact(a).Mul(exact(a), exact(b)), quotient(a, b)
		root := exact(math.Abs(a))
		root.Sqrt(root)
		for mode := uint8(down); mode <= toZero; mode++ {
			if sum.Sign() != 0 {
				check("add", a, b, addMode(a, b, mode), sum, mode)
			}
			check("mul", a, b, mulMode(a, b, mode), product, mode)
			check("div", a, b, divMode(a, b, mode), ratio, mode)
			check("sqrt", math.Abs(a), 0, sqrtMode(math.Abs(a), mode), root, mode)
		}
		x, y := math.Float64bits(a), math.Float64bits(b)
		check("soft mul", a, b, softMul(x, y, nearest), product, nearest)
		check("soft div", a, b, softDiv(x, y, nearest), ratio, nearest)
		check("soft sqrt", a, 0, softSqrt(x&^signBit, nearest), root, nearest)
		check("processor mul", a, b, float64(a*b), product, nearest)
		check("processor div", a, b, float64(a/b), ratio, nearest)
	}
}

func TestRoundingOfZerosAndInfinities(t *testing.T) {
	inf, zero, minus := math.Inf(1), 0.0, math.Copysign(0, -1)
	tests := map[string]struct {
		got  func(mode uint8) float64
		want [4]float64 // by mode; [0] is not asked
	}{
		"x-x":              {func(m uint8) float64 { return addMode(3, -3, m) }, [4]float64{0, minus, zero, zero}},
		"+0 + -0":          {func(m uint8) float64 { return addMode(zero, minus, m) }, [4]float64{0, minus, zero, zero}},
		"+0 + +0":          {func(m uint8) float64 { return addMode(zero, zero, m) }, [4]float64{0, zero, zero, zero}},
		"-0 + -0":          {func(m uint8) float64 { return addMode(minus, minus, m) }, [4]float64{0, minus, minus, minus}},
		"inf + 1":          {func(m uint8) float64 { return addMode(inf, 1, m) }, [4]float64{0, inf, inf, inf}},
		"max + max":        {func(m uint8) float64 { return addMode(math.MaxFloat64, math.MaxFloat64, m) }, [4]float64{0, math.MaxFloat64, inf, math.MaxFloat64}},
		"-max - max":       {func(m uint8) float64 { return addMode(-math.MaxFloat64, -math.MaxFloat64, m) }, [4]float64{0, -inf, -math.MaxFloat64, -math.MaxFloat64}},
		"max + 1":          {func(m uint8) float64 { return addMode(math.MaxFloat64, 1, m) }, [4]float64{0, math.MaxFloat64, inf, math.MaxFloat64}},
		"inf * 2":          {func(m uint8) float64 { return mulMode(inf, 2, m) }, [4]float64{0, inf, inf, inf}},
		"max * 2":          {func(m uint8) float64 { return mulMode(math.MaxFloat64, 2, m) }, [4]float64{0, math.MaxFloat64, inf, math.MaxFloat64}},
		"max / 0.5":        {func(m uint8) float64 { return divMode(math.MaxFloat64, 0.5, m) }, [4]float64{0, math.MaxFloat64, inf, math.MaxFloat64}},
		"inf / 3":          {func(m uint8) float64 { return divMode(inf, 3, m) }, [4]float64{0, inf, inf, inf}},
		"sqrt inf":         {func(m uint8) float64 { return sqrtMode(inf, m) }, [4]float64{0, inf, inf, inf}},
		"sqrt 4":           {func(m uint8) float64 { return sqrtMode(4, m) }, [4]float64{0, 2, 2, 2}},
		"smallest / 2":     {func(m uint8) float64 { return divMode(5e-324, 2, m) }, [4]float64{0, 0, 5e-324, 0}},
		"smallest * 2^-99": {func(m uint8) float64 { return mulMode(5e-324, 0x1p-99, m) }, [4]float64{0, 0, 5e-324, 0}},
	}
	for name, tt := range tests {
		for mode := uint8(down); mode <= toZero; mode++ {
			if got := tt.got(mode); math.Float64bits(got) != math.Float64bits(tt.want[mode]) {
				t.Errorf("%s, mode %d = %x, want %x", name, mode, got, tt.want[mode])
			}
		}
	}
}
