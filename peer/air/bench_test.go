// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/peer/air"
)

// invoker is either interpreter.
type invoker func(context.Context, air.Input) (air.Outcome, error)

// benchCase prepares the input of one measured step for a particle with the
// given id; the key is fresh for each.
type benchCase struct {
	name    string
	prepare func(b testing.TB, particle string) air.Input
}

// benchCases are the cases of the project's performance comparison: A null
// script, B one call, B2 with its result, C2 replay and C3 merge of a particle
// of 100 sequential calls, D 500 parallel calls, D2 their results, E 1000 nested
// instructions, F a result of 1 MiB. C, the whole particle, is measured apart.
func benchCases() []benchCase {
	return []benchCase{
		{"A_null", func(_ testing.TB, id string) air.Input { return benchInput(id, "(null)") }},
		{"B_call", func(_ testing.TB, id string) air.Input { return benchInput(id, oneCall(id)) }},
		{"B2_result", func(b testing.TB, id string) air.Input {
			return answered(b, benchInput(id, oneCall(id)), []byte(`"result"`))
		}},
		{"C2_replay", func(b testing.TB, id string) air.Input {
			in := benchInput(id, sequential(id, 100))
			in.Prev = finish(b, in, []byte(`"result"`))
			return in
		}},
		{"C3_merge", func(b testing.TB, id string) air.Input {
			in := benchInput(id, sequential(id, 100))
			in.Prev = finish(b, in, []byte(`"result"`))
			in.Data = in.Prev
			return in
		}},
		{"D_parallel", func(_ testing.TB, id string) air.Input { return benchInput(id, parallel(id, 500)) }},
		{"D2_results", func(b testing.TB, id string) air.Input {
			return answered(b, benchInput(id, parallel(id, 500)), []byte(`"result"`))
		}},
		{"E_nested", func(_ testing.TB, id string) air.Input { return benchInput(id, nested(1000)) }},
		{"F_large", func(b testing.TB, id string) air.Input {
			large := append(append([]byte(`"`), bytes.Repeat([]byte("x"), 1<<20)...), '"')
			return answered(b, benchInput(id, oneCall(id)), large)
		}},
	}
}

func benchInput(id, script string) air.Input {
	m := newMember(id)
	p := m.params(m.id)
	p.ParticleID = id
	return air.Input{Script: script, Params: p}
}

func oneCall(id string) string {
	return fmt.Sprintf(`(call %q ("service" "function") ["argument"] x)`, newMember(id).id)
}

func sequential(id string, n int) string {
	peer := newMember(id).id
	var s strings.Builder
	for i := range n - 1 {
		fmt.Fprintf(&s, `(seq (call %q ("service" "function") ["argument"] x%d) `, peer, i)
	}
	fmt.Fprintf(&s, `(call %q ("service" "function") ["argument"] x%d)`, peer, n-1)
	return s.String() + strings.Repeat(")", n-1)
}

func parallel(id string, n int) string {
	peer := newMember(id).id
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, `(par (call %q ("service" "function") [%d] x%d) `, peer, i, i)
	}
	return s.String() + "(null)" + strings.Repeat(")", n)
}

func nested(n int) string {
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "(seq (ap %d x%d) ", i, i)
	}
	return s.String() + "(null)" + strings.Repeat(")", n)
}

// answered runs the first step and hands every call the same result.
func answered(b testing.TB, in air.Input, result []byte) air.Input {
	b.Helper()
	out, err := air.Invoke(b.Context(), in)
	if err != nil || out.Code != 0 {
		b.Fatal(err, out.Code, out.Message)
	}
	in.Prev = out.Data
	in.Results = make(map[uint32]air.Result, len(out.Calls))
	for id := range out.Calls {
		in.Results[id] = air.Result{JSON: result}
	}
	return in
}

// finish runs a particle until no call is left and returns its data.
func finish(b testing.TB, in air.Input, result []byte) []byte {
	b.Helper()
	for {
		in = answered(b, in, result)
		if len(in.Results) == 0 {
			return in.Prev
		}
	}
}

// runCases runs all cases with one interpreter. clock, if not nil, reads the CPU
// time of the process.
func runCases(b *testing.B, invoke invoker, clock func() time.Duration) {
	for _, c := range benchCases() {
		b.Run(c.name, func(b *testing.B) {
			inputs := make([]air.Input, 32) // nothing is remembered between them
			for n := range inputs {
				inputs[n] = c.prepare(b, fmt.Sprintf("particle-%d", n))
			}
			b.ReportAllocs()
			defer report(b, clock)()
			for n := 0; b.Loop(); n++ {
				out, err := invoke(b.Context(), inputs[n%len(inputs)])
				if err != nil || out.Code != 0 {
					b.Fatal(err, out.Code, out.Message)
				}
			}
		})
	}
	b.Run("C_sequential", func(b *testing.B) {
		inputs := make([]air.Input, 32)
		for n := range inputs {
			id := fmt.Sprintf("particle-%d", n)
			inputs[n] = benchInput(id, sequential(id, 100))
		}
		b.ReportAllocs()
		defer report(b, clock)()
		for n := 0; b.Loop(); n++ {
			in := inputs[n%len(inputs)]
			for steps := 0; steps == 0 || len(in.Results) > 0; steps++ {
				out, err := invoke(b.Context(), in)
				if err != nil || out.Code != 0 {
					b.Fatal(err, out.Code, out.Message)
				}
				in.Prev, in.Results = out.Data, make(map[uint32]air.Result)
				for call := range out.Calls {
					in.Results[call] = air.Result{JSON: []byte(`"result"`)}
				}
			}
		}
	})
}

// report measures CPU time until the returned function is called.
func report(b *testing.B, clock func() time.Duration) func() {
	if clock == nil {
		return func() {}
	}
	start := clock()
	return func() { b.ReportMetric(float64(clock()-start)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkInvoke measures single steps with nothing cached: fresh keys, ids and
// data in every iteration.
func BenchmarkInvoke(b *testing.B) { runCases(b, air.Invoke, nil) }

// BenchmarkInterpreter measures the same with the plans of scripts remembered,
// as a peer does: a script is parsed once for all steps of its particle.
func BenchmarkInterpreter(b *testing.B) { runCases(b, air.NewInterpreter(64<<20).Invoke, nil) }
