// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// Files is one area of small named blobs. Safe for concurrent use.
type Files struct {
	root  *os.Root
	quota int64

	mu   sync.Mutex // guards used and orders writes
	used int64
}

// Files opens an area below the store. quota is the sum of file sizes in bytes;
// 0 means no quota. Left-overs of interrupted writes are removed.
//
// Errors: ErrName.
func (s *Store) Files(area string, quota int64) (*Files, error) {
	root, err := s.sub(area)
	if err != nil {
		return nil, fmt.Errorf("area %s: %w", area, err)
	}
	f := &Files{root: root, quota: quota}
	if err := f.measure(); err != nil {
		return nil, errors.Join(fmt.Errorf("area %s: %w", area, err), root.Close())
	}
	return f, nil
}

// measure sums the sizes of all files and removes temporary ones.
func (f *Files) measure() error {
	return fs.WalkDir(f.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasPrefix(d.Name(), ".") && strings.HasSuffix(d.Name(), ".new") {
			return f.root.Remove(path)
		}
		info, err := d.Info()
		if err == nil {
			f.used += info.Size()
		}
		return err
	})
}

// Close releases the area.
func (f *Files) Close() error { return f.root.Close() }

// Used returns the bytes kept.
func (f *Files) Used() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.used
}

// Get returns the content of name.
//
// Errors: ErrNotFound, ErrName.
func (f *Files) Get(name string) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	b, err := f.root.ReadFile(name)
	if err != nil {
		return nil, notFound(name, err)
	}
	return b, nil
}

// Put replaces the content of name; it is durable when Put returns.
//
// Errors: ErrName, ErrQuota.
func (f *Files) Put(name string, data []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.size(name)
	if f.quota > 0 && f.used-old+int64(len(data)) > f.quota {
		return fmt.Errorf("put %s (%d bytes, %d of %d used): %w", name, len(data), f.used, f.quota, ErrQuota)
	}
	if dir := dirOf(name); dir != "." {
		if err := f.root.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("put %s: %w", name, err)
		}
	}
	if err := replaceFile(f.root, name, data); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	f.used += int64(len(data)) - old
	return nil
}

// Delete removes name; a name that is not kept is ErrNotFound.
//
// Errors: ErrNotFound, ErrName.
func (f *Files) Delete(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.size(name)
	if err := f.root.Remove(name); err != nil {
		return notFound(name, err)
	}
	f.used -= old
	return syncDir(f.root, dirOf(name))
}

// List returns the names that start with prefix, in byte order.
func (f *Files) List(prefix string) ([]string, error) {
	var names []string
	err := fs.WalkDir(f.root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), ".") && strings.HasPrefix(path, prefix) {
			names = append(names, path)
		}
		return err
	})
	return names, err
}

// size is 0 for a file that does not exist.
func (f *Files) size(name string) int64 {
	info, err := f.root.Lstat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}
