// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/air"
	airdata "github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/exec"
)

func mustInvoke(t testing.TB, in air.Input) air.Outcome {
	t.Helper()
	out, err := air.Invoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPreparationCodes provokes every preparation code: the run is void and
// previous data stay.
func TestPreparationCodes(t *testing.T) {
	a := newMember("A")
	good := mustInvoke(t, air.Input{Script: "(null)", Params: a.params(a.id)})
	base := func() air.Input {
		return air.Input{Script: "(null)", Prev: good.Data, Params: a.params(a.id)}
	}
	encode := func(d *airdata.InterpreterData) []byte {
		b, err := airdata.Encode(d)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	wrongCID := &airdata.InterpreterData{}
	wrongCID.CIDs.Values.Insert(airdata.ValueCID("1"), "2")
	unsigned := forge()
	unsigned.d.Trace = []airdata.State{airdata.Scalar(unsigned.result(a.id, "s", "f", "[]", "1"))}
	tests := map[string]struct {
		edit func(*air.Input)
		code int64
	}{
		"script":                      {func(in *air.Input) { in.Script = "(nul)" }, 1},
		"script nested too deep":      {func(in *air.Input) { in.Script = strings.Repeat("(seq ", 100_000) }, 1},
		"inner data":                  {func(in *air.Input) { in.Data = append(bytes.Clone(good.Data[:len(good.Data)-1]), 0xff) }, 2},
		"envelope":                    {func(in *air.Input) { in.Data = []byte("garbage") }, 3},
		"envelope without inner data": {func(in *air.Input) { in.Data = cutInner(good.Data) }, 4},
		"previous envelope":           {func(in *air.Input) { in.Prev = []byte("garbage") }, 3},
		"old interpreter": {func(in *air.Input) {
			in.Data = encode(&airdata.InterpreterData{Versions: airdata.Versions{Interpreter: "0.60.9"}})
		}, 6},
		"key format":                   {func(in *air.Input) { in.Params.KeyFormat = 1 }, 7},
		"key length":                   {func(in *air.Input) { in.Params.SecretKey = make([]byte, 64) }, 7},
		"content that is not its CID":  {func(in *air.Input) { in.Data = encode(wrongCID) }, 8},
		"result without signature":     {func(in *air.Input) { in.Data = encode(&unsigned.d) }, 9},
		"signature of other particle":  {func(in *air.Input) { in.Prev, in.Data, in.Params.ParticleID = nil, good.Data, "other" }, 9},
		"script beyond a hard limit":   {func(in *air.Input) { in.Params.AirSizeLimit, in.Params.HardLimit = 5, true }, 10},
		"particle beyond a hard limit": {func(in *air.Input) { in.Data, in.Params.ParticleSizeLimit, in.Params.HardLimit = good.Data, 5, true }, 10},
		"result beyond a hard limit": {func(in *air.Input) {
			in.Results = map[uint32]air.Result{1: {JSON: []byte(`"long"`)}}
			in.Params.CallResultSizeLimit, in.Params.HardLimit = 5, true
		}, 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := base()
			tt.edit(&in)
			out := mustInvoke(t, in)
			if out.Code != tt.code || out.Message == "" {
				t.Errorf("code %d %q, want %d", out.Code, out.Message, tt.code)
			}
			if !bytes.Equal(out.Data, in.Prev) || len(out.Calls)+len(out.Next) > 0 {
				t.Errorf("a refused run changed something: %d bytes of data, want %d; calls %v, next %v",
					len(out.Data), len(in.Prev), out.Calls, out.Next)
			}
		})
	}
}

// cutInner renames the last field of an envelope.
func cutInner(b []byte) []byte {
	return bytes.Replace(bytes.Clone(b), []byte("inner_data"), []byte("other_data"), 1)
}

func TestSoftLimitsSetFlags(t *testing.T) {
	a := newMember("A")
	in := air.Input{Script: "(null)", Params: a.params(a.id), Results: map[uint32]air.Result{1: {JSON: []byte(`"long"`)}}}
	in.Data = mustInvoke(t, in).Data
	in.Params.AirSizeLimit, in.Params.ParticleSizeLimit, in.Params.CallResultSizeLimit = 5, 5, 5
	out := mustInvoke(t, in)
	if want := (air.Limits{Air: true, Particle: true, CallResult: true}); out.Exceeded != want {
		t.Errorf("exceeded %+v, want %+v", out.Exceeded, want)
	}
	if out.Code != air.CodeUnusedResults || len(out.Data) == 0 {
		t.Errorf("code %d %s with %d bytes of data, want %d with data", out.Code, out.Message, len(out.Data), air.CodeUnusedResults)
	}
}

// TestBombsEndByBudget: perimeter.md 1, F8.
func TestBombsEndByBudget(t *testing.T) {
	a := newMember("A")
	tests := map[string]func() air.Input{
		"values that double": func() air.Input {
			s := `(ap "0123456789abcdef" x0)`
			for i := range 30 {
				s = fmt.Sprintf(`(seq %s (new $s (seq (seq (ap x%d $s) (ap x%d $s)) (seq (canon %%init_peer_id%% $s #c%d) (ap #c%d x%d)))))`, s, i, i, i, i, i+1)
			}
			return air.Input{Script: s, Params: a.params(a.id)}
		},
		"folds in folds": func() air.Input {
			list := "[" + strings.Repeat("1,", 199) + "1]"
			body := "(null)"
			for i := range 4 {
				body = fmt.Sprintf("(fold xs i%d (seq %s (next i%d)))", i, body, i)
			}
			in := air.Input{Script: fmt.Sprintf(`(seq (call %q ("s" "f") [] xs) %s)`, a.id, body), Params: a.params(a.id)}
			in.Prev = mustInvoke(t, in).Data
			in.Results = map[uint32]air.Result{1: {JSON: []byte(list)}}
			return in
		},
		"5000 signers": func() air.Input {
			f := forge()
			key, _ := airdata.NewKeyPair(airdata.Ed25519, a.seed[:])
			sig := key.Sign(nil, "particle-1")
			for i := range 5000 {
				s := sig
				s.Key = airdata.PublicKey(fmt.Sprintf("\x00%032d", i))
				f.d.Signatures = append(f.d.Signatures, s)
			}
			return air.Input{Script: "(null)", Params: a.params(a.id), Data: f.seal()}
		},
		"deep recursion": func() air.Input {
			list := "[" + strings.Repeat("1,", 20_000) + "1]"
			in := air.Input{Script: fmt.Sprintf(`(seq (call %q ("s" "f") [] xs) (fold xs i (seq (null) (next i))))`, a.id), Params: a.params(a.id)}
			in.Prev = mustInvoke(t, in).Data
			in.Results = map[uint32]air.Result{1: {JSON: []byte(list)}}
			return in
		},
		"tetraplets of a canon": func() air.Input {
			s := `(canon %init_peer_id% $s #cc)`
			for range 300 {
				s = `(seq (ap 1 $s) ` + s + `)`
			}
			s = `(seq ` + s + ` (call %init_peer_id% ("s" "f") [` + strings.Repeat("#cc ", 5000) + `]))`
			return air.Input{Script: s, Params: a.params(a.id)}
		},
		"too much data": func() air.Input {
			return air.Input{Script: "(null)", Params: a.params(a.id), Data: make([]byte, 100), Budget: air.Budget{Bytes: 99}}
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			in := prepare()
			start := time.Now()
			out := mustInvoke(t, in)
			if out.Code != int64(exec.CodeBudget) {
				t.Errorf("code %d %s after %v, want %d", out.Code, out.Message, time.Since(start), exec.CodeBudget)
			}
			if !bytes.Equal(out.Data, in.Prev) || len(out.Calls)+len(out.Next) > 0 {
				t.Error("a bomb changed something")
			}
		})
	}
}

// TestOriginBudget: origin sets stand under the budget too.
func TestOriginBudget(t *testing.T) {
	a := newMember("A")
	in := air.Input{
		Script: `(seq (call %init_peer_id% ("s" "f") [] x) (seq (ap x $s) (seq (canon %init_peer_id% $s #cc) (call %init_peer_id% ("s" "g") [#cc]))))`,
		Params: a.params(a.id), Budget: air.Budget{Origins: 2},
	}
	in.Prev = mustInvoke(t, in).Data
	in.Results = map[uint32]air.Result{1: {JSON: []byte("1")}}
	if out := mustInvoke(t, in); out.Code != int64(exec.CodeBudget) {
		t.Errorf("code %d %s, want %d", out.Code, out.Message, exec.CodeBudget)
	}
}

// TestOriginsOfChainsAreJudgedOnce: each key is selected by the last one twice,
// so the ways to the first double with every step.
func TestOriginsOfChainsAreJudgedOnce(t *testing.T) {
	a := newMember("A")
	const n = 60
	script := fmt.Sprintf(`(call %%init_peer_id%% ("s" "g") [k%d])`, n)
	for i := n - 1; i >= 0; i-- {
		script = fmt.Sprintf(`(seq (ap m.$.[k%d].[k%d] k%d) %s)`, i, i, i+1, script)
	}
	script = `(seq (call %init_peer_id% ("s" "f") [] m) (seq (ap "a" k0) ` + script + `))`
	in := air.Input{Script: script, Params: a.params(a.id)}
	in.Prev = mustInvoke(t, in).Data
	in.Results = map[uint32]air.Result{1: {JSON: []byte(`{"a":{"a":"a"}}`)}}
	out := mustInvoke(t, in)
	if got := len(out.Calls[2].Origins[0]); out.Code != 0 || got != 2 {
		t.Errorf("code %d %s, %d origins, want the initiator and the result", out.Code, out.Message, got)
	}
}

func TestCancelledRunHasNoOutcome(t *testing.T) {
	a := newMember("A")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out, err := air.Invoke(ctx, air.Input{Script: "(null)", Params: a.params(a.id)})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if out.Data != nil || out.Code != 0 {
		t.Errorf("outcome %+v, want none", out)
	}
}

// countdown is a context that ends after some looks at it.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func TestLongRunNoticesCancellation(t *testing.T) {
	a := newMember("A")
	in := air.Input{Script: fmt.Sprintf(`(seq (call %q ("s" "f") [] xs) (fold xs i (seq (fold xs j (seq (null) (next j))) (next i))))`, a.id), Params: a.params(a.id)}
	in.Prev = mustInvoke(t, in).Data
	in.Results = map[uint32]air.Result{1: {JSON: []byte("[" + strings.Repeat("1,", 300) + "1]")}}
	if _, err := air.Invoke(&countdown{t.Context(), 5}, in); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want %v", err, context.DeadlineExceeded)
	}
}

// TestInterpreterIsSafeForConcurrentUse hammers one plan cache that is too small
// for all scripts, and compares every outcome with that of a run without it.
func TestInterpreterIsSafeForConcurrentUse(t *testing.T) {
	a := newMember("A")
	i := air.NewInterpreter(300)
	var inputs []air.Input
	var want []air.Outcome
	for n := range 8 {
		in := air.Input{Script: fmt.Sprintf(`(seq (ap %d x) (call %q ("s" "f%d") [x]))`, n, a.id, n), Params: a.params(a.id)}
		inputs, want = append(inputs, in), append(want, mustInvoke(t, in))
	}
	var wg sync.WaitGroup
	for p := range 4 {
		wg.Go(func() {
			for n := range 100 {
				k := (n*7 + p) % len(inputs)
				out, err := i.Invoke(t.Context(), inputs[k])
				if err != nil || !bytes.Equal(out.Data, want[k].Data) {
					t.Errorf("script %d: %v, %d bytes, want %d", k, err, len(out.Data), len(want[k].Data))
				}
			}
		})
	}
	wg.Wait()
}

func TestStatementsTellWhatWasSaid(t *testing.T) {
	all := members("A", "B")
	a, b := all[0], all[1]
	script := fmt.Sprintf(`(seq (call %q ("auth" "is_admin") ["x"] adm) (seq (call %q ("op" "identity") [adm] y) (null)))`, b.id, b.id)
	in := air.Input{Script: script, Params: b.params(a.id), Statements: true}
	in.Prev = mustInvoke(t, in).Data
	in.Results = map[uint32]air.Result{1: {JSON: []byte("true")}}
	out := mustInvoke(t, in)
	in.Prev, in.Results = out.Data, map[uint32]air.Result{2: {JSON: []byte("true")}}
	out = mustInvoke(t, in)
	if len(out.Statements) != 2 {
		t.Fatalf("%d statements, want 2", len(out.Statements))
	}
	first, second := out.Statements[0], out.Statements[1]
	if first.Origin.Function != "is_admin" || string(first.Args[0]) != `"x"` || first.ArgOrigins[0][0].Kind != air.OriginInitiator {
		t.Errorf("first statement %+v", first)
	}
	if second.Origin.Function != "identity" || second.ArgOrigins[0][0] != first.Origin || string(second.Value) != "true" {
		t.Errorf("second statement %+v, want an argument from %+v", second, first.Origin)
	}
	if first.Origin.ArgumentHash != string(airdata.ValueCID(`["x"]`)) {
		t.Errorf("argument hash %s", first.Origin.ArgumentHash)
	}
}

func TestDecodeResults(t *testing.T) {
	ok := []byte("\x81\x04\x81\xa11\x82\xa8ret_code\x05\xa6result\xa4null")
	got, err := air.DecodeResults(ok)
	if err != nil || len(got) != 1 || got[1].Code != 5 || string(got[1].JSON) != "null" {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := air.DecodeResults([]byte("\x81\x04\x80")); err != nil || len(got) != 0 {
		t.Errorf("empty: %v, %v", got, err)
	}
	bad := map[string]string{
		"nothing":        "",
		"other codec":    "\x81\x05\x80",
		"cut":            string(ok[:len(ok)-1]),
		"bytes behind":   string(ok) + "x",
		"integer key":    "\x81\x04\x81\x01\x82\xa8ret_code\x05\xa6result\xa4null",
		"lying length":   "\x81\x04\xdf\xff\xff\xff\xff",
		"lying text":     "\x81\x04\x81\xdb\xff\xff\xff\xffx",
		"missing field":  "\x81\x04\x81\xa11\x81\xa8ret_code\x05",
		"field twice":    "\x81\x04\x81\xa11\x82\xa8ret_code\x05\xa8ret_code\x05",
		"code too large": "\x81\x04\x81\xa11\x82\xa8ret_code\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa6result\xa4null",
		"number twice":   "\x81\x04\x82\xa11\x82\xa8ret_code\x05\xa6result\xa4null\xa11\x82\xa8ret_code\x05\xa6result\xa4null",
	}
	for name, b := range bad {
		if _, err := air.DecodeResults([]byte(b)); !errors.Is(err, &airdata.Error{Code: 5}) {
			t.Errorf("%s: %v, want code 5", name, err)
		}
	}
}
