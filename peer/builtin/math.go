// SPDX-License-Identifier: Apache-2.0

package builtin

import (
	"cmp"
	"errors"
	"math"
	"math/bits"
)

func mathEntries() map[string]Entry {
	return map[string]Entry{
		"add":  binary("x", "y", mathAdd),
		"sub":  binary("x", "y", mathSub),
		"mul":  binary("x", "y", mathMul),
		"div":  binary("x", "y", mathDiv),
		"rem":  binary("x", "y", mathRem),
		"fmul": binary("x", "y", mathFmul),
		"pow":  binary("x", "y", mathPow),
		"log":  binary("base", "y", mathLog),
	}
}

func cmpEntries() map[string]Entry {
	compare := func(holds func(c int) any) Entry {
		return binary("x", "y", func(x, y int64) (any, error) { return holds(cmp.Compare(x, y)), nil })
	}
	return map[string]Entry{
		"gt":  compare(func(c int) any { return c > 0 }),
		"gte": compare(func(c int) any { return c >= 0 }),
		"lt":  compare(func(c int) any { return c < 0 }),
		"lte": compare(func(c int) any { return c <= 0 }),
		"cmp": compare(func(c int) any { return c }),
	}
}

// binary is a pure function of exactly two arguments.
func binary[X, Y value](xName, yName string, f func(x X, y Y) (any, error)) Entry {
	return pure(func(a *Args) (any, error) {
		if err := a.arity(2); err != nil {
			return nil, err
		}
		x, err := Next[X](a, xName)
		if err != nil {
			return nil, err
		}
		y, err := Next[Y](a, yName)
		if err != nil {
			return nil, err
		}
		return f(x, y)
	})
}

// unary is a pure function of exactly one argument.
func unary[X value](name string, f func(x X) (any, error)) Entry {
	return pure(func(a *Args) (any, error) {
		if err := a.arity(1); err != nil {
			return nil, err
		}
		x, err := Next[X](a, name)
		if err != nil {
			return nil, err
		}
		return f(x)
	})
}

func mathAdd(x, y int64) (any, error) {
	sum := x + y
	if (x^sum)&(y^sum) < 0 { // the sum has another sign than both
		return nil, errors.New("i64 add overflow")
	}
	return sum, nil
}

func mathSub(x, y int64) (any, error) {
	diff := x - y
	if (x^y)&(x^diff) < 0 { // the signs differ and the result lost that of x
		return nil, errors.New("i64 neg overflow")
	}
	return diff, nil
}

func mathMul(x, y int64) (any, error) {
	p, ok := mul(x, y)
	if !ok {
		return nil, errors.New("i64 mul overflow")
	}
	return p, nil
}

// mul multiplies magnitudes in 128 bits and puts the sign back.
func mul(x, y int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(x), magnitude(y))
	switch {
	case hi != 0:
		return 0, false
	case (x < 0) == (y < 0):
		return int64(lo), lo <= math.MaxInt64
	case lo == 1<<63:
		return math.MinInt64, true
	}
	return -int64(lo), lo < 1<<63
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func mathDiv(x, y int64) (any, error) {
	if y == 0 || x == math.MinInt64 && y == -1 {
		return nil, errors.New("i64 div overflow")
	}
	return x / y, nil
}

func mathRem(x, y int64) (any, error) {
	if y == 0 || x == math.MinInt64 && y == -1 {
		return nil, errors.New("i64 rem overflow")
	}
	return x % y, nil
}

// mathFmul is the floor of the product, held inside the 64-bit range.
func mathFmul(x, y float64) (any, error) {
	p := math.Floor(x * y)
	switch {
	case p >= math.MaxInt64:
		return int64(math.MaxInt64), nil
	case p <= math.MinInt64:
		return int64(math.MinInt64), nil
	}
	return int64(p), nil
}

func mathPow(x int64, y uint32) (any, error) {
	result, base := int64(1), x
	for {
		var ok bool
		if y&1 == 1 {
			if result, ok = mul(result, base); !ok {
				return nil, errors.New("i64 pow overflow")
			}
		}
		if y >>= 1; y == 0 {
			return result, nil
		}
		if base, ok = mul(base, base); !ok {
			return nil, errors.New("i64 pow overflow")
		}
	}
}

// mathLog is the largest n with base to the power n at most y.
func mathLog(base, y int64) (any, error) {
	if base < 2 || y < 1 {
		return nil, errors.New("i64 log overflow")
	}
	n := 0
	for y >= base {
		y /= base
		n++
	}
	return n, nil
}
