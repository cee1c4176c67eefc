// SPDX-License-Identifier: Apache-2.0

package data

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Entries that came sorted are found by the heads of their CIDs, also when heads
// collide and when a CID has none.
func TestStoreFindsCIDsWithAndWithoutHead(t *testing.T) {
	var cids []CID
	for i := range 200 {
		cids = append(cids, ValueCID(fmt.Sprint(i)))
	}
	twin := func(c CID, end string) CID { return c[:len(c)-4] + CID(end) } // same head, other CID
	for _, c := range cids[:5] {
		cids = append(cids, twin(c, "aaaa"), twin(c, "zzzz"))
	}
	absent := []CID{"", "b", "zzz", twin(cids[7], "aaaa"), twin(cids[7], "zzzz"), twin(cids[0], "mmmm"), CID(strings.ToUpper(string(cids[9])))}
	for _, odd := range []bool{false, true} {
		list := slices.Clone(cids)
		if odd {
			list = append(list, "odd")
		}
		slices.Sort(list)
		var s Store[CID]
		entries := make([]Entry[CID], len(list))
		for i, c := range list {
			entries[i] = Entry[CID]{c, c}
		}
		s.load(entries)
		if (s.heads == nil) != odd || len(s.base) != len(list) {
			t.Fatalf("odd %v: %d heads, base %d of %d", odd, len(s.heads), len(s.base), len(list))
		}
		for _, c := range list {
			if got, ok := s.Get(c); !ok || got != c {
				t.Errorf("odd %v: Get(%s) = %s, %v", odd, c, got, ok)
			}
		}
		for _, c := range absent {
			if got, ok := s.Get(c); ok {
				t.Errorf("odd %v: Get(%s) = %s", odd, c, got)
			}
		}
	}
}
