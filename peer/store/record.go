// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// A record of the journal:
//
//	0      4        8        16     17      17+k
//	| size | crc32c | expiry | k    | key   | data … |
//
// size counts the bytes after crc32c, which covers them; expiry is milliseconds
// since 1970; integers are little-endian.
const (
	headBytes = 8
	metaBytes = 9 // expiry and key length
)

func newWrite(key string, data []byte, expiry int64) *write {
	rec := make([]byte, headBytes+metaBytes, headBytes+metaBytes+len(key))
	binary.LittleEndian.PutUint32(rec, uint32(metaBytes+len(key)+len(data)))
	binary.LittleEndian.PutUint64(rec[8:], uint64(expiry))
	rec[16] = byte(len(key))
	rec = append(rec, key...)
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(crc32.Checksum(rec[headBytes:], table), table, data)
	binary.LittleEndian.PutUint32(rec[4:], sum)
	return &write{key: key, record: rec, data: data, expiry: expiry, err: make(chan error, 1)}
}

func (w *write) size() int64 { return int64(len(w.record) + len(w.data)) }

// readRecord reads and checks the record at its place. The size comes from the
// index, never from the bytes read.
func readRecord(at place, key string) ([]byte, error) {
	buf := make([]byte, at.size)
	if _, err := at.seg.file.ReadAt(buf, at.offset); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	if int64(binary.LittleEndian.Uint32(buf)) != at.size-headBytes || !sumHolds(buf) {
		return nil, fmt.Errorf("journal file %d at %d: %w", at.seg.id, at.offset, ErrCorrupt)
	}
	body := buf[headBytes+metaBytes:]
	if int(buf[16]) != len(key) || string(body[:len(key)]) != key {
		return nil, fmt.Errorf("journal file %d at %d holds another key: %w", at.seg.id, at.offset, ErrCorrupt)
	}
	return body[len(key):], nil
}

func sumHolds(record []byte) bool {
	return crc32.Checksum(record[headBytes:], crc32.MakeTable(crc32.Castagnoli)) == binary.LittleEndian.Uint32(record[4:])
}

// scanned is one record found while reading a file from its start.
type scanned struct {
	key    string
	offset int64
	size   int64
	expiry int64
}

// scan reads records until the file ends. torn is true when the last record is
// incomplete, as a crash during a write leaves it; end is where the good part
// ends. A complete record with a wrong checksum is ErrCorrupt.
func scan(r io.Reader, each func(scanned)) (end int64, torn bool, err error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var head [headBytes]byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return end, false, nil
			}
			return end, true, ignoreShort(err)
		}
		size := int64(binary.LittleEndian.Uint32(head[:]))
		if size < metaBytes || size > metaBytes+255+maxValueBytes {
			return end, false, fmt.Errorf("record of %d bytes: %w", size, ErrCorrupt)
		}
		rec, err := scanBody(in, size, binary.LittleEndian.Uint32(head[4:]))
		if err != nil {
			if short := ignoreShort(err); short == nil {
				return end, true, nil
			}
			return end, false, err
		}
		rec.offset, rec.size = end, size+headBytes
		each(rec)
		end += rec.size
	}
}

// scanBody reads one body piece by piece, so that a lying size costs no memory.
func scanBody(in io.Reader, size int64, want uint32) (scanned, error) {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	in = io.TeeReader(in, sum)
	var meta [metaBytes]byte
	if _, err := io.ReadFull(in, meta[:]); err != nil {
		return scanned{}, err
	}
	key := make([]byte, meta[8])
	if int64(len(key)) > size-metaBytes {
		return scanned{}, fmt.Errorf("key of %d bytes: %w", len(key), ErrCorrupt)
	}
	if _, err := io.ReadFull(in, key); err != nil {
		return scanned{}, err
	}
	if _, err := io.CopyN(io.Discard, in, size-metaBytes-int64(len(key))); err != nil {
		return scanned{}, err
	}
	if sum.Sum32() != want {
		return scanned{}, fmt.Errorf("checksum: %w", ErrCorrupt)
	}
	return scanned{key: string(key), expiry: int64(binary.LittleEndian.Uint64(meta[:]))}, nil
}

// ignoreShort is nil for the errors of a file that ends too early.
func ignoreShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// writeRecords appends the batch to f by way of out, whose buffer is reused.
func writeRecords(f *os.File, out *bufio.Writer, batch []*write) error {
	out.Reset(f)
	for _, w := range batch {
		if _, err := out.Write(w.record); err != nil {
			return err
		}
		if _, err := out.Write(w.data); err != nil {
			return err
		}
	}
	return out.Flush()
}
