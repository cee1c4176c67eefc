// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/ast"
	"github.com/go-fluence/fluence/peer/air/data"
	"github.com/go-fluence/fluence/peer/air/oracle"
	"github.com/go-fluence/fluence/peer/air/parse"
)

// Environment of the simulator: how many invocations, and which seed comes first.
const (
	invocationsVariable = "ORACLE_INVOCATIONS"
	seedVariable        = "ORACLE_SEED"
)

func fromEnvironment(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestNetworksAgreeWithAquaVM runs random scripts over random networks whose
// peers are ours or avm.wasm. Every step is run by both, and they must agree but
// for the named deviations.
func TestNetworksAgreeWithAquaVM(t *testing.T) {
	invocations := int(fromEnvironment(t, invocationsVariable, 20_000))
	seed := fromEnvironment(t, seedVariable, 1)
	avm := newEngine(t).New()
	counts := map[string]int{}
	const enough = 5
	found := map[string]int{}
	for ; counts["invocations"] < invocations && len(found) < enough; seed++ {
		s := drawSetup(seed)
		_, d := simulate(t.Context(), avm, s, counts)
		if d == nil {
			continue
		}
		counts["differences"]++
		if found[d.kind]++; found[d.kind] > 1 {
			continue
		}
		small := shrink(t.Context(), avm, s, d.kind)
		n, d := simulate(t.Context(), avm, small, map[string]int{})
		t.Error(n.report(d))
	}
	logCounts(t, counts)
}

func logCounts(t *testing.T, counts map[string]int) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%8d %s", counts[k], k)
	}
}

// report writes a difference as a test case.
func (n *run) report(d *difference) string {
	var b strings.Builder
	script, err := parse.Format(n.script)
	if err != nil {
		script = n.script
	}
	fmt.Fprintf(&b, "difference of %s, seed %d, %d peers\n%s\n", d.kind, n.seed, n.peers, d.text)
	fmt.Fprintf(&b, "script:\n%s\nsteps before:\n%s\n", script, strings.Join(n.log, "\n"))
	for name, bytes := range map[string][]byte{"prev": n.last.Prev, "data": n.last.Data} {
		if dec, err := data.Decode(bytes, data.DefaultLimits()); err == nil {
			fmt.Fprintf(&b, "%s: %s\n", name, traceText(dec))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(n.last.Results)) {
		fmt.Fprintf(&b, "result %d: %d %.300s\n", id, n.last.Results[id].Code, n.last.Results[id].JSON)
	}
	text := b.String()
	for _, p := range n.members {
		text = strings.ReplaceAll(text, p.ID, "@"+p.Name)
	}
	return fmt.Sprintf("%sthe step, for fluenced air invoke --lines:\n%s\n", text, stepJSON(&n.last))
}

// stepJSON writes a step as `fluenced air invoke` reads it.
func stepJSON(in *air.Input) string {
	p := &in.Params
	results := map[uint32]any{}
	for id, r := range in.Results {
		results[id] = map[string]any{"ret_code": r.Code, "result": string(r.JSON)}
	}
	b, err := json.Marshal(map[string]any{
		"air": in.Script, "prev_data": in.Prev, "data": in.Data, "call_results": results,
		"params": map[string]any{
			"init_peer_id": p.InitPeerID, "current_peer_id": p.CurrentPeerID, "timestamp": p.Timestamp, "ttl": p.TTL,
			"key_format": p.KeyFormat, "secret_key": p.SecretKey, "particle_id": p.ParticleID, "hard_limit_enabled": p.HardLimit,
			"air_size_limit": p.AirSizeLimit, "particle_size_limit": p.ParticleSizeLimit, "call_result_size_limit": p.CallResultSizeLimit,
		},
	})
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// maxTrials bounds the networks that shrinking one difference may run.
const maxTrials = 1500

// shrink looks for a smaller script that still shows a difference of the kind.
func shrink(ctx context.Context, avm *oracle.AVM, s setup, kind string) setup {
	trials := 0
	fails := func(c setup) bool {
		trials++
		_, d := simulate(ctx, avm, c, map[string]int{})
		return d != nil && d.kind == kind
	}
	for shrunk := true; shrunk && trials < maxTrials; {
		shrunk = false
		for _, text := range smaller(s.script) {
			c := s
			c.script = text
			if trials < maxTrials && fails(c) {
				s, shrunk = c, true
				break
			}
		}
		if shrunk || s.peers == 1 {
			continue
		}
		for seed := range uint64(30) { // another order of events may need fewer steps
			c := s
			c.seed = s.seed + 1_000_000*(seed+1)
			c.peers--
			if fails(c) {
				s, shrunk = c, true
				break
			}
		}
	}
	return s
}

// smaller returns scripts that are simpler than src, the simplest first.
func smaller(src string) []string {
	s, err := parse.Parse(src)
	if err != nil {
		var list []string
		for n := len(src) / 2; n > 0; n /= 2 {
			for at := 0; at+n <= len(src); at += n {
				list = append(list, src[:at]+src[at+n:])
			}
		}
		return list
	}
	var list []string
	with := func(from, to int, text string) {
		list = append(list, src[:from]+text+src[to:])
	}
	var walk func(ast.Instr)
	walk = func(in ast.Instr) {
		span := in.Span()
		if in.String() != "null" {
			with(span.Start, span.End, "(null)")
		}
		for _, c := range ast.Children(in) {
			with(span.Start, span.End, src[c.Span().Start:c.Span().End])
		}
		switch in := in.(type) {
		case *ast.Fold:
			if in.Last != nil {
				with(in.Last.Span().Start, in.Last.Span().End, "")
			}
		case *ast.Call:
			for i := range in.Args {
				with(in.Args[i].Pos, in.Args[i].Pos+len(in.Args[i].String()), "")
			}
			if in.Output != nil {
				with(in.Output.Pos, in.Output.Pos+len(in.Output.Name), "")
			}
		}
		for _, c := range ast.Children(in) {
			walk(c)
		}
	}
	walk(s.Root)
	return list
}
