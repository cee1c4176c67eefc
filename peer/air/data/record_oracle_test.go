// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package data_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/oracle"
)

var record = flag.Bool("record", false, "rewrite testdata/avm and testdata/dump with what the official interpreter gives")

// avm is the official interpreter.
type avm struct {
	*oracle.AVM
	t testing.TB
}

func newAVM(t testing.TB) avm {
	t.Helper()
	wasm, err := oracle.Wasm(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := oracle.NewEngine(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(t.Context()) })
	return avm{e.New(), t}
}

// run is one run at a peer; trap tells that the interpreter crashed.
func (a avm) run(script, peer string, prev, arrived []byte, results map[uint32]air.Result) (o air.Outcome, trap bool) {
	a.t.Helper()
	o, err := a.Invoke(a.t.Context(), air.Input{
		Script: script, Prev: prev, Data: arrived, Results: results,
		Params: air.Params{
			InitPeerID: data.IDOfPeer("A"), CurrentPeerID: data.IDOfPeer(peer), Timestamp: 1700000000000, TTL: 7000,
			SecretKey: data.SecretOfPeer(peer), ParticleID: data.ParticleIDOfTests,
		},
	})
	if err != nil && !errors.Is(err, oracle.ErrTrap) {
		a.t.Fatal(err)
	}
	return o, err != nil
}

func (a avm) readable(b []byte) string {
	a.t.Helper()
	s, err := a.Readable(a.t.Context(), b)
	if err != nil {
		a.t.Fatal(err)
	}
	return s + "\n"
}

// network delivers one particle between peers that all run the official
// interpreter, and keeps every data it returned.
type network struct {
	a      avm
	script string
	prev   map[string][]byte
	seen   [][]byte
}

type delivery struct {
	to   string
	data []byte
}

// peersIn writes the ids of the peers @A, @B and @C into a script.
func peersIn(script string) string {
	for _, name := range []string{"A", "B", "C"} {
		script = strings.ReplaceAll(script, "@"+name, `"`+data.IDOfPeer(name)+`"`)
	}
	return script
}

func (n *network) run(t testing.TB) {
	names := make(map[string]string)
	for _, name := range []string{"A", "B", "C"} {
		names[data.IDOfPeer(name)] = name
	}
	queue := []delivery{{to: "A"}}
	for steps := 0; len(queue) > 0 && steps < 60; steps++ {
		d := queue[0]
		queue = queue[1:]
		for results := map[uint32]air.Result(nil); ; {
			o := n.step(t, d.to, d.data, results)
			for _, p := range o.Next {
				if name, ok := names[p]; ok {
					queue = append(queue, delivery{name, o.Data})
				}
			}
			if len(o.Calls) == 0 {
				break
			}
			results, d.data = serve(o.Calls), nil
		}
	}
}

func (n *network) step(t testing.TB, name string, arrived []byte, results map[uint32]air.Result) air.Outcome {
	t.Helper()
	o, trap := n.a.run(n.script, name, n.prev[name], arrived, results)
	if trap || o.Code != 0 && o.Code < 10000 {
		t.Fatalf("%s: code %d %s, trap %v", name, o.Code, o.Message, trap)
	}
	n.prev[name] = o.Data
	n.seen = append(n.seen, o.Data)
	return o
}

// serve answers every call: "fail" fails, "list" gives a list, others echo their
// first argument.
func serve(calls map[uint32]air.Call) map[uint32]air.Result {
	results := make(map[uint32]air.Result)
	for id, c := range calls {
		r := air.Result{JSON: []byte("null")}
		switch {
		case c.Function == "fail":
			r = air.Result{Code: 1, JSON: []byte(`"boom"`)}
		case c.Function == "list":
			r.JSON = []byte(`[1,2,3]`)
		case len(c.Args) > 0:
			r.JSON = json.RawMessage(c.Args[0])
		}
		results[id] = r
	}
	return results
}

var scenarios = map[string]string{
	"null":  `(null)`,
	"hops":  `(seq (call @A ("s" "f") ["v1"] x) (seq (call @B ("s" "g") [x] y) (call @A ("s" "h") [y])))`,
	"par":   `(seq (par (call @B ("s" "g") ["b"] x) (call @C ("s" "g") ["c"] y)) (call @A ("s" "h") [x y] z))`,
	"fail":  `(xor (call @A ("s" "fail") [1] x) (call @B ("s" "h") [%last_error% :error:] y))`,
	"fold":  `(seq (seq (call @A ("s" "a") [1] $s) (call @A ("s" "b") [2] $s)) (seq (fold $s i (seq (call @A ("s" "e") [i]) (next i))) (null)))`,
	"foldp": `(seq (seq (call @A ("s" "list") [] l) (fold l i (par (seq (call @B ("s" "m") [i] $o) (call @C ("s" "n") [i] $o)) (next i)))) (fold $o j (par (call @C ("s" "k") [j]) (next j))))`,
	"canon": `(seq (seq (ap 1 $st) (seq (ap "two" $st) (call @A ("s" "f") ["v"] $st))) (seq (canon @B $st #cc) (seq (call @A ("s" "h") [#cc #cc.length #cc.$.[1] #cc.$.[2]] r) (seq (ap #cc $tt) (seq (canon @C $tt #dd) (call @B ("s" "h") [#dd]))))))`,
	"maps":  `(seq (seq (ap ("k1" "v1") %mm) (seq (ap ("k2" "v2") %mm) (ap (7 "v7") %mm))) (seq (canon @B %mm #%cm) (seq (canon @A %mm sc) (call @A ("s" "h") [#%cm #%cm.$.k1 sc] x))))`,
	"recur": `(seq (ap 1 $rs) (fold $rs i (seq (seq (call @A ("s" "id") [i] y) (xor (match y 1 (ap 2 $rs)) (null))) (next i))))`,
	"wide":  `(seq (call @A ("s" "list") [] l) (fold l i (par (par (call @A ("s" "a") ["x"]) (call @B ("s" "b") [i] $o)) (next i))))`,
}

// dumped are the recorded data whose printed form is kept, too.
var dumped = map[string]bool{"null-00": true, "canon-07": true, "maps-02": true, "par-01": true, "fail-03": true, "fold-03": true}

// TestRecord runs the scenarios; with -record it rewrites testdata/avm: of each
// scenario the data after every run.
func TestRecord(t *testing.T) {
	a := newAVM(t)
	for name, script := range scenarios {
		n := &network{a: a, script: peersIn(script), prev: map[string][]byte{}}
		n.run(t)
		for i, b := range n.seen {
			if _, err := data.Verify(decode(t, b), data.ParticleIDOfTests, data.DefaultLimits(), nil); err != nil {
				t.Errorf("%s, run %d: %v", name, i, err)
			}
			if *record {
				keep(t, a, fmt.Sprintf("%s-%02d", name, i), b)
			}
		}
	}
}

func keep(t testing.TB, a avm, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("testdata", "avm", name+".bin"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	if !dumped[name] {
		return
	}
	if err := os.WriteFile(filepath.Join("testdata", "dump", name+".golden"), []byte(a.readable(b)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func decode(t testing.TB, b []byte) *data.InterpreterData {
	t.Helper()
	d, err := data.Decode(b, data.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func encode(t testing.TB, d *data.InterpreterData) []byte {
	t.Helper()
	b, err := data.Encode(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
