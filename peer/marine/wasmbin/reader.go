// SPDX-License-Identifier: Apache-2.0

package wasmbin

import (
	"fmt"
	"unicode/utf8"
)

// Reader reads the primitive forms of a module from a slice. The first error
// stays; after it every read gives a zero value.
type Reader struct {
	b   []byte
	at  int
	err error
}

// NewReader returns a reader over b, which it does not copy.
func NewReader(b []byte) *Reader { return &Reader{b: b} }

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// At returns the offset of the next byte.
func (r *Reader) At() int { return r.at }

// Len returns how many bytes are left.
func (r *Reader) Len() int { return len(r.b) - r.at }

// fail keeps the first error, with the offset.
func (r *Reader) fail(kind error, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: byte %d: %s", kind, r.at, fmt.Sprintf(format, args...))
		r.at = len(r.b)
	}
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.at >= len(r.b) {
		r.fail(ErrMalformed, "unexpected end")
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

// Bytes returns the next n bytes without copying them.
func (r *Reader) Bytes(n uint32) []byte {
	if uint64(n) > uint64(r.Len()) {
		r.fail(ErrMalformed, "%d bytes announced, %d left", n, r.Len())
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at : r.at]
}

// U32 reads an unsigned LEB128 number of at most 32 bits.
func (r *Reader) U32() uint32 { return uint32(r.uleb(32)) }

// U64 reads an unsigned LEB128 number of at most 64 bits.
func (r *Reader) U64() uint64 { return r.uleb(64) }

func (r *Reader) uleb(bits uint) uint64 {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		c := r.Byte()
		if left := bits - shift; left < 7 && c>>left != 0 {
			r.fail(ErrMalformed, "number of more than %d bits", bits)
			return 0
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
		if shift+7 >= bits {
			r.fail(ErrMalformed, "number of more than %d bits", bits)
			return 0
		}
	}
}

// SkipSigned passes over a signed LEB128 number of at most the given bits.
func (r *Reader) SkipSigned(bits int) {
	for n := (bits + 6) / 7; n > 0; n-- {
		if r.Byte() < 0x80 {
			return
		}
	}
	r.fail(ErrMalformed, "number of more than %d bits", bits)
}

// S33 reads a signed LEB128 number of at most 33 bits, the form of block types.
func (r *Reader) S33() int64 {
	var v int64
	for shift := uint(0); shift < 35; shift += 7 {
		c := r.Byte()
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			if c&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
	}
	r.fail(ErrMalformed, "number of more than 33 bits")
	return 0
}

// Name reads a length and as many bytes of UTF-8.
func (r *Reader) Name() string {
	b := r.Bytes(r.U32())
	if !utf8.Valid(b) {
		r.fail(ErrMalformed, "name is not UTF-8")
		return ""
	}
	return string(b)
}

// Count reads the length of a list whose entries take at least one byte each,
// and refuses one above the limit or above what the bytes left can hold.
func (r *Reader) Count(what string, limit int) int {
	n := r.U32()
	switch {
	case uint64(n) > uint64(r.Len()):
		r.fail(ErrMalformed, "%d %s announced, %d bytes left", n, what, r.Len())
		return 0
	case uint64(n) > uint64(limit):
		r.fail(ErrTooLarge, "%d %s: at most %d", n, what, limit)
		return 0
	}
	return int(n)
}

// AppendU32 appends n as unsigned LEB128.
func AppendU32(b []byte, n uint32) []byte { return AppendU64(b, uint64(n)) }

// AppendU64 appends n as unsigned LEB128.
func AppendU64(b []byte, n uint64) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// AppendS64 appends n as signed LEB128.
func AppendS64(b []byte, n int64) []byte {
	for {
		c := byte(n & 0x7f)
		n >>= 7
		if (n == 0 && c&0x40 == 0) || (n == -1 && c&0x40 != 0) {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// AppendName appends the length of s and s.
func AppendName(b []byte, s string) []byte { return append(AppendU32(b, uint32(len(s))), s...) }
