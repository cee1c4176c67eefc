// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/go-fluence/fluence/peer/air"
	airdata "github.com/go-fluence/fluence/peer/air/data"
)

// TestTranscripts replays the files of testdata/transcripts. A file is one or
// more particles:
//
//	script            the script; @A stands for the peer id of A, the initiator
//	run at=A          one step; from=B delivers what B wrote last,
//	                  1=JSON answers call 1, fail1=JSON fails it with code 1
//
// The output is code and message, the trace, next peers and calls with origins.
func TestTranscripts(t *testing.T) {
	walkTranscripts(t, func(*testing.T, air.Input, air.Outcome) {})
}

// walkTranscripts replays all files and hands every step to check.
func walkTranscripts(t *testing.T, check func(*testing.T, air.Input, air.Outcome)) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		var script string
		var all []*member
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "script":
				all = members("A", "B", "C", "D")
				script = d.Input
				for _, m := range all {
					script = strings.ReplaceAll(script, "\"@"+m.name+"\"", "@"+m.name)
					script = strings.ReplaceAll(script, "@"+m.name, strconv.Quote(m.id))
				}
				return ""
			case "run":
				in, m := transcriptStep(t, d, all, script)
				out, err := air.Invoke(t.Context(), in)
				if err != nil {
					d.Fatalf(t, "%v", err)
				}
				check(t, in, out)
				m.kept = out.Data
				return withNames(show(out), all)
			}
			d.Fatalf(t, "unknown command %s", d.Cmd)
			return ""
		})
	})
}

func transcriptStep(t *testing.T, d *datadriven.TestData, all []*member, script string) (air.Input, *member) {
	var at, from string
	d.ScanArgs(t, "at", &at)
	d.MaybeScanArgs(t, "from", &from)
	m := byName(all, at)
	in := air.Input{Script: script, Prev: m.kept, Params: m.params(all[0].id), Results: map[uint32]air.Result{}}
	if from != "" {
		in.Data = byName(all, from).kept
	}
	for line := range strings.Lines(d.Input) {
		word, text, _ := strings.Cut(strings.TrimSpace(line), "=")
		number, failed := strings.CutPrefix(word, "fail")
		id, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			d.Fatalf(t, "%v", err)
		}
		r := air.Result{JSON: []byte(withIDs(text, all))}
		if failed {
			r.Code = 1
		}
		in.Results[uint32(id)] = r
	}
	return in, m
}

func byName(all []*member, name string) *member {
	return all[slices.IndexFunc(all, func(m *member) bool { return m.name == name })]
}

func withIDs(s string, all []*member) string {
	for _, m := range all {
		s = strings.ReplaceAll(s, "@"+m.name, m.id)
	}
	return s
}

func withNames(s string, all []*member) string {
	for _, m := range all {
		s = strings.ReplaceAll(s, m.id, "@"+m.name)
	}
	return s
}

// show prints an outcome for people.
func show(out air.Outcome) string {
	var s strings.Builder
	if out.Code != 0 {
		fmt.Fprintf(&s, "code %d %s\n", out.Code, out.Message)
	}
	if out.Code < 20000 || out.Code >= 30000 {
		fmt.Fprintf(&s, "trace %s\n", showTrace(out.Data))
	}
	if len(out.Next) > 0 {
		fmt.Fprintf(&s, "next %s\n", strings.Join(out.Next, " "))
	}
	for _, id := range sortedKeys(out.Calls) {
		c := out.Calls[id]
		fmt.Fprintf(&s, "call %d %s.%s\n", id, c.Service, c.Function)
		for i := range c.Args {
			fmt.Fprintf(&s, "  %s", c.Args[i])
			for _, t := range c.Tetraplets[i] {
				fmt.Fprintf(&s, " (%s)", strings.Join([]string{t.PeerPK, t.ServiceID, t.FunctionName, t.Lens}, "|"))
			}
			for _, o := range c.Origins[i] {
				fmt.Fprintf(&s, " <%s>", showOrigin(o))
			}
			s.WriteByte('\n')
		}
	}
	return s.String()
}

func showOrigin(o air.Origin) string {
	s := o.Kind.String()
	if o.Peer != "" {
		s += " " + o.Peer
	}
	if o.Function != "" {
		s += " " + o.Service + "." + o.Function
	}
	return s
}

// showTrace prints the trace of particle data, results by their values.
func showTrace(b []byte) string {
	d, err := airdata.Decode(b, airdata.Limits{})
	if err != nil {
		return err.Error()
	}
	words := make([]string, len(d.Trace))
	for i := range d.Trace {
		words[i] = showState(d, &d.Trace[i])
	}
	return strings.Join(words, " ")
}

func showState(d *airdata.InterpreterData, st *airdata.State) string {
	result := func() string {
		agg, _ := d.CIDs.ServiceResults.Get(st.CID())
		v, _ := d.CIDs.Values.Get(agg.Value)
		return v
	}
	switch st.Kind() {
	case airdata.KindPar:
		l, r := st.Sizes()
		return fmt.Sprintf("par(%d,%d)", l, r)
	case airdata.KindSent:
		return fmt.Sprintf("sent(%s)", st.Peer())
	case airdata.KindSentWithID:
		return fmt.Sprintf("sent(%s:%d)", st.Peer(), st.CallID())
	case airdata.KindScalar:
		return "scalar" + result()
	case airdata.KindStream:
		g, _ := st.Generation()
		return fmt.Sprintf("stream%s:g%d", result(), g)
	case airdata.KindUnused:
		return "unused"
	case airdata.KindFailed:
		return "failed" + result()
	case airdata.KindFold:
		return "fold" + showLore(st.Lore())
	case airdata.KindAp:
		return fmt.Sprintf("ap%v", st.Generations())
	case airdata.KindCanonSent:
		return fmt.Sprintf("canonsent(%s)", st.Peer())
	}
	c, _ := d.CIDs.CanonResults.Get(st.CID())
	list := make([]json.RawMessage, len(c.Values))
	for i, e := range c.Values {
		elem, _ := d.CIDs.CanonElements.Get(e)
		v, _ := d.CIDs.Values.Get(elem.Value)
		list[i] = json.RawMessage(v)
	}
	text, _ := json.Marshal(list)
	return "canon" + string(text)
}

func showLore(lore []airdata.FoldLore) string {
	parts := make([]string, len(lore))
	for i, l := range lore {
		parts[i] = fmt.Sprintf("%d:[%d+%d %d+%d]", l.ValuePos, l.Ranges[0].Begin, l.Ranges[0].Len, l.Ranges[1].Begin, l.Ranges[1].Len)
	}
	return "(" + strings.Join(parts, " ") + ")"
}
