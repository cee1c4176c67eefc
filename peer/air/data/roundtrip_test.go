// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// recorded returns data that AquaVM 0.62.0 wrote, by file name.
func recorded(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/avm/*.bin")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recorded data: %v", err)
	}
	files := make(map[string][]byte)
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(p)] = b
	}
	return files
}

// The writer's layout is AquaVM's: with the order of its hash maps and the
// identity of its shared texts, data is written again byte for byte.
func TestRecordedDataIsReproduced(t *testing.T) {
	for name, b := range recorded(t) {
		e, err := Open(b, DefaultLimits())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		rec := &recording{}
		d, err := e.decode(DefaultLimits(), rec)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := encode(d, rec)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, b) {
			t.Errorf("%s: encode(decode) differs:\n got %x\nwant %x", name, got, b)
		}
		if len(rec.targets) > 0 {
			t.Errorf("%s: %d shared texts were not written", name, len(rec.targets))
		}
	}
}

// Encode is canonical: what it wrote is what it writes again.
func TestRecordedDataBecomesCanonical(t *testing.T) {
	for name, b := range recorded(t) {
		once := mustEncode(t, mustDecode(t, b))
		if twice := mustEncode(t, mustDecode(t, once)); !bytes.Equal(twice, once) {
			t.Errorf("%s: second encoding differs:\n got %x\nwant %x", name, twice, once)
		}
		if len(once) > len(b) {
			t.Errorf("%s: canonical form has %d bytes, AquaVM's %d", name, len(once), len(b))
		}
	}
}

func TestRecordedDataVerifies(t *testing.T) {
	for name, b := range recorded(t) {
		if _, err := Verify(mustDecode(t, b), "particle-1", DefaultLimits(), nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Verify(mustDecode(t, b), "particle-2", DefaultLimits(), nil); err == nil {
			t.Errorf("%s: signatures verify with another salt", name)
		}
	}
}

func mustDecode(t testing.TB, b []byte) *InterpreterData {
	t.Helper()
	d, err := Decode(b, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mustEncode(t testing.TB, d *InterpreterData) []byte {
	t.Helper()
	b, err := Encode(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
