// SPDX-License-Identifier: Apache-2.0

package data

import "slices"

// Kind tells which instruction left a state in the trace, and with what outcome.
type Kind uint8

// The kinds of state. KindSent to KindFailed are left by call.
const (
	KindPar        Kind = iota // both branches ran
	KindSent                   // call: sent on by Peer
	KindSentWithID             // call: asked of the host of Peer under CallID
	KindScalar                 // call: done, the result is in a scalar
	KindStream                 // call: done, the result is in a stream at Generation
	KindUnused                 // call: done, the result is not kept; CID is that of the bare value
	KindFailed                 // call: the service failed
	KindFold                   // fold over a stream or stream map
	KindAp                     // ap to a stream or stream map at Generation
	KindCanonSent              // canon: sent on by Peer
	KindCanon                  // canon: done
)

// State is one executed state of a trace. Make it with the constructor of its
// kind; accessors of another kind return zero values. Compare with Equal.
type State struct {
	kind Kind
	a, b uint32 // par: left, right; sent with id: a; stream: a; ap: a, b is the number of generations
	text string // peer or CID
	lore []FoldLore
}

// FoldLore says which states one value of a folded stream gave rise to.
//
// A well-formed one has two ranges: the states before next, and those after.
type FoldLore struct {
	ValuePos uint32 // position in the trace of the state that made the value
	Ranges   []Range
}

// Range is a run of Len states of the trace from Begin on.
type Range struct {
	Begin uint32
	Len   uint32
}

// Par is the state of a par whose branches left that many states.
func Par(left, right uint32) State { return State{kind: KindPar, a: left, b: right} }

// Sent is the state of a call that peer sent on to where it belongs.
func Sent(peer string) State { return State{kind: KindSent, text: peer} }

// SentWithID is the state of a call that peer asked of its own host under id.
func SentWithID(peer string, id uint32) State {
	return State{kind: KindSentWithID, text: peer, a: id}
}

// Scalar is the state of a call whose service result, named by c, is in a scalar.
func Scalar(c CID) State { return State{kind: KindScalar, text: string(c)} }

// Stream is the state of a call whose service result, named by c, is in
// generation gen of a stream.
func Stream(c CID, gen uint32) State { return State{kind: KindStream, text: string(c), a: gen} }

// Unused is the state of a call without output; c is the CID of the value itself.
func Unused(c CID) State { return State{kind: KindUnused, text: string(c)} }

// Failed is the state of a call whose service failed; c names the service result.
func Failed(c CID) State { return State{kind: KindFailed, text: string(c)} }

// Fold is the state of a fold over a stream. It keeps lore.
func Fold(lore []FoldLore) State { return State{kind: KindFold, lore: lore} }

// Ap is the state of an ap whose value is in generation gen of a stream.
func Ap(gen uint32) State { return State{kind: KindAp, a: gen, b: 1} }

// ApList is the state of an ap with any number of generations. Only one is
// well-formed; other numbers come from the wire.
func ApList(gens []uint32) State {
	if len(gens) == 1 {
		return Ap(gens[0])
	}
	list := make([]Range, len(gens)) // the place for lists that a State has
	for i, g := range gens {
		list[i].Begin = g
	}
	return State{kind: KindAp, b: uint32(len(gens)), lore: []FoldLore{{Ranges: list}}}
}

// CanonSent is the state of a canon that peer sent on to where it belongs.
func CanonSent(peer string) State { return State{kind: KindCanonSent, text: peer} }

// Canon is the state of a canon that was made; c names the canon result.
func Canon(c CID) State { return State{kind: KindCanon, text: string(c)} }

// Kind tells which constructor made s.
func (s *State) Kind() Kind { return s.kind }

// Sizes are the numbers of states that the branches of a par left.
func (s *State) Sizes() (left, right uint32) {
	if s.kind != KindPar {
		return 0, 0
	}
	return s.a, s.b
}

// Peer is the sender of a sent call or canon.
func (s *State) Peer() string {
	switch s.kind {
	case KindSent, KindSentWithID, KindCanonSent:
		return s.text
	default:
		return ""
	}
}

// CallID is the number of the call request of KindSentWithID.
func (s *State) CallID() uint32 {
	if s.kind != KindSentWithID {
		return 0
	}
	return s.a
}

// CID names the outcome of a done or failed call or canon.
func (s *State) CID() CID {
	switch s.kind {
	case KindScalar, KindStream, KindUnused, KindFailed, KindCanon:
		return CID(s.text)
	default:
		return ""
	}
}

// Generation is the generation of KindStream and of a well-formed KindAp. ok is
// false for other kinds and for an ap that does not have exactly one.
func (s *State) Generation() (gen uint32, ok bool) {
	if s.kind == KindStream || s.kind == KindAp && s.b == 1 {
		return s.a, true
	}
	return 0, false
}

// SetGeneration replaces the generation of KindStream or KindAp; it changes no
// other kind.
func (s *State) SetGeneration(gen uint32) {
	switch s.kind {
	case KindStream:
		s.a = gen
	case KindAp:
		*s = Ap(gen)
	}
}

// Generations lists the generations of an ap, which hostile data may hold in any
// number. It allocates.
func (s *State) Generations() []uint32 {
	if s.kind != KindAp {
		return nil
	}
	if s.b == 1 {
		return []uint32{s.a}
	}
	gens := make([]uint32, s.b)
	for i, g := range s.lore[0].Ranges {
		gens[i] = g.Begin
	}
	return gens
}

// Lore is what a fold left, in the order of its values; do not change it.
func (s *State) Lore() []FoldLore {
	if s.kind != KindFold {
		return nil
	}
	return s.lore
}

// Equal reports whether both states are the same.
func (s *State) Equal(o *State) bool {
	return s.kind == o.kind && s.a == o.a && s.b == o.b && s.text == o.text &&
		slices.EqualFunc(s.lore, o.lore, func(x, y FoldLore) bool {
			return x.ValuePos == y.ValuePos && slices.Equal(x.Ranges, y.Ranges)
		})
}
