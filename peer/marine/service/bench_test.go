// SPDX-License-Identifier: Apache-2.0

package service_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
)

// loads are pure computations of the guest all: the function, its argument.
var loads = []struct {
	fn  string
	arg uint64
}{{"fib", 25}, {"hash", 1000}, {"matrix", 80}}

// BenchmarkMetered and BenchmarkUnmetered differ by the meter: the same guest
// functions, called the same way.
func BenchmarkMetered(b *testing.B) {
	s := start(b, nil)
	for _, l := range loads {
		b.Run(l.fn, func(b *testing.B) {
			b.ReportAllocs()
			var gas uint64
			for b.Loop() {
				res, err := s.Call(b.Context(), service.Call{Function: l.fn, Args: fmt.Appendf(nil, "[%d]", l.arg)})
				if err != nil {
					b.Fatal(err)
				}
				gas = res.Gas
			}
			b.ReportMetric(float64(gas), "gas/op")
		})
	}
}

func BenchmarkUnmetered(b *testing.B) {
	r := wazero.NewRuntime(b.Context())
	b.Cleanup(func() { _ = r.Close(b.Context()) })
	if _, err := wasi_snapshot_preview1.Instantiate(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	nothing := api.GoModuleFunc(func(context.Context, api.Module, []uint64) {})
	i32 := api.ValueTypeI32
	host := r.NewHostModuleBuilder("__marine_host_api_v3").NewFunctionBuilder().WithGoModuleFunction(nothing, []api.ValueType{i32, i32, i32, i32}, nil).Export("log_utf8_string")
	host = host.NewFunctionBuilder().WithGoModuleFunction(nothing, nil, nil).Export("get_call_parameters")
	if _, err := host.Instantiate(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := r.NewHostModuleBuilder("host").NewFunctionBuilder().WithGoModuleFunction(nothing, []api.ValueType{i32, i32}, nil).Export("cat").Instantiate(b.Context()); err != nil {
		b.Fatal(err)
	}
	m, err := r.InstantiateWithConfig(b.Context(), guests.Core(b, "all"), wazero.NewModuleConfig().WithStartFunctions("_initialize"))
	if err != nil {
		b.Fatal(err)
	}
	for _, l := range loads {
		b.Run(l.fn, func(b *testing.B) {
			b.ReportAllocs()
			fn := m.ExportedFunction(l.fn)
			for b.Loop() {
				if _, err := fn.Call(b.Context(), l.arg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCall measures calls whose work is the call itself. The native guest is
// hand-written: its own time is a few nanoseconds.
func BenchmarkCall(b *testing.B) {
	echo := map[string]fn{"f": {two, none, ""}, "get_result_ptr": {none, one, konst(1024)}, "get_result_size": {none, one, konst(8)}}
	s, err := launch(b, evil(b, echo, "f(a: string) -> string", nil), 0)
	if err != nil {
		b.Fatal(err)
	}
	linked := linked(b)
	all := start(b, nil)
	for _, c := range []struct {
		name     string
		s        *service.Service
		fn, args string
	}{
		{"string, native guest", s, "f", `["John Doe"]`},
		{"string, Go guest", all, "greeting", `["John Doe"]`},
		{"64 KiB string, Go guest", all, "greeting", `["` + strings.Repeat("a", 64<<10) + `"]`},
		{"scalar, Go guest", all, "neg8", `[1]`},
		{"record through two Go guests", linked, "much_older", `[["Ann",41,["a","b"]]]`},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.s.Call(b.Context(), service.Call{Function: c.fn, Args: []byte(c.args)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStart measures a service of a compiled module: from nothing to its first answer.
func BenchmarkStart(b *testing.B) {
	small := service.ModuleConfig{Name: "evil", Wasm: evil(b, map[string]fn{"f": {}}, "f()", nil)}
	for name, m := range map[string]service.ModuleConfig{"native guest": small, "Go guest": guest(b, "all", guests.All)} {
		if _, err := library(b).Load(b.Context(), m.Name, m.Wasm); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := service.New(b.Context(), library(b), service.Config{Modules: []service.ModuleConfig{m}})
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Close(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
