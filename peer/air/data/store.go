// SPDX-License-Identifier: Apache-2.0

package data

import (
	"cmp"
	"iter"
	"slices"
)

// scanBelow is the number of unsorted entries up to which a scan beats a map.
const scanBelow = 8

// Entry is one CID with its content.
type Entry[V any] struct {
	CID   CID
	Value V
}

// Store maps CIDs to content. The zero value is empty and ready for use.
//
// It is made for data that grows by a few entries from hop to hop: entries that
// came sorted stay where they are and are found by bisection, new ones stand in
// a tail. Order: [Store.All] yields entries sorted by CID, whatever the order of
// insertion. To go on with a copy beside the original, make it with [Store.Clone].
type Store[V any] struct {
	base  []Entry[V] // sorted by CID, no duplicates, never written to: clones share it
	heads []uint64   // of the CIDs in base, if all have one
	tail  []Entry[V] // no CID of base, no duplicates
	index map[CID]int32
}

// Len is the number of entries.
func (s *Store[V]) Len() int { return len(s.base) + len(s.tail) }

// Get returns the content of c.
func (s *Store[V]) Get(c CID) (V, bool) {
	if i, ok := s.inBase(c); ok {
		return s.base[i].Value, true
	}
	if i := s.inTail(c); i >= 0 {
		return s.tail[i].Value, true
	}
	var none V
	return none, false
}

// Insert sets the content of c if c has none and reports whether it did. There is
// no way to replace content: a CID has only one. Insert keeps v as it is.
func (s *Store[V]) Insert(c CID, v V) bool {
	if s.Has(c) {
		return false
	}
	s.push(Entry[V]{c, v})
	return true
}

// Has reports whether c has content.
func (s *Store[V]) Has(c CID) bool {
	if _, ok := s.inBase(c); ok {
		return true
	}
	return s.inTail(c) >= 0
}

// Clone returns a copy that can be added to without changing s.
func (s *Store[V]) Clone() Store[V] {
	return Store[V]{base: s.base, heads: s.heads, tail: slices.Clone(s.tail)}
}

// Add inserts every entry of o whose CID is not in s. The content of a verified
// CID is the same in both, so it does not matter which stays.
func (s *Store[V]) Add(o *Store[V]) {
	if s.Len() == 0 {
		*s = o.Clone()
		return
	}
	i := 0
	for _, e := range o.base { // both sorted: walk side by side
		for i < len(s.base) && s.base[i].CID < e.CID {
			i++
		}
		if i < len(s.base) && s.base[i].CID == e.CID || s.inTail(e.CID) >= 0 {
			continue
		}
		s.push(e)
	}
	for _, e := range o.tail {
		s.Insert(e.CID, e.Value)
	}
}

// All yields the entries sorted by CID.
func (s *Store[V]) All() iter.Seq2[CID, V] {
	return func(yield func(CID, V) bool) {
		for _, e := range s.sorted() {
			if !yield(e.CID, e.Value) {
				return
			}
		}
	}
}

// each calls f with every entry in an order that depends on the history of s
// alone, until f fails.
func (s *Store[V]) each(f func(*V) error) error {
	for _, part := range [][]Entry[V]{s.base, s.tail} {
		for i := range part {
			if err := f(&part[i].Value); err != nil {
				return err
			}
		}
	}
	return nil
}

// sorted returns all entries sorted by CID, without copying when there is no
// tail.
func (s *Store[V]) sorted() []Entry[V] {
	if len(s.tail) == 0 {
		return s.base
	}
	byCID := func(a, b Entry[V]) int { return cmp.Compare(a.CID, b.CID) }
	tail := slices.Clone(s.tail)
	slices.SortFunc(tail, byCID)
	if len(s.base) == 0 {
		return tail
	}
	all := make([]Entry[V], 0, s.Len())
	base := s.base
	for len(base) > 0 && len(tail) > 0 {
		if base[0].CID < tail[0].CID {
			all, base = append(all, base[0]), base[1:]
		} else {
			all, tail = append(all, tail[0]), tail[1:]
		}
	}
	return append(append(all, base...), tail...)
}

// load fills an empty store with entries in the order of the wire; of equal
// CIDs the last stays.
func (s *Store[V]) load(entries []Entry[V]) {
	ascending := true
	for i := 1; i < len(entries) && ascending; i++ {
		ascending = entries[i-1].CID < entries[i].CID
	}
	if ascending {
		s.base = entries
		s.heads = headsOf(entries)
		return
	}
	for _, e := range entries {
		if i := s.inTail(e.CID); i >= 0 {
			s.tail[i] = e
			continue
		}
		s.push(e)
	}
}

func (s *Store[V]) push(e Entry[V]) {
	s.tail = append(s.tail, e)
	if s.index != nil {
		s.index[e.CID] = int32(len(s.tail) - 1)
	}
}

// headsOf lists the heads of CIDs, or nil if one has none or it is not worth it.
func headsOf[V any](entries []Entry[V]) []uint64 {
	if len(entries) <= scanBelow {
		return nil
	}
	heads := make([]uint64, len(entries))
	for i := range entries {
		h, ok := entries[i].CID.head()
		if !ok {
			return nil
		}
		heads[i] = h
	}
	return heads
}

// inBase finds c by bisection, first among the heads: comparing numbers that stand
// side by side is several times faster than comparing texts with one beginning.
func (s *Store[V]) inBase(c CID) (int, bool) {
	lo, hi := 0, len(s.base)
	if s.heads != nil {
		head, ok := c.head()
		if !ok {
			return 0, false
		}
		for lo < hi {
			if mid := int(uint(lo+hi) >> 1); s.heads[mid] < head {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		if lo == len(s.base) || s.heads[lo] != head {
			return lo, false
		}
		if s.base[lo].CID == c {
			return lo, true
		}
		hi = len(s.base) // heads collide: go on with the texts
	}
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); s.base[mid].CID < c {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(s.base) && s.base[lo].CID == c
}

func (s *Store[V]) inTail(c CID) int {
	if len(s.tail) <= scanBelow {
		return slices.IndexFunc(s.tail, func(e Entry[V]) bool { return e.CID == c })
	}
	if s.index == nil {
		s.index = make(map[CID]int32, 2*len(s.tail))
		for i := range s.tail {
			s.index[s.tail[i].CID] = int32(i)
		}
	}
	// An index that a copy of s shares may know more than this tail.
	if i, ok := s.index[c]; ok && int(i) < len(s.tail) && s.tail[i].CID == c {
		return int(i)
	}
	return -1
}
