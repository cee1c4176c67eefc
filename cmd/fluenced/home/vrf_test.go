// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestVRFKeyFile(t *testing.T) {
	tests := map[string]struct {
		edit func(text string) string
		mode os.FileMode
		want error
	}{
		"as written":         {func(s string) string { return s }, 0o600, nil},
		"readable by others": {func(s string) string { return s }, 0o644, ErrVRFKeyOpen},
		"empty":              {func(string) string { return "" }, 0o600, ErrVRFKey},
		"not JSON":           {func(string) string { return "key" }, 0o600, ErrVRFKey},
		"another suite":      {func(s string) string { return strings.Replace(s, "ELL2", "TAI", 1) }, 0o600, ErrVRFKey},
		"another key":        {func(s string) string { return strings.Replace(s, `"seed": "`, `"seed": "AAAA`, 1) }, 0o600, ErrVRFKey},
		"unknown field":      {func(s string) string { return strings.Replace(s, "seed", "sed", 1) }, 0o600, ErrVRFKey},
		"huge":               {func(s string) string { return s + strings.Repeat(" ", maxVRFFile) }, 0o600, ErrVRFKey},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d := newHome(t)
			key, err := NewVRFKey(d)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(d.VRFKey())
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.WriteFile(d.VRFKey(), []byte(tt.edit(string(text))), 0o600), os.Chmod(d.VRFKey(), tt.mode)); err != nil {
				t.Fatal(err)
			}
			got, err := LoadVRFKey(d)
			if !errors.Is(err, tt.want) {
				t.Fatalf("LoadVRFKey = %v, want %v", err, tt.want)
			}
			if err == nil && !bytes.Equal(got.Public(), key.Public()) {
				t.Errorf("another key than the one written")
			}
		})
	}
}

func newHome(t *testing.T) Dir {
	t.Helper()
	d := Dir(t.TempDir())
	if err := os.Mkdir(d.Join("config"), 0o700); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAVRFKeyIsNeverReplaced(t *testing.T) {
	d := newHome(t)
	if _, err := LoadVRFKey(d); !errors.Is(err, ErrNoVRFKey) {
		t.Errorf("LoadVRFKey of an empty home = %v, want %v", err, ErrNoVRFKey)
	}
	first, err := NewVRFKey(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewVRFKey(d); !errors.Is(err, fs.ErrExist) {
		t.Errorf("NewVRFKey over a key = %v, want %v", err, fs.ErrExist)
	}
	if again, err := LoadVRFKey(d); err != nil || !bytes.Equal(again.Public(), first.Public()) {
		t.Errorf("LoadVRFKey = %v, %v, want the first key", again, err)
	}
	info, err := os.Stat(d.VRFKey())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
}
