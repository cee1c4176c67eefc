// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
)

// callOp asks a function of a service of a peer.
//
// Source: air.md 3.3.
type callOp struct {
	peer, service, function operand
	names                   [3]string // of the variables above, for messages
	args                    []operand
	output                  ast.Kind // Scalar, Stream or 0
	slot                    int32
	fixed                   *data.Tetraplet // if peer, service and function are literals
}

// target is a call whose peer, service and function are known.
type target struct {
	op   *callOp
	in   *instr
	tet  *data.Tetraplet
	args []arg
	json []byte // the arguments as a JSON array
	hash data.CID
	wait bool // an argument is not there yet
}

func (p *planner) call(s *ast.Call) *callOp {
	o := &callOp{}
	if s.Peer.Kind == ast.Literal && s.Service.Kind == ast.Literal && s.Function.Kind == ast.Literal {
		o.fixed = &data.Tetraplet{PeerPK: s.Peer.Name, ServiceID: s.Service.Name, FunctionName: s.Function.Name}
	} else {
		o.peer, o.service, o.function = p.textOperand(&s.Peer), p.textOperand(&s.Service), p.textOperand(&s.Function)
		o.names = [3]string{s.Peer.Name, s.Service.Name, s.Function.Name}
	}
	o.args = make([]operand, len(s.Args))
	for i := range s.Args {
		o.args[i] = p.operand(&s.Args[i])
	}
	if s.Output != nil {
		o.output = s.Output.Kind
		if s.Output.Kind == ast.Stream {
			o.slot = p.stream(s.Output.Name)
		} else {
			o.slot = p.slot(*s.Output)
		}
	}
	return o
}

func (o *callOp) run(r *run, in *instr) *Error {
	t := target{op: o, in: in}
	if err := o.resolve(r, &t); err != nil {
		return r.callFault(err, in, nil)
	}
	if err := o.perform(r, &t); err != nil {
		return r.callFault(err, in, t.tet)
	}
	return nil
}

// callFault lets the call wait for what is not there yet and records other
// catchable errors under the call's own tetraplet.
func (r *run) callFault(err *Error, in *instr, tet *data.Tetraplet) *Error {
	if err.joinable() {
		r.complete = false
		return nil
	}
	if err.Code.Catchable() {
		r.record(err, in, tet)
	}
	return err
}

// resolve finds the target and refuses an output that cannot be set.
func (o *callOp) resolve(r *run, t *target) *Error {
	if t.tet = o.fixed; t.tet == nil {
		var err *Error
		if t.tet, err = o.triplet(r); err != nil {
			return err
		}
	}
	if o.output != ast.Scalar {
		return nil
	}
	s := &r.scalars[o.slot]
	switch _, found := s.get(&r.scopes); {
	case found == present && !s.settable(&r.scopes):
		return shadowed(&r.plan.scalars[o.slot])
	case found == absent && r.iters[o.slot] != nil:
		return fault(CodeIteratorShadow, "variable with name '%s' can't be shadowed, shadowing isn't supported for iterables",
			r.plan.scalars[o.slot].name)
	}
	return nil
}

// triplet resolves peer, service and function.
func (o *callOp) triplet(r *run) (*data.Tetraplet, *Error) {
	peer, err := r.text(o.peer, o.names[0])
	if err != nil {
		return nil, err
	}
	service, err := r.text(o.service, o.names[1])
	if err != nil {
		return nil, err
	}
	function, err := r.text(o.function, o.names[2])
	if err != nil {
		return nil, err
	}
	return &data.Tetraplet{PeerPK: peer, ServiceID: service, FunctionName: function}, nil
}

// perform resolves the arguments, merges the states of the call, and acts on
// what comes out. Arguments come first, so that an error in them leaves the
// trace untouched.
func (o *callOp) perform(r *run, t *target) *Error {
	if err := o.arguments(r, t); err != nil {
		return err
	}
	state, from, err := r.t.call(t.in.src, t.tet.PeerPK)
	if err != nil {
		return err
	}
	if state == nil {
		return r.request(t, nil)
	}
	switch state.Kind() {
	case data.KindSent:
		return r.request(t, state)
	case data.KindSentWithID: // own, and from previous data
		return r.consume(t, state)
	case data.KindFailed:
		return r.refail(t, state)
	default:
		return r.recall(t, state, from)
	}
}

// arguments resolves the arguments and hashes them.
func (o *callOp) arguments(r *run, t *target) *Error {
	if len(o.args) > len(r.args) {
		r.args = make([]arg, 2*len(o.args))
	}
	t.args = r.args[:len(o.args)] // until the next call
	b := append(r.scratch[:0], '[')
	for i, a := range o.args {
		if err := a.resolve(r, &t.args[i]); err != nil {
			if err.joinable() {
				t.wait, t.args = true, nil
				return nil
			}
			return err
		}
		text, cost := t.args[i].json.Text(), elementCost
		if c := t.args[i].whole; c != nil {
			cost *= len(c.vals)
		}
		if err := r.charge(len(text) + cost); err != nil {
			return err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, text...)
	}
	b = append(b, ']')
	r.scratch, t.json = b, b
	t.hash = r.hashArgs()
	return nil
}

// request sends the particle on to the call's peer, or asks the host if that is
// this peer. state is a request that stands in the trace already.
func (r *run) request(t *target, state *data.State) *Error {
	if t.tet.PeerPK != r.in.CurrentPeer {
		r.complete = false
		if state == nil {
			r.next = append(r.next, t.tet.PeerPK)
			r.t.push(data.Sent(r.in.CurrentPeer))
		} else {
			r.t.push(*state)
		}
		return nil
	}
	if t.wait {
		if state != nil {
			r.t.push(*state)
		}
		r.complete = false
		return nil
	}
	r.lastCall++
	r.ask(t)
	r.complete = false
	r.t.push(data.SentWithID(r.in.CurrentPeer, r.lastCall))
	return nil
}

// recall takes over a result that stands in the trace.
func (r *run) recall(t *target, state *data.State, from matrix) *Error {
	want := data.KindUnused
	switch t.op.output {
	case ast.Scalar:
		want = data.KindScalar
	case ast.Stream:
		want = data.KindStream
	}
	if state.Kind() != want {
		return fault(CodeResultKind, "call result value '%s' doesn't match with corresponding instruction", describe(state))
	}
	if want == data.KindUnused {
		r.t.push(*state)
		return nil
	}
	v, err := r.result(t, state.CID())
	if err != nil {
		return err
	}
	switch want {
	case data.KindScalar:
		err = r.setScalar(t.op.slot, &v)
	default:
		n, _ := state.Generation()
		err = r.streams[t.op.slot].add(&v, generation{from, n})
	}
	if err != nil {
		return err
	}
	r.t.push(*state)
	return r.visit(t, state.CID(), &v)
}
