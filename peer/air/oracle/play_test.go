// SPDX-License-Identifier: Apache-2.0

package oracle_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/mr-tron/base58"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/data"
)

// invoker is one of the two interpreters.
type invoker func(context.Context, air.Input) (air.Outcome, error)

// player runs a script over peers A, B and C, first in first out, until nothing is
// left to do, and then delivers the last particle of each once more.
type player struct {
	invoke invoker
	script string
	peers  []*actor
	queue  []delivery
	out    strings.Builder
}

// actor is one peer of a transcript.
type actor struct {
	name, id string
	seed     []byte
	kept     []byte
	last     []byte
}

// delivery is what a peer is run with next.
type delivery struct {
	to      *actor
	data    []byte
	results map[uint32]air.Result
}

func newPlayer(invoke invoker, script string) *player {
	p := &player{invoke: invoke, script: script}
	for _, name := range []string{"A", "B", "C"} {
		seed := sha256.Sum256([]byte(name))
		public := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
		id := base58.Encode(append([]byte("\x00\x24\x08\x01\x12\x20"), public...))
		p.peers = append(p.peers, &actor{name: name, id: id, seed: seed[:]})
		p.script = strings.ReplaceAll(p.script, "@"+name, `"`+id+`"`)
	}
	return p
}

// play runs the script and returns the transcript.
func (p *player) play(ctx context.Context) (string, error) {
	p.queue = []delivery{{to: p.peers[0]}}
	const most = 60
	for n := 0; len(p.queue) > 0 && n < most; n++ {
		d := p.queue[0]
		p.queue = p.queue[1:]
		if err := p.step(ctx, d, ""); err != nil {
			return "", err
		}
	}
	p.queue = nil
	for _, a := range p.peers {
		if a.last == nil {
			continue
		}
		if err := p.step(ctx, delivery{to: a, data: a.last}, "again "); err != nil {
			return "", err
		}
	}
	text := p.out.String()
	for _, a := range p.peers {
		text = strings.ReplaceAll(text, a.id, "@"+a.name)
	}
	return text, nil
}

func (p *player) step(ctx context.Context, d delivery, mark string) error {
	out, err := p.invoke(ctx, air.Input{
		Script: p.script, Prev: d.to.kept, Data: d.data, Results: d.results,
		Params: air.Params{
			InitPeerID: p.peers[0].id, CurrentPeerID: d.to.id, SecretKey: d.to.seed, ParticleID: "particle-1",
			Timestamp: 1_700_000_000_000, TTL: 7000,
		},
	})
	if err != nil {
		return err
	}
	d.to.kept = out.Data
	if d.data != nil {
		d.to.last = d.data
	}
	fmt.Fprintf(&p.out, "%s%s:", mark, d.to.name)
	if out.Code != 0 {
		message, _, _ := strings.Cut(out.Message, "\n")
		if out.Code >= 20000 && out.Code < 30000 || out.Code < 10000 {
			message = "" // no script sees the text
		}
		fmt.Fprintf(&p.out, " code %d %s", out.Code, message)
	}
	fmt.Fprintf(&p.out, "\n  %s\n", readable(out.Data))
	results := map[uint32]air.Result{}
	for _, id := range slices.Sorted(maps.Keys(out.Calls)) {
		c := out.Calls[id]
		results[id] = serve(c)
		fmt.Fprintf(&p.out, "  ask %d %s.%s %s %s\n", id, c.Service, c.Function, c.Args, tetraplets(c.Tetraplets))
	}
	if len(results) > 0 {
		p.queue = append(p.queue, delivery{to: d.to, results: results})
	}
	for _, id := range slices.Sorted(slices.Values(out.Next)) {
		fmt.Fprintf(&p.out, "  to %s\n", id)
		for _, a := range p.peers {
			if a.id == id {
				p.queue = append(p.queue, delivery{to: a, data: out.Data})
			}
		}
	}
	return nil
}

// serve is every service of a transcript: the function's name is what it does.
func serve(c air.Call) air.Result {
	switch c.Function {
	case "fail":
		return air.Result{Code: 3, JSON: []byte(`"no luck"`)}
	case "text":
		return air.Result{JSON: []byte("no json")}
	case "list":
		return air.Result{JSON: []byte(`[1, {"a": [2.0]}, "k"]`)}
	case "object":
		return air.Result{JSON: []byte(`{"b": "B", "a": {"error_code": 5, "message": "m"}}`)}
	}
	if len(c.Args) == 0 {
		return air.Result{JSON: []byte(`null`)}
	}
	return air.Result{JSON: c.Args[0]}
}

func tetraplets(lists [][]air.Tetraplet) string {
	var b strings.Builder
	for i, list := range lists {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('[')
		for j, t := range list {
			if j > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%s|%s|%s|%s", t.PeerPK, t.ServiceID, t.FunctionName, t.Lens)
		}
		b.WriteByte(']')
	}
	return b.String()
}

// readable writes the trace of particle data with values in place of CIDs.
func readable(raw []byte) string {
	d, err := data.Decode(raw, data.DefaultLimits())
	if err != nil {
		return "data: " + err.Error()
	}
	if len(d.Trace) == 0 {
		return "-"
	}
	var words []string
	for i := range d.Trace {
		words = append(words, stateText(&d.Trace[i], &d.CIDs))
	}
	return strings.Join(words, " ")
}

func stateText(s *data.State, c *data.CIDInfo) string {
	result := func() string {
		r, _ := c.ServiceResults.Get(s.CID())
		v, _ := c.Values.Get(r.Value)
		return v
	}
	switch s.Kind() {
	case data.KindPar:
		l, r := s.Sizes()
		return fmt.Sprintf("par(%d,%d)", l, r)
	case data.KindSent:
		return fmt.Sprintf("sent(%s)", s.Peer())
	case data.KindSentWithID:
		// Whose request it is says which form is written; the number is an ask.
		return fmt.Sprintf("sent(%s)", s.Peer())
	case data.KindScalar:
		return fmt.Sprintf("scalar(%s)", result())
	case data.KindStream:
		g, _ := s.Generation()
		return fmt.Sprintf("stream(%s g%d)", result(), g)
	case data.KindUnused:
		return "unused"
	case data.KindFailed:
		return fmt.Sprintf("failed(%s)", result())
	case data.KindAp:
		return fmt.Sprintf("ap(g%v)", s.Generations())
	case data.KindCanonSent:
		return fmt.Sprintf("canonsent(%s)", s.Peer())
	case data.KindCanon:
		return canonText(s, c)
	}
	var b strings.Builder
	b.WriteString("fold(")
	for i, l := range s.Lore() {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%d:", l.ValuePos)
		for _, r := range l.Ranges {
			fmt.Fprintf(&b, " %d+%d", r.Begin, r.Len)
		}
	}
	return b.String() + ")"
}

func canonText(s *data.State, c *data.CIDInfo) string {
	r, _ := c.CanonResults.Get(s.CID())
	var values []string
	for _, e := range r.Values {
		element, _ := c.CanonElements.Get(e)
		v, _ := c.Values.Get(element.Value)
		values = append(values, v)
	}
	return fmt.Sprintf("canon[%s]", strings.Join(values, ","))
}

// replay runs every transcript with an interpreter. Where -rewrite is given the
// files are written anew; do so only with avm.wasm, that is with the build tag
// oracle.
func replay(t *testing.T, invoke invoker) {
	datadriven.Walk(t, "testdata/table", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text, err := newPlayer(invoke, d.Input).play(t.Context())
			if err != nil {
				d.Fatalf(t, "%v", err)
			}
			return text
		})
	})
}

func TestTableHoldsForOurs(t *testing.T) {
	if f := flag.Lookup("rewrite"); f != nil && f.Value.String() == "true" {
		return // TestTableHoldsForAquaVM writes it
	}
	replay(t, air.Invoke)
}

// TestTableNamesEveryCode keeps the table complete: each code a script can
// provoke stands in it.
func TestTableNamesEveryCode(t *testing.T) {
	var all strings.Builder
	files, err := os.ReadDir("testdata/table")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile("testdata/table/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, code := range []int{1, 10000, 10001, 10002, 10003, 10005, 10006, 10007, 10008, 10009, 10010, 10011, 10012, 20000, 20003, 20004, 20005, 20007, 20013} {
		if !strings.Contains(all.String(), fmt.Sprintf("code %d ", code)) {
			t.Errorf("no row ends with code %d", code)
		}
	}
}
