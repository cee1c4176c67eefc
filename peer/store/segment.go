// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// manifestName lists the files that belong to the journal, so that a file an
// operator removed is noticed.
const manifestName = "journal.json"

type manifest struct {
	SinceMilli int64    `json:"since_ms"`
	Segments   []uint32 `json:"segments"`
}

// Journal opens the log below the store, reading what an earlier process left.
// Start Run before the first Put.
func (s *Store) Journal(area string, opts JournalOptions) (*Journal, error) {
	if opts.Quota <= 0 {
		opts.Quota = defaultQuota
	}
	if opts.SegmentBytes <= 0 {
		opts.SegmentBytes = defaultSegmentBytes
	}
	root, err := s.sub(area)
	if err != nil {
		return nil, fmt.Errorf("journal %s: %w", area, err)
	}
	j := &Journal{
		root: root, opts: opts, wake: make(chan struct{}, 1), done: make(chan struct{}),
		out: bufio.NewWriterSize(nil, 256<<10), index: map[string]place{}, segs: map[uint32]*segment{},
	}
	if err := j.reload(time.Now()); err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", area, err), root.Close())
	}
	return j, nil
}

// reload rebuilds the index. Anything missing or corrupt moves since to now.
func (j *Journal) reload(now time.Time) error {
	var m manifest
	raw, err := j.root.ReadFile(manifestName)
	whole := err == nil && json.Unmarshal(raw, &m) == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	slices.Sort(m.Segments)
	for _, id := range m.Segments {
		ok, err := j.load(id, now)
		if err != nil {
			return err
		}
		whole = whole && ok
	}
	j.since = time.UnixMilli(m.SinceMilli)
	if !whole {
		j.since = time.UnixMilli(now.UnixMilli())
	}
	if err := j.removeStray(); err != nil {
		return err
	}
	return j.rotate()
}

// load reads one file into the index; ok is false when it is missing or corrupt.
func (j *Journal) load(id uint32, now time.Time) (ok bool, err error) {
	f, err := j.root.OpenFile(segmentName(id), os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	seg := &segment{id: id, file: f}
	end, torn, err := scan(f, func(r scanned) {
		j.place(r.key, place{seg: seg, offset: r.offset, size: r.size, expiry: r.expiry})
		if r.expiry <= now.UnixMilli() {
			j.drop(r.key)
		}
	})
	seg.size = end
	j.segs[id] = seg
	j.bytes += end
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return false, err
	}
	if torn {
		if err := f.Truncate(end); err != nil {
			return false, err
		}
	}
	return err == nil, nil
}

// removeStray removes files that the manifest does not name: a crash between
// making a file and naming it leaves one, and it is empty.
func (j *Journal) removeStray() error {
	entries, err := fs.ReadDir(j.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		var id uint32
		if _, err := fmt.Sscanf(e.Name(), "%08x.log", &id); err != nil || j.segs[id] != nil {
			continue
		}
		if err := j.root.Remove(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

// place makes at the newest place of key; j.mu is held or not yet shared.
func (j *Journal) place(key string, at place) {
	j.drop(key)
	j.index[key] = at
	at.seg.live++
	at.seg.alive += at.size
}

func segmentName(id uint32) string { return fmt.Sprintf("%08x.log", id) }

// rotate starts a new file. The manifest names it before it holds anything.
func (j *Journal) rotate() error {
	var id uint32
	j.mu.Lock()
	for k := range j.segs {
		id = max(id, k)
	}
	j.mu.Unlock()
	id++
	f, err := j.root.OpenFile(segmentName(id), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("start journal file: %w", err)
	}
	seg := &segment{id: id, file: f}
	j.mu.Lock()
	j.segs[id], j.active = seg, seg
	j.mu.Unlock()
	return j.saveManifest()
}

func (j *Journal) saveManifest() error {
	m := manifest{SinceMilli: j.since.UnixMilli()}
	j.mu.Lock()
	for id := range j.segs {
		m.Segments = append(m.Segments, id)
	}
	j.mu.Unlock()
	slices.Sort(m.Segments)
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return replaceFile(j.root, manifestName, raw)
}

// writeBatch appends the batch, syncs, and only then moves the index.
func (j *Journal) writeBatch(batch []*write) error {
	if j.active.size >= j.opts.SegmentBytes {
		if err := j.rotate(); err != nil {
			return err
		}
	}
	if err := writeRecords(j.active.file, j.out, batch); err != nil {
		return j.takeBack(err)
	}
	if !j.opts.NoSync {
		if err := j.active.file.Sync(); err != nil {
			return &fatalError{err}
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, w := range batch {
		at := place{seg: j.active, offset: j.active.size, size: w.size(), expiry: w.expiry}
		j.active.size += at.size
		j.bytes += at.size
		if w.moved == nil || j.index[w.key] == *w.moved {
			j.place(w.key, at)
		}
	}
	return nil
}

// fatalError marks a failure after which nobody knows what is on disk.
type fatalError struct{ error }

func (e *fatalError) Unwrap() error { return e.error }

// takeBack cuts a half-written batch off, as after a full disk, so that later
// batches may succeed.
func (j *Journal) takeBack(cause error) error {
	size := j.active.size
	_, err := j.active.file.Seek(size, io.SeekStart)
	if err = errors.Join(err, j.active.file.Truncate(size)); err != nil {
		return &fatalError{errors.Join(cause, err)}
	}
	return cause
}

// tidy forgets expired values, copies the few living ones out of mostly dead
// files, and removes files without a living value.
func (j *Journal) tidy(now time.Time) error {
	moves := j.expire(now)
	if len(moves) > 0 {
		if err := j.copyOut(moves); err != nil {
			return err
		}
	}
	dead := j.takeDead()
	if len(dead) == 0 {
		return nil
	}
	if err := j.saveManifest(); err != nil {
		return err
	}
	for _, s := range dead {
		if err := errors.Join(s.file.Close(), j.root.Remove(segmentName(s.id))); err != nil {
			return fmt.Errorf("remove journal file: %w", err)
		}
	}
	return nil
}

// expire drops what is over and returns the values to copy: those in closed
// files of which less than a quarter is alive.
func (j *Journal) expire(now time.Time) map[string]place {
	j.mu.Lock()
	defer j.mu.Unlock()
	for key, at := range j.index {
		if at.expiry <= now.UnixMilli() {
			j.drop(key)
		}
	}
	moves := map[string]place{}
	for key, at := range j.index {
		if at.seg != j.active && at.seg.alive*4 < at.seg.size {
			moves[key] = at
		}
	}
	return moves
}

// copyOut appends the values again, some per sync, and leaves their old records
// dead.
func (j *Journal) copyOut(moves map[string]place) error {
	var batch []*write
	var bytes int64
	for key, at := range moves {
		data, err := readRecord(at, key)
		if err != nil {
			return err
		}
		w := newWrite(key, data, at.expiry)
		w.moved = &at
		batch = append(batch, w)
		if bytes += at.size; bytes < maxBatchBytes {
			continue
		}
		if err := j.writeBatch(batch); err != nil {
			return err
		}
		batch, bytes = nil, 0
	}
	if len(batch) == 0 {
		return nil
	}
	return j.writeBatch(batch)
}

func (j *Journal) takeDead() []*segment {
	j.mu.Lock()
	defer j.mu.Unlock()
	var dead []*segment
	for id, s := range j.segs {
		if s != j.active && s.live == 0 {
			dead = append(dead, s)
			delete(j.segs, id)
			j.bytes -= s.size
		}
	}
	return dead
}
