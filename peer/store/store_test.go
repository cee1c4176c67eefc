// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Open = %v, want ErrLocked", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestNamesThatLeaveTheFolderAreRefused(t *testing.T) {
	f, err := open(t, t.TempDir()).Files("a", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../x", "/etc/passwd", "a//b", "a/../b", ".hidden", "a\x00b", "a b", "ä", "1/2/3/4/5", strings.Repeat("n", 201)} {
		if err := f.Put(name, []byte("x")); !errors.Is(err, ErrName) {
			t.Errorf("Put(%q) = %v, want ErrName", name, err)
		}
		if _, err := f.Get(name); !errors.Is(err, ErrName) {
			t.Errorf("Get(%q) = %v, want ErrName", name, err)
		}
	}
	if names, err := f.List(""); err != nil || len(names) != 0 {
		t.Errorf("List = %v, %v; want nothing", names, err)
	}
}

func TestFilesKeepTheirQuota(t *testing.T) {
	dir := t.TempDir()
	f, err := open(t, dir).Files("a", 10)
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name string
		size int
		want error
	}{
		{"x", 6, nil}, {"y", 5, ErrQuota}, {"d/y", 4, nil}, {"x", 7, ErrQuota}, {"x", 1, nil}, {"z", 5, nil}, {"w", 1, ErrQuota},
	}
	for _, st := range steps {
		if err := f.Put(st.name, make([]byte, st.size)); !errors.Is(err, st.want) {
			t.Fatalf("Put(%s, %d bytes) = %v, want %v", st.name, st.size, err, st.want)
		}
	}
	if b, err := f.Get("x"); err != nil || len(b) != 1 {
		t.Errorf("Get(x) = %d bytes, %v; want the last accepted write", len(b), err)
	}
	if err := f.Delete("z"); err != nil || f.Used() != 5 {
		t.Errorf("Delete = %v, Used = %d; want 5", err, f.Used())
	}
	if err := f.Delete("z"); !errors.Is(err, ErrNotFound) {
		t.Errorf("second Delete = %v, want ErrNotFound", err)
	}
}

func TestInterruptedWriteLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	f, err := s.Files("a", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Put("x", []byte("old")); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, "a", tempName("x"))
	if err := os.WriteFile(half, []byte("ne"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err = s.Files("a", 0); err != nil {
		t.Fatal(err)
	}
	if b, err := f.Get("x"); err != nil || string(b) != "old" {
		t.Errorf("Get = %q, %v; want old", b, err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left-over still there: %v", err)
	}
	if info, err := os.Stat(filepath.Join(dir, "a", "x")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v; want 0600", info.Mode(), err)
	}
}

func TestSymlinkOutOfTheAreaIsNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := open(t, dir).Files("a", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "a", "x")); err != nil {
		t.Fatal(err)
	}
	if b, err := f.Get("x"); err == nil {
		t.Errorf("Get followed a link and read %q", b)
	}
}

func TestKeysSurviveAndCanBeSealed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	plain, err := s.Keys("keys", "")
	if err != nil {
		t.Fatal(err)
	}
	first, created, err := plain.LoadOrCreate("peer_key")
	if err != nil || !created {
		t.Fatalf("LoadOrCreate = created %v, %v", created, err)
	}
	sealed, err := s.Keys("keys", "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	again, created, err := sealed.LoadOrCreate("peer_key")
	if err != nil || created || !again.Equal(first) {
		t.Fatalf("plain key with a passphrase: created %v, %v", created, err)
	}
	if err := sealed.Save("peer_key", first); err != nil {
		t.Fatal(err)
	}
	if again, err = sealed.Load("peer_key"); err != nil || !again.Equal(first) {
		t.Errorf("sealed key: %v", err)
	}
	wrong, err := s.Keys("keys", "wrong")
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]*Keys{"no passphrase": plain, "wrong passphrase": wrong} {
		if _, created, err := keys.LoadOrCreate("peer_key"); !errors.Is(err, ErrPassphrase) || created {
			t.Errorf("%s: created %v, err %v; want ErrPassphrase", name, created, err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "keys", "peer_key"))
	if err != nil || !bytes.HasPrefix(raw, []byte(sealedPrefix)) {
		t.Errorf("file starts %.30q, %v; want an age file", raw, err)
	}
}

func TestParseKey(t *testing.T) {
	seed := make([]byte, 32)
	for i := range seed {
		seed[i] = byte(i + 1)
	}
	want := ed25519.NewKeyFromSeed(seed)
	tests := map[string]struct {
		text string
		err  error
	}{
		"base64 seed":     {"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n", nil},
		"base58 seed":     {"4wBqpZM9xaSheZzJSMawUKKwhdpChKbZ5eu5ky4Vigw", nil},
		"empty":           {"", ErrKeyFile},
		"31 bytes":        {"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHw==", ErrKeyFile},
		"words":           {"not a key", ErrKeyFile},
		"endless":         {strings.Repeat("A", 1<<20), ErrKeyFile},
		"public half off": {"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", ErrKeyFile},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			key, err := ParseKey(tt.text)
			if !errors.Is(err, tt.err) {
				t.Fatalf("ParseKey = %v, want %v", err, tt.err)
			}
			if err == nil && !key.Equal(want) {
				t.Errorf("ParseKey gave another key")
			}
		})
	}
}
