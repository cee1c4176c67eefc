// SPDX-License-Identifier: Apache-2.0

package data

import (
	"cmp"
	"slices"
)

// Encode writes particle data: the envelope, then its archive. Empty versions
// become [FormatVersion] and [InterpreterVersion].
//
// The form is canonical: stores are sorted by CID, signatures by key, texts that
// may be shared are shared, padding is zero. So equal data gives equal bytes.
//
// Errors: CodeTooLarge if the archive would pass 2 GiB, where its pointers end.
func Encode(d *InterpreterData) ([]byte, error) { return encode(d, nil) }

func encode(d *InterpreterData, rec *recording) ([]byte, error) {
	v := Versions{cmp.Or(d.Versions.Format, FormatVersion), cmp.Or(d.Versions.Interpreter, InterpreterVersion)}
	size := estimate(d)
	if size > maxArchive {
		return nil, refuse(CodeTooLarge, "particle data of about %d bytes, at most %d can be written", size, maxArchive)
	}
	room := len(envelopeHead(v, maxArchive))
	w := &writer{
		buf:   make([]byte, room, room+size),
		base:  room,
		strs:  make(map[string]int32, d.CIDs.Len()+d.CIDs.ServiceResults.Len()), // and the argument hashes
		peers: make(map[string]int32),
		rec:   rec,
	}
	w.data(d)
	if n := len(w.buf) - room; n > maxArchive {
		return nil, refuse(CodeTooLarge, "particle data of %d bytes, at most %d can be written", n, maxArchive)
	}
	head := envelopeHead(v, len(w.buf)-room)
	begin := room - len(head)
	copy(w.buf[begin:], head)
	return w.buf[begin:], nil
}

// estimate is the size of an archive of d, seldom too small: fixed parts, values,
// and one text of a CID for every entry.
func estimate(d *InterpreterData) int {
	i := &d.CIDs
	n := sizeRoot + len(d.Trace)*(sizeState+8) + i.Len()*(sizeEntry+cidText+1) +
		i.Values.Len()*(sizeText+4) + i.Tetraplets.Len()*(sizeTetraplet+96) + i.ServiceResults.Len()*(sizeServiceResult+cidText+1) +
		i.CanonElements.Len()*sizeCanonElement + i.CanonResults.Len()*sizeCanonResult + len(d.Signatures)*(sizeSignature+100)
	_ = i.Values.each(func(v *string) error { n += len(*v); return nil })
	_ = i.CanonResults.each(func(r *CanonResult) error { n += len(r.Values) * sizeText; return nil })
	return n
}

func (w *writer) data(d *InterpreterData) {
	signatures := d.Signatures
	if w.rec == nil {
		signatures = sortedSignatures(signatures)
	}
	var counts [5]int
	w.object(func() {
		w.vec(len(d.Trace),
			func(i int) { w.stateDeps(&d.Trace[i]) },
			func(i int) { w.state(&d.Trace[i]) })
		counts = w.cidsDeps(&d.CIDs)
		w.vec(len(signatures),
			func(i int) { w.bytes(string(signatures[i].Key)); w.bytes(signatures[i].Bytes) },
			func(i int) { w.fat(len(signatures[i].Key)); w.fat(len(signatures[i].Bytes)) })
	}, func() {
		w.fat(len(d.Trace))
		w.u32(d.LastCallRequestID)
		for _, n := range counts {
			w.fat(n)
		}
		w.fat(len(signatures))
	})
}

func (w *writer) stateDeps(s *State) {
	switch s.kind {
	case KindSent, KindSentWithID, KindCanonSent:
		w.peerDep(s.text)
	case KindScalar, KindStream, KindUnused, KindFailed, KindCanon:
		w.cidDep(CID(s.text))
	case KindFold:
		w.vec(len(s.lore),
			func(i int) {
				ranges := s.lore[i].Ranges
				w.vec(len(ranges), func(int) {}, func(i int) { w.u32(ranges[i].Begin); w.u32(ranges[i].Len) })
			},
			func(i int) { w.u32(s.lore[i].ValuePos); w.fat(len(s.lore[i].Ranges)) })
	case KindAp:
		gens := s.Generations()
		w.vec(len(gens), func(int) {}, func(i int) { w.u32(gens[i]) })
	}
}

// state writes 24 bytes: see [reader.state].
func (w *writer) state(s *State) {
	switch s.kind {
	case KindPar:
		w.tag(tagPar)
		w.u32(s.a)
		w.u32(s.b)
		w.pad(3)
	case KindSent:
		w.tags(tagCall, tagRequest, tagByPeer)
		w.thin()
		w.pad(2)
	case KindSentWithID:
		w.tags(tagCall, tagRequest, tagByPeerWithID)
		w.thin()
		w.u32(s.a)
		w.pad(1)
	case KindScalar:
		w.tags(tagCall, tagExecuted, tagScalar)
		w.fat(len(s.text))
		w.pad(1)
	case KindStream:
		w.tags(tagCall, tagExecuted, tagStream)
		w.fat(len(s.text))
		w.u32(s.a)
	case KindUnused:
		w.tags(tagCall, tagExecuted, tagUnused)
		w.fat(len(s.text))
		w.pad(1)
	case KindFailed:
		w.tags(tagCall, tagFailed)
		w.fat(len(s.text))
		w.pad(2)
	case KindFold:
		w.tag(tagFold)
		w.fat(len(s.lore))
		w.pad(3)
	case KindAp:
		w.tag(tagAp)
		w.fat(int(s.b))
		w.pad(3)
	case KindCanonSent:
		w.tags(tagCanon, tagRequest)
		w.thin()
		w.pad(3)
	case KindCanon:
		w.tags(tagCanon, tagExecuted)
		w.fat(len(s.text))
		w.pad(2)
	}
}

// tags writes the tags of nested enums, outermost first.
func (w *writer) tags(tags ...byte) {
	for _, t := range tags {
		w.tag(t)
	}
}

func sortedSignatures(list []Signature) []Signature {
	return slices.SortedStableFunc(slices.Values(list), func(a, b Signature) int { return cmp.Compare(a.Key, b.Key) })
}
