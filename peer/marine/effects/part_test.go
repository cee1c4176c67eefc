// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-fluence/fluence/peer/marine/effects"
)

func open(t *testing.T, bytes, files int64) (*effects.Folder, *effects.Quota, string) {
	t.Helper()
	dir, q := t.TempDir(), effects.NewQuota(bytes, files)
	f, err := effects.OpenFolder(dir, q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, q, dir
}

func used(t *testing.T, q *effects.Quota, bytes, files int64) {
	t.Helper()
	if b, n := q.Used(); b != bytes || n != files {
		t.Errorf("used %d bytes and %d files, want %d and %d", b, n, bytes, files)
	}
}

func TestPartsHaveTheirOwnQuota(t *testing.T) {
	f, q, dir := open(t, 100, 10)
	f.Divide()
	for _, name := range []string{"a", "b"} {
		if err := f.AddPart(name, 60, 3); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.AddPart("a", 60, 3); !errors.Is(err, effects.ErrPart) {
		t.Errorf("same part again: %v, want ErrPart", err)
	}
	if err := f.WriteFile("a/x", make([]byte, 50)); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		name string
		size int
		want error
	}{
		"beyond the part":      {"a/y", 11, effects.ErrQuota},
		"beyond the folder":    {"b/y", 51, effects.ErrQuota},
		"beside the parts":     {"y", 1, effects.ErrQuota},
		"in no part":           {"c/y", 1, effects.ErrQuota},
		"there already":        {"a/x", 1, fs.ErrExist},
		"out through the part": {"a/../../y", 1, effects.ErrQuota},
	}
	for name, tt := range tests {
		if err := f.WriteFile(tt.name, make([]byte, tt.size)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	used(t, q, 50, 3)
	if b, err := f.ReadFile("a/x", 50); err != nil || len(b) != 50 {
		t.Errorf("ReadFile = %d bytes, %v", len(b), err)
	}
	if _, err := f.ReadFile("a/x", 49); !errors.Is(err, effects.ErrQuota) {
		t.Errorf("ReadFile with a limit = %v, want ErrQuota", err)
	}
	if err := f.RemovePart("a"); err != nil || f.HasPart("a") || !f.HasPart("b") {
		t.Errorf("RemovePart = %v", err)
	}
	used(t, q, 0, 1)
	if _, err := os.Stat(filepath.Join(dir, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
	if err := f.RemovePart("a"); !errors.Is(err, effects.ErrPart) {
		t.Errorf("RemovePart again = %v, want ErrPart", err)
	}
}

func TestSubFoldersShareTheQuota(t *testing.T) {
	f, q, _ := open(t, 100, 10)
	for range 2 {
		sub, err := f.Sub("inner")
		if err != nil {
			t.Fatal(err)
		}
		_ = sub.WriteFile("x", make([]byte, 10))
		if err := sub.Close(); err != nil {
			t.Error(err)
		}
	}
	used(t, q, 10, 2)
}

func TestReadFileReadsNoDevice(t *testing.T) {
	f, _, dir := open(t, 100, 10)
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadFile("zero", 10); err == nil {
		t.Error("a link to a device was read")
	}
	if _, err := f.ReadFile(".", 10); err == nil {
		t.Error("a folder was read")
	}
}
