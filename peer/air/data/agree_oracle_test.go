// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package data_test

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

	"github.com/go-fluence/fluence/peer/air/data"
)

// Dump prints what the official interpreter prints, of its data and of ours.
func TestDumpAgreesWithAquaVM(t *testing.T) {
	a := newAVM(t)
	for name, b := range data.Recorded(t) {
		for _, b := range [][]byte{b, encode(t, decode(t, b))} {
			var got strings.Builder
			if err := data.Dump(&got, decode(t, b)); err != nil {
				t.Fatal(err)
			}
			if want := a.readable(b); got.String() != want {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got.String(), want)
			}
		}
	}
}

// AquaVM judges forged data as we do, and takes ours as current and as previous
// data.
func TestVerifyAgreesWithAquaVM(t *testing.T) {
	a := newAVM(t)
	script := peersIn(`(seq (call @B ("s" "g") ["v"] $y) (canon @B $y #cc))`)
	for name, c := range data.ForgedCases(t) {
		o, trap := a.run(script, "C", nil, c.Wire, nil)
		if agrees := !trap && o.Code == int64(c.Want); agrees == c.Differs {
			t.Errorf("%s: AquaVM: %d %s, trap %v; ours %d", name, o.Code, o.Message, trap, c.Want)
		}
		if c.Want != 0 {
			continue
		}
		if o, trap := a.run(script, "C", c.Wire, nil, nil); o.Code != 0 || trap {
			t.Errorf("%s as previous data: AquaVM: %d %s, trap %v", name, o.Code, o.Message, trap)
		}
	}
}

// AquaVM continues from our spelling of its data as from its own.
func TestAquaVMContinuesFromOurEncoding(t *testing.T) {
	a := newAVM(t)
	for name, b := range data.Recorded(t) {
		scenario, _, _ := strings.Cut(name, "-")
		script := peersIn(scenarios[scenario])
		ours := encode(t, decode(t, b))
		for _, peer := range []string{"A", "B", "C"} {
			want, _ := a.run(script, peer, nil, b, nil)
			got, trap := a.run(script, peer, nil, ours, nil)
			if trap || got.Code != want.Code || got.Message != want.Message || len(got.Calls) != len(want.Calls) ||
				!slices.Equal(slices.Sorted(slices.Values(got.Next)), slices.Sorted(slices.Values(want.Next))) {
				t.Errorf("%s at %s: got %+v, want %+v", name, peer, got, want)
			}
			if got, want := encode(t, decode(t, got.Data)), encode(t, decode(t, want.Data)); string(got) != string(want) {
				t.Errorf("%s at %s: other data:\n got %x\nwant %x", name, peer, got, want)
			}
		}
	}
}

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
	files := data.Recorded(t)
	names := slices.Sorted(maps.Keys(files))
	r := rand.New(rand.NewPCG(1, 2))
	var accepted, refused, traps, stricter int
	for range *mutations {
		name := names[r.IntN(len(names))]
		e, err := data.Open(files[name], data.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		inner := mutate(r, e.Inner)
		b := data.EnvelopeOf(inner)
		_, ours := data.Decode(b, data.DefaultLimits())
		o, trap := a.run("(null)", "A", b, nil, nil)
		switch {
		case trap:
			traps++
			continue
		case o.Code == 2:
			refused++
		default:
			accepted++
		}
		if o.Code != 2 && ours != nil && strings.Contains(ours.Error(), "shared text at") {
			stricter++
			continue
		}
		if (o.Code == 2) != errors.Is(ours, &data.Error{Code: data.CodeArchive}) {
			t.Errorf("%s: AquaVM: %d %.300s; ours: %v; at %v", name, o.Code, o.Message, ours, diff(e.Inner, inner))
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
	for name, c := range data.EnvelopeCases() {
		o, trap := a.run("(null)", "A", c.Wire, nil, nil)
		code := o.Code
		if code == 2 {
			code = 0 // the envelope was read
		}
		if agrees := !trap && code == int64(c.Want); agrees == c.Differs {
			t.Errorf("%s: AquaVM: %d %s, trap %v; ours %d", name, o.Code, o.Message, trap, c.Want)
		}
	}
}
