// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package data

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var mutations = flag.Int("mutations", 2000, "number of archives that TestReaderAgreesWithAquaVM makes")

// mutate returns inner data with a few bytes changed, the way an attacker who
// knows the format would: whole words, small differences, other places' words.
func mutate(r *rand.Rand, inner []byte) []byte {
	b := slices.Clone(inner)
	word := func() int { return 4 * r.IntN(len(b)/4) }
	for range 1 + r.IntN(2) {
		at := word()
		if r.IntN(3) == 0 {
			at = max(0, len(b)-60) + 4*r.IntN(15)
		}
		v := binary.BigEndian.Uint32(b[at:])
		switch r.IntN(8) {
		case 0:
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		case 1:
			v += uint32(r.IntN(9)) - 4
		case 2:
			v += 4 * (uint32(r.IntN(9)) - 4)
		case 3:
			v = binary.BigEndian.Uint32(b[word():])
		case 4:
			v = []uint32{0, 1, 0xffffffff, 0x7fffffff, 0x80000000, 0xfffffff0}[r.IntN(6)]
		case 5:
			b[r.IntN(len(b))] = byte(r.IntN(256))
		case 6:
			to := word()
			copy(b[at:min(at+16, len(b))], inner[to:])
		case 7:
			v = uint32(r.IntN(8)) << 24
		}
		if at+4 <= len(b) {
			binary.BigEndian.PutUint32(b[at:], v)
		}
	}
	return b
}

// The reader accepts what AquaVM's validating reader accepts, and nothing else. One
// deviation: AquaVM does not look at the length of a shared text when it meets it
// again, and uses the first; here both lengths must be the same.
func TestReaderAgreesWithAquaVM(t *testing.T) {
	a := newAVM(t)
	key := testKeys(t)["A"]
	files := recorded(t)
	names := slices.Sorted(maps.Keys(files))
	r := rand.New(rand.NewPCG(1, 2))
	var accepted, refused, traps, stricter int
	for range *mutations {
		name := names[r.IntN(len(names))]
		e, err := Open(files[name], DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		inner := mutate(r, e.Inner)
		b := append(envelopeHead(e.Versions, len(inner)), inner...)
		_, ours := Decode(b, DefaultLimits())
		o := a.invoke(avmParams{script: "(null)", prev: b, init: key.PeerID(), peer: key.PeerID(), secret: key.private.Seed(), particle: particleID})
		theirs := fmt.Sprintf("code %d %s", o.code, o.msg)
		switch {
		case o.trap != nil:
			traps++
			continue
		case o.code == 2:
			refused++
		default:
			accepted++
		}
		if o.code != 2 && ours != nil && strings.Contains(ours.Error(), "shared text at") {
			stricter++
			continue
		}
		if (o.code == 2) != errors.Is(ours, &Error{Code: CodeArchive}) {
			t.Errorf("%s: AquaVM: %.300s; ours: %v; at %v", name, theirs, ours, diff(e.Inner, inner))
		}
	}
	t.Logf("AquaVM: %d accepted, %d refused, %d traps; refused by us alone: %d", accepted, refused, traps, stricter)
}

func diff(a, b []byte) []string {
	var at []string
	for i := 0; i+4 <= len(a); i += 4 {
		if string(a[i:i+4]) != string(b[i:i+4]) {
			at = append(at, fmt.Sprintf("%d of %d: %x became %x", i, len(a), a[i:i+4], b[i:i+4]))
		}
	}
	return at
}

// Envelopes are refused with AquaVM's codes. Deviations: AquaVM ignores what
// follows the map, refuses unknown values nested deeper than 1 024, and reads the
// versions of an envelope whose keys are numbers.
func TestEnvelopeAgreesWithAquaVM(t *testing.T) {
	a := newAVM(t)
	key := testKeys(t)["A"]
	for name, tt := range envelopes() {
		_, err := Open(tt.b, DefaultLimits())
		var ours int64
		if e := (*Error)(nil); errors.As(err, &e) {
			ours = int64(e.Code)
		}
		o := a.invoke(avmParams{script: "(null)", prev: tt.b, init: key.PeerID(), peer: key.PeerID(), secret: key.private.Seed(), particle: particleID})
		if o.trap != nil {
			t.Fatalf("%s: %v", name, o.trap)
		}
		if o.code == 2 {
			o.code = 0 // the envelope was read
		}
		if want := o.code; ours != want && !tt.differs {
			t.Errorf("%s: Open = %v, AquaVM: %d %s", name, err, want, o.msg)
		}
	}
}
