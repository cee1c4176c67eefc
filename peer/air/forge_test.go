// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
	airdata "github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/exec"
)

// forger makes particle data by hand, with real signatures of whoever signs.
type forger struct{ d airdata.InterpreterData }

func (f *forger) value(json string) airdata.CID {
	c := airdata.ValueCID(json)
	f.d.CIDs.Values.Insert(c, json)
	return c
}

func (f *forger) tetraplet(t airdata.Tetraplet) airdata.CID {
	c := t.CID()
	f.d.CIDs.Tetraplets.Insert(c, t)
	return c
}

// result puts a service result into the stores.
func (f *forger) result(peer, service, function, args, value string) airdata.CID {
	r := airdata.ServiceResult{
		Value: f.value(value), ArgumentHash: airdata.ValueCID(args),
		Tetraplet: f.tetraplet(airdata.Tetraplet{PeerPK: peer, ServiceID: service, FunctionName: function}),
	}
	c := r.CID()
	f.d.CIDs.ServiceResults.Insert(c, r)
	return c
}

// canon puts a canon of one element into the stores.
func (f *forger) canon(peer, value string, t airdata.Tetraplet, p airdata.Provenance) airdata.CID {
	e := airdata.CanonElement{Value: f.value(value), Tetraplet: f.tetraplet(t), Provenance: p}
	ec := e.CID()
	f.d.CIDs.CanonElements.Insert(ec, e)
	r := airdata.CanonResult{Tetraplet: f.tetraplet(airdata.Tetraplet{PeerPK: peer}), Values: []airdata.CID{ec}}
	c := r.CID()
	f.d.CIDs.CanonResults.Insert(c, r)
	return c
}

// seal signs for the given peers what the trace says of them.
func (f *forger) seal(signers ...*member) []byte {
	results, err := airdata.Results(f.d.Trace, &f.d.CIDs)
	for _, m := range signers {
		key, keyErr := airdata.NewKeyPair(airdata.Ed25519, m.seed[:])
		if keyErr != nil {
			panic(keyErr)
		}
		var own []airdata.CID
		if err == nil {
			own = results.Of(m.id)
		}
		f.d.Signatures = append(f.d.Signatures, key.Sign(own, "particle-1"))
	}
	b, err := airdata.Encode(&f.d)
	if err != nil {
		panic(err)
	}
	return b
}

func forge(trace ...airdata.State) *forger {
	return &forger{d: airdata.InterpreterData{Trace: trace}}
}

// forgery is arrived data that lie, and what becomes of them. Both checks return
// what is wrong, or nothing.
type forgery struct {
	in     air.Input
	ours   func(air.Outcome) string
	theirs func(air.Outcome) string // nil where AquaVM's answer is no fact of its own
}

// refused expects an uncatchable code and previous data unchanged.
func refused(in air.Input, code exec.Code) func(air.Outcome) string {
	return func(o air.Outcome) string {
		if o.Code != int64(code) || string(o.Data) != string(in.Prev) || len(o.Calls)+len(o.Next) > 0 {
			return fmt.Sprintf("code %d %s, calls %v, want refusal %d", o.Code, o.Message, sortedKeys(o.Calls), code)
		}
		return ""
	}
}

// asks expects success and exactly these calls.
func asks(functions ...string) func(air.Outcome) string {
	return func(o air.Outcome) string {
		var got []string
		for _, id := range sortedKeys(o.Calls) {
			got = append(got, o.Calls[id].Function)
		}
		if o.Code != 0 || !slices.Equal(got, functions) {
			return fmt.Sprintf("code %d %s, calls %q, want %q", o.Code, o.Message, got, functions)
		}
		return ""
	}
}

// origins expects one call whose first argument has exactly these origins.
func origins(names map[string]string, want ...string) func(air.Outcome) string {
	return func(o air.Outcome) string {
		if o.Code != 0 || len(o.Calls) != 1 {
			return fmt.Sprintf("code %d %s, %d calls", o.Code, o.Message, len(o.Calls))
		}
		var got []string
		for _, c := range o.Calls {
			for _, origin := range c.Origins[0] {
				s := showOrigin(origin)
				for id, name := range names {
					s = strings.ReplaceAll(s, id, name)
				}
				got = append(got, s)
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Sprintf("origins %q, want %q", got, want)
		}
		return ""
	}
}

func forgeries() map[string]forgery {
	all := members("M", "A", "B", "C")
	mallory, b, c := all[0], all[2], all[3]
	names := map[string]string{mallory.id: "M", b.id: "B", c.id: "C"}
	at := func(m *member, script string, prev, arrived []byte) air.Input {
		for _, m := range all {
			script = strings.ReplaceAll(script, "@"+m.name, fmt.Sprintf("%q", m.id))
		}
		return air.Input{Script: script, Prev: prev, Data: arrived, Params: m.params(mallory.id)}
	}
	list := make(map[string]forgery)
	idConfusion(list, at, mallory, c)
	unsignedDone(list, at, mallory, b, c)
	duplicates(list, at, mallory, b, c)
	forgedCanons(list, at, names, mallory, b, c)
	brokenTraces(list, at, mallory, b, c)
	return list
}

type atFunc = func(m *member, script string, prev, arrived []byte) air.Input

func idConfusion(list map[string]forgery, at atFunc, mallory, c *member) {
	script := `(par (call @C ("auth" "is_admin") ["mallory"] adm) (call @C ("op" "identity") [true] y))`
	in := at(c, script, nil, forge(airdata.Par(1, 1), airdata.SentWithID(c.id, 1), airdata.Sent(mallory.id)).seal(mallory))
	list["F1 a pending state of this peer that only arrived is executed"] = forgery{in, asks("is_admin", "identity"), asks("identity")}
	in = at(c, `(call @C ("audit" "log") ["x"])`, nil, forge(airdata.SentWithID(c.id, 7)).seal(mallory))
	list["F5 a pending state with a foreign number does not suppress a call"] = forgery{in, asks("log"), asks()}
}

func unsignedDone(list map[string]forgery, at atFunc, mallory, b, c *member) {
	script := `(seq (call @C ("audit" "log") ["x"]) (call @C ("svc" "do") []))`
	in := at(c, script, nil, forge(airdata.Unused(airdata.ValueCID("null"))).seal(mallory))
	list["F5 an unsigned done of this peer is refused"] = forgery{in, refused(in, exec.CodeOwnState), asks("do")}

	f := forge()
	f.d.Trace = []airdata.State{airdata.Scalar(f.result(c.id, "auth", "is_admin", `["mallory"]`, "true"))}
	in = at(c, `(seq (call @C ("auth" "is_admin") ["mallory"] adm) (call @C ("svc" "do") [adm]))`, nil, f.seal(mallory, c))
	list["an executed state of this peer that previous data lack is refused, signed or not"] = forgery{in, refused(in, exec.CodeOwnState), asks("do")}

	f = forge()
	f.d.Trace = []airdata.State{airdata.Canon(f.canon(c.id, "1", airdata.Tetraplet{PeerPK: mallory.id}, airdata.Provenance{}))}
	in = at(c, `(seq (canon @C $s #cc) (call @C ("svc" "do") [#cc]))`, nil, f.seal(mallory, c))
	list["a canon of this peer that previous data lack is refused"] = forgery{in, refused(in, exec.CodeOwnState), asks("do")}
}

func duplicates(list map[string]forgery, at atFunc, mallory, b, c *member) {
	script := `(seq (par (call @C ("s" "f") [1] x) (call @C ("s" "f") [1] y)) (par (call @B ("s" "got") [x]) (call @B ("s" "got") [y])))`
	copyAt := func(first bool) []byte {
		f := forge()
		r := f.result(c.id, "s", "f", "[1]", `"once"`)
		f.d.Trace = []airdata.State{airdata.Par(1, 1), airdata.Sent(mallory.id), airdata.Scalar(r)}
		if first {
			f.d.Trace[1], f.d.Trace[2] = f.d.Trace[2], f.d.Trace[1]
		}
		return f.seal(mallory, c)
	}
	in := at(b, script, copyAt(true), copyAt(false))
	list["F9 a result moved to a second place is refused by a third peer"] = forgery{in, refused(in, exec.CodeSigners), asks("got", "got")}
	in = at(c, script, copyAt(true), copyAt(false))
	list["F9 a result moved to a second place is refused by its signer"] = forgery{in, refused(in, exec.CodeOwnState), asks()}
}

func forgedCanons(list map[string]forgery, at atFunc, names map[string]string, mallory, b, c *member) {
	script := `(seq (canon @M $s #cc) (call @C ("svc" "do") [#cc.$.[0]]))`
	f := forge()
	r := f.result(b.id, "auth", "is_admin", `["mallory"]`, "true")
	f.d.Trace = []airdata.State{airdata.Canon(f.canon(mallory.id, "true",
		airdata.Tetraplet{PeerPK: b.id, ServiceID: "auth", FunctionName: "is_admin"},
		airdata.Provenance{Kind: airdata.FromServiceResult, CID: r}))}
	list["F2 a canon element from a result outside the trace is unknown"] = forgery{
		at(c, script, nil, f.seal(mallory)), origins(names, "unknown", "canon M"), asks("do"),
	}

	script = `(seq (call @B ("auth" "is_admin") ["mallory"] x) (seq (canon @M $s #cc) (call @C ("svc" "do") [#cc.$.[0]])))`
	f = forge()
	r = f.result(b.id, "auth", "is_admin", `["mallory"]`, "false")
	f.d.Trace = []airdata.State{airdata.Scalar(r), airdata.Canon(f.canon(mallory.id, "true",
		airdata.Tetraplet{PeerPK: b.id, ServiceID: "auth", FunctionName: "is_admin"},
		airdata.Provenance{Kind: airdata.FromServiceResult, CID: r}))}
	list["F2 a canon element that its result does not contain is unknown"] = forgery{
		at(c, script, nil, f.seal(mallory, b)), origins(names, "unknown", "canon M"), asks("do"),
	}

	f = forge()
	r = f.result(b.id, "auth", "is_admin", `["mallory"]`, `{"message":"\"no\"","ret_code":1}`)
	f.d.Trace = []airdata.State{airdata.Failed(r), airdata.Canon(f.canon(mallory.id, `"no"`,
		airdata.Tetraplet{PeerPK: b.id, ServiceID: "auth", FunctionName: "is_admin"},
		airdata.Provenance{Kind: airdata.FromServiceResult, CID: r}))}
	list["a failed result vouches for no canon element"] = forgery{
		at(c, `(seq (xor (call @B ("auth" "is_admin") ["mallory"] x) (null)) (seq (canon @M $s #cc) (call @C ("svc" "do") [#cc.$.[0]])))`, nil, f.seal(mallory, b)),
		origins(names, "canon M"), asks("do"),
	}

	f = forge()
	f.d.Trace = []airdata.State{airdata.Scalar(f.result(b.id, "auth", "check", `[]`, `{"message":"\"no\"","ret_code":1}`))}
	list["a failure shown as a success still counts as failed"] = forgery{
		at(c, `(seq (call @B ("auth" "check") [] x) (call @C ("svc" "do") [x]))`, nil, f.seal(mallory, b)),
		origins(names, "result B auth.check", "failed B"), asks("do"),
	}

	f = forge()
	f.d.Trace = []airdata.State{airdata.Failed(f.result(b.id, "auth", "check", `[]`, `{"message":"chosen text","ret_code":1}`))}
	list["F4 the error of a failed call is failed, whatever its tetraplet says"] = forgery{
		at(c, `(xor (call @B ("auth" "check") [] x) (call @C ("svc" "do") [%last_error%.$.message]))`, nil, f.seal(mallory, b)),
		origins(names, "failed B"), asks("do"),
	}
	list["F4 the error of a failed call stays failed through an honest canon"] = forgery{
		at(c, `(xor (call @B ("auth" "check") [] x) (seq (ap %last_error%.$.message $s) (seq (canon @C $s #cc) (call @C ("svc" "do") [#cc.$.[0]]))))`, nil, f.seal()),
		origins(names, "canon C", "failed B"), asks("do"),
	}
}

func brokenTraces(list map[string]forgery, at atFunc, mallory, b, c *member) {
	one := `(seq (call @B ("s" "f") [] x) (call @C ("s" "g") [x]))`
	stream := `(seq (call @B ("s" "f") [] $s) (call @C ("s" "g") []))`
	twice := `(seq (par (ap 1 $s) (ap 2 $s)) (fold $s i (par (call @C ("s" "g") [i]) (next i))))`
	pars := func(fold airdata.State) []airdata.State {
		return []airdata.State{airdata.Par(1, 1), airdata.Ap(0), airdata.Ap(0), fold}
	}
	add := func(name, script string, code exec.Code, trace ...airdata.State) {
		f := forge(trace...)
		in := at(c, script, nil, f.seal(mallory))
		list[name] = forgery{in: in, ours: refused(in, code)}
	}
	add("a trace that names an unknown result", one, exec.CodeMissing, airdata.Scalar(airdata.ValueCID("1")))
	add("a generation beyond any stream", `(seq (ap 1 $s) (null))`, exec.CodeGeneration, airdata.Ap(0xfffffff0))
	add("an ap with two generations", `(ap 1 $s)`, exec.CodeTrace, airdata.ApList([]uint32{0, 1}))
	add("an ap where a call stands", one, exec.CodeTrace, airdata.Ap(0))
	add("a call where an ap stands", `(ap 1 $s)`, exec.CodeTrace, airdata.Sent(b.id))
	add("a par longer than the trace", `(par (null) (null))`, exec.CodeTrace, airdata.Par(1, 0xffffffff))
	add("a fold with one range", twice, exec.CodeTrace, pars(airdata.Fold([]airdata.FoldLore{{ValuePos: 1, Ranges: make([]airdata.Range, 1)}}))...)
	add("a fold over an unknown position", twice, exec.CodeTrace, pars(airdata.Fold([]airdata.FoldLore{{ValuePos: 99, Ranges: make([]airdata.Range, 2)}}))...)
	add("a fold over no stream value", twice, exec.CodeTrace, pars(airdata.Fold([]airdata.FoldLore{{ValuePos: 0, Ranges: make([]airdata.Range, 2)}}))...)
	add("a fold that names a value twice", twice, exec.CodeTrace, pars(airdata.Fold([]airdata.FoldLore{
		{ValuePos: 1, Ranges: make([]airdata.Range, 2)}, {ValuePos: 1, Ranges: make([]airdata.Range, 2)},
	}))...)
	add("a fold longer than the trace", twice, exec.CodeTrace, pars(airdata.Fold([]airdata.FoldLore{
		{ValuePos: 1, Ranges: []airdata.Range{{Begin: 4, Len: 0xffffffff}, {Begin: 4, Len: 0xffffffff}}},
	}))...)

	f := forge()
	f.d.Trace = []airdata.State{airdata.Stream(f.result(b.id, "s", "f", "[]", "1"), 0)}
	in := at(c, one, nil, f.seal(mallory, b))
	list["a stream result where a scalar is wanted"] = forgery{in: in, ours: refused(in, exec.CodeResultKind)}
	in = at(c, strings.Replace(stream, `"f"`, `"other"`, 1), nil, f.seal())
	list["a result of another function"] = forgery{in: in, ours: refused(in, exec.CodeParameters)}
	in = at(c, strings.Replace(stream, "[]", "[1]", 1), nil, f.seal())
	list["a result of other arguments"] = forgery{in: in, ours: refused(in, exec.CodeParameters)}
}

// TestForgedDataHasNoEffect holds what perimeter.md 2 promises against each
// attack of its section 1 that reaches the interpreter.
func TestForgedDataHasNoEffect(t *testing.T) {
	for name, f := range forgeries() {
		t.Run(name, func(t *testing.T) {
			out, err := air.Invoke(t.Context(), f.in)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := f.ours(out); wrong != "" {
				t.Errorf("%s\nscript %s", wrong, f.in.Script)
			}
		})
	}
}

// TestForeignRequestNumbersAreNotPassedOn: perimeter.md 2.3.
func TestForeignRequestNumbersAreNotPassedOn(t *testing.T) {
	all := members("M", "B", "C")
	in := air.Input{
		Script: fmt.Sprintf(`(par (call %q ("s" "f") []) (null))`, all[1].id),
		Data:   forge(airdata.Par(1, 0), airdata.SentWithID(all[1].id, 5)).seal(all[0]),
		Params: all[2].params(all[0].id),
	}
	out, err := air.Invoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := showTrace(out.Data), "par(1,0) sent("+all[1].id+")"; got != want {
		t.Errorf("trace %s, want %s", got, want)
	}
}
