// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"math"

	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
)

// foldTrace is the merge of one fold over a stream: the lore of both traces and
// the lore it writes. Values of one block are visited forth and then, as the
// calls of next return, back.
//
// Source: air.md 6.4, 6.5.
type foldTrace struct {
	in        ast.Instr
	at        uint32 // place of the fold in the new trace
	prev, cur foldLore
	lore      []data.FoldLore // finished blocks
	block     []visit         // the open block, in order of visits
	depth     int             // the visit that is open is block[depth-1]
	back      bool            // the way back has begun
}

// foldLore is what one old trace knows of the fold.
type foldLore struct {
	windows map[uint32]window // by position of the value in that trace
	end     uint32            // position behind the fold
	rest    uint32            // window behind the fold
}

// window is where a slider finds the states before and after next.
type window struct{ before, after data.Range }

// visit is the lore of one value under construction.
type visit struct {
	value      uint32
	begin, end [2]uint32 // before and after next, in the new trace
	stage      stage
	prev, cur  *window
}

type stage uint8

const (
	beforeOpen stage = iota
	beforeDone
	afterOpen
	afterDone
)

func (t *tracer) foldStart(in ast.Instr) (*foldTrace, *Error) {
	prev, cur, err := t.pull(in, "fold", isFold)
	if err != nil {
		return nil, err
	}
	f := &foldTrace{in: in, at: t.pos()}
	if err := f.prev.resolve(in, &t.prev, prev); err != nil {
		return nil, err
	}
	if err := f.cur.resolve(in, &t.cur, cur); err != nil {
		return nil, err
	}
	t.push(data.Par(0, 0))
	return f, nil
}

// resolve reads the lore of a fold state: windows that hold, for each value, all
// states of the rest of its block, and the end of the fold.
func (l *foldLore) resolve(in ast.Instr, s *slider, st *data.State) *Error {
	var lore []data.FoldLore
	if st != nil {
		lore = st.Lore()
	}
	total := uint64(0)
	for i := range lore {
		if len(lore[i].Ranges) != 2 {
			return traceFault(in, "fold contains %d sublore descriptors, but 2 is expected", len(lore[i].Ranges))
		}
		total += uint64(lore[i].Ranges[0].Len) + uint64(lore[i].Ranges[1].Len)
	}
	if total > uint64(s.left()) || uint64(s.pos)+total > math.MaxUint32 {
		return traceFault(in, "fold of %d states goes beyond the %d that are left", total, s.left())
	}
	l.end, l.rest = s.pos+uint32(total), s.left()-uint32(total)
	if len(lore) == 0 {
		return nil
	}
	l.windows = make(map[uint32]window, len(lore))
	for from := 0; from < len(lore); {
		gen, err := generationAt(in, s, lore[from].ValuePos)
		if err != nil {
			return err
		}
		to := from + 1
		for ; to < len(lore); to++ {
			next, err := generationAt(in, s, lore[to].ValuePos)
			if err != nil {
				return err
			}
			if next != gen {
				break
			}
		}
		if err := l.convolve(in, lore[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// convolve computes the windows of one block. The window after a value holds
// what follows next in it and in all values before it; the window before a value
// holds its own states and everything of the values behind it.
func (l *foldLore) convolve(in ast.Instr, block []data.FoldLore) *Error {
	after := uint32(0)
	for i := range block {
		after += block[i].Ranges[1].Len
	}
	all, behind := after, after
	for i := len(block) - 1; i >= 0; i-- {
		b := &block[i]
		behind += b.Ranges[0].Len
		if _, twice := l.windows[b.ValuePos]; twice {
			return traceFault(in, "fold contains several subtraces with the same value_pos %d", b.ValuePos)
		}
		l.windows[b.ValuePos] = window{
			before: data.Range{Begin: b.Ranges[0].Begin, Len: behind},
			after:  data.Range{Begin: b.Ranges[1].Begin, Len: all},
		}
		all -= b.Ranges[1].Len
	}
	return nil
}

func generationAt(in ast.Instr, s *slider, pos uint32) (uint32, *Error) {
	if pos >= uint32(len(s.states)) {
		return 0, traceFault(in, "requested an element at position '%d', but executed trace contains only '%d' elements",
			pos, len(s.states))
	}
	gen, ok := s.states[pos].Generation()
	if !ok {
		return 0, traceFault(in, "expected a state of a stream or ap but '%s' obtained", describe(&s.states[pos]))
	}
	return gen, nil
}

// take removes and returns the window of the value that stands at pos, counted
// from 1, in the old trace.
func (l *foldLore) take(pos uint32) *window {
	if pos == 0 {
		return nil
	}
	w, ok := l.windows[pos-1]
	if !ok {
		return nil
	}
	delete(l.windows, pos-1)
	return &w
}

// iterationStart opens the value that stands at pos in the new trace.
func (t *tracer) iterationStart(f *foldTrace, pos uint32) *Error {
	v := visit{value: pos}
	if pos < uint32(len(t.from)) {
		v.prev, v.cur = f.prev.take(t.from[pos].prev), f.cur.take(t.from[pos].cur)
	}
	if !t.prev.enter(v.prev, 0) || !t.cur.enter(v.cur, 0) {
		return traceFault(f.in, "fold subtrace goes beyond its trace")
	}
	v.begin[0] = t.pos()
	f.block = append(f.block, v)
	f.depth++
	return nil
}

// enter moves the slider to the window before (0) or after (1) next; a value
// this trace does not know has an empty window.
func (s *slider) enter(w *window, after int) bool {
	switch {
	case w == nil:
		return s.narrow(0)
	case after == 0:
		return s.jump(w.before.Begin, w.before.Len)
	default:
		return s.jump(w.after.Begin, w.after.Len)
	}
}

// iterationEnd closes the states before next of the open value.
func (t *tracer) iterationEnd(f *foldTrace) { f.open().endBefore(t.pos()) }

// stepBack is the return of a next: the first closes the way forth, the others
// go one value back.
func (t *tracer) stepBack(f *foldTrace) *Error {
	v := f.open()
	if !f.back {
		if v.stage == beforeOpen {
			v.endBefore(t.pos())
		}
		f.back = true
	} else {
		if f.depth == 1 {
			return traceFault(f.in, "next goes back behind the first value")
		}
		v.endAfter(t.pos())
		f.depth--
		v = f.open()
	}
	v.startAfter(t.pos())
	if !t.prev.enter(v.prev, 1) || !t.cur.enter(v.cur, 1) {
		return traceFault(f.in, "fold subtrace goes beyond its trace")
	}
	return nil
}

// blockEnd closes what is open and appends the lore of the block.
func (t *tracer) blockEnd(f *foldTrace) {
	pos := t.pos()
	ranges := make([]data.Range, 2*len(f.block))
	for i := range f.block {
		v := &f.block[i]
		if v.stage == beforeOpen {
			v.endBefore(pos)
		}
		if v.stage == beforeDone {
			v.startAfter(pos)
		}
		if v.stage == afterOpen {
			v.endAfter(pos)
		}
		r := ranges[2*i : 2*i+2 : 2*i+2]
		for k := range r {
			r[k] = data.Range{Begin: v.begin[k], Len: max(v.end[k], v.begin[k]) - v.begin[k]}
		}
		f.lore = append(f.lore, data.FoldLore{ValuePos: v.value, Ranges: r})
	}
	f.block, f.depth, f.back = f.block[:0], 0, false
}

// foldEnd writes the state of the fold.
func (t *tracer) foldEnd(f *foldTrace) {
	t.out[f.at] = data.Fold(f.lore)
	t.prev.jump(f.prev.end, f.prev.rest)
	t.cur.jump(f.cur.end, f.cur.rest)
}

func (f *foldTrace) open() *visit { return &f.block[f.depth-1] }

func (v *visit) advance() {
	if v.stage < afterDone {
		v.stage++
	}
}

func (v *visit) endBefore(pos uint32) {
	v.end[0] = pos
	v.advance()
}

func (v *visit) startAfter(pos uint32) {
	v.begin[1] = pos
	v.advance()
}

func (v *visit) endAfter(pos uint32) {
	v.end[1] = pos
	v.advance()
}
