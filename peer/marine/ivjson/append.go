// SPDX-License-Identifier: Apache-2.0

// Package ivjson turns JSON into the typed values of Marine functions and back,
// driven by signatures and in the very form that the official peers give: field
// order of the declaration, floats with a fraction, no HTML escapes. It uses
// neither encoding/json nor floats for integers.
//
// Source: marine@1d94c294 and nox@b349812f0, as docs/spec/marine.md §7 says.
package ivjson

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/it"
)

// ErrResult says that a value does not have its type.
var ErrResult = errors.New("value does not fit its type")

// maxDepth bounds values inside each other, both ways.
const maxDepth = 64

// AppendResult appends the JSON of a call's results: null for none.
//
// Errors: ErrResult, it.ErrMalformed.
func AppendResult(b []byte, outputs []it.Type, iface *it.Interface, values []abi.Value) ([]byte, error) {
	switch {
	case len(outputs) != len(values) || len(outputs) > 1:
		return nil, fmt.Errorf("%w: %d values for %d outputs", ErrResult, len(values), len(outputs))
	case len(outputs) == 0:
		return append(b, "null"...), nil
	}
	return Append(b, outputs[0], iface, values[0])
}

// Append appends the JSON of one value.
//
// Errors: ErrResult, it.ErrMalformed.
func Append(b []byte, t it.Type, iface *it.Interface, v abi.Value) ([]byte, error) {
	return appendValue(b, t, iface, v, 0)
}

func appendValue(b []byte, t it.Type, iface *it.Interface, v abi.Value, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: nested deeper than %d", ErrResult, maxDepth)
	}
	switch t.Kind {
	case it.Bool:
		return strconv.AppendBool(b, v.N != 0), nil
	case it.S8, it.S16, it.S32, it.S64, it.I64:
		return strconv.AppendInt(b, int64(v.N), 10), nil
	case it.I32:
		return strconv.AppendInt(b, int64(int32(v.N)), 10), nil
	case it.U8, it.U16, it.U32, it.U64:
		return strconv.AppendUint(b, v.N, 10), nil
	case it.F32:
		return appendFloat(b, float64(math.Float32frombits(uint32(v.N)))), nil
	case it.F64:
		return appendFloat(b, math.Float64frombits(v.N)), nil
	case it.String:
		return appendString(b, v.B), nil
	case it.ByteArray:
		return appendBytes(b, v.B), nil
	case it.Array:
		return appendArray(b, *t.Elem, iface, v, depth)
	case it.Record:
		return appendRecord(b, t.Record, iface, v, depth)
	}
	return nil, fmt.Errorf("%w: type %#x", ErrResult, byte(t.Kind))
}

func appendBytes(b, bytes []byte) []byte {
	b = append(b, '[')
	for i, c := range bytes {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(c), 10)
	}
	return append(b, ']')
}

func appendArray(b []byte, elem it.Type, iface *it.Interface, v abi.Value, depth int) (_ []byte, err error) {
	if elem.Kind == it.U8 && v.L == nil {
		return appendBytes(b, v.B), nil
	}
	b = append(b, '[')
	for i, e := range v.L {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, elem, iface, e, depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendRecord(b []byte, record uint32, iface *it.Interface, v abi.Value, depth int) (_ []byte, err error) {
	def, err := iface.RecordType(record)
	if err != nil {
		return nil, err
	}
	if len(def.Fields) != len(v.L) {
		return nil, fmt.Errorf("%w: %d fields in record %s of %d", ErrResult, len(v.L), def.Name, len(def.Fields))
	}
	b = append(b, '{')
	for i, f := range def.Fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, []byte(f.Name)), ':')
		if b, err = appendValue(b, f.Type, iface, v.L[i], depth+1); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendFloat prints the shortest digits that give x back: plain from 1e-5 to
// below 1e16, with at least one digit behind the point; else d.ddde[-]n. What is
// no number is null.
func appendFloat(b []byte, x float64) []byte {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 0):
		return append(b, "null"...)
	case x == 0:
		if math.Signbit(x) {
			b = append(b, '-')
		}
		return append(b, "0.0"...)
	}
	if abs := math.Abs(x); abs >= 1e-5 && abs < 1e16 {
		at := len(b)
		b = strconv.AppendFloat(b, x, 'f', -1, 64)
		for _, c := range b[at:] {
			if c == '.' {
				return b
			}
		}
		return append(b, ".0"...)
	}
	var digits [32]byte
	text := strconv.AppendFloat(digits[:0], x, 'e', -1, 64)
	e := len(text) - 1
	for text[e] != 'e' {
		e--
	}
	b = append(append(b, text[:e]...), 'e')
	exp := text[e+1:]
	if exp[0] == '-' {
		b = append(b, '-')
	}
	for exp = exp[1:]; len(exp) > 1 && exp[0] == '0'; {
		exp = exp[1:]
	}
	return append(b, exp...)
}

// appendString quotes UTF-8 text; only quotes, backslashes and characters below
// 0x20 are escaped.
func appendString(b, s []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i, c := range s {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}
