// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A frame is
//
//	uvarint n, minimal, at most 9 bytes | body of n bytes
//	body = 81 04 (uvarint 0x0201, the multicodec of MessagePack) | map
const (
	codecByte0 = 0x81
	codecByte1 = 0x04
	codecSize  = 2

	maxUvarintBytes = 9       // as unsigned-varint: 63 bits
	firstChunk      = 4 << 10 // bytes of a body trusted without having seen any
	maxChunk        = 4 << 20 // most bytes a body grows by at once
	minBody         = codecSize + 1
)

// AppendFrame appends the frame of p to dst. Signature and data are written as
// MessagePack binaries, never as arrays.
//
// Errors: ErrTooLarge when the body is above the protocol's 100 MiB.
func AppendFrame(dst []byte, p *Particle) ([]byte, error) {
	n := codecSize + encodedSize(p)
	if limit := DefaultLimits().Frame; n > limit {
		return dst, refuse(ErrTooLarge, "frame", "%d bytes; at most %d", n, limit)
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	return appendBody(dst, p), nil
}

// FrameSize returns the bytes that AppendFrame appends for p.
func FrameSize(p *Particle) int {
	n := codecSize + encodedSize(p)
	return len(binary.AppendUvarint(nil, uint64(n))) + n
}

// ReadFrame reads exactly one frame from r and returns its body.
//
// At most limit bytes are accepted. Memory grows with the bytes that really
// arrive, not with the announced length; before each growth reserve is called
// with the number of bytes to be added, and its error ends the reading. A nil
// reserve allows everything. io.EOF is returned only when nothing was read.
//
// Errors: ErrFrame, ErrTooLarge, ErrTruncated; those of r and reserve.
func ReadFrame(r io.Reader, limit int, reserve func(n int) error) ([]byte, error) {
	n, err := readLength(r)
	if err != nil {
		return nil, err
	}
	switch {
	case n < minBody:
		return nil, refuse(ErrFrame, "frame", "length %d; a particle needs more", n)
	case n > uint64(max(limit, 0)):
		return nil, refuse(ErrTooLarge, "frame", "length %d; at most %d", n, limit)
	}
	var body []byte
	for size := int(n); len(body) < size; {
		grow := min(max(len(body), firstChunk), maxChunk, size-len(body))
		if reserve != nil {
			if err := reserve(grow); err != nil {
				return nil, fmt.Errorf("reserve %d bytes: %w", grow, err)
			}
		}
		old := len(body)
		body = enlarge(body, grow, size)
		if _, err := io.ReadFull(r, body[old:]); err != nil {
			return nil, truncated(err, "frame", size)
		}
	}
	return body, nil
}

// enlarge returns b with grow more bytes, in a slice of at most twice the
// length reached and never above size.
func enlarge(b []byte, grow, size int) []byte {
	n := len(b) + grow
	if n <= cap(b) {
		return b[:n]
	}
	next := make([]byte, n, min(max(n, 2*len(b)), size))
	copy(next, b)
	return next
}

func readLength(r io.Reader) (uint64, error) {
	var one [1]byte
	var n uint64
	for i := range maxUvarintBytes {
		if _, err := io.ReadFull(r, one[:]); err != nil {
			if i == 0 && errors.Is(err, io.EOF) {
				return 0, io.EOF
			}
			return 0, truncated(err, "frame", i+1)
		}
		n |= uint64(one[0]&0x7f) << (7 * i)
		if one[0] < 0x80 {
			if one[0] == 0 && i > 0 {
				return 0, refuse(ErrFrame, "frame", "length is not minimal; drop its trailing zero groups")
			}
			return n, nil
		}
	}
	return 0, refuse(ErrFrame, "frame", "length needs more than %d bytes", maxUvarintBytes)
}

// truncated turns an early end into ErrTruncated and keeps every other error.
func truncated(err error, field string, want int) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(ErrTruncated, field, "ended before its %d bytes", want)
	}
	return err
}
