// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Defaults of JournalOptions.
const (
	defaultSegmentBytes = 64 << 20
	defaultQuota        = 4 << 30
	// maxBatchBytes bounds what one sync covers, so that the first of a batch
	// does not wait for the last of a flood.
	maxBatchBytes = 16 << 20
	// maxValueBytes bounds one value: the largest particle data (64 MiB) and
	// room for its envelope.
	maxValueBytes = 128 << 20
	// tidyEvery is how often expired values are looked for.
	tidyEvery = 10 * time.Second
)

// JournalOptions are the knobs of a journal; zero values take the defaults.
type JournalOptions struct {
	Quota        int64 // bytes on disk, dead values included; 4 GiB
	SegmentBytes int64 // a file is closed when it reaches this; 64 MiB
	NoSync       bool  // leave the moment of writing to the system: survives a killed process, not a power cut
}

// Journal keeps values that expire, for many writers that must know their value
// is on disk before they go on. Safe for concurrent use. Values are durable only
// while Run runs.
type Journal struct {
	root  *os.Root
	opts  JournalOptions
	since time.Time
	wake  chan struct{} // capacity 1; a full channel already says there is work
	out   *bufio.Writer // buffer of Run
	done  chan struct{} // closed by Run when it has returned its last write

	mu      sync.Mutex // guards all below; not held during I/O
	index   map[string]place
	segs    map[uint32]*segment
	active  *segment
	pending []*write
	queued  int64 // bytes in pending
	bytes   int64 // bytes in segments
	closed  bool
}

// place says where the newest value of a key lies.
type place struct {
	seg    *segment
	offset int64
	size   int64 // whole record
	expiry int64 // milliseconds since 1970
}

// segment is one file of the log.
type segment struct {
	id    uint32
	file  *os.File
	size  int64
	live  int   // newest values of some key
	alive int64 // their bytes
}

type write struct {
	key    string
	record []byte // header and body before data
	data   []byte
	expiry int64
	err    chan error // capacity 1
	moved  *place     // set when tidy copies a value: dropped if the index moved on
}

// Since returns the moment from which the journal is complete: its creation, or
// the last start that found something missing. What a peer did before it may be
// forgotten, so a particle older than this must not run.
func (j *Journal) Since() time.Time { return j.since }

// Bytes returns the size of all files, dead values included.
func (j *Journal) Bytes() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes
}

// Len returns the number of keys kept.
func (j *Journal) Len() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.index)
}

// Put replaces the value of key and returns once it is durable. data must not be
// changed before Put returns. The key has 1 to 255 bytes.
//
// Errors: ErrQuota, ErrName, ErrClosed, and that of ctx, after which the value
// may or may not be kept.
func (j *Journal) Put(ctx context.Context, key string, data []byte, expiry time.Time) error {
	if len(key) == 0 || len(key) > 255 {
		return fmt.Errorf("journal key of %d bytes: %w", len(key), ErrName)
	}
	if len(data) > maxValueBytes {
		return fmt.Errorf("journal value of %d bytes: %w", len(data), ErrQuota)
	}
	w := newWrite(key, data, expiry.UnixMilli())
	if err := j.enqueue(w); err != nil {
		return err
	}
	select {
	case err := <-w.err:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-j.done:
		select {
		case err := <-w.err:
			return err
		default:
			return ErrClosed
		}
	}
}

func (j *Journal) enqueue(w *write) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := w.size()
	switch {
	case j.closed:
		return ErrClosed
	case j.bytes+j.queued+size > j.opts.Quota:
		return fmt.Errorf("journal holds %d of %d bytes: %w", j.bytes+j.queued, j.opts.Quota, ErrQuota)
	}
	j.pending = append(j.pending, w)
	j.queued += size
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return nil
}

// Get returns the newest durable value of key.
//
// Errors: ErrNotFound, ErrCorrupt.
func (j *Journal) Get(key string) ([]byte, error) {
	for {
		j.mu.Lock()
		at, ok := j.index[key]
		j.mu.Unlock()
		if !ok {
			return nil, ErrNotFound
		}
		data, err := readRecord(at, key)
		if errors.Is(err, os.ErrClosed) && j.movedOn(key, at) {
			continue // tidied away between the look-up and the read
		}
		return data, err
	}
}

func (j *Journal) movedOn(key string, at place) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.index[key] != at
}

// Delete forgets key. It is not durable: after a crash the value may be back
// until it expires.
func (j *Journal) Delete(key string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drop(key)
}

// drop removes key from the index; j.mu is held.
func (j *Journal) drop(key string) {
	at, ok := j.index[key]
	if !ok {
		return
	}
	delete(j.index, key)
	at.seg.live--
	at.seg.alive -= at.size
}

// Run writes what Put hands in until ctx ends, then writes the rest and closes
// the files. A full disk fails the values of one batch; an error after which
// nobody knows what is on disk ends Run.
func (j *Journal) Run(ctx context.Context) error {
	defer close(j.done)
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return j.finish()
		case <-j.wake:
			err = j.flush()
		case <-tick.C:
			err = j.tidy(time.Now())
		}
		if fatal := (*fatalError)(nil); errors.As(err, &fatal) {
			return errors.Join(err, j.finish())
		}
	}
}

func (j *Journal) finish() error {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	err := j.flush()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, s := range j.segs {
		err = errors.Join(err, s.file.Close())
	}
	return errors.Join(err, j.root.Close())
}

// flush writes everything pending, one sync per batch.
func (j *Journal) flush() error {
	for {
		batch := j.takeBatch()
		if len(batch) == 0 {
			return nil
		}
		err := j.writeBatch(batch)
		for _, w := range batch {
			w.err <- err
		}
		if fatal := (*fatalError)(nil); errors.As(err, &fatal) {
			return fmt.Errorf("write journal: %w", err)
		}
	}
}

func (j *Journal) takeBatch() []*write {
	j.mu.Lock()
	defer j.mu.Unlock()
	var n int
	var bytes int64
	for n < len(j.pending) && (n == 0 || bytes+j.pending[n].size() <= maxBatchBytes) {
		bytes += j.pending[n].size()
		n++
	}
	batch := j.pending[:n:n]
	if j.pending = j.pending[n:]; len(j.pending) == 0 {
		j.pending = nil
	}
	j.queued -= bytes
	return batch
}
