// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// Quota bounds what folders hold together. It is safe for concurrent use.
type Quota struct {
	mu                 sync.Mutex
	bytes, files       int64
	maxBytes, maxFiles int64
	ended              bool   // takes nothing more
	within             *Quota // takes too; never changed
}

// NewQuota returns a quota of bytes and of files, folders among them.
func NewQuota(bytes, files int64) *Quota { return &Quota{maxBytes: bytes, maxFiles: files} }

// Used returns what the folders hold.
func (q *Quota) Used() (bytes, files int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes, q.files
}

// take adds, or refuses; negative numbers give back.
func (q *Quota) take(bytes, files int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.ended:
		return bytes <= 0 && files <= 0
	case bytes > 0 && q.bytes+bytes > q.maxBytes || files > 0 && q.files+files > q.maxFiles:
		return false
	case q.within != nil && !q.within.take(bytes, files):
		return false
	}
	q.bytes, q.files = max(q.bytes+bytes, 0), max(q.files+files, 0)
	return true
}

// end gives everything back to the quota it is within and takes nothing more.
func (q *Quota) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended && q.within != nil {
		q.within.take(-q.bytes, -q.files)
	}
	q.ended, q.bytes, q.files = true, 0, 0
}

// Folder is a directory that guests may reach, and nothing outside it.
type Folder struct {
	root     *os.Root
	quota    *Quota
	parts    *parts // nil when it has none
	ReadOnly bool   // nothing is written, created or removed
	Hidden   bool   // the folder itself cannot be listed; names in it must be known
}

// OpenFolder opens a directory and counts what it holds towards the quota; nil is
// no bound. A link in it that leads outside is not followed.
//
// Errors: ErrQuota when it already holds more.
func OpenFolder(path string, quota *Quota) (*Folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if quota == nil {
		quota = NewQuota(1<<62, 1<<62)
	}
	f := &Folder{root: root, quota: quota}
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		size := int64(0)
		if info, err := d.Info(); err == nil && d.Type().IsRegular() {
			size = info.Size()
		}
		if !quota.take(size, 1) {
			return fmt.Errorf("%w: %s", ErrQuota, path)
		}
		return nil
	})
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return f, nil
}

// Close closes the directory; what it holds stays.
func (f *Folder) Close() error { return f.root.Close() }
