// SPDX-License-Identifier: Apache-2.0

package data

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// An accessor of another kind gives zero.
func TestStateAccessors(t *testing.T) {
	type view struct {
		kind        Kind
		left, right uint32
		peer        string
		id          uint32
		cid         CID
		gen         string
		gens        []uint32
		lore        int
	}
	tests := map[string]struct {
		state State
		want  view
	}{
		"par":          {Par(1, 2), view{kind: KindPar, left: 1, right: 2}},
		"sent":         {Sent("p"), view{kind: KindSent, peer: "p"}},
		"sent with id": {SentWithID("p", 7), view{kind: KindSentWithID, peer: "p", id: 7}},
		"scalar":       {Scalar("c"), view{kind: KindScalar, cid: "c"}},
		"stream":       {Stream("c", 3), view{kind: KindStream, cid: "c", gen: "3"}},
		"unused":       {Unused("c"), view{kind: KindUnused, cid: "c"}},
		"failed":       {Failed("c"), view{kind: KindFailed, cid: "c"}},
		"fold":         {Fold(make([]FoldLore, 2)), view{kind: KindFold, lore: 2}},
		"ap":           {Ap(4), view{kind: KindAp, gen: "4", gens: []uint32{4}}},
		"ap of one":    {ApList([]uint32{4}), view{kind: KindAp, gen: "4", gens: []uint32{4}}},
		"ap of none":   {ApList(nil), view{kind: KindAp}},
		"ap of two":    {ApList([]uint32{4, 5}), view{kind: KindAp, gens: []uint32{4, 5}}},
		"canon sent":   {CanonSent("p"), view{kind: KindCanonSent, peer: "p"}},
		"canon":        {Canon("c"), view{kind: KindCanon, cid: "c"}},
	}
	for name, tt := range tests {
		s := tt.state
		got := view{kind: s.Kind(), peer: s.Peer(), id: s.CallID(), cid: s.CID(), gens: s.Generations(), lore: len(s.Lore())}
		got.left, got.right = s.Sizes()
		if gen, ok := s.Generation(); ok {
			got.gen = fmt.Sprint(gen)
		}
		if len(got.gens) == 0 {
			got.gens = nil
		}
		if fmt.Sprint(got) != fmt.Sprint(tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
		for other, o := range tests {
			same := name == other || name == "ap" && other == "ap of one" || name == "ap of one" && other == "ap"
			if s.Equal(&o.state) != same {
				t.Errorf("%s equals %s: %v", name, other, !same)
			}
		}
		changed := s
		changed.SetGeneration(9)
		gen, ok := changed.Generation()
		if has := s.Kind() == KindStream || s.Kind() == KindAp; ok != has || has && gen != 9 || !has && !changed.Equal(&s) {
			t.Errorf("%s: SetGeneration gives %d, %v", name, gen, ok)
		}
	}
}

func TestNewKeyPair(t *testing.T) {
	secret := slices.Repeat([]byte{1}, 32)
	k, err := NewKeyPair(Ed25519, secret)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := k.PublicKey().PeerID(); err != nil || id != k.PeerID() || id != "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5" {
		t.Errorf("PeerID = %s, %v and %s", id, err, k.PeerID())
	}
	for name, tt := range map[string]struct {
		format KeyFormat
		secret []byte
	}{
		"RSA": {RSA, secret}, "Secp256k1": {Secp256k1, secret}, "format 3": {3, secret},
		"no secret": {Ed25519, nil}, "64 bytes": {Ed25519, slices.Repeat(secret, 2)},
	} {
		if k, err := NewKeyPair(tt.format, tt.secret); !errors.Is(err, &Error{Code: CodeKey}) || k != nil {
			t.Errorf("%s: NewKeyPair = %v, %v, want code %d", name, k, err, CodeKey)
		}
	}
}

func TestCheckVersion(t *testing.T) {
	for version, want := range map[string]bool{
		"0.61.0": true, "0.61.0+build": true, "0.62.0": true, "0.99.0": true, "1.0.0": true, "0.61.1-rc.1": true,
		"0.61.0-rc.1": false, "0.60.9": false, "0.9.100": false, "": false, "abc": false,
	} {
		err := Versions{Format: "9.9.9", Interpreter: version}.CheckVersion()
		if want && err != nil || !want && !errors.Is(err, &Error{Code: CodeTooOld}) {
			t.Errorf("%q: CheckVersion = %v", version, err)
		}
	}
}

// The escapes of JSON text that CIDs cover.
func TestTetrapletText(t *testing.T) {
	tet := Tetraplet{PeerPK: "a\"b\\c", ServiceID: "\b\f\n\r\t\x00\x1f\x7f", FunctionName: "/<>&\u2028é😀", Lens: ".$.[0]"}
	const want = `{"peer_pk":"a\"b\\c","service_id":"\b\f\n\r\t\u0000\u001f` + "\x7f" + `","function_name":"/<>&` + "\u2028é😀" + `","lens":".$.[0]"}`
	if got := string(tet.appendJSON(nil)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got, want := tet.CID(), ValueCIDBytes([]byte(want)); got != want {
		t.Errorf("CID = %s, want %s", got, want)
	}
}

// Versions and blobs of any length are written in the smallest MessagePack form.
func TestEnvelopeLengths(t *testing.T) {
	for _, n := range []int{0, 1, 31, 32, 255, 256, 65535, 65536} {
		v := Versions{FormatVersion, InterpreterVersion + "+" + string(slices.Repeat([]byte{'b'}, n+1))}
		inner := make([]byte, n)
		e, err := Open(append(envelopeHead(v, n), inner...), DefaultLimits())
		if err != nil || e.Versions != v || len(e.Inner) != n {
			t.Errorf("%d: %+v, %v", n, e.Versions, err)
		}
	}
}

// No bytes are no data; data without content is not no bytes.
func TestDecodeNothing(t *testing.T) {
	d, err := Decode(nil, DefaultLimits())
	if err != nil || len(d.Trace) > 0 || d.CIDs.Len() > 0 || d.Versions != (Versions{FormatVersion, InterpreterVersion}) {
		t.Errorf("Decode(nil) = %+v, %v", d, err)
	}
	if err := d.Versions.CheckVersion(); err != nil {
		t.Error(err)
	}
	b := mustEncode(t, &InterpreterData{})
	if len(b) < sizeRoot {
		t.Errorf("%d bytes", len(b))
	}
	if got := mustDecode(t, b); got.Versions != d.Versions {
		t.Errorf("versions %+v", got.Versions)
	}
}

// Adding CID stores keeps what both have.
func TestCIDInfoAdd(t *testing.T) {
	a, b := newForge(t).build().CIDs, calls(t, 3).CIDs
	sum := a.Clone()
	sum.Add(&b)
	if got, want := sum.Len(), a.Len()+b.Len(); got != want {
		t.Errorf("Len = %d, want %d", got, want)
	}
	sum.Add(&a)
	if got, want := sum.Len(), a.Len()+b.Len(); got != want {
		t.Errorf("Len after adding again = %d, want %d", got, want)
	}
	if err := VerifyCIDs(&sum, nil); err != nil {
		t.Error(err)
	}
}

// An attacker's text does not blow up a message.
func TestMessagesAreBounded(t *testing.T) {
	long := strings.Repeat("é", 1<<20)
	v := Versions{FormatVersion, "0.1.0-" + strings.Repeat("a", 1<<20)}
	d := newForge(t).build()
	d.Trace = []State{Scalar(CID(long))}
	_, missing := Results(d.Trace, &d.CIDs)
	for _, err := range []error{v.CheckVersion(), envelopeError("x", &v), missing} {
		if n := len(err.Error()); n > maxMessage+10 || !utf8.ValidString(err.Error()) {
			t.Errorf("message of %d bytes: %.40q…", n, err.Error())
		}
	}
}
