// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
)

// ErrPart says that a folder has no part of that name, or has it already.
var ErrPart = errors.New("part of the folder")

// parts are the directories of a parted folder, each with a quota of its own.
type parts struct {
	mu sync.Mutex // guards all below
	of map[string]*Quota
}

// Sub returns the directory name inside f as a folder of its own, on the quota of
// f. It is made if it is missing. Close both.
//
// Errors: ErrQuota.
func (f *Folder) Sub(name string) (*Folder, error) {
	if _, err := f.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		if !f.quota.take(0, 1) {
			return nil, fmt.Errorf("%w: make %s", ErrQuota, name)
		}
		if err := f.root.Mkdir(name, 0o700); err != nil {
			f.quota.take(0, -1)
			return nil, err
		}
	}
	root, err := f.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &Folder{root: root, quota: f.quota}, nil
}

// Divide makes f a parted folder: guests reach its parts, and cannot make or
// remove anything beside them. Call it before f is used.
func (f *Folder) Divide() { f.parts = &parts{of: map[string]*Quota{}} }

// AddPart makes a directory in a parted folder. What it holds counts towards a
// quota of so many bytes and files, and towards that of the folder.
//
// Errors: ErrPart, ErrQuota.
func (f *Folder) AddPart(name string, bytes, files int64) error {
	f.parts.mu.Lock()
	defer f.parts.mu.Unlock()
	if _, ok := f.parts.of[name]; ok || strings.ContainsRune(name, '/') {
		return fmt.Errorf("%w: %s", ErrPart, name)
	}
	q := NewQuota(bytes, files+1)
	q.within = f.quota
	if !q.take(0, 1) {
		return fmt.Errorf("%w: make %s", ErrQuota, name)
	}
	if err := f.root.Mkdir(name, 0o700); err != nil {
		q.take(0, -1)
		return err
	}
	f.parts.of[name] = q
	return nil
}

// HasPart reports whether there is a part of that name.
func (f *Folder) HasPart(name string) bool {
	f.parts.mu.Lock()
	defer f.parts.mu.Unlock()
	return f.parts.of[name] != nil
}

// RemovePart removes a part with all it holds. A guest that still has a file of it
// open can no longer make it longer.
//
// Errors: ErrPart.
func (f *Folder) RemovePart(name string) error {
	f.parts.mu.Lock()
	defer f.parts.mu.Unlock()
	q := f.parts.of[name]
	if q == nil {
		return fmt.Errorf("%w: %s", ErrPart, name)
	}
	delete(f.parts.of, name)
	q.end()
	return f.root.RemoveAll(name)
}

// quotaOf returns what a path counts towards; nil when nothing may be there.
func (f *Folder) quotaOf(p string) *Quota {
	if f.parts == nil {
		return f.quota
	}
	first, _, inside := strings.Cut(p, "/")
	if !inside {
		return nil
	}
	f.parts.mu.Lock()
	defer f.parts.mu.Unlock()
	return f.parts.of[first]
}

// WriteFile makes a file that is not there yet, within the quota.
//
// Errors: ErrQuota, fs.ErrExist, and what leaves the folder.
func (f *Folder) WriteFile(name string, b []byte) (err error) {
	name = path.Clean(name)
	q := f.quotaOf(name)
	if q == nil || !q.take(int64(len(b)), 1) {
		return fmt.Errorf("%w: write %d bytes", ErrQuota, len(b))
	}
	defer func() {
		if err != nil {
			q.take(-int64(len(b)), -1)
		}
	}()
	file, err := f.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(b)
	return errors.Join(err, file.Close())
}

// ReadFile returns a regular file of at most limit bytes.
//
// Errors: ErrQuota when it is longer, fs.ErrNotExist, and what leaves the folder.
func (f *Folder) ReadFile(name string, limit int64) ([]byte, error) {
	info, err := f.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: no regular file", fs.ErrNotExist)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	b, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%w: %s is longer than %d bytes", ErrQuota, path.Base(name), limit)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}
