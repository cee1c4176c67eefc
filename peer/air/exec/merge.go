// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
)

// tracer merges the previous and the current trace into the new one, one
// instruction at a time.
//
// Source: air.md 6.2.
type tracer struct {
	self      string
	prev, cur slider
	out       []data.State
	from      []source // where out[i] comes from, parallel to out
	pending   source   // of the state that is pushed next
}

// source is the position of a state in the previous and in the current trace,
// counted from 1; 0 means that trace does not have it.
type source struct{ prev, cur uint32 }

// generation says to which matrix of a stream a merged value belongs.
type generation struct {
	matrix matrix
	n      uint32
}

func newTracer(self string, prev, cur []data.State, guess int) tracer {
	n := max(len(prev), len(cur), guess)
	return tracer{
		self: self, prev: newSlider(prev), cur: newSlider(cur),
		out: make([]data.State, 0, n), from: make([]source, 0, n),
	}
}

// pos is the position in the new trace of the state that is pushed next.
func (t *tracer) pos() uint32 { return uint32(len(t.out)) }

func (t *tracer) push(s data.State) {
	t.out = append(t.out, s)
	t.from = append(t.from, t.pending)
	t.pending = source{}
}

// pull takes the next state of both traces. It fails if they differ in the kind
// of instruction that made them, or are not of the kind fits accepts.
func (t *tracer) pull(in ast.Instr, what string, fits func(data.Kind) bool) (prev, cur *data.State, err *Error) {
	prev, cur = t.prev.next(), t.cur.next()
	if prev != nil || cur != nil { // an instruction that failed behind its state leaves its mark, as in AquaVM
		t.pending = source{}
	}
	prevFits, curFits := prev == nil || fits(prev.Kind()), cur == nil || fits(cur.Kind())
	switch {
	case prevFits && curFits:
		return prev, cur, nil
	case prev != nil && cur != nil:
		return nil, nil, traceFault(in, "previous and current data have incompatible states: '%s' '%s'",
			describe(prev), describe(cur))
	case !prevFits:
		return nil, nil, traceFault(in, "state from previous `%s` is incompatible with expected %s", describe(prev), what)
	default:
		return nil, nil, traceFault(in, "state from current `%s` is incompatible with expected %s", describe(cur), what)
	}
}

// mapPrev and mapCur remember which states of the old traces the next pushed
// state stands for.
func (t *tracer) mapPrev() { t.pending.prev = t.prev.pos }
func (t *tracer) mapCur()  { t.pending.cur = t.cur.pos }

func isCall(k data.Kind) bool {
	switch k {
	case data.KindSent, data.KindSentWithID, data.KindScalar, data.KindStream, data.KindUnused, data.KindFailed:
		return true
	}
	return false
}

func isSent(k data.Kind) bool {
	return k == data.KindSent || k == data.KindSentWithID || k == data.KindCanonSent
}

func isAp(k data.Kind) bool    { return k == data.KindAp }
func isPar(k data.Kind) bool   { return k == data.KindPar }
func isFold(k data.Kind) bool  { return k == data.KindFold }
func isCanon(k data.Kind) bool { return k == data.KindCanon || k == data.KindCanonSent }

// call merges the states of a call whose target is peer. It returns nil when no
// trace has one.
func (t *tracer) call(in ast.Instr, peer string) (*data.State, matrix, *Error) {
	prev, cur, err := t.pull(in, "call", isCall)
	if err != nil || prev == nil && cur == nil {
		return nil, newValues, err
	}
	if err := t.ownWord(in, peer, prev, cur); err != nil {
		return nil, newValues, err
	}
	switch {
	case cur == nil:
		t.mapPrev()
		return t.egress(prev), prevValues, nil
	case prev == nil:
		t.mapCur()
		return t.egress(cur), curValues, nil
	case isSent(cur.Kind()):
		t.mapPrev()
		return t.egress(prev), prevValues, nil
	case isSent(prev.Kind()):
		t.mapCur()
		return cur, curValues, nil
	case !sameResult(prev, cur):
		return nil, newValues, traceFault(in, "previous and current call results are incompatible: '%s' '%s'",
			describe(prev), describe(cur))
	}
	t.mapPrev()
	if prev.Kind() != data.KindFailed {
		t.mapCur()
	}
	return prev, prevValues, nil
}

// sameResult compares two done states; generations are local to each history.
func sameResult(a, b *data.State) bool { return a.Kind() == b.Kind() && a.CID() == b.CID() }

// ownWord refuses a done state of this peer that only arrived: only previous
// data speaks for the peer itself.
//
// Source: perimeter.md 2.1.
func (t *tracer) ownWord(in ast.Instr, peer string, prev, cur *data.State) *Error {
	if peer != t.self || cur == nil || isSent(cur.Kind()) || prev != nil && !isSent(prev.Kind()) {
		return nil
	}
	return &Error{
		Code: CodeOwnState,
		Msg: "on instruction '" + in.String() + "' arrived data hold a state of this peer that its previous data lack: '" +
			describe(cur) + "'",
		Pos: in.Span().Start,
	}
}

// egress rewrites a numbered request: a foreign number means nothing here, and
// an own one counts only if previous data have it.
//
// Source: perimeter.md 2.1, 2.3.
func (t *tracer) egress(s *data.State) *data.State {
	if s.Kind() != data.KindSentWithID || s.Peer() == t.self && t.pending.cur == 0 {
		return s
	}
	sent := data.Sent(s.Peer())
	return &sent
}

// ap merges the states of an ap to a stream or stream map.
func (t *tracer) ap(in ast.Instr) (generation, *Error) {
	prev, cur, err := t.pull(in, "ap", isAp)
	if err != nil {
		return generation{}, err
	}
	g, s := generation{matrix: newValues}, prev
	switch {
	case prev == nil && cur == nil:
		return g, nil
	case prev == nil:
		t.mapCur()
		g.matrix, s = curValues, cur
	default:
		t.mapPrev()
		if cur != nil {
			t.mapCur()
		}
		g.matrix = prevValues
	}
	n, ok := s.Generation()
	if !ok {
		return g, traceFault(in, "'%s' ap result contains inappropriate generation count in destination", describe(s))
	}
	g.n = n
	return g, nil
}

// canon merges the states of a canon; nil when no trace has one. Whose canon it
// is the caller knows only later, so it also learns whether previous data have
// it done.
func (t *tracer) canon(in ast.Instr) (state *data.State, kept bool, err *Error) {
	prev, cur, err := t.pull(in, "canon", isCanon)
	switch {
	case err != nil || prev == nil && cur == nil:
		return nil, false, err
	case cur == nil:
		return prev, prev.Kind() == data.KindCanon, nil
	case prev == nil:
		return cur, false, nil
	case prev.Kind() == data.KindCanon && cur.Kind() == data.KindCanon && prev.CID() != cur.CID():
		return nil, false, traceFault(in, "canon results '%s' '%s' points to incompatible execution states",
			describe(prev), describe(cur))
	case prev.Kind() == data.KindCanonSent && cur.Kind() == data.KindCanon:
		return cur, false, nil
	}
	return prev, prev.Kind() == data.KindCanon, nil
}
