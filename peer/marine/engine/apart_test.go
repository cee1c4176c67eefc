// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
)

func TestApartEndsAtItsDeadline(t *testing.T) {
	for name, tt := range map[string]struct{ script, text string }{
		"hangs": {"exec sleep 100", "killed"},
		"fails": {"echo no memory >&2; exit 2", "no memory"},
	} {
		a := engine.Apart{Command: []string{"/bin/sh", "-c", tt.script}, Dir: t.TempDir(), Timeout: time.Second}
		e, err := engine.New(t.Context(), engine.Config{CacheDir: a.Dir, Precompile: a.Precompile})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Compile(t.Context(), guests, meter.Options{}); !errors.Is(err, engine.ErrApart) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want ErrApart", name, err)
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestApartCompilesOnce(t *testing.T) {
	dir, count := t.TempDir(), t.TempDir()+"/count"
	a := engine.Apart{Command: []string{"/bin/sh", "-c", "echo x >> " + count}, Dir: dir}
	for range 2 {
		if err := a.Precompile(t.Context(), guests); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(count); err != nil || string(b) != "x\n" {
		t.Errorf("the child ran %q, %v", b, err)
	}
	if err := engine.Fill(t.Context(), dir, []byte("x")); !errors.Is(err, engine.ErrInvalid) {
		t.Errorf("Fill of no module = %v, want ErrInvalid", err)
	}
}
