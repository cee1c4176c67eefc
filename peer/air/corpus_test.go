// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
)

// recorded is one run of a compiled Aqua function on AquaVM: service calls in
// order, and hops.
type recorded struct {
	Script, Function, Note string
	Args                   map[string]json.RawMessage
	Log, Hops              []string
}

// logged is one line of a recorded log.
var logged = regexp.MustCompile(`^([A-Za-z]+): ([^(]*)\((\[.*)\) (?:-> (.*)|FAILS)$`)

// cut says what the recording cut off: results and arguments longer than 40
// characters.
func cut(function string) (string, bool) {
	long := map[string]string{
		"resolve_backend": `{"members":{"peer_id":"@mem","service_id":"m1"},"history":{"peer_id":"@hist","service_id":"h1"}}`,
		"list":            `["@init","@A","@B","@C"]`,
		"load":            `{"id":1,"inner":{"name":"n","tags":["t"]},"list":[{"name":"m","tags":["u","v"]}],"maybe":["x"]}`,
	}
	text, ok := long[function]
	return text, ok
}

// TestCompiledAquaRunsAsRecorded runs the corpus over a network in order of
// sending and compares calls and answers with what AquaVM did. The order of
// parallel branches is no rule, so lines are compared without it.
func TestCompiledAquaRunsAsRecorded(t *testing.T) {
	raw, err := os.ReadFile("testdata/aqua/traces.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Traces []recorded }
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Traces) < 50 {
		t.Fatalf("%d recorded runs, want more than 50", len(file.Traces))
	}
	for i, rec := range file.Traces {
		t.Run(fmt.Sprintf("%d_%s_%s", i, rec.Script, rec.Function), func(t *testing.T) {
			c := &corpusRun{t: t, rec: rec, all: members("init", "relay", "A", "B", "C", "D", "app", "mem", "hist")}
			c.run()
			var want []string
			for _, line := range rec.Log {
				if !strings.HasPrefix(line, "NOT VIA RELAY") {
					want = append(want, line)
				}
			}
			slices.Sort(want)
			slices.Sort(c.log)
			if !slices.Equal(c.log, want) {
				t.Errorf("calls\n  %s\nwant\n  %s", strings.Join(c.log, "\n  "), strings.Join(want, "\n  "))
			}
			hops := slices.Sorted(slices.Values(rec.Hops))
			slices.Sort(c.hops)
			if !slices.Equal(c.hops, hops) {
				t.Errorf("hops %v, want %v", c.hops, hops)
			}
		})
	}
}

type corpusRun struct {
	t      *testing.T
	rec    recorded
	all    []*member
	script string
	queue  []letter
	log    []string
	hops   []string
	used   []bool // lines of the recording that answered a call
}

// function cuts the script of the recorded function out of its file.
func (c *corpusRun) function() string {
	raw, err := os.ReadFile(filepath.Join("testdata", "aqua", c.rec.Script+".air"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, part := range strings.Split(string(raw), ";; function: ")[1:] {
		name, script, _ := strings.Cut(part, "\n")
		if strings.TrimSpace(name) == c.rec.Function {
			return script
		}
	}
	c.t.Fatalf("no function %s in %s", c.rec.Function, c.rec.Script)
	return ""
}

func (c *corpusRun) run() {
	c.script = c.function()
	c.used = make([]bool, len(c.rec.Log))
	interpreter := air.NewInterpreter(1 << 20)
	c.queue = []letter{{to: c.all[0]}}
	for steps := 0; len(c.queue) > 0 && steps < 300; steps++ {
		l := c.queue[0]
		c.queue = c.queue[1:]
		results := map[uint32]air.Result{}
		for first := true; first || len(results) > 0; first = false {
			in := air.Input{Script: c.script, Prev: l.to.kept, Data: l.data, Results: results, Params: l.to.params(c.all[0].id)}
			out, err := interpreter.Invoke(c.t.Context(), in)
			if err != nil || out.Code >= 20000 || out.Code > 0 && out.Code < 10000 {
				c.t.Fatal(err, out.Code, out.Message)
			}
			l.to.kept, l.data, results = out.Data, nil, map[uint32]air.Result{}
			for _, id := range sortedKeys(out.Calls) {
				results[id] = c.answer(l.to, out.Calls[id])
			}
			c.send(l.to, out)
		}
	}
}

// send takes the next peers in the order of the recording, which the answer of a
// race depends on.
func (c *corpusRun) send(from *member, out air.Outcome) {
	place := func(id string) int {
		return slices.Index(c.rec.Hops, from.name+">"+strings.TrimPrefix(withNames(id, c.all), "@"))
	}
	slices.SortStableFunc(out.Next, func(a, b string) int { return place(a) - place(b) })
	for _, id := range out.Next {
		for _, m := range c.all {
			if m.id == id {
				c.queue = append(c.queue, letter{m, out.Data})
				c.hops = append(c.hops, from.name+">"+m.name)
			}
		}
	}
}

// answer plays the services: the initiator's own, else what the recording says.
func (c *corpusRun) answer(m *member, call air.Call) air.Result {
	args, _ := json.Marshal(call.Args)
	text := withNames(string(args), c.all)
	switch call.Service {
	case "getDataSrv":
		if call.Function == "-relay-" {
			return air.Result{JSON: fmt.Appendf(nil, "%q", c.all[1].id)}
		}
		return air.Result{JSON: []byte(withIDs(string(c.rec.Args[call.Function]), c.all))}
	case "errorHandlingSrv":
		c.log = append(c.log, "ERROR "+text)
		return air.Result{JSON: []byte("null")}
	case "callbackSrv":
		if call.Function == "response" {
			c.log = append(c.log, "RESPONSE "+text)
			return air.Result{JSON: []byte("null")}
		}
	}
	name := call.Service + "." + call.Function
	for i, line := range c.rec.Log {
		f := logged.FindStringSubmatch(line)
		if f == nil || c.used[i] || f[1] != m.name || f[2] != name ||
			f[3] != text && (json.Valid([]byte(f[3])) || !strings.HasPrefix(text, f[3])) {
			continue
		}
		c.used[i] = true
		c.log = append(c.log, line)
		if f[4] == "" {
			return air.Result{Code: 1, JSON: []byte(`"bad"`)}
		}
		result := f[4]
		if !json.Valid([]byte(result)) {
			whole, ok := cut(call.Function)
			if !ok {
				c.t.Errorf("result of %s was cut off: %s", name, result)
			}
			result = whole
		}
		return air.Result{JSON: []byte(withIDs(result, c.all))}
	}
	c.log = append(c.log, fmt.Sprintf("%s: %s(%s) unexpected", m.name, name, text))
	return air.Result{JSON: []byte("null")}
}
