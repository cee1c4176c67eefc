// SPDX-License-Identifier: Apache-2.0

package data

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func signer(peer string, cids ...CID) Signer {
	return Signer{Peer: peer, Signature: Signature{Bytes: peer + string(rune('0'+len(cids)))}, CIDs: cids}
}

func signersOf(list ...Signer) *Signers {
	s := &Signers{}
	for _, p := range list {
		s.Put(p)
	}
	return s
}

func TestMergeKeepsTheSignatureThatCoversMore(t *testing.T) {
	none := signersOf()
	tests := map[string]struct {
		prev, cur, want *Signers
		err             error
	}{
		"nothing":      {none, none, none, nil},
		"only prev":    {signersOf(signer("a", "1")), none, signersOf(signer("a", "1")), nil},
		"only current": {none, signersOf(signer("a", "1")), signersOf(signer("a", "1")), nil},
		"others":       {signersOf(signer("b", "1")), signersOf(signer("a"), signer("c")), signersOf(signer("a"), signer("b", "1"), signer("c")), nil},
		"prev covers":  {signersOf(signer("a", "1", "2")), signersOf(signer("a", "2")), signersOf(signer("a", "1", "2")), nil},
		"cur covers":   {signersOf(signer("a", "2")), signersOf(signer("a", "1", "2")), signersOf(signer("a", "1", "2")), nil},
		"repeated":     {signersOf(signer("a", "1", "1")), signersOf(signer("a", "1")), signersOf(signer("a", "1", "1")), nil},
		"empty":        {signersOf(signer("a")), signersOf(signer("a", "1")), signersOf(signer("a", "1")), nil},
		"other":        {signersOf(signer("a", "1")), signersOf(signer("a", "2")), nil, &Error{Code: CodeSignatures}},
		"not a part":   {signersOf(signer("a", "1", "2", "3")), signersOf(signer("a", "1", "4")), nil, &Error{Code: CodeSignatures}},
		"repeats more": {signersOf(signer("a", "1", "1")), signersOf(signer("a", "1", "2", "3")), nil, &Error{Code: CodeSignatures}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Merge(tt.prev, tt.cur)
			if !errors.Is(err, tt.err) {
				t.Fatalf("Merge = %v, want %v", err, tt.err)
			}
			if tt.want == nil {
				return
			}
			if !slices.EqualFunc(got.All(), tt.want.All(), sameSigner) {
				t.Errorf("got %+v, want %+v", got.All(), tt.want.All())
			}
		})
	}
}

func sameSigner(a, b Signer) bool {
	return a.Peer == b.Peer && a.Signature == b.Signature && slices.Equal(a.CIDs, b.CIDs)
}

// Merging has an identity, repeats change nothing, and where the data of two peers
// is consistent it commutes and is associative.
func TestMergeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		results := []CID{"1", "2", "2", "3", "4"} // of every peer, in the order they were made
		draw := func(name string) *Signers {
			s := &Signers{}
			for _, peer := range []string{"a", "b", "c"} {
				if n := rapid.IntRange(-1, len(results)).Draw(t, name+peer); n >= 0 {
					s.Put(signer(peer, results[:n]...))
				}
			}
			return s
		}
		merge := func(a, b *Signers) *Signers {
			m, err := Merge(a, b)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		x, y, z := draw("x"), draw("y"), draw("z")
		for name, pair := range map[string][2]*Signers{
			"identity":    {merge(x, &Signers{}), x},
			"repetition":  {merge(x, x), x},
			"order":       {merge(x, y), merge(y, x)},
			"association": {merge(merge(x, y), z), merge(x, merge(y, z))},
			"absorption":  {merge(merge(x, y), y), merge(x, y)},
		} {
			if !slices.EqualFunc(pair[0].All(), pair[1].All(), sameSigner) {
				t.Fatalf("%s: %+v and %+v", name, pair[0].All(), pair[1].All())
			}
		}
	})
}

func TestSignersPutReplaces(t *testing.T) {
	s := signersOf(signer("b"), signer("a"), signer("b", "1"))
	if got, ok := s.Get("b"); !ok || s.Len() != 2 || len(got.CIDs) != 1 {
		t.Errorf("Get(b) = %+v, %v of %d", got, ok, s.Len())
	}
	if _, ok := s.Get("c"); ok {
		t.Error("Get(c) found something")
	}
	if list := s.Signatures(); len(list) != 2 || list[0].Bytes != "a0" || list[1].Bytes != "b1" {
		t.Errorf("Signatures = %+v", list)
	}
}

// A peer's results are its call and canon results, in any branch, duplicates kept.
func TestResultsOfATrace(t *testing.T) {
	d := newForge(t).build()
	b := testKeys(t)["B"].PeerID()
	call, canon := d.Trace[0].CID(), d.Trace[1].CID()
	trace := []State{Par(1, 1), Failed(call), Scalar(call), Stream(call, 9), Unused("any"), Sent(b), Ap(0), Canon(canon), CanonSent(b), Fold(nil)}
	r, err := Results(trace, &d.CIDs)
	if err != nil {
		t.Fatal(err)
	}
	want := []CID{call, call, call, canon}
	slices.Sort(want)
	if got := r.Of(b); !slices.Equal(got, want) || !slices.Equal(r.Peers(), []string{b}) {
		t.Errorf("Of = %v, want %v; Peers = %v", got, want, r.Peers())
	}
	d.CIDs.Tetraplets = Store[Tetraplet]{}
	for name, s := range map[string]State{"unknown result": Scalar("x"), "unknown canon": Canon("x"), "unknown tetraplet": Failed(call)} {
		if _, err := Results([]State{s}, &d.CIDs); !errors.Is(err, &Error{Code: CodeMissing}) {
			t.Errorf("%s: Results = %v, want code %d", name, err, CodeMissing)
		}
	}
}

// What is known does not hide a change of what it covers.
func TestKnownKnowsNothingElse(t *testing.T) {
	honest := newForge(t).build()
	s, err := Verify(honest, particleID, DefaultLimits(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var known Known
	known.Learn(honest, s, particleID)
	if _, err := Verify(honest, particleID, DefaultLimits(), &known); err != nil {
		t.Errorf("known data: %v", err)
	}
	if _, err := Verify(honest, "other", DefaultLimits(), &known); !errors.Is(err, &Error{Code: CodeSignatures}) {
		t.Errorf("another salt: Verify = %v, want code %d", err, CodeSignatures)
	}
	for c := range honest.CIDs.Values.All() {
		forged := *honest
		forged.CIDs.Values = Store[string]{}
		forged.CIDs.Values.Insert(c, `"forged"`)
		if _, err := Verify(&forged, particleID, DefaultLimits(), &known); !errors.Is(err, &Error{Code: CodeCIDs}) {
			t.Errorf("known CID with other content: Verify = %v, want code %d", err, CodeCIDs)
		}
	}
	known.Learn(&InterpreterData{}, &Signers{}, particleID)
	if known.cids.Len() > 0 || len(known.signatures) > 0 {
		t.Error("Learn forgets nothing")
	}
}
