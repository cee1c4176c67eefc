// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A frame on the pipe:
//
//	0        4        4+n
//	| n, u32 | payload |    big-endian, 1 <= n <= maxFrame
const maxFrame = 16 << 10

// readFrame reads one frame into buf, which has maxFrame bytes, and returns its
// payload, a part of buf. io.EOF means that the stream ended between frames.
func readFrame(r io.Reader, buf []byte) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("%w: length cut short", ErrFrame)
		}
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n == 0 {
		return nil, fmt.Errorf("%w: empty", ErrFrame)
	}
	if n > maxFrame || int(n) > len(buf) {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrFrameSize, n, maxFrame)
	}
	if _, err := io.ReadFull(r, buf[:n]); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("%w: payload cut short", ErrFrame)
		}
		return nil, err
	}
	return buf[:n], nil
}

// writeFrame writes payload, 1 to maxFrame bytes, as one frame in one Write.
func writeFrame(w io.Writer, payload []byte) error {
	if len(payload) == 0 || len(payload) > maxFrame {
		return fmt.Errorf("%w: %d bytes", ErrFrameSize, len(payload))
	}
	b := make([]byte, 0, 4+len(payload))
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	_, err := w.Write(append(b, payload...))
	return err
}
