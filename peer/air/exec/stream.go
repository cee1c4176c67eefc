// SPDX-License-Identifier: Apache-2.0

package exec

// maxStream bounds the values of one stream or stream map: the insertion that
// makes it this many fails.
//
// Source: air.md 6.6.
const maxStream = 1024

// matrix names one of the three parts of a stream.
type matrix uint8

const (
	prevValues matrix = iota
	curValues
	newValues
)

// stream holds the values of a stream or stream map by where they came from and
// in generations.
type stream struct {
	gens [3][][]val
	size int
}

// add inserts v. Values of old traces go to the generation their state names,
// new ones to the last generation.
func (s *stream) add(v *val, g generation) *Error {
	n := int(g.n)
	if g.matrix == newValues {
		n = max(len(s.gens[newValues]), 1) - 1
	} else if g.n >= maxStream {
		return fault(CodeGeneration, "generation %d goes over the allowed limit of %d", g.n, maxStream)
	}
	m := s.gens[g.matrix]
	for len(m) <= n {
		m = append(m, nil)
	}
	m[n] = append(m[n], *v)
	s.gens[g.matrix] = m
	if s.size++; s.size >= maxStream {
		return fault(CodeStreamSize, "stream size goes over the allowed limit of %d", maxStream)
	}
	return nil
}

// each visits all values: previous, current, new.
func (s *stream) each(visit func(*val)) {
	for _, m := range s.gens {
		for _, g := range m {
			for i := range g {
				visit(&g[i])
			}
		}
	}
}

// cursor counts the generations of each matrix that a fold has seen.
type cursor [3]int

// after returns the generations with values behind c, oldest first.
func (s *stream) after(c cursor) [][]val {
	var blocks [][]val
	for k, m := range s.gens {
		skip := c[k]
		for _, g := range m {
			if len(g) == 0 {
				continue
			}
			if skip--; skip < 0 {
				blocks = append(blocks, g[:len(g):len(g)])
			}
		}
	}
	return blocks
}

func (s *stream) cursor() cursor {
	return cursor{len(s.gens[0]), len(s.gens[1]), len(s.gens[2])}
}

// openGeneration starts a generation, so that values added from now on are
// visited in a block of their own.
func (s *stream) openGeneration() { s.gens[newValues] = append(s.gens[newValues], nil) }

// trimGeneration removes the last new generation if nothing was added to it.
func (s *stream) trimGeneration() {
	m := s.gens[newValues]
	if n := len(m); n > 0 && len(m[n-1]) == 0 {
		s.gens[newValues] = m[:n-1]
	}
}

// compactify drops empty generations, numbers the others through, and writes the
// numbers into the states of the values.
//
// Source: air.md 6.6.
func (s *stream) compactify(t *tracer) *Error {
	number := uint32(0)
	for _, m := range s.gens {
		for _, g := range m {
			if len(g) == 0 {
				continue
			}
			for i := range g {
				if err := t.setGeneration(g[i].pos, number); err != nil {
					return err
				}
			}
			number++
		}
	}
	return nil
}

func (t *tracer) setGeneration(pos, number uint32) *Error {
	if pos >= t.pos() {
		return fault(CodeCompactify, "trying to change generation of an invalid trace position %d", pos)
	}
	s := &t.out[pos]
	if _, ok := s.Generation(); !ok {
		return fault(CodeCompactify, "trying to change generation of a state %s on %d position, the state doesn't contain generation",
			describe(s), pos)
	}
	s.SetGeneration(number)
	return nil
}

// streamSlot is the streams alive under one name in one scope: the scope of a
// `new`, which may be entered again while it is open, or the whole script. A
// global stream exists from its first value on.
type streamSlot struct{ alive []*stream }

func (s *streamSlot) top() *stream {
	if len(s.alive) == 0 {
		return nil
	}
	return s.alive[len(s.alive)-1]
}

func (s *streamSlot) add(v *val, g generation) *Error {
	if len(s.alive) == 0 {
		s.alive = append(s.alive, &stream{})
	}
	return s.top().add(v, g)
}
