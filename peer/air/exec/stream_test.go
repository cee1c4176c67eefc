// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"errors"
	"testing"

	"github.com/go-fluence/fluence/peer/air/data"
)

func TestStreamHoldsAtMost1023Values(t *testing.T) {
	var s stream
	for i := range maxStream - 1 {
		if err := s.add(&val{}, generation{matrix: newValues}); err != nil {
			t.Fatalf("value %d: %v", i+1, err)
		}
	}
	if err := s.add(&val{}, generation{matrix: newValues}); !errors.Is(err, &Error{Code: CodeStreamSize}) {
		t.Errorf("value %d: %v, want code %d", maxStream, err, CodeStreamSize)
	}
	if err := new(stream).add(&val{}, generation{prevValues, 0xfffffff0}); !errors.Is(err, &Error{Code: CodeGeneration}) {
		t.Errorf("huge generation: %v, want code %d", err, CodeGeneration)
	}
}

// TestCompactification: air.md 6.6. Empty generations go, the others are
// numbered through: previous, current, new.
func TestCompactification(t *testing.T) {
	tr := newTracer("", nil, nil, 4)
	var s stream
	for pos, g := range []generation{{newValues, 0}, {prevValues, 3}, {curValues, 1}, {prevValues, 0}} {
		tr.push(data.Ap(99))
		if err := s.add(&val{pos: uint32(pos)}, g); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.compactify(&tr); err != nil {
		t.Fatal(err)
	}
	for pos, want := range []uint32{3, 1, 2, 0} {
		if got, _ := tr.out[pos].Generation(); got != want {
			t.Errorf("state %d has generation %d, want %d", pos, got, want)
		}
	}
	for name, pos := range map[string]uint32{"nowhere": 9, "no stream state": 4} {
		tr.out = append(tr.out[:4], data.Par(0, 0))
		lost := stream{gens: [3][][]val{{{{pos: pos}}}}}
		if err := lost.compactify(&tr); !errors.Is(err, &Error{Code: CodeCompactify}) {
			t.Errorf("%s: %v, want code %d", name, err, CodeCompactify)
		}
	}
}

// TestFoldWindows: the example of air.md 6.4, three values of one generation,
// then one of another.
func TestFoldWindows(t *testing.T) {
	states := []data.State{data.Ap(0), data.Ap(0), data.Ap(0), data.Ap(1)}
	for range 20 {
		states = append(states, data.Sent("p"))
	}
	var lore []data.FoldLore
	for i := range uint32(4) {
		n := i%3 + 1
		lore = append(lore, data.FoldLore{ValuePos: i, Ranges: []data.Range{{Begin: 4, Len: n}, {Begin: 4, Len: n}}})
	}
	s := newSlider(states)
	s.pos, s.limit = 4, 20
	fold := data.Fold(lore)
	var l foldLore
	if err := l.resolve(nil, &s, &fold); err != nil {
		t.Fatal(err)
	}
	want := [][2]uint32{{12, 1}, {11, 3}, {9, 6}, {2, 1}}
	for i, w := range want {
		got := l.windows[uint32(i)]
		if got.before.Len != w[0] || got.after.Len != w[1] {
			t.Errorf("value %d: windows of %d and %d, want %d and %d", i, got.before.Len, got.after.Len, w[0], w[1])
		}
	}
	if l.end != 4+14 || l.rest != 20-14 {
		t.Errorf("the fold ends at %d with %d left, want 18 and 6", l.end, l.rest)
	}
}

func TestSliderStaysInItsWindow(t *testing.T) {
	s := newSlider(make([]data.State, 5))
	if !s.narrow(2) || s.next() == nil || s.next() == nil || s.next() != nil {
		t.Error("a window of 2 gives 2 states")
	}
	if s.narrow(4) || s.jump(3, 3) {
		t.Error("a window goes beyond the trace")
	}
	if !s.jump(4, 1) || s.left() != 1 || s.next() == nil || s.left() != 0 {
		t.Error("a jump to the last state gives it")
	}
}
