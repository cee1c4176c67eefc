// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// ringFiles is how many files a ring is made of; the oldest is overwritten.
	ringFiles = 4
	// ringQueue is how many lines wait to be written; more are dropped.
	ringQueue = 8192
	// ringFlush is how long a line may wait in memory.
	ringFlush = 200 * time.Millisecond
	// maxLineBytes bounds one line.
	maxLineBytes = 64 << 10
)

// Ring keeps the newest lines of text within a bound on disk. Lines are not
// durable at once and may be dropped under load: it is for records that help
// people, nothing depends on them. Safe for concurrent use.
type Ring struct {
	root  *os.Root
	each  int64 // bytes per file
	lines chan []byte
}

// Ring opens a ring of at most quota bytes below the store.
//
// Errors: ErrName.
func (s *Store) Ring(area string, quota int64) (*Ring, error) {
	root, err := s.sub(area)
	if err != nil {
		return nil, fmt.Errorf("ring %s: %w", area, err)
	}
	return &Ring{root: root, each: max(quota/ringFiles, 1), lines: make(chan []byte, ringQueue)}, nil
}

// Append adds a line, without its end; false means that it was dropped.
func (r *Ring) Append(line []byte) bool {
	if len(line) > maxLineBytes {
		return false
	}
	select {
	case r.lines <- line:
		return true
	default:
		return false
	}
}

// Run writes lines until ctx ends, then those that wait.
func (r *Ring) Run(ctx context.Context) error {
	w := &ringWriter{ring: r}
	tick := time.NewTicker(ringFlush)
	defer tick.Stop()
	for {
		var err error
		select {
		case line := <-r.lines:
			err = w.write(line)
		case <-tick.C:
			err = w.flush()
		case <-ctx.Done():
			return errors.Join(w.drain(), w.close(), r.root.Close())
		}
		if err != nil {
			return errors.Join(fmt.Errorf("write ring: %w", err), w.close(), r.root.Close())
		}
	}
}

// ringWriter is the open file of a ring.
type ringWriter struct {
	ring *Ring
	file *os.File
	buf  *bufio.Writer
	size int64
}

func (w *ringWriter) write(line []byte) error {
	if w.file == nil || w.size >= w.ring.each {
		if err := w.turn(); err != nil {
			return err
		}
	}
	w.size += int64(len(line)) + 1
	if _, err := w.buf.Write(line); err != nil {
		return err
	}
	return w.buf.WriteByte('\n')
}

// turn goes on to the next file: the one after the newest. A ring that is opened
// again goes on after the file it wrote last.
func (w *ringWriter) turn() error {
	if err := w.close(); err != nil {
		return err
	}
	next, newest := 0, time.Time{}
	for i := range ringFiles {
		if info, err := w.ring.root.Stat(ringName(i)); err == nil && !info.ModTime().Before(newest) {
			next, newest = (i+1)%ringFiles, info.ModTime()
		}
	}
	f, err := w.ring.root.OpenFile(ringName(next), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w.file, w.buf, w.size = f, bufio.NewWriterSize(f, 64<<10), 0
	return nil
}

func (w *ringWriter) flush() error {
	if w.file == nil {
		return nil
	}
	return w.buf.Flush()
}

func (w *ringWriter) close() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.buf.Flush(), w.file.Close())
	w.file = nil
	return err
}

func (w *ringWriter) drain() error {
	for {
		select {
		case line := <-w.ring.lines:
			if err := w.write(line); err != nil {
				return err
			}
		default:
			return w.flush()
		}
	}
}

func ringName(i int) string { return fmt.Sprintf("%d.jsonl", i) }

// ReadRing calls each with every whole line in the ring at path, which another
// process may be writing. Lines come in no order between files.
//
// Errors: ErrNotFound when there is no ring.
func ReadRing(path string, each func(line []byte)) error {
	found := false
	for i := range ringFiles {
		f, err := os.Open(filepath.Join(path, ringName(i)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		found = true
		err = readLines(f, each)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("read ring %s: %w", path, err)
		}
	}
	if !found {
		return fmt.Errorf("ring %s: %w", path, ErrNotFound)
	}
	return nil
}

func readLines(in io.Reader, each func(line []byte)) error {
	r := bufio.NewReaderSize(in, maxLineBytes+1)
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull): // no line of ours: skip it
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.ReadSlice('\n')
			}
			if err != nil {
				return ignoreShort(err)
			}
			continue
		case err != nil:
			return ignoreShort(err)
		}
		each(bytes.TrimSuffix(line, []byte("\n")))
	}
}
