// SPDX-License-Identifier: Apache-2.0

package meter

import "github.com/go-fluence/fluence/peer/marine/wasmbin"

// run is a piece of code that is charged where it begins.
type run struct {
	at     int    // offset in the rewritten code
	cost   uint32 // saturating
	before int    // the run that is always executed before this one; -1 for the first
	check  bool   // the counter is checked here
	forced bool   // never joined with the run before
	behind uint32 // units hoisted over branches out of loops
}

// frame is a block, loop, if or the function itself.
type frame struct {
	loop  bool
	inner int  // index of the innermost loop at this depth, itself included; -1 for none
	entry int  // run at its beginning
	out   int  // outermost frame that a branch inside leaves for; its own index or more for none
	dead  bool // it stands in code that is never reached
}

// flow follows the control flow of one function body and cuts it into runs.
type flow struct {
	runs   []run
	frames []frame
	cur    int  // current run
	dead   bool // nothing reaches the current instruction
}

func newFlow(at int, check bool) *flow {
	return &flow{runs: []run{{at: at, before: -1, check: check, forced: true}}, frames: []frame{{inner: -1}}}
}

// add charges n to the current run.
func (f *flow) add(n uint32) {
	if f.dead {
		return
	}
	r := &f.runs[f.cur]
	r.cost = satAdd(r.cost, n)
	if r.behind > 0 {
		r.behind = satAdd(r.behind, n)
	}
}

func satAdd(a, b uint32) uint32 {
	if s := a + b; s >= a {
		return s
	}
	return 1<<32 - 1
}

// begin starts a run at an offset.
func (f *flow) begin(at int, loop bool) {
	if f.dead {
		return
	}
	f.runs = append(f.runs, run{at: at, before: f.cur, check: loop, forced: loop})
	f.cur = len(f.runs) - 1
}

// enter follows block, loop and if, whose instruction ends at an offset.
func (f *flow) enter(op uint32, at int) {
	n := len(f.frames)
	top := frame{loop: op == wasmbin.OpLoop, inner: f.frames[n-1].inner, entry: f.cur, out: n, dead: f.dead}
	if top.loop {
		top.inner = n
	}
	f.frames = append(f.frames, top)
	if op != wasmbin.OpBlock {
		f.begin(at, op == wasmbin.OpLoop)
	}
}

// alternative follows else, which ends at an offset.
func (f *flow) alternative(at int) {
	top := f.frames[len(f.frames)-1]
	f.dead, f.cur = top.dead, top.entry
	f.begin(at, false)
}

// leave follows end. It reports whether the function itself ended.
func (f *flow) leave(at int) bool {
	top := f.frames[len(f.frames)-1]
	f.frames = f.frames[:len(f.frames)-1]
	if len(f.frames) == 0 {
		return true
	}
	f.dead, f.cur = top.dead, top.entry
	n := len(f.frames)
	f.frames[n-1].out = min(f.frames[n-1].out, top.out) // what leaves a block leaves those around it
	if top.out < n {
		f.begin(at, false)
	}
	return false
}

// branch follows a jump to the label so many frames out. A conditional one, which
// ends at an offset, is followed by a new run. It reports whether the label exists.
func (f *flow) branch(depth int64, conditional bool, at int) bool {
	target := int64(len(f.frames)) - 1 - depth
	if depth < 0 || target < 0 {
		return false
	}
	if f.dead {
		return true
	}
	top := &f.frames[len(f.frames)-1]
	if l := top.inner; conditional && int(target) < l && f.hoists() {
		f.frames[l].out = min(f.frames[l].out, int(target))
		return true
	}
	top.out = min(top.out, int(target))
	if conditional {
		f.begin(at, false)
	} else {
		f.dead = true
	}
	return true
}

// hoists reports whether the current run may go on behind a branch out of its loop.
func (f *flow) hoists() bool {
	r := &f.runs[f.cur]
	if r.behind > hoistMax {
		return false
	}
	r.behind = max(r.behind, 1)
	return true
}

// joined returns the runs that remain after small ones were given to the run
// before them, in the order of the code.
func (f *flow) joined() []run {
	for i := len(f.runs) - 1; i > 0; i-- {
		r := &f.runs[i]
		if !r.forced && r.cost <= smallRun {
			before := &f.runs[r.before]
			before.cost = satAdd(before.cost, r.cost)
			r.cost = 0
		}
	}
	kept := f.runs[:0:0]
	for _, r := range f.runs {
		if r.cost > 0 || r.check {
			r.check = r.check || r.cost > checkRun
			kept = append(kept, r)
		}
	}
	return kept
}
