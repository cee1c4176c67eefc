// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"unicode/utf8"
)

// maxSkipDepth bounds the nesting of values under unknown keys.
const maxSkipDepth = 16

// reader reads MessagePack from b without ever allocating what b only announces:
// every length is compared with the bytes that are left first.
type reader struct {
	b  []byte
	at int
}

// take returns the next n bytes, aliased.
func (r *reader) take(field string, n int) ([]byte, error) {
	if n < 0 || n > len(r.b)-r.at {
		return nil, refuse(ErrTruncated, field, "wants %d bytes, %d are left", n, len(r.b)-r.at)
	}
	v := r.b[r.at : r.at+n : r.at+n]
	r.at += n
	return v, nil
}

func (r *reader) byte(field string) (byte, error) {
	v, err := r.take(field, 1)
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

// big reads a big-endian number of 1, 2, 4 or 8 bytes.
func (r *reader) big(field string, size int) (uint64, error) {
	v, err := r.take(field, size)
	if err != nil {
		return 0, err
	}
	var n uint64
	for _, c := range v {
		n = n<<8 | uint64(c)
	}
	return n, nil
}

// length reads a length of size bytes that counts things of at least one byte.
func (r *reader) length(field string, size int) (int, error) {
	n, err := r.big(field, size)
	if err != nil {
		return 0, err
	}
	if n > uint64(len(r.b)-r.at) {
		return 0, refuse(ErrTruncated, field, "announces %d, %d bytes are left", n, len(r.b)-r.at)
	}
	return int(n), nil
}

func (r *reader) mapLen() (int, error) {
	c, err := r.byte("frame")
	switch {
	case err != nil:
		return 0, err
	case c&0xf0 == 0x80:
		return int(c & 0x0f), nil
	case c == 0xde:
		return r.length("frame", 2)
	case c == 0xdf:
		return r.length("frame", 4)
	}
	return 0, refuse(ErrField, "frame", "is a MessagePack %#02x; want a map", c)
}

func (r *reader) text(field string) (string, error) {
	c, err := r.byte(field)
	if err != nil {
		return "", err
	}
	var n int
	switch {
	case c&0xe0 == 0xa0:
		n = int(c & 0x1f)
	case c >= 0xd9 && c <= 0xdb:
		n, err = r.length(field, 1<<(c-0xd9))
	default:
		return "", refuse(ErrField, field, "is a MessagePack %#02x; want text", c)
	}
	if err != nil {
		return "", err
	}
	v, err := r.take(field, n)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(v) {
		return "", refuse(ErrUTF8, field, "holds bytes that are not UTF-8")
	}
	return string(v), nil
}

// uint reads a whole number from 0 to limit, in any width, signed or not.
func (r *reader) uint(field string, limit uint64) (uint64, error) {
	c, err := r.byte(field)
	if err != nil {
		return 0, err
	}
	var n uint64
	switch {
	case c < 0x80:
		n = uint64(c)
	case c >= 0xcc && c <= 0xcf:
		n, err = r.big(field, 1<<(c-0xcc))
	case c >= 0xd0 && c <= 0xd3:
		size := 1 << (c - 0xd0)
		n, err = r.big(field, size)
		if err == nil && n>>(8*size-1) != 0 {
			return 0, refuse(ErrField, field, "is negative")
		}
	default:
		return 0, refuse(ErrField, field, "is a MessagePack %#02x; want a whole number", c)
	}
	if err != nil {
		return 0, err
	}
	if n > limit {
		return 0, refuse(ErrField, field, "is %d; at most %d", n, limit)
	}
	return n, nil
}

// bytes reads a binary, aliased, or an array of numbers from 0 to 255, copied.
// The result is never nil.
func (r *reader) bytes(field string) ([]byte, error) {
	c, err := r.byte(field)
	if err != nil {
		return nil, err
	}
	switch {
	case c >= 0xc4 && c <= 0xc6:
		n, err := r.length(field, 1<<(c-0xc4))
		if err != nil {
			return nil, err
		}
		return r.take(field, n)
	case c&0xf0 == 0x90:
		return r.array(field, int(c&0x0f))
	case c == 0xdc || c == 0xdd:
		n, err := r.length(field, 2<<(c-0xdc))
		if err != nil {
			return nil, err
		}
		return r.array(field, n)
	}
	return nil, refuse(ErrField, field, "is a MessagePack %#02x; want a binary or an array of bytes", c)
}

func (r *reader) array(field string, n int) ([]byte, error) {
	if n > len(r.b)-r.at {
		return nil, refuse(ErrTruncated, field, "announces %d elements, %d bytes are left", n, len(r.b)-r.at)
	}
	v := make([]byte, n)
	for i := range v {
		// The two forms js-client writes, without the cost of a call.
		if c := r.peek(0); c < 0x80 && r.at < len(r.b) {
			v[i] = c
			r.at++
			continue
		} else if c == 0xcc && r.at+1 < len(r.b) {
			v[i] = r.peek(1)
			r.at += 2
			continue
		}
		u, err := r.uint(field, 255)
		if err != nil {
			return nil, err
		}
		v[i] = byte(u)
	}
	return v, nil
}

func (r *reader) peek(i int) byte {
	if r.at+i < len(r.b) {
		return r.b[r.at+i]
	}
	return 0xff
}

// skip reads past one value of any type.
func (r *reader) skip(depth int) error {
	const field = "frame"
	if depth > maxSkipDepth {
		return refuse(ErrField, field, "an unknown field is nested deeper than %d", maxSkipDepth)
	}
	c, err := r.byte(field)
	if err != nil {
		return err
	}
	size, items, err := r.shape(field, c)
	if err != nil {
		return err
	}
	if _, err := r.take(field, size); err != nil {
		return err
	}
	for range items {
		if err := r.skip(depth + 1); err != nil {
			return err
		}
	}
	return nil
}

// shape says what follows first byte c: size plain bytes, then items values.
func (r *reader) shape(field string, c byte) (size, items int, err error) {
	switch {
	case c < 0x80, c >= 0xe0, c == 0xc0, c == 0xc2, c == 0xc3: // small numbers, nil, bools
	case c&0xf0 == 0x80:
		items = 2 * int(c&0x0f)
	case c&0xf0 == 0x90:
		items = int(c & 0x0f)
	case c&0xe0 == 0xa0:
		size = int(c & 0x1f)
	case c >= 0xc4 && c <= 0xc6: // binaries
		size, err = r.length(field, 1<<(c-0xc4))
	case c >= 0xc7 && c <= 0xc9: // extensions: length, type, bytes
		size, err = r.length(field, 1<<(c-0xc7))
		size++
	case c == 0xca:
		size = 4
	case c == 0xcb:
		size = 8
	case c >= 0xcc && c <= 0xcf:
		size = 1 << (c - 0xcc)
	case c >= 0xd0 && c <= 0xd3:
		size = 1 << (c - 0xd0)
	case c >= 0xd4 && c <= 0xd8: // fixed extensions: type, bytes
		size = 1 + 1<<(c-0xd4)
	case c >= 0xd9 && c <= 0xdb:
		size, err = r.length(field, 1<<(c-0xd9))
	case c == 0xdc || c == 0xdd:
		items, err = r.length(field, 2<<(c-0xdc))
	case c == 0xde || c == 0xdf:
		items, err = r.length(field, 2<<(c-0xde))
		items *= 2
	default:
		err = refuse(ErrField, field, "holds %#02x, which MessagePack never uses", c)
	}
	return size, items, err
}
