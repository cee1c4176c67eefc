// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
)

// parTrace is the merge of one par: where each slider stands behind its
// branches, and how many states the branches leave.
//
// Source: air.md 6.3.
type parTrace struct {
	at        uint32 // place of the par in the new trace
	mark      uint32 // length of the new trace when the branch began
	left      uint32 // states of the left branch
	prev, cur parEnds
}

// parEnds is what one slider does in a par.
type parEnds struct {
	size     [2]uint32 // states of the branches in the old trace
	leftEnd  uint32    // position behind the left branch
	rightEnd uint32    // position behind the right branch
	rest     uint32    // window behind the right branch
}

func (t *tracer) parStart(in ast.Instr) (parTrace, *Error) {
	prev, cur, err := t.pull(in, "par", isPar)
	if err != nil {
		return parTrace{}, err
	}
	p := parTrace{at: t.pos()}
	t.push(data.Par(0, 0))
	if err := p.prev.measure(in, &t.prev, prev); err != nil {
		return p, err
	}
	if err := p.cur.measure(in, &t.cur, cur); err != nil {
		return p, err
	}
	if !t.prev.narrow(p.prev.size[0]) || !t.cur.narrow(p.cur.size[0]) {
		return p, traceFault(in, "par is longer than its trace")
	}
	p.mark = t.pos()
	return p, nil
}

func (e *parEnds) measure(in ast.Instr, s *slider, st *data.State) *Error {
	if st != nil {
		e.size[0], e.size[1] = st.Sizes()
	}
	total := uint64(e.size[0]) + uint64(e.size[1])
	if total > uint64(s.left()) || uint64(s.pos)+total > uint64(len(s.states)) {
		return traceFault(in, "par of %d and %d states goes beyond the %d that are left", e.size[0], e.size[1], s.left())
	}
	e.leftEnd = s.pos + e.size[0]
	e.rightEnd = s.pos + uint32(total)
	e.rest = s.left() - uint32(total)
	return nil
}

// parMiddle ends the left branch and opens the right one.
func (t *tracer) parMiddle(p *parTrace) {
	p.left = t.pos() - p.mark
	p.mark = t.pos()
	t.prev.jump(p.prev.leftEnd, p.prev.size[1])
	t.cur.jump(p.cur.leftEnd, p.cur.size[1])
}

// parEnd ends the right branch and writes the state of the par.
func (t *tracer) parEnd(p *parTrace) {
	t.out[p.at] = data.Par(p.left, t.pos()-p.mark)
	t.prev.jump(p.prev.rightEnd, p.prev.rest)
	t.cur.jump(p.cur.rightEnd, p.cur.rest)
}
