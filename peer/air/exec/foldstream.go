// SPDX-License-Identifier: Apache-2.0

package exec

// foldStreamOp is a fold over a stream or stream map. It visits the stream in
// blocks of one generation; values that the body adds are visited in later
// blocks, until no more come. A catchable error ends its block only.
//
// Source: air.md 6.5.
type foldStreamOp struct {
	stream, iterator int32
	body, last       *instr
}

func (o *foldStreamOp) run(r *run, in *instr) *Error {
	s := r.streams[o.stream].top()
	if s == nil {
		r.complete = false
		return nil
	}
	f, err := r.t.foldStart(in.src)
	if err != nil {
		return err
	}
	var c cursor
	blocks := s.after(c)
	c = s.cursor()
	if len(blocks) > 0 {
		s.openGeneration()
	}
	complete := false
	for len(blocks) > 0 {
		for _, vals := range blocks {
			if err := o.block(r, f, vals); err != nil {
				return err
			}
			complete = complete || r.complete
		}
		// The body may have opened and closed a new of the same name, never this
		// stream itself: it is alive as long as the fold.
		blocks = s.after(c)
		s.trimGeneration()
		c = s.cursor()
		s.openGeneration()
	}
	r.complete = complete
	r.t.foldEnd(f)
	return nil
}

// block folds over the values of one generation.
func (o *foldStreamOp) block(r *run, f *foldTrace, vals []val) *Error {
	if err := r.spend(uint64(len(vals))); err != nil {
		return err
	}
	if err := r.t.iterationStart(f, vals[0].pos); err != nil {
		return err
	}
	state := &fold{vals: vals, body: o.body, last: o.last, trace: f}
	if err := r.iterate(state, o.iterator); err != nil && !err.Code.Catchable() {
		return err
	}
	r.t.blockEnd(f)
	return nil
}
