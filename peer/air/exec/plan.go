// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
)

// Plan is a script made ready to run: variables are numbers, constants are
// values, lenses carry their text. It is never changed and is safe for
// concurrent use.
type Plan struct {
	root *instr

	scalars []variable
	canons  []variable
	maps    []variable
	streams int // slots of streams and stream maps, one per name and scope
	states  int // instructions that leave a state

	noError   *errorObject
	lengthTet *data.Tetraplet // of the length of a scalar
}

// variable is what is known of a name before anything runs.
type variable struct{ name string }

func (v *variable) absent() *Error {
	return &Error{Code: CodeNoVariable, Msg: "variable with name '" + v.name + "' wasn't defined during script execution", Pos: -1}
}

func (v *variable) cleared() *Error {
	return fault(CodeClearedByNew, "variable with name '%s' was cleared by new and then wasn't set", v.name)
}

// instr is one planned instruction.
type instr struct {
	src ast.Instr
	op  operation
	// ownErrors: the operation records its errors itself.
	// withPeer: `:error:` names the peer.
	// isNext: a par branch of this kind begins incomplete.
	ownErrors, withPeer, isNext bool
}

// operation is what an instruction does. It returns a catchable or an
// uncatchable error, or nil.
type operation interface {
	run(r *run, in *instr) *Error
}

// NewPlan plans a parsed script.
func NewPlan(s *ast.Script) *Plan {
	p := &planner{
		plan: &Plan{
			noError:   &errorObject{json: noErrorJSON(), made: true},
			lengthTet: &data.Tetraplet{Lens: ".length"},
		},
		ids:     make(map[string]int32, s.Count/2),
		globals: make(map[string]int32),
		instrs:  make([]instr, s.Count),
	}
	p.plan.root = p.instr(s.Root)
	return p.plan
}

// planner holds the names seen so far.
type planner struct {
	plan    *Plan
	ids     map[string]int32 // slots of scalars, canon streams and maps
	globals map[string]int32 // slots of streams outside any new of their name
	news    []scope          // the news around the instruction, outermost first
	instrs  []instr          // still to be given out
}

// scope is a new of a stream or stream map.
type scope struct {
	name string
	slot int32
}

// slot returns the number of a scalar, canon stream or canon map.
func (p *planner) slot(v ast.Var) int32 {
	if id, ok := p.ids[v.Name]; ok {
		return id
	}
	list := &p.plan.scalars
	switch v.Kind {
	case ast.CanonStream:
		list = &p.plan.canons
	case ast.CanonMap:
		list = &p.plan.maps
	}
	id := int32(len(*list))
	p.ids[v.Name] = id
	*list = append(*list, variable{v.Name})
	return id
}

// stream returns the number of a stream or stream map in the scope it stands in:
// that of the closest new of its name, else the whole script.
func (p *planner) stream(name string) int32 {
	for i := len(p.news) - 1; i >= 0; i-- {
		if p.news[i].name == name {
			return p.news[i].slot
		}
	}
	if id, ok := p.globals[name]; ok {
		return id
	}
	id := p.newStream()
	p.globals[name] = id
	return id
}

func (p *planner) newStream() int32 {
	p.plan.streams++
	return int32(p.plan.streams - 1)
}

// instr plans one instruction. Its recursion is bounded by the nesting limit of
// the parser.
func (p *planner) instr(src ast.Instr) *instr {
	in := &p.instrs[0]
	p.instrs = p.instrs[1:]
	in.src = src
	switch src.(type) {
	case *ast.Call, *ast.Par, *ast.Ap, *ast.ApMap, *ast.Canon, *ast.Fold:
		p.plan.states++
	}
	switch s := src.(type) {
	case *ast.Null:
		in.op = nullOp{}
	case *ast.Never:
		in.op = neverOp{}
	case *ast.Seq:
		in.op = &seqOp{p.instr(s.Left), p.instr(s.Right)}
	case *ast.Par:
		in.op = &parOp{p.instr(s.Left), p.instr(s.Right)}
	case *ast.Xor:
		in.op = &xorOp{p.instr(s.Left), p.instr(s.Right)}
	case *ast.Match:
		in.op = p.compare(&s.Left, &s.Right, s.Body, true, s)
	case *ast.Mismatch:
		in.op = p.compare(&s.Left, &s.Right, s.Body, false, s)
	case *ast.Call:
		in.op, in.ownErrors, in.withPeer = p.call(s), true, true
	case *ast.Ap:
		in.op = p.ap(s)
	case *ast.ApMap:
		in.op = &apMapOp{key: p.operand(&s.Key), value: p.operand(&s.Value), stream: p.stream(s.Map.Name), name: s.Map.Name}
	case *ast.Canon:
		in.op, in.withPeer = p.canon(s), true
	case *ast.Fold:
		in.op = p.fold(s)
	case *ast.Next:
		in.op, in.isNext = &nextOp{iterator: p.slot(s.Iterator), name: s.Iterator.Name}, true
	case *ast.New:
		in.op = p.scoped(s)
	case *ast.Fail:
		in.op = p.fail(s)
	}
	return in
}

// lens plans a lens; nil stays nil.
func (p *planner) lens(l *ast.Lens) *lens {
	if l == nil {
		return nil
	}
	out := &lens{length: l.Length, text: l.String()}
	for i, a := range l.Path {
		acc := accessor{kind: a.Kind, index: a.Index, name: a.Name}
		if a.Kind == ast.ByScalar {
			acc.slot = p.slot(ast.Var{Kind: ast.Scalar, Name: a.Name})
		}
		out.path = append(out.path, acc)
		out.rest = append(out.rest, l.Rest(i))
	}
	return out
}
