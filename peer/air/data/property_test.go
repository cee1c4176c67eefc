// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestDecodeInvertsEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := genData(t)
		b, err := Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b, DefaultLimits())
		if err != nil {
			t.Fatalf("Decode: %v", err)
		}
		if want := flatten(d); !reflect.DeepEqual(flatten(got), want) {
			t.Fatalf("got %+v\nwant %+v", flatten(got), want)
		}
		for i := range d.Trace {
			if !got.Trace[i].Equal(&d.Trace[i]) {
				t.Fatalf("state %d: got %+v, want %+v", i, got.Trace[i], d.Trace[i])
			}
		}
	})
}

func TestEncodingIsCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := genData(t)
		once, err := Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		other := *d
		other.CIDs = CIDInfo{
			Values:         shuffled(r, &d.CIDs.Values),
			Tetraplets:     shuffled(r, &d.CIDs.Tetraplets),
			CanonElements:  shuffled(r, &d.CIDs.CanonElements),
			CanonResults:   shuffled(r, &d.CIDs.CanonResults),
			ServiceResults: shuffled(r, &d.CIDs.ServiceResults),
		}
		other.Signatures = slices.Clone(d.Signatures)
		slices.Reverse(other.Signatures)
		if b, err := Encode(&other); err != nil || !bytes.Equal(b, once) {
			t.Fatalf("another order of the same content: %v\n got %x\nwant %x", err, b, once)
		}
		got, err := Decode(once, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if b, err := Encode(got); err != nil || !bytes.Equal(b, once) {
			t.Fatalf("decoded and encoded: %v\n got %x\nwant %x", err, b, once)
		}
	})
}

// A store does what a map does, whatever the order of its history.
func TestStoreIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.Custom(func(t *rapid.T) CID { return CID(rapid.StringMatching("[a-d]{0,2}").Draw(t, "key")) })
		want := map[CID]int{}
		var s Store[int]
		var loaded []Entry[int]
		for range rapid.IntRange(0, 20).Draw(t, "loaded") {
			e := Entry[int]{key.Draw(t, "cid"), rapid.Int().Draw(t, "value")}
			loaded, want[e.CID] = append(loaded, e), e.Value
		}
		if rapid.Bool().Draw(t, "sorted") {
			slices.SortStableFunc(loaded, func(a, b Entry[int]) int { return bytes.Compare([]byte(a.CID), []byte(b.CID)) })
			for _, e := range loaded {
				want[e.CID] = e.Value
			}
		}
		s.load(loaded)
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) {
				c, v := key.Draw(t, "cid"), rapid.Int().Draw(t, "value")
				_, had := want[c]
				before := s.Clone()
				if s.Insert(c, v) == had {
					t.Fatalf("Insert(%q) = %v", c, !had)
				}
				if before.Has(c) != had {
					t.Fatalf("a clone got %q", c)
				}
				if !had {
					want[c] = v
				}
			},
			"add": func(t *rapid.T) {
				var o Store[int]
				var list []Entry[int]
				for range rapid.IntRange(0, 12).Draw(t, "n") {
					list = append(list, Entry[int]{key.Draw(t, "cid"), rapid.Int().Draw(t, "value")})
				}
				o.load(list)
				s.Add(&o)
				for c, v := range o.All() {
					if _, had := want[c]; !had {
						want[c] = v
					}
				}
			},
			"": func(t *rapid.T) { compareStore(t, &s, want) },
		})
	})
}

func compareStore(t *rapid.T, s *Store[int], want map[CID]int) {
	if s.Len() != len(want) {
		t.Fatalf("Len = %d, want %d", s.Len(), len(want))
	}
	for c, v := range want {
		if got, ok := s.Get(c); !ok || got != v || !s.Has(c) {
			t.Fatalf("Get(%q) = %d, %v, want %d", c, got, ok, v)
		}
	}
	if _, ok := s.Get("absent"); ok {
		t.Fatal("Get(absent) found something")
	}
	list := entries(s)
	if !slices.IsSortedFunc(list, func(a, b Entry[int]) int { return bytes.Compare([]byte(a.CID), []byte(b.CID)) }) || len(list) != len(want) {
		t.Fatalf("All yields %v", list)
	}
}
