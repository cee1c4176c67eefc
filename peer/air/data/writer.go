// SPDX-License-Identifier: Apache-2.0

package data

import (
	"encoding/binary"
	"math"
	"strconv"
)

// maxArchive is the size that 32-bit relative pointers reach.
const maxArchive = math.MaxInt32

// writer lays out an archive in rkyv's order: what an object points to stands
// before it; of a vector, first what all elements point to, then the elements
// side by side. So every object is written in two steps: one writes what it points
// to and pushes the positions, the other writes the object itself and takes them
// in the same order.
//
// Texts that may be shared are written once per content.
type writer struct {
	buf   []byte
	base  int     // where the archive begins in buf; positions count from there
	pos   []int32 // a stack of the positions of what the current objects point to
	next  int     // the next one to take
	strs  map[string]int32
	peers map[string]int32
	rec   *recording // nil but in tests
}

func (w *writer) at() int32 { return int32(len(w.buf) - w.base) }

// align pads with zeros to a multiple of 4.
func (w *writer) align() {
	for w.at()%4 != 0 {
		w.buf = append(w.buf, 0)
	}
}

func (w *writer) u32(n uint32) {
	w.buf = append(w.buf, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// pad writes n words of unused bytes, which are zero.
func (w *writer) pad(n int) {
	for range n {
		w.u32(0)
	}
}

// tag writes the tag of an enum and the padding up to its first field.
func (w *writer) tag(t byte) { w.u32(uint32(t) << 24) }

// object writes one object and pushes its position.
func (w *writer) object(deps, put func()) {
	bottom := len(w.pos)
	deps()
	w.align()
	at := w.at()
	w.next = bottom
	put()
	w.pos = append(w.pos[:bottom], at)
}

// vec writes the elements of a vector and pushes its position.
func (w *writer) vec(n int, deps, put func(i int)) {
	bottom := len(w.pos)
	for i := range n {
		deps(i)
	}
	w.align()
	at := w.at()
	w.next = bottom
	for i := range n {
		put(i)
	}
	w.pos = append(w.pos[:bottom], at)
}

// thin writes a pointer to the next position taken.
func (w *writer) thin() {
	w.u32(uint32(w.pos[w.next] - w.at()))
	w.next++
}

// fat writes a pointer and a length.
func (w *writer) fat(n int) {
	w.thin()
	w.u32(uint32(n))
}

// bytes writes what a Box or a long String points to.
func (w *writer) bytes(s string) {
	w.pos = append(w.pos, w.at())
	w.buf = append(w.buf, s...)
}

// key is what texts with one position have in common: their content, or in a
// recording their position there.
func (w *writer) key(text string) string {
	if w.rec == nil || w.rec.content {
		return text
	}
	target := w.rec.targets[0]
	w.rec.targets = w.rec.targets[1:]
	return strconv.FormatInt(target, 10)
}

// cidDep writes what an Rc<str> points to, unless it stands there.
func (w *writer) cidDep(c CID) {
	key := w.key(string(c))
	if at, ok := w.strs[key]; ok {
		w.pos = append(w.pos, at)
		return
	}
	w.strs[key] = w.at()
	w.bytes(string(c))
	if c == "" {
		w.buf = append(w.buf, 0) // the next text must not have the same position
	}
}

func (w *writer) cid(c CID) { w.fat(len(c)) }

// peerDep writes what an Rc<String> points to, unless it stands there.
func (w *writer) peerDep(peer string) {
	key := w.key(peer)
	if at, ok := w.peers[key]; ok {
		w.pos = append(w.pos, at)
		return
	}
	w.object(func() { w.strDep(peer) }, func() { w.str(peer) })
	w.peers[key] = w.pos[len(w.pos)-1]
}

// strDep writes what a String points to; short ones point to nothing.
func (w *writer) strDep(s string) {
	if len(s) > inlineText {
		w.bytes(s)
	}
}

// str writes a String: see [reader.str].
func (w *writer) str(s string) {
	if len(s) <= inlineText {
		var b [8]byte
		b[7] = byte(copy(b[:], s))
		w.buf = append(w.buf, b[:]...)
		return
	}
	offset := uint32(w.pos[w.next] - w.at())
	w.next++
	w.u32(uint32(len(s)))
	w.buf = binary.LittleEndian.AppendUint32(w.buf, offset)
}
