// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"context"
	"slices"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// Input is what a run of a plan depends on. Prev and Current are traces whose
// content CIDs holds; Current is verified, Prev is what this peer wrote.
type Input struct {
	Prev, Current []data.State
	CIDs          data.CIDInfo // of both; Run adds to it
	LastCallID    uint32       // of previous data
	Results       map[uint32]Result

	InitPeer, CurrentPeer string
	Timestamp             uint64 // milliseconds since 1970
	TTL                   uint32 // milliseconds
	Budget                Budget
	Statements            bool // collect Output.Statements
}

// Output is what a run gives. Err is nil, a catchable error that no `xor`
// handled, or an uncatchable one; with the last nothing else may be used.
type Output struct {
	Err        *Error
	Trace      []data.State
	CIDs       data.CIDInfo
	LastCallID uint32
	Next       []string // sorted, no duplicates, without the current peer
	Calls      map[uint32]Call
	Unused     []uint32 // numbers of results that nothing asked for, sorted
	Statements []Statement
}

// checkEvery is the number of steps between two looks at the context.
const checkEvery = 1024

// run is the state of one run.
type run struct {
	ctx  context.Context
	in   *Input
	plan *Plan
	t    tracer
	cids data.CIDInfo

	scopes  scopes
	scalars []slot[val]
	canons  []slot[*canon]
	maps    []slot[*canon]
	iters   []*fold // by slot of the iterator's name
	streams []streamSlot

	complete  bool
	lastError errorState
	error     errorState

	next     []string
	requests []request
	lastCall uint32
	used     map[uint32]struct{}
	canonsBy map[data.CID]*canon // whatever kind, by its first sight
	visited  []visitedCall       // for statements

	initTet  *data.Tetraplet
	initPeer value.Value
	scratch  []byte // the arguments of the call that is looked at, as JSON
	args     []arg  // the same, resolved
	hashes   hashes
	arenas   arenas

	budget Budget
	steps  uint64
	bytes  uint64
	depth  uint32
	stop   error // why the context ended the run
}

// Run runs a plan. It returns an error only when ctx ended, and then the run
// had no effect; everything else is in the Output.
func (p *Plan) Run(ctx context.Context, in *Input) (*Output, error) {
	r := &run{
		ctx: ctx, in: in, plan: p,
		t:    newTracer(in.CurrentPeer, in.Prev, in.Current, p.states),
		cids: in.CIDs, lastCall: in.LastCallID,
		scopes:   newScopes(),
		scalars:  slots[val](len(p.scalars)),
		canons:   slots[*canon](len(p.canons)),
		maps:     slots[*canon](len(p.maps)),
		iters:    make([]*fold, len(p.scalars)),
		streams:  make([]streamSlot, p.streams),
		complete: true,
		initTet:  ofPeer(in.InitPeer),
		initPeer: value.FromString(in.InitPeer),
		budget:   in.Budget.WithDefaults(),
	}
	r.lastError.obj, r.error.obj = p.noError, p.noError
	err := r.exec(p.root)
	if r.stop == nil {
		r.stop = ctx.Err()
	}
	if r.stop != nil {
		return nil, r.stop
	}
	return r.finish(err), nil
}

// slots makes n empty slots with room for one cell each.
func slots[T any](n int) []slot[T] {
	list, room := make([]slot[T], n), make([]cell[T], n)
	for i := range list {
		list[i].cells = room[i : i : i+1]
	}
	return list
}

// exec runs one instruction and records its error.
func (r *run) exec(in *instr) *Error {
	if err := r.spend(1); err != nil {
		return err
	}
	if r.depth++; r.depth > r.budget.Nesting {
		return overspent("nesting", uint64(r.budget.Nesting))
	}
	err := in.op.run(r, in)
	r.depth--
	if err == nil {
		return nil
	}
	if err.Pos < 0 { // raised here
		if over := r.charge(len(err.Msg)); over != nil {
			return over
		}
		err.Pos = in.src.Span().Start
	}
	if !in.ownErrors && err.Code.Catchable() {
		r.record(err, in, nil)
	}
	return err
}

// spend counts steps.
func (r *run) spend(n uint64) *Error {
	before := r.steps / checkEvery
	r.steps += n
	if r.steps > r.budget.Steps {
		return overspent("steps", r.budget.Steps)
	}
	if r.steps/checkEvery != before {
		if err := r.ctx.Err(); err != nil {
			r.stop = err
			return fault(CodeBudget, "cancelled")
		}
	}
	return nil
}

// charge counts bytes of values.
func (r *run) charge(n int) *Error {
	if r.bytes += uint64(n); r.bytes > r.budget.Bytes {
		return overspent("bytes", r.budget.Bytes)
	}
	return nil
}

func overspent(what string, limit uint64) *Error {
	return fault(CodeBudget, "the budget of %d %s is used up; ask the host for a larger one or split the script", limit, what)
}

// finish numbers the generations of streams and collects the output.
func (r *run) finish(err *Error) *Output {
	if err != nil && !err.Code.Catchable() {
		return &Output{Err: err}
	}
	for i := range r.streams {
		for _, s := range r.streams[i].alive {
			if e := s.compactify(&r.t); e != nil {
				return &Output{Err: e}
			}
		}
	}
	o := &Output{
		Err: err, Trace: r.t.out, CIDs: r.cids, LastCallID: r.lastCall,
		Next: r.nextPeers(), Unused: r.unusedResults(),
	}
	if e := r.export(o); e != nil {
		return &Output{Err: e}
	}
	return o
}

func (r *run) nextPeers() []string {
	slices.Sort(r.next)
	return slices.Compact(r.next)
}

func (r *run) unusedResults() []uint32 {
	if len(r.used) == len(r.in.Results) {
		return nil
	}
	left := make([]uint32, 0, len(r.in.Results)-len(r.used))
	for id := range r.in.Results { // order: sorted below
		if _, ok := r.used[id]; !ok {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	return left
}
