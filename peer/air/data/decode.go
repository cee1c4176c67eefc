// SPDX-License-Identifier: Apache-2.0

package data

// Sizes of archived objects in bytes. All are aligned to 4.
const (
	sizeRoot          = 60
	sizeState         = 24
	sizeLore          = 12
	sizeRange         = 8
	sizeNumber        = 4
	sizeText          = 8 // String, Box<str>, Box<[u8]>, Rc<str>
	sizeEntry         = 12
	sizeTetraplet     = 32
	sizeServiceResult = 24
	sizeCanonElement  = 28
	sizeCanonResult   = 16
	sizeSignature     = 16
)

// The tags of archived enums.
const (
	tagPar = iota
	tagCall
	tagFold
	tagAp
	tagCanon
)

const (
	tagRequest = iota // call result and canon result
	tagExecuted
	tagFailed
)

const (
	tagByPeer = iota
	tagByPeerWithID
)

const (
	tagScalar = iota
	tagStream
	tagUnused
)

// Decode reads particle data: the envelope, then its archive. No bytes at all are
// the data of a particle that nobody ran yet. The result shares no memory with b.
//
// Decode proves nothing about the content, and accepts any version: see [Verify]
// and [Versions.CheckVersion].
//
// Errors: CodeEnvelope, CodeVersion, CodeArchive; CodeTooLarge.
func Decode(b []byte, l Limits) (*InterpreterData, error) {
	e, err := Open(b, l)
	if err != nil {
		return nil, err
	}
	return e.Decode(l)
}

// Decode reads the archive in e.
//
// Errors: CodeArchive; CodeTooLarge if it holds more than l allows.
func (e *Envelope) Decode(l Limits) (*InterpreterData, error) {
	return e.decode(l, nil)
}

func (e *Envelope) decode(l Limits, rec *recording) (*InterpreterData, error) {
	d := &InterpreterData{Versions: e.Versions}
	if e.Inner == nil {
		return d, nil
	}
	root := len(e.Inner) - sizeRoot
	if root < 0 || len(e.Inner)%4 != 0 || int64(len(e.Inner)) > maxArchive {
		return nil, archiveError("inner data is no archive: its length is not a multiple of 4 between 60 and 2^31")
	}
	r := &reader{s: string(e.Inner), end: root, limits: l, rec: rec}
	r.shared = make([]shared, 0, len(r.s)/sharedEvery)
	r.bound("states", l.States, 0, root, sizeState)
	d.Trace = readVec(r, root, sizeState, (*reader).state)
	d.LastCallRequestID = r.u32(root + 8)
	r.cids(&d.CIDs, root+12)
	r.bound("signers", l.Signers, 0, root+52, sizeSignature)
	d.Signatures = readVec(r, root+52, sizeSignature, (*reader).signature)
	if r.err != nil {
		return nil, r.err
	}
	return d, nil
}

// state reads an ExecutedState. Fields of nested enums follow their tag, so the
// offsets of payloads are 4, 8 and 12 according to depth.
func (r *reader) state(at int) State {
	switch tag := r.s[at]; tag {
	case tagPar:
		return Par(r.u32(at+4), r.u32(at+8))
	case tagCall:
		return r.call(at)
	case tagFold:
		r.part(at+4, sizeLore)
		return Fold(readVec(r, at+4, sizeLore, (*reader).lore))
	case tagAp:
		r.part(at+4, sizeNumber)
		return ApList(readVec(r, at+4, sizeNumber, (*reader).u32))
	case tagCanon:
		switch tag := r.s[at+4]; tag {
		case tagRequest:
			return CanonSent(r.peer(at + 8))
		case tagExecuted:
			return Canon(r.cid(at + 8))
		default:
			r.fail(at+4, "unknown canon result %d", tag)
		}
	default:
		r.fail(at, "unknown state %d", tag)
	}
	return State{}
}

func (r *reader) call(at int) State {
	switch tag := r.s[at+4]; tag {
	case tagRequest:
		switch tag := r.s[at+8]; tag {
		case tagByPeer:
			return Sent(r.peer(at + 12))
		case tagByPeerWithID:
			return SentWithID(r.peer(at+12), r.u32(at+16))
		default:
			r.fail(at+8, "unknown sender %d", tag)
		}
	case tagExecuted:
		switch tag := r.s[at+8]; tag {
		case tagScalar:
			return Scalar(r.cid(at + 12))
		case tagStream:
			return Stream(r.cid(at+12), r.u32(at+20))
		case tagUnused:
			return Unused(r.cid(at + 12))
		default:
			r.fail(at+8, "unknown value reference %d", tag)
		}
	case tagFailed:
		return Failed(r.cid(at + 8))
	default:
		r.fail(at+4, "unknown call result %d", tag)
	}
	return State{}
}

// part counts the elements of lists that states have.
func (r *reader) part(at, size int) {
	r.bound("parts of states", partsPerState*r.limits.States, r.parts, at, size)
	r.parts += int64(r.u32(at + 4))
}

func (r *reader) lore(at int) FoldLore {
	r.part(at+4, sizeRange)
	return FoldLore{ValuePos: r.u32(at), Ranges: readVec(r, at+4, sizeRange, (*reader).span)}
}

func (r *reader) span(at int) Range { return Range{Begin: r.u32(at), Len: r.u32(at + 4)} }

func (r *reader) signature(at int) Signature {
	return Signature{
		Key:   PublicKey(r.bytes(at, r.rel(at), r.u32(at+4))),
		Bytes: r.bytes(at+8, r.rel(at+8), r.u32(at+12)),
	}
}

func (r *reader) cids(i *CIDInfo, at int) {
	readStore(r, &i.Values, at, sizeText, sharedValue, (*reader).value)
	readStore(r, &i.Tetraplets, at+8, sizeTetraplet, sharedTetraplet, (*reader).tetraplet)
	readStore(r, &i.CanonElements, at+16, sizeCanonElement, sharedCanonElement, (*reader).canonElement)
	readStore(r, &i.CanonResults, at+24, sizeCanonResult, sharedCanonResult, (*reader).canonResult)
	readStore(r, &i.ServiceResults, at+32, sizeServiceResult, sharedServiceResult, (*reader).serviceResult)
}

// readStore reads a Vec of entries {CID, Rc<T>}. A target that was met before is
// not read again, but taken from the entry that owns it.
func readStore[V any](r *reader, to *Store[V], at, size int, kind sharedKind, read func(r *reader, at int) V) {
	r.bound("CIDs", r.limits.Entries, r.entries, at, sizeEntry)
	n := r.u32(at + 4)
	r.entries += int64(n)
	t, ok := r.own(at, r.rel(at), n, sizeEntry, 4)
	if !ok {
		return
	}
	end := r.enter(t)
	var list []Entry[V]
	if n > 0 {
		list = make([]Entry[V], n)
	}
	for i := range list {
		e, pos := &list[i], t+i*sizeEntry
		e.CID = r.cid(pos)
		e.Value = readShared(r, pos+8, size, kind, list[:i], read)
		if r.err != nil {
			return
		}
	}
	r.leave(t+int(n)*sizeEntry, end)
	if r.rec != nil {
		to.tail = list // as it stood
		return
	}
	to.load(list)
}

func readShared[V any](r *reader, at, size int, kind sharedKind, had []Entry[V], read func(r *reader, at int) V) (v V) {
	target := r.rel(at)
	if i, ok := r.met(at, target, kind); ok {
		if r.err == nil {
			v = had[i].Value
		}
		return v
	}
	t, ok := r.own(at, target, 1, size, 4)
	if !ok {
		return v
	}
	end := r.enter(t)
	v = read(r, t)
	r.leave(t+size, end)
	if r.err == nil {
		r.share(t, len(had), kind)
	}
	return v
}

func (r *reader) value(at int) string { return r.text(at, r.rel(at), r.u32(at+4)) }

func (r *reader) tetraplet(at int) Tetraplet {
	return Tetraplet{PeerPK: r.str(at), ServiceID: r.str(at + 8), FunctionName: r.str(at + 16), Lens: r.str(at + 24)}
}

func (r *reader) serviceResult(at int) ServiceResult {
	return ServiceResult{Value: r.cid(at), ArgumentHash: r.cid(at + 8), Tetraplet: r.cid(at + 16)}
}

func (r *reader) canonResult(at int) CanonResult {
	r.bound("CIDs", r.limits.Entries, r.entries, at+8, sizeText)
	r.entries += int64(r.u32(at + 12))
	return CanonResult{Tetraplet: r.cid(at), Values: readVec(r, at+8, sizeText, (*reader).cid)}
}

func (r *reader) canonElement(at int) CanonElement {
	e := CanonElement{Value: r.cid(at), Tetraplet: r.cid(at + 8)}
	switch tag := ProvenanceKind(r.s[at+16]); tag {
	case FromLiteral:
	case FromServiceResult, FromCanon:
		e.Provenance = Provenance{tag, r.cid(at + 20)}
	default:
		r.fail(at+16, "unknown provenance %d", tag)
	}
	return e
}
