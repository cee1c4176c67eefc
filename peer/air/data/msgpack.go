// SPDX-License-Identifier: Apache-2.0

package data

import "encoding/binary"

// mpReader walks MessagePack without allocating. A failed read leaves bad set and
// returns zero values.
type mpReader struct {
	b   []byte
	bad bool
}

// The classes of MessagePack values that envelopes are made of.
type mpClass uint8

const (
	mpOther mpClass = iota // nil, booleans, floats, extensions: skipped
	mpUint
	mpInt
	mpStr
	mpBin
	mpArray
	mpMap
)

// head reads a marker. n is the value of mpUint, the byte length of mpStr, mpBin
// and mpOther, and the number of elements of mpArray and of pairs of mpMap.
func (r *mpReader) head() (class mpClass, n uint64) {
	c := r.byte()
	switch {
	case r.bad:
		return mpOther, 0
	case c <= 0x7f:
		return mpUint, uint64(c)
	case c <= 0x8f:
		return mpMap, uint64(c & 0x0f)
	case c <= 0x9f:
		return mpArray, uint64(c & 0x0f)
	case c <= 0xbf:
		return mpStr, uint64(c & 0x1f)
	case c >= 0xe0:
		return mpInt, 0
	}
	switch c {
	case 0xc0, 0xc2, 0xc3: // nil, false, true
		return mpOther, 0
	case 0xc4, 0xc5, 0xc6:
		return mpBin, r.uint(1 << (c - 0xc4))
	case 0xc7, 0xc8, 0xc9: // extension: length, type, content
		return mpOther, r.uint(1<<(c-0xc7)) + 1
	case 0xca, 0xcb: // floats
		return mpOther, 4 << (c - 0xca)
	case 0xcc, 0xcd, 0xce, 0xcf:
		return mpUint, r.uint(1 << (c - 0xcc))
	case 0xd0, 0xd1, 0xd2, 0xd3:
		r.take(1 << (c - 0xd0))
		return mpInt, 0
	case 0xd4, 0xd5, 0xd6, 0xd7, 0xd8: // extensions of fixed length
		return mpOther, 1 + 1<<(c-0xd4)
	case 0xd9, 0xda, 0xdb:
		return mpStr, r.uint(1 << (c - 0xd9))
	case 0xdc, 0xdd:
		return mpArray, r.uint(2 << (c - 0xdc))
	case 0xde, 0xdf:
		return mpMap, r.uint(2 << (c - 0xde))
	default: // 0xc1 is not used
		r.bad = true
		return mpOther, 0
	}
}

// skip passes over one value. It does not recurse, so nesting costs nothing.
func (r *mpReader) skip() {
	for left := uint64(1); left > 0 && !r.bad; left-- {
		class, n := r.head()
		switch class {
		case mpStr, mpBin, mpOther:
			r.take(n)
		case mpArray:
			left += n
		case mpMap:
			left += 2 * n
		}
	}
}

// text reads a string, or reports false after passing over another value.
func (r *mpReader) text() (string, bool) {
	at := r.b
	class, n := r.head()
	if class == mpStr {
		return string(r.take(n)), !r.bad
	}
	r.b = at
	r.skip()
	return "", false
}

// bytes reads bytes given as bin, str or an array of small numbers, or reports
// false after passing over another value.
func (r *mpReader) bytes() ([]byte, bool) {
	at := r.b
	class, n := r.head()
	switch class {
	case mpBin, mpStr:
		return r.take(n), !r.bad
	case mpArray:
		if n > uint64(len(r.b)) {
			r.bad = true
			return nil, false
		}
		out := make([]byte, 0, n)
		for range n {
			c, v := r.head()
			if c != mpUint || v > 0xff {
				r.b = at
				r.skip()
				return nil, false
			}
			out = append(out, byte(v))
		}
		return out, !r.bad
	}
	r.b = at
	r.skip()
	return nil, false
}

func (r *mpReader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

// uint reads a big-endian number of 1, 2, 4 or 8 bytes.
func (r *mpReader) uint(size uint64) uint64 {
	var wide [8]byte
	copy(wide[8-size:], r.take(size))
	return binary.BigEndian.Uint64(wide[:])
}

func (r *mpReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}
