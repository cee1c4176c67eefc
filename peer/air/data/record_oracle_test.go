// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package data

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

var record = flag.Bool("record", false, "rewrite testdata/avm with data of the official interpreter")

// network delivers one particle between peers that all run the official
// interpreter, and keeps every data it returned.
type network struct {
	a      *avm
	script string
	keys   map[string]*KeyPair
	prev   map[string][]byte
	seen   [][]byte
}

type delivery struct {
	to   string
	data []byte
}

func (n *network) run(t testing.TB) {
	names := make(map[string]string)
	for name, k := range n.keys {
		n.script = strings.ReplaceAll(n.script, "@"+name, `"`+k.PeerID()+`"`)
		names[k.PeerID()] = name
	}
	queue := []delivery{{to: "A"}}
	for steps := 0; len(queue) > 0 && steps < 60; steps++ {
		d := queue[0]
		queue = queue[1:]
		var results map[string]map[string]any
		for {
			o := n.step(t, d.to, d.data, results)
			for _, p := range o.next {
				if name, ok := names[p]; ok {
					queue = append(queue, delivery{name, o.data})
				}
			}
			if len(o.calls) == 0 {
				break
			}
			results = serve(t, o.calls)
			d.data = nil
		}
	}
}

func (n *network) step(t testing.TB, name string, data []byte, results map[string]map[string]any) avmOutcome {
	t.Helper()
	p := avmParams{
		script: n.script, prev: n.prev[name], data: data, init: n.keys["A"].PeerID(), peer: n.keys[name].PeerID(),
		secret: n.keys[name].private.Seed(), particle: particleID, results: results,
	}
	o := n.a.invoke(p)
	if o.trap != nil || o.code != 0 && o.code < 10000 {
		t.Fatalf("%s: code %d %s %v", name, o.code, o.msg, o.trap)
	}
	n.prev[name] = o.data
	n.seen = append(n.seen, o.data)
	return o
}

// serve answers every call: "fail" fails, "list" gives a list, others echo their
// first argument.
func serve(t testing.TB, calls map[uint32]avmCall) map[string]map[string]any {
	results := make(map[string]map[string]any)
	for _, id := range slices.Sorted(maps.Keys(calls)) {
		c := calls[id]
		var args []any
		if err := msgpack.Unmarshal(c.Arguments, &args); err != nil {
			t.Fatal(err)
		}
		answer, code := "null", 0
		if len(args) > 0 {
			b, err := json.Marshal(args[0])
			if err != nil {
				t.Fatal(err)
			}
			answer = string(b)
		}
		switch c.Function {
		case "fail":
			answer, code = `"boom"`, 1
		case "list":
			answer = `[1,2,3]`
		}
		results[fmt.Sprint(id)] = map[string]any{"ret_code": code, "result": answer}
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

// TestRecord rewrites testdata/avm: of each scenario the data after every run.
func TestRecord(t *testing.T) {
	if !*record {
		t.Log("-record was not given: the scenarios run, but nothing is written")
	}
	a := newAVM(t)
	dumps := map[string]bool{"null-00": true, "canon-07": true, "maps-02": true, "par-01": true, "fail-03": true, "fold-03": true}
	for name, script := range scenarios {
		n := &network{a: a, script: script, keys: testKeys(t), prev: map[string][]byte{}}
		n.run(t)
		t.Logf("%s: %d runs, last data %d bytes", name, len(n.seen), len(n.seen[len(n.seen)-1]))
		if !*record {
			continue
		}
		for i, b := range n.seen {
			path := filepath.Join("testdata", "avm", fmt.Sprintf("%s-%02d.bin", name, i))
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			if name := fmt.Sprintf("%s-%02d", name, i); dumps[name] {
				path := filepath.Join("testdata", "dump", name+".golden")
				if err := os.WriteFile(path, []byte(a.readable(b)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Dump prints what the official interpreter prints, of its data and of ours.
func TestDumpAgreesWithAquaVM(t *testing.T) {
	a := newAVM(t)
	for name, b := range recorded(t) {
		for _, b := range [][]byte{b, mustEncode(t, mustDecode(t, b))} {
			var got strings.Builder
			if err := Dump(&got, mustDecode(t, b)); err != nil {
				t.Fatal(err)
			}
			if want := a.readable(b) + "\n"; got.String() != want {
				t.Errorf("%s: got\n%s\nwant\n%s", name, got.String(), want)
			}
		}
	}
}

// AquaVM judges forged data as we do, and takes ours as current and as previous
// data.
func TestVerifyAgreesWithAquaVM(t *testing.T) {
	a := newAVM(t)
	for name, tt := range forgeries() {
		f := newForge(t)
		tt.edit(f)
		b := mustEncode(t, f.build())
		me, init := f.keys["C"], f.keys["A"]
		p := avmParams{
			script: strings.ReplaceAll(`(seq (call @B ("s" "g") ["v"] $y) (canon @B $y #cc))`, "@B", `"`+f.keys["B"].PeerID()+`"`),
			data:   b, init: init.PeerID(), peer: me.PeerID(), secret: me.private.Seed(), particle: particleID,
		}
		o := a.invoke(p)
		if !tt.differs && (o.trap != nil || o.code != int64(tt.want)) {
			t.Errorf("%s: AquaVM: %d %s %v, want %d", name, o.code, o.msg, o.trap, tt.want)
		}
		if tt.differs && o.trap == nil && o.code == int64(tt.want) {
			t.Errorf("%s: AquaVM agrees", name)
		}
		t.Logf("%s: %d %.200s %v", name, o.code, o.msg, o.trap != nil)
		if tt.want == 0 {
			p.prev, p.data = p.data, nil
			if o := a.invoke(p); o.code != 0 || o.trap != nil {
				t.Errorf("%s as previous data: AquaVM: %d %s %v", name, o.code, o.msg, o.trap)
			}
		}
	}
}
