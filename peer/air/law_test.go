// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/peer/air"
	airdata "github.com/go-fluence/fluence/peer/air/data"
)

// TestLaws runs random scripts over random networks and holds every step to the
// laws of merging.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 11))
		peers := members("A", "B", "C")[:1+rnd.IntN(3)]
		g := newScriptGen(rnd, ids(peers))
		g.plain = true
		script := g.script()
		n := &network{rnd: rnd, script: script, members: peers, service: services(peers)}
		n.step = func(_ *member, in air.Input) (air.Outcome, bool) {
			in.Budget.Steps = 100_000
			out := invokeFor(t, in)
			if out.Code > 0 && (out.Code < 10000 || out.Code/10000 == 2) {
				return out, false
			}
			if wrong := checkLaws(t, in, out); wrong != "" {
				t.Fatalf("%s\nscript %s\nprev %s\ndata %s\nout  %s", wrong, script,
					showTrace(in.Prev), showTrace(in.Data), showTrace(out.Data))
			}
			return out, true
		}
		n.run(20)
	})
}

func invokeFor(t *rapid.T, in air.Input) air.Outcome {
	out, err := air.Invoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkLaws(t *rapid.T, in air.Input, out air.Outcome) string {
	if again := invokeFor(t, in); !bytes.Equal(again.Data, out.Data) || again.Code != out.Code {
		return "the same input gives another output"
	}
	if wrong := onlyGrows(in.Prev, out.Data); wrong != "" {
		return wrong
	}
	if wrong := verifies(out.Data, in.Params.ParticleID); wrong != "" {
		return "the next peer would refuse: " + wrong
	}
	if out.Code != 0 {
		return ""
	}
	rest := in
	rest.Prev, rest.Data, rest.Results = out.Data, nil, nil
	quiet := invokeFor(t, rest)
	if !bytes.Equal(quiet.Data, out.Data) || len(quiet.Calls) > 0 {
		return fmt.Sprintf("running again without news changes something: code %d %s, calls %v, trace %s",
			quiet.Code, quiet.Message, sortedKeys(quiet.Calls), showTrace(quiet.Data))
	}
	rest.Data = out.Data
	if own := invokeFor(t, rest); !bytes.Equal(own.Data, out.Data) {
		return fmt.Sprintf("merging with itself changes something: code %d %s, trace %s", own.Code, own.Message, showTrace(own.Data))
	}
	rest.Data = in.Data
	if late := invokeFor(t, rest); !bytes.Equal(late.Data, out.Data) {
		return fmt.Sprintf("merging the same data twice changes something: code %d %s, trace %s", late.Code, late.Message, showTrace(late.Data))
	}
	return ""
}

// verifies says why a peer that receives b would refuse it, or nothing.
func verifies(b []byte, particle string) string {
	d, err := airdata.Decode(b, airdata.Limits{})
	if err == nil {
		_, err = airdata.Verify(d, particle, airdata.Limits{}, nil)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// onlyGrows: a run never loses a result or an entry that previous data had.
func onlyGrows(prev, next []byte) string {
	before, err := airdata.Decode(prev, airdata.Limits{})
	if err != nil {
		return err.Error()
	}
	after, err := airdata.Decode(next, airdata.Limits{})
	if err != nil {
		return err.Error()
	}
	have := cidTexts(after)
	for _, c := range cidTexts(before) {
		if _, ok := slices.BinarySearch(have, c); !ok {
			return "an entry of previous data is lost: " + c
		}
	}
	return ""
}

func cidTexts(d *airdata.InterpreterData) []string {
	var list []string
	for c := range d.CIDs.Values.All() {
		list = append(list, "v"+string(c))
	}
	for c := range d.CIDs.Tetraplets.All() {
		list = append(list, "t"+string(c))
	}
	for c := range d.CIDs.CanonElements.All() {
		list = append(list, "e"+string(c))
	}
	for c := range d.CIDs.CanonResults.All() {
		list = append(list, "c"+string(c))
	}
	for c := range d.CIDs.ServiceResults.All() {
		list = append(list, "s"+string(c))
	}
	slices.Sort(list)
	return list
}

// TestArrivalsCommute: the order in which two peers' data arrive changes
// generations only, never which results are there.
func TestArrivalsCommute(t *testing.T) {
	all := members("A", "B", "C")
	a, b, c := all[0], all[1], all[2]
	script := fmt.Sprintf(`(seq (par (call %q ("s" "id") ["b"] $s) (call %q ("s" "id") ["c"] $s))
		(seq (fold $s i (par (call %q ("s" "id") [i] $t) (next i))) (null)))`, b.id, c.id, a.id)
	start := mustInvoke(t, air.Input{Script: script, Params: a.params(a.id)})
	reply := func(m *member, value string) []byte {
		in := air.Input{Script: script, Data: start.Data, Params: m.params(a.id)}
		in.Prev, in.Data = mustInvoke(t, in).Data, nil
		in.Results = map[uint32]air.Result{1: {JSON: []byte(value)}}
		return mustInvoke(t, in).Data
	}
	fromB, fromC := reply(b, `"b"`), reply(c, `"c"`)
	merge := func(arrivals ...[]byte) []string {
		in := air.Input{Script: script, Prev: start.Data, Params: a.params(a.id)}
		for _, data := range arrivals {
			in.Data = data
			in.Prev = mustInvoke(t, in).Data
		}
		d, err := airdata.Decode(in.Prev, airdata.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return cidTexts(d)
	}
	if x, y := merge(fromB, fromC), merge(fromC, fromB); !slices.Equal(x, y) {
		t.Errorf("B then C %v\nC then B %v", x, y)
	}
}
