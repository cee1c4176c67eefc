// SPDX-License-Identifier: Apache-2.0

package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// inner is the archive of d.
func inner(t testing.TB, d *InterpreterData) []byte {
	t.Helper()
	e, err := Open(mustEncode(t, d), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(e.Inner)
}

func decodeInner(b []byte, l Limits) (*InterpreterData, error) {
	e := Envelope{Inner: b}
	return e.Decode(l)
}

// Each row changes one word of the archive of the honest data of forge. Offsets
// count from the root, which is the last 60 bytes.
func TestDecodeRefusesHostileArchives(t *testing.T) {
	honest := inner(t, newForge(t).build())
	root := len(honest) - sizeRoot
	word := func(b []byte, at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
	put := binary.BigEndian.PutUint32
	// target is where the pointer at `at` leads.
	target := func(b []byte, at int) int { return at + int(int32(word(b, at))) }
	trace, values, tetraplets, elements, signatures := target(honest, root), root+12, root+20, root+28, root+52
	state := target(honest, root) // stream: tags at 0, 4, 8, CID at 12
	tests := map[string]func(b []byte) []byte{
		"cut at the front":            func(b []byte) []byte { return b[4:] },
		"cut at the end":              func(b []byte) []byte { return b[:len(b)-4] },
		"cut by one byte":             func(b []byte) []byte { return b[:len(b)-1] },
		"bytes after the root":        func(b []byte) []byte { return append(b, 0, 0, 0, 0) },
		"shorter than a root":         func([]byte) []byte { return make([]byte, 56) },
		"empty":                       func([]byte) []byte { return []byte{} },
		"trace points at the root":    func(b []byte) []byte { put(b[root:], 0); return b },
		"trace points beyond the end": func(b []byte) []byte { put(b[root:], 0x7ffffff0); return b },
		"trace points before begin":   func(b []byte) []byte { put(b[root:], 0x80000000); return b },
		"trace is not aligned":        func(b []byte) []byte { put(b[root:], word(b, root)-1); return b },
		"trace has 2^32-1 states":     func(b []byte) []byte { put(b[root+4:], 0xffffffff); return b },
		"values stand in the trace":   func(b []byte) []byte { put(b[values:], uint32(trace-values)); return b },
		"stores swapped": func(b []byte) []byte {
			a, z := target(b, values), target(b, tetraplets)
			put(b[values:], uint32(z-values))
			put(b[tetraplets:], uint32(a-tetraplets))
			return b
		},
		"a value twice": func(b []byte) []byte {
			first := target(b, elements) // entry: CID 8, pointer
			put(b[elements+4:], 2)
			put(b[elements:], uint32(first-sizeEntry-elements))
			return b
		},
		"unknown state":         func(b []byte) []byte { b[state] = 5; return b },
		"unknown call result":   func(b []byte) []byte { b[state+4] = 3; return b },
		"unknown value ref":     func(b []byte) []byte { b[state+8] = 3; return b },
		"unknown canon result":  func(b []byte) []byte { b[state+sizeState+4] = 2; return b },
		"CID points at itself":  func(b []byte) []byte { put(b[state+12:], 0); return b },
		"CID of other length":   func(b []byte) []byte { put(b[state+16:], 60); return b },
		"CID reaches too far":   func(b []byte) []byte { put(b[state+16:], 0x7fffffff); return b },
		"CID is not UTF-8":      func(b []byte) []byte { b[target(b, state+12)] = 0xff; return b },
		"signature 2^31 long":   func(b []byte) []byte { put(b[target(b, signatures)+12:], 0x80000000); return b },
		"inline text of 8":      func(b []byte) []byte { return text(b, target, tetraplets, 15, 8) },
		"inline text of 127":    func(b []byte) []byte { return text(b, target, tetraplets, 15, 127) },
		"inline text not UTF-8": func(b []byte) []byte { return text(b, target, tetraplets, 8, 0xff) },
		"long text at itself":   func(b []byte) []byte { return text(b, target, tetraplets, 15, 0x80) },
		"tetraplet as a CID": func(b []byte) []byte { // a shared object met again as another type
			entry := target(b, tetraplets)
			put(b[entry:], uint32(target(b, entry+8)-entry))
			return b
		},
		"unknown provenance": func(b []byte) []byte { b[target(b, target(b, elements)+8)+16] = 3; return b },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := decodeInner(change(slices.Clone(honest)), DefaultLimits())
			if !errors.Is(err, &Error{Code: CodeArchive}) || d != nil {
				t.Errorf("Decode = %v, %v, want code %d", d, err, CodeArchive)
			}
		})
	}
	if _, err := decodeInner(honest, DefaultLimits()); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	if _, err := decodeInner(append(make([]byte, 8), honest...), DefaultLimits()); err != nil {
		t.Errorf("unused words in front, which AquaVM reads: %v", err)
	}
}

// text changes byte i of the first tetraplet with an inline service id.
func text(b []byte, target func([]byte, int) int, store, i int, v byte) []byte {
	entry := target(b, store)
	for range binary.BigEndian.Uint32(b[store+4:]) {
		if at := target(b, entry+8); b[at+15] == 1 {
			b[at+i] = v
			return b
		}
		entry += sizeEntry
	}
	panic("no such tetraplet")
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A lie in any word, so in every length and pointer, costs no more than honest
// data does.
func TestLyingLengthsAllocateNothing(t *testing.T) {
	honest := inner(t, newForge(t).build())
	b := slices.Clone(honest)
	var tries uint64
	got := allocated(func() {
		for at := 0; at < len(b); at += 4 {
			for _, lie := range []uint32{0xffffffff, 0x7fffffff, 0x00ffffff, 0x0000ffff, 0x1000} {
				binary.BigEndian.PutUint32(b[at:], lie)
				_, _ = decodeInner(b, Limits{})
				tries++
			}
			copy(b[at:], honest[at:at+4])
		}
	})
	if most := tries * uint64(8*len(b)); got > most {
		t.Errorf("%d lies allocated %d bytes, want at most %d", tries, got, most)
	}
}

// The worst that data of one size can do is known.
func TestDecodeMemoryIsBounded(t *testing.T) {
	const n = 100_000
	canon := CanonResult{Values: make([]CID, n)}
	tiny := &InterpreterData{}
	for i := range n {
		canon.Values[i] = CID(string(rune('a' + i%26)))
		tiny.CIDs.CanonElements.Insert(CID(fmt.Sprint(i)), CanonElement{Value: "a", Tetraplet: "a"})
	}
	values, distinct := &InterpreterData{}, &InterpreterData{}
	values.CIDs.CanonResults.Insert("c", canon)
	for i := range n {
		distinct.Trace = append(distinct.Trace, Scalar(CID(fmt.Sprintf("%04x", i))))
	}
	tests := map[string]*InterpreterData{
		"par":             {Trace: slices.Repeat([]State{Par(1, 2)}, n)},
		"lore":            {Trace: []State{Fold(make([]FoldLore, n))}},
		"ranges":          {Trace: slices.Repeat([]State{Fold([]FoldLore{{Ranges: make([]Range, 1)}})}, n)},
		"generations":     {Trace: []State{ApList(make([]uint32, n))}},
		"one CID":         values,
		"tiny texts":      distinct,
		"canon elements":  tiny,
		"signatures":      {Signatures: slices.Repeat([]Signature{{}}, n)},
		"one large value": {Trace: []State{Sent(strings.Repeat("x", n))}},
	}
	for name, d := range tests {
		b := inner(t, d)
		got := allocated(func() {
			if _, err := decodeInner(b, Limits{}); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%s: %.1f bytes for each of %d", name, float64(got)/float64(len(b)), len(b))
		if got > 12*uint64(len(b)) {
			t.Errorf("%s: %d bytes for %d, want at most 12 for each", name, got, len(b))
		}
	}
}

func TestLimits(t *testing.T) {
	d := newForge(t).build()
	b := mustEncode(t, d)
	tests := map[string]struct {
		at, under Limits
	}{
		"bytes":   {Limits{Bytes: len(b)}, Limits{Bytes: len(b) - 1}},
		"states":  {Limits{States: 2}, Limits{States: 1}},
		"entries": {Limits{Entries: 7}, Limits{Entries: 6}},
		"few":     {Limits{Entries: 7}, Limits{Entries: 1}},
	}
	for name, tt := range tests {
		if _, err := Decode(b, tt.at); err != nil {
			t.Errorf("%s: at the limit: %v", name, err)
		}
		if got, err := Decode(b, tt.under); !errors.Is(err, &Error{Code: CodeTooLarge}) || got != nil {
			t.Errorf("%s: beyond the limit: Decode = %v, %v, want code %d", name, got, err, CodeTooLarge)
		}
	}
	for name, s := range map[string]State{
		"generations": ApList(make([]uint32, 9)),
		"lore":        Fold(make([]FoldLore, 9)),
		"ranges":      Fold([]FoldLore{{Ranges: make([]Range, 4)}, {Ranges: make([]Range, 3)}}),
		"many":        Fold([]FoldLore{{Ranges: make([]Range, 8)}}),
	} {
		b := mustEncode(t, &InterpreterData{Trace: []State{Ap(1), s}})
		if _, err := Decode(b, Limits{States: 3}); err != nil {
			t.Errorf("%s: at the limit: %v", name, err)
		}
		if got, err := Decode(b, Limits{States: 2}); !errors.Is(err, &Error{Code: CodeTooLarge}) || got != nil {
			t.Errorf("%s: beyond the limit: Decode = %v, %v, want code %d", name, got, err, CodeTooLarge)
		}
	}
	d.Signatures = append(d.Signatures, testKeys(t)["C"].Sign(nil, particleID))
	if _, err := Verify(d, particleID, Limits{Signers: 2}, nil); err != nil {
		t.Errorf("two signers: %v", err)
	}
	if _, err := Verify(d, particleID, Limits{Signers: 1}, nil); !errors.Is(err, &Error{Code: CodeTooLarge}) {
		t.Errorf("Verify = %v, want code %d", err, CodeTooLarge)
	}
	if _, err := Decode(mustEncode(t, d), Limits{Signers: 1}); !errors.Is(err, &Error{Code: CodeTooLarge}) {
		t.Errorf("Decode = %v, want code %d", err, CodeTooLarge)
	}
}
