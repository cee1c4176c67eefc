// SPDX-License-Identifier: Apache-2.0

package data

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"pgregory.net/rapid"
)

// genData draws data that need not make sense but has every shape the format has.
func genData(t *rapid.T) *InterpreterData {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "seven77", "eight888", "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"}))
	cid := rapid.Custom(func(t *rapid.T) CID {
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			return CID(text.Draw(t, "cid"))
		}
		return ValueCID(fmt.Sprint(rapid.IntRange(0, 20).Draw(t, "n")))
	})
	d := &InterpreterData{
		Versions:          Versions{FormatVersion, InterpreterVersion},
		Trace:             rapid.SliceOfN(genState(text, cid), 0, 20).Draw(t, "trace"),
		LastCallRequestID: rapid.Uint32().Draw(t, "lcid"),
	}
	some := func(add func()) {
		for range rapid.IntRange(0, 12).Draw(t, "entries") {
			add()
		}
	}
	some(func() { d.CIDs.Values.Insert(cid.Draw(t, "key"), text.Draw(t, "value")) })
	some(func() {
		d.CIDs.Tetraplets.Insert(cid.Draw(t, "key"), Tetraplet{text.Draw(t, "peer"), text.Draw(t, "service"), text.Draw(t, "function"), text.Draw(t, "lens")})
	})
	some(func() {
		d.CIDs.ServiceResults.Insert(cid.Draw(t, "key"), ServiceResult{cid.Draw(t, "value"), cid.Draw(t, "hash"), cid.Draw(t, "tetraplet")})
	})
	some(func() {
		e := CanonElement{Value: cid.Draw(t, "value"), Tetraplet: cid.Draw(t, "tetraplet")}
		if k := ProvenanceKind(rapid.IntRange(0, 2).Draw(t, "provenance")); k != FromLiteral {
			e.Provenance = Provenance{k, cid.Draw(t, "cid")}
		}
		d.CIDs.CanonElements.Insert(cid.Draw(t, "key"), e)
	})
	some(func() {
		d.CIDs.CanonResults.Insert(cid.Draw(t, "key"), CanonResult{cid.Draw(t, "tetraplet"), emptyIsNil(rapid.SliceOfN(cid, 0, 5).Draw(t, "values"))})
	})
	for i := range rapid.IntRange(0, 4).Draw(t, "signatures") {
		d.Signatures = append(d.Signatures, Signature{PublicKey(fmt.Sprint(i, text.Draw(t, "key"))), text.Draw(t, "bytes")})
	}
	if len(d.Trace) == 0 {
		d.Trace = nil
	}
	return d
}

func genState(text *rapid.Generator[string], cid *rapid.Generator[CID]) *rapid.Generator[State] {
	number := rapid.Uint32()
	return rapid.Custom(func(t *rapid.T) State {
		switch Kind(rapid.IntRange(0, int(KindCanon)).Draw(t, "kind")) {
		case KindPar:
			return Par(number.Draw(t, "left"), number.Draw(t, "right"))
		case KindSent:
			return Sent(text.Draw(t, "peer"))
		case KindSentWithID:
			return SentWithID(text.Draw(t, "peer"), number.Draw(t, "id"))
		case KindScalar:
			return Scalar(cid.Draw(t, "cid"))
		case KindStream:
			return Stream(cid.Draw(t, "cid"), number.Draw(t, "gen"))
		case KindUnused:
			return Unused(cid.Draw(t, "cid"))
		case KindFailed:
			return Failed(cid.Draw(t, "cid"))
		case KindFold:
			return Fold(emptyIsNil(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) FoldLore {
				return FoldLore{number.Draw(t, "pos"), emptyIsNil(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Range {
					return Range{number.Draw(t, "begin"), number.Draw(t, "len")}
				}), 0, 3).Draw(t, "ranges"))}
			}), 0, 4).Draw(t, "lore")))
		case KindAp:
			return ApList(rapid.SliceOfN(number, 0, 3).Draw(t, "gens"))
		case KindCanonSent:
			return CanonSent(text.Draw(t, "peer"))
		default:
			return Canon(cid.Draw(t, "cid"))
		}
	})
}

func emptyIsNil[T any](s []T) []T {
	if len(s) == 0 {
		return nil
	}
	return s
}

// flat is all content of d in one order, for comparison.
type flat struct {
	Versions       Versions
	Trace          []State
	LastID         uint32
	Values         []Entry[string]
	Tetraplets     []Entry[Tetraplet]
	CanonElements  []Entry[CanonElement]
	CanonResults   []Entry[CanonResult]
	ServiceResults []Entry[ServiceResult]
	Signatures     []Signature
}

func flatten(d *InterpreterData) flat {
	return flat{
		d.Versions, d.Trace, d.LastCallRequestID,
		entries(&d.CIDs.Values), entries(&d.CIDs.Tetraplets), entries(&d.CIDs.CanonElements),
		entries(&d.CIDs.CanonResults), entries(&d.CIDs.ServiceResults), emptyIsNil(sortedSignatures(d.Signatures)),
	}
}

func entries[V any](s *Store[V]) []Entry[V] {
	var list []Entry[V]
	for c, v := range s.All() {
		list = append(list, Entry[V]{c, v})
	}
	return list
}

// shuffled is s built in another order.
func shuffled[V any](r *rand.Rand, s *Store[V]) Store[V] {
	list := slices.Clone(entries(s))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	var out Store[V]
	for _, e := range list {
		out.Insert(e.CID, e.Value)
	}
	return out
}
