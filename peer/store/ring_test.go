// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestRingKeepsTheNewestLines(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for session := range 2 {
		r, err := s.Ring("traces", 4000)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		for i := range 500 {
			if !r.Append(fmt.Appendf(nil, "%d-%03d-%s", session, i, bytes.Repeat([]byte("x"), 20))) {
				t.Fatal("dropped")
			}
		}
		if r.Append(make([]byte, maxLineBytes+1)) {
			t.Error("line beyond the bound was taken")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	var size int
	seen := map[string]bool{}
	if err := ReadRing(filepath.Join(dir, "traces"), func(line []byte) {
		size += len(line) + 1
		seen[string(line[:5])] = true
	}); err != nil {
		t.Fatal(err)
	}
	if size > 4000+4*27 || !seen["1-499"] || !seen["1-450"] || seen["0-000"] {
		t.Errorf("%d bytes kept, newest %v, oldest %v", size, seen["1-499"], seen["0-000"])
	}
}

func TestReadRingSkipsWhatIsNoLine(t *testing.T) {
	dir := t.TempDir()
	if err := ReadRing(dir, func([]byte) {}); !errors.Is(err, ErrNotFound) {
		t.Errorf("no ring: %v, want ErrNotFound", err)
	}
	raw := append(bytes.Repeat([]byte("z"), 3*maxLineBytes), "\na\n\nb\nhalf"...)
	if err := os.WriteFile(filepath.Join(dir, ringName(0)), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	var lines []string
	if err := ReadRing(dir, func(line []byte) { lines = append(lines, string(line)) }); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(lines) != "[a  b]" {
		t.Errorf("lines = %q", lines)
	}
}
