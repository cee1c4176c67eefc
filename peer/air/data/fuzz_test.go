// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	gocid "github.com/ipfs/go-cid"
	"github.com/multiformats/go-multibase"
)

var update = flag.Bool("update", false, "rewrite the seed corpora")

// seeds are what the encoder makes of data of every shape: inner data by name.
func seeds(t testing.TB) map[string][]byte {
	fold := Fold([]FoldLore{{3, []Range{{5, 2}, {7, 0}}}, {4, nil}, {9, []Range{{1, 1}}}})
	kinds := &InterpreterData{LastCallRequestID: 7, Trace: []State{
		Par(1, 2), Sent("peer-one"), SentWithID("peer-one", 3), SentWithID("two", 4), Scalar("cid-1"), Stream("cid-2", 0xcafebabe),
		Unused("cid-1"), Failed(""), fold, Fold(nil), Ap(1), ApList(nil), ApList([]uint32{1, 2}), CanonSent(""), Canon("cid-3"),
	}}
	files := map[string][]byte{
		"empty":  inner(t, &InterpreterData{}),
		"kinds":  inner(t, kinds),
		"honest": inner(t, newForge(t).build()),
	}
	for name, b := range recorded(t) {
		switch name {
		case "canon-07.bin", "foldp-06.bin", "maps-03.bin":
			files[name[:len(name)-4]] = inner(t, mustDecode(t, b))
		}
	}
	return files
}

// The seed corpora are what Encode writes today, byte for byte.
func TestSeedCorporaAreCanonical(t *testing.T) {
	want := make(map[string][]byte)
	for name, b := range seeds(t) {
		want["FuzzArchive/"+name] = b
	}
	for name, c := range envelopes() {
		want["FuzzEnvelope/"+string(bytes.ReplaceAll([]byte(name), []byte(" "), []byte("-")))] = c.b
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		path := filepath.Join("testdata", "fuzz", filepath.FromSlash(name))
		text := fmt.Appendf(nil, "go test fuzz v1\n[]byte(%q)\n", want[name])
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, text) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, text)
		}
	}
}

// Whatever is read is written canonically and read again as the same.
func FuzzArchive(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		if b == nil {
			b = []byte{}
		}
		d, err := decodeInner(b, DefaultLimits())
		if err != nil {
			if !errors.Is(err, &Error{Code: CodeArchive}) && !errors.Is(err, &Error{Code: CodeTooLarge}) {
				t.Fatalf("Decode = %v", err)
			}
			return
		}
		once := mustEncode(t, d)
		again := mustDecode(t, once)
		want := flatten(d)
		want.Versions = again.Versions
		if !reflect.DeepEqual(flatten(again), want) {
			t.Fatalf("got %+v\nwant %+v", flatten(again), want)
		}
		if twice := mustEncode(t, again); !bytes.Equal(once, twice) {
			t.Fatalf("got %x\nwant %x", twice, once)
		}
		if err := Dump(io.Discard, d); err != nil {
			t.Fatal(err)
		}
		_, plain := Verify(d, particleID, Limits{Signers: 4}, nil)
		if plain != nil && !errors.As(plain, new(*Error)) {
			t.Fatalf("Verify = %v", plain)
		}
		var known Known
		known.Learn(newForge(t).build(), &Signers{}, particleID)
		if _, err := Verify(d, particleID, Limits{Signers: 4}, &known); fmt.Sprint(err) != fmt.Sprint(plain) {
			t.Fatalf("Verify with known content = %v, without %v", err, plain)
		}
	})
}

// An envelope that is read is read again as the same when written in our form.
func FuzzEnvelope(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Open(b, DefaultLimits())
		if err != nil {
			if !errors.Is(err, &Error{Code: CodeEnvelope}) && !errors.Is(err, &Error{Code: CodeVersion}) {
				t.Fatalf("Open = %v", err)
			}
			return
		}
		if e.Inner == nil && len(b) > 0 {
			t.Fatal("no inner data, and no error")
		}
		again, err := Open(append(envelopeHead(e.Versions, len(e.Inner)), e.Inner...), DefaultLimits())
		if err != nil || again.Versions != e.Versions || !bytes.Equal(again.Inner, e.Inner) {
			t.Fatalf("got %+v, %v\nwant %+v", again, err, e)
		}
		_ = e.Versions.CheckVersion()
	})
}

// A CID names at most one content, and every name has one spelling in each base.
func FuzzCID(f *testing.F) {
	for _, c := range []CID{ValueCID("1"), cidWith(codecJSON, hashSHA256, "1"), spelled('z')("1"), spelled('0')("1"), "", "b", "z", "\x00", "/ipfs/" + ValueCID("1")} {
		f.Add(string(c), "1")
	}
	f.Fuzz(func(t *testing.T, text, content string) {
		c := CID(text)
		if !c.names([]byte(content)) {
			return
		}
		if c.names([]byte(content + " ")) {
			t.Errorf("%q names two contents", text)
		}
		spellings := map[CID]bool{ValueCID(content): true, cidWith(codecJSON, hashSHA256, content): true}
		for _, base := range multibase.Encodings {
			spellings[spelled(base)(content)] = true
			s, err := gocid.MustParse(string(cidWith(codecJSON, hashSHA256, content))).StringOfBase(base)
			if err != nil {
				t.Fatal(err)
			}
			spellings[CID(s)] = true
		}
		if !spellings[c] {
			t.Errorf("%q is an unknown spelling", text)
		}
	})
}
