// SPDX-License-Identifier: Apache-2.0

package data

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The golden files are what AquaVM 0.62.0 prints of the recorded data.
func TestDumpIsWhatAquaVMPrints(t *testing.T) {
	paths, err := filepath.Glob("testdata/dump/*.golden")
	if err != nil || len(paths) < 5 {
		t.Fatalf("golden files %q, %v", paths, err)
	}
	files := recorded(t)
	for _, p := range paths {
		name := strings.TrimSuffix(filepath.Base(p), ".golden")
		want, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if err := Dump(&got, mustDecode(t, files[name+".bin"])); err != nil {
			t.Fatal(err)
		}
		if got.String() != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got.String(), want)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestDumpReturnsTheErrorOfItsWriter(t *testing.T) {
	if err := Dump(brokenWriter{}, &InterpreterData{}); !errors.Is(err, errBroken) {
		t.Errorf("Dump = %v, want %v", err, errBroken)
	}
}

func TestDumpOfAHugeKeyIsQuick(t *testing.T) {
	var got strings.Builder
	d := &InterpreterData{Signatures: []Signature{{PublicKey(make([]byte, 1<<20)), ""}}}
	if err := Dump(&got, d); err != nil || !strings.Contains(got.String(), `"0x0000`) {
		t.Errorf("Dump = %v, %.300s", err, got.String())
	}
}
