// SPDX-License-Identifier: Apache-2.0

package data

import (
	"fmt"
	"unicode/utf8"
)

// reader reads an archive the way rkyv's validator does. All objects that are
// owned by one pointer form a tree, and the archive holds that tree in post-order:
// children stand before their parent and siblings after each other. So a window
// is enough to refuse overlaps and cycles:
//
//	… | visited | start … window … end | the parent, and what was not visited
//
// A target must lie in the window; its children must lie before it, and the next
// sibling after it. Shared targets are checked when first met; as post-order is
// ascending order, those met before are all before the window, sorted.
//
// The archive is copied once into a string, of which every text is a part.
type reader struct {
	s          string
	start, end int
	shared     []shared
	peers      []string
	limits     Limits
	entries    int64 // of stores and canon results so far
	parts      int64 // of states so far
	err        error
	rec        *recording // nil but in tests
}

// recording notes which shared texts were met, in the order of the pointers, and
// keeps the stores in the order of the wire: what it takes to write an archive
// again byte for byte.
type recording struct {
	targets []int64
	content bool // share by content nevertheless
}

// shared is a target that more than one pointer may name.
type shared struct {
	pos, n int32 // n: length of a text, or number of the object among its kind
	kind   sharedKind
}

// sharedEvery is about how many bytes of honest data have one shared target: most
// are CIDs, and the entries that they are keys of.
const sharedEvery = 64

type sharedKind uint8

const (
	sharedStr sharedKind = iota
	sharedPeer
	sharedValue
	sharedTetraplet
	sharedCanonElement
	sharedCanonResult
	sharedServiceResult
)

func (r *reader) fail(at int, format string, args ...any) {
	if r.err == nil {
		r.err = archiveError(fmt.Sprintf("archive at %d: %s", at, fmt.Sprintf(format, args...)))
	}
}

// bound refuses a vector that, with what the caller had before, has more elements
// than allowed, unless it lies about its length. No limit is zero.
func (r *reader) bound(what string, limit int, had int64, at, size int) {
	n := int64(r.u32(at + 4))
	if r.err == nil && limit > 0 && had+n > int64(limit) && n*int64(size) <= int64(len(r.s)) {
		r.err = refuse(CodeTooLarge, "particle data has %d %s, at most %d are allowed", had+n, what, limit)
	}
}

// u32 reads a big-endian number. The object it is part of was bounds-checked.
func (r *reader) u32(at int) uint32 {
	b := r.s[at : at+4]
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// rel reads a relative pointer; the target may lie anywhere.
func (r *reader) rel(at int) int64 { return int64(at) + int64(int32(r.u32(at))) }

// own checks that a target of n objects lies in the window, aligned, and returns
// its position.
func (r *reader) own(at int, target int64, n uint32, size, align int) (int, bool) {
	switch {
	case r.err != nil:
	case target < int64(r.start) || target > int64(r.end):
		r.fail(at, "pointer to %d, outside [%d, %d)", target, r.start, r.end)
	case int64(n)*int64(size) > int64(r.end)-target:
		r.fail(at, "%d objects of %d bytes at %d reach beyond %d", n, size, target, r.end)
	case target%int64(align) != 0:
		r.fail(at, "target %d is not aligned to %d", target, align)
	default:
		return int(target), true
	}
	return 0, false
}

// enter narrows the window to what lies before a target; leave widens it to what
// lies after.
func (r *reader) enter(target int) (end int) {
	end, r.end = r.end, target
	return end
}

func (r *reader) leave(after, end int) { r.start, r.end = after, end }

// met looks for a shared target that was checked before.
func (r *reader) met(at int, target int64, kind sharedKind) (n int, ok bool) {
	if r.rec != nil && kind <= sharedPeer {
		r.rec.targets = append(r.rec.targets, target)
	}
	lo, hi := 0, len(r.shared)
	if hi == 0 || target > int64(r.shared[hi-1].pos) || target < 0 {
		return 0, false
	}
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); int64(r.shared[mid].pos) < target {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if s := r.shared[lo]; int64(s.pos) == target && s.kind == kind {
		return int(s.n), true
	}
	r.fail(at, "pointer to %d, which is no shared object of this type", target)
	return 0, true
}

func (r *reader) share(pos, n int, kind sharedKind) {
	r.shared = append(r.shared, shared{int32(pos), int32(n), kind})
}

// bytes reads n bytes that the pointer at `at` owns.
func (r *reader) bytes(at int, target int64, n uint32) string {
	t, ok := r.own(at, target, n, 1, 1)
	if !ok {
		return ""
	}
	r.start = t + int(n)
	return r.s[t:r.start]
}

// text reads n bytes of UTF-8.
func (r *reader) text(at int, target int64, n uint32) string {
	s := r.bytes(at, target, n)
	if !utf8.ValidString(s) {
		r.fail(at, "text is not UTF-8")
	}
	return s
}

// sharedText reads an Rc<str>: a pointer and a length.
func (r *reader) sharedText(at int) string {
	target, n := r.rel(at), r.u32(at+4)
	if had, ok := r.met(at, target, sharedStr); ok {
		if r.err != nil || uint32(had) != n {
			r.fail(at, "shared text at %d has %d bytes, not %d", target, had, n)
			return ""
		}
		return r.s[target : target+int64(n)]
	}
	s := r.text(at, target, n)
	if r.err == nil {
		r.share(int(target), int(n), sharedStr)
	}
	return s
}

func (r *reader) cid(at int) CID { return CID(r.sharedText(at)) }

// inlineText is the longest text that stands in the String object itself.
const inlineText = 7

// str reads a String: 8 bytes. Text of up to 7 bytes stands inline with its
// length in byte 7, whose top bit is clear; else bytes 0-3 are the length and
// bytes 4-7 the offset, negative and little-endian.
func (r *reader) str(at int) string {
	b := r.s[at : at+8]
	if b[7]&0x80 == 0 {
		if b[7] > inlineText {
			r.fail(at, "inline text of %d bytes, at most %d fit", b[7], inlineText)
			return ""
		}
		s := b[:b[7]]
		if !utf8.ValidString(s) {
			r.fail(at, "text is not UTF-8")
		}
		return s
	}
	offset := int32(uint32(b[4]) | uint32(b[5])<<8 | uint32(b[6])<<16 | uint32(b[7])<<24)
	return r.text(at, int64(at)+int64(offset), r.u32(at))
}

// peer reads an Rc<String>: a pointer.
func (r *reader) peer(at int) string {
	target := r.rel(at)
	if i, ok := r.met(at, target, sharedPeer); ok {
		if r.err != nil {
			return ""
		}
		return r.peers[i]
	}
	t, ok := r.own(at, target, 1, 8, 4)
	if !ok {
		return ""
	}
	end := r.enter(t)
	s := r.str(t)
	r.leave(t+8, end)
	r.share(t, len(r.peers), sharedPeer)
	r.peers = append(r.peers, s)
	return s
}

// readVec reads a Vec<T>: a pointer and a length. Nothing is allocated before the
// elements are known to be there.
func readVec[T any](r *reader, at, size int, elem func(r *reader, at int) T) []T {
	n := r.u32(at + 4)
	t, ok := r.own(at, r.rel(at), n, size, 4)
	if !ok {
		return nil
	}
	end := r.enter(t)
	var list []T
	if n > 0 {
		list = make([]T, n)
	}
	for i := range list {
		list[i] = elem(r, t+i*size)
		if r.err != nil {
			return nil
		}
	}
	r.leave(t+int(n)*size, end)
	return list
}
