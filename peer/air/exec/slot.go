// SPDX-License-Identifier: Apache-2.0

package exec

// slot holds the values of one scalar, canon stream or canon map: a stack of
// cells whose depths grow.
//
// Source: air.md 3.4.
type slot[T any] struct{ cells []cell[T] }

// cell is a value set at a depth of nested folds and iterations, or the mark
// that a `new` left there.
type cell[T any] struct {
	depth int32
	set   bool
	v     T
}

// presence says what a look-up found.
type presence uint8

const (
	absent  presence = iota // never set here, or set where it cannot be seen
	cleared                 // not set since its new
	present
)

// scopes is the depth of nested folds and iterations, shared by all slots.
type scopes struct {
	depth   int32
	visible []bool // by depth: whether values set there can be seen
	pushed  []pushedCell
}

// pushedCell remembers a cell that must go when its depth ends.
type pushedCell struct {
	depth int32
	table table
	slot  int32
}

type table uint8

const (
	scalarTable table = iota
	canonTable
	mapTable
)

func newScopes() scopes { return scopes{visible: append(make([]bool, 0, 8), true)} }

func (s *slot[T]) get(sc *scopes) (*T, presence) {
	if len(s.cells) == 0 {
		return nil, absent
	}
	top := &s.cells[len(s.cells)-1]
	switch {
	case !sc.visible[top.depth]:
		return nil, absent
	case !top.set:
		return nil, cleared
	}
	return &top.v, present
}

// settable reports whether a set is allowed: anywhere inside folds, else once.
func (s *slot[T]) settable(sc *scopes) bool {
	return sc.depth != 0 || len(s.cells) == 0 || !s.cells[len(s.cells)-1].set
}

// set stores v at the present depth. The slot must be settable.
func (s *slot[T]) set(sc *scopes, tb table, id int32, v *T) {
	if n := len(s.cells); n > 0 && s.cells[n-1].depth == sc.depth {
		s.cells[n-1].set, s.cells[n-1].v = true, *v
		return
	}
	s.cells = append(s.cells, cell[T]{depth: sc.depth, set: true, v: *v})
	if sc.depth > 0 {
		sc.pushed = append(sc.pushed, pushedCell{sc.depth, tb, id})
	}
}

// clear begins the scope of a new.
func (s *slot[T]) clear(sc *scopes) { s.cells = append(s.cells, cell[T]{depth: sc.depth}) }

// restore ends the scope of a new; false if its cell is gone.
func (s *slot[T]) restore(sc *scopes) bool {
	n := len(s.cells)
	if n == 0 {
		return false
	}
	ok := s.cells[n-1].depth == sc.depth
	s.cells[n-1] = cell[T]{}
	s.cells = s.cells[:n-1]
	return ok
}

// drop removes the top cell if it is deeper than the present depth.
func (s *slot[T]) drop(sc *scopes) {
	if n := len(s.cells); n > 0 && s.cells[n-1].depth > sc.depth {
		s.cells[n-1] = cell[T]{}
		s.cells = s.cells[:n-1]
	}
}

// enter opens a depth for a fold.
func (sc *scopes) enter() {
	sc.depth++
	if int(sc.depth) == len(sc.visible) {
		sc.visible = append(sc.visible, true)
		return
	}
	sc.visible[sc.depth] = true
}

// enterIteration opens a depth for the next element and hides the present one.
func (sc *scopes) enterIteration() {
	sc.visible[sc.depth] = false
	sc.enter()
}

// leaveScope closes the present depth; a next makes the one below visible again,
// the end of a fold finds it visible.
func (r *run) leaveScope(iteration bool) {
	sc := &r.scopes
	sc.visible[sc.depth] = false
	sc.depth--
	if iteration {
		sc.visible[sc.depth] = true
	}
	for n := len(sc.pushed); n > 0 && sc.pushed[n-1].depth > sc.depth; n-- {
		p := sc.pushed[n-1]
		sc.pushed = sc.pushed[:n-1]
		switch p.table {
		case scalarTable:
			r.scalars[p.slot].drop(sc)
		case canonTable:
			r.canons[p.slot].drop(sc)
		case mapTable:
			r.maps[p.slot].drop(sc)
		}
	}
}
