// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"encoding/json"

	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/value"
)

// Call is one request to the host: run Function of Service here, with Args.
//
// Args, Tetraplets and Origins have one entry per argument. An argument is
// compact JSON text with sorted keys. Its tetraplets are one for a plain value
// and one per element for a canon stream or map, so an empty canon has none.
// Its origins are never empty; they say who vouches for the value.
type Call struct {
	Service    string            `json:"service_id"`
	Function   string            `json:"function_name"`
	Args       []json.RawMessage `json:"arguments"`
	Tetraplets [][]Tetraplet     `json:"tetraplets"`
	Origins    [][]Origin        `json:"origins"`
}

// Result is the host's answer to a Call. Code 0 is success, and JSON is then
// the value as JSON text in any spelling; any other code is a service error and
// JSON its message, which should be JSON text too. Text that is not JSON counts
// as a failed call.
type Result struct {
	Code int32  `json:"ret_code"`
	JSON []byte `json:"result"`
}

// request is a Call before its origins are known: these are judged when the
// whole run is over.
type request struct {
	id                uint32
	service, function string
	argList
}

// argList is the arguments of a call as they were when it was met.
type argList struct {
	args []json.RawMessage
	tets [][]Tetraplet
	refs []ref
}

// arenas hold what requests and statements are made of.
type arenas struct {
	bytes   arena[byte]
	json    arena[json.RawMessage]
	refs    arena[ref]
	tets    arena[Tetraplet]
	tetSets arena[[]Tetraplet]
	sets    arena[[]Origin]
}

// keepArgs copies the arguments of t; with tetraplets for a request.
func (r *run) keepArgs(t *target, tetraplets bool) argList {
	n := len(t.args)
	l := argList{args: r.arenas.json.take(n), refs: r.arenas.refs.take(n)}
	text := r.arenas.bytes.take(len(t.json))
	copy(text, t.json)
	from := 1 // behind the opening bracket
	for i := range t.args {
		to := from + len(t.args[i].json.Text())
		l.args[i] = text[from:to:to]
		l.refs[i] = t.args[i].ref()
		from = to + 1
	}
	if tetraplets {
		l.tets = r.arenas.tetSets.take(n)
		for i := range t.args {
			l.tets[i] = t.args[i].tetraplets(&r.arenas.tets)
		}
	}
	return l
}

// ask notes a request to the host under the number r.lastCall.
func (r *run) ask(t *target) {
	r.requests = append(r.requests, request{
		id: r.lastCall, service: t.tet.ServiceID, function: t.tet.FunctionName, argList: r.keepArgs(t, true),
	})
}

// visitedCall is a result that the run took over or received.
type visitedCall struct {
	cid  data.CID
	json value.Value
	argList
}

// visit notes a result for the statements, if these are wanted.
func (r *run) visit(t *target, cid data.CID, v *val) *Error {
	if !r.in.Statements {
		return nil
	}
	if err := r.charge(len(t.json)); err != nil {
		return err
	}
	r.visited = append(r.visited, visitedCall{cid: cid, json: v.json, argList: r.keepArgs(t, false)})
	return nil
}

// Statement is one verified, successful result that the run visited: what
// Origin.Peer says Origin.Function answered to Args. A call without output is
// not signed and gives no statement. ArgOrigins has one set per argument.
type Statement struct {
	Origin     Origin
	Value      json.RawMessage
	Args       []json.RawMessage
	ArgOrigins [][]Origin
}

// export judges the origins of all requests and statements.
func (r *run) export(o *Output) *Error {
	o.Calls = make(map[uint32]Call, len(r.requests))
	if len(r.requests) == 0 && len(r.visited) == 0 {
		return nil
	}
	j := judge{r: r}
	for i := range r.requests {
		q := &r.requests[i]
		origins, err := j.sets(q.refs)
		if err != nil {
			return err
		}
		o.Calls[q.id] = Call{
			Service: q.service, Function: q.function,
			Args: q.args, Tetraplets: q.tets, Origins: origins,
		}
	}
	for i := range r.visited {
		v := &r.visited[i]
		origins, err := j.sets(v.refs)
		if err != nil {
			return err
		}
		of, err := j.result(v.cid)
		if err != nil {
			return err
		}
		if len(of) == 1 && of[0].Kind == OriginResult {
			o.Statements = append(o.Statements, Statement{
				Origin: of[0], Value: json.RawMessage(v.json.Text()), Args: v.args, ArgOrigins: origins,
			})
		}
	}
	return nil
}
