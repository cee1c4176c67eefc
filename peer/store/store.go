// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// maxNameBytes bounds one part of a name, so that it fits every file system
// with room for the suffix of a temporary file.
const maxNameBytes = 200

// maxNameParts bounds the depth of folders below an area.
const maxNameParts = 4

// Store owns the folder of one peer.
type Store struct {
	path string
	root *os.Root
	lock *os.File
}

// Open creates the folder if it is missing, mode 0700, and takes it for this
// process until Close.
//
// Errors: ErrLocked.
func Open(path string) (*Store, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("create store: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := root.OpenFile("lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open lock: %w", err), root.Close())
	}
	if err := lockFile(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("store %s: %w", path, err), lock.Close(), root.Close())
	}
	return &Store{path: path, root: root, lock: lock}, nil
}

// Path returns the folder.
func (s *Store) Path() string { return s.path }

// Close gives the folder back. Files, keys and journals of the store must not be
// used afterwards.
func (s *Store) Close() error { return errors.Join(s.lock.Close(), s.root.Close()) }

// sub opens a folder below the store, creating it with mode 0700.
func (s *Store) sub(name string) (*os.Root, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := s.root.MkdirAll(name, 0o700); err != nil {
		return nil, fmt.Errorf("create %s: %w", name, err)
	}
	return s.root.OpenRoot(name)
}

// checkName accepts slash-separated names that are safe on every file system.
func checkName(name string) error {
	parts := strings.Split(name, "/")
	if len(parts) > maxNameParts {
		return fmt.Errorf("%w: %q has %d parts", ErrName, name, len(parts))
	}
	for _, p := range parts {
		if p == "" || len(p) > maxNameBytes || p[0] == '.' || strings.ContainsFunc(p, badRune) {
			return fmt.Errorf("%w: %q", ErrName, name)
		}
	}
	return nil
}

func badRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return r != '.' && r != '-' && r != '_'
}

// replaceFile writes name below root so that a reader sees the old bytes or the
// new ones and a crash leaves one of them.
func replaceFile(root *os.Root, name string, data []byte) error {
	tmp := tempName(name)
	f, err := root.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("create: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(tmp, name)
	}
	if err != nil {
		_ = root.Remove(tmp)
		return fmt.Errorf("replace: %w", err)
	}
	return syncDir(root, dirOf(name))
}

// tempName is a dot name, which checkName refuses, beside the file itself.
func tempName(name string) string {
	dir, base := "", name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		dir, base = name[:i+1], name[i+1:]
	}
	return dir + "." + base + ".new"
}

func dirOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return "."
}

// syncDir makes a rename or a removal in dir durable.
func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// notFound turns the file system's words into ours.
func notFound(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	}
	return err
}
