// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// fn is one exported function of a test module: its type, locals and code.
type fn struct {
	name            string
	params, results []wasmbin.ValType
	locals          []byte // the encoded local declarations; nil for none
	code            string // without the final end
}

// module assembles a module of exported functions with a memory of some pages.
func module(pages byte, imports string, fns ...fn) []byte {
	m := &wasmbin.Module{}
	types, funcs, exports, code := []byte{byte(len(fns))}, []byte{byte(len(fns))}, []byte{byte(len(fns))}, []byte{byte(len(fns))}
	imported := 0
	if imports != "" {
		imported = 1
	}
	for i, f := range fns {
		types = append(types, 0x60, byte(len(f.params)))
		for _, t := range f.params {
			types = append(types, byte(t))
		}
		types = append(types, byte(len(f.results)))
		for _, t := range f.results {
			types = append(types, byte(t))
		}
		funcs = append(funcs, byte(i))
		exports = append(wasmbin.AppendName(exports, f.name), wasmbin.KindFunc, byte(i+imported))
		locals := f.locals
		if locals == nil {
			locals = []byte{0}
		}
		body := append(append(append([]byte{}, locals...), f.code...), wasmbin.OpEnd)
		code = append(wasmbin.AppendU32(code, uint32(len(body))), body...)
	}
	m.Set(wasmbin.SectionType, types)
	if imports != "" {
		m.Set(wasmbin.SectionImport, []byte(imports))
	}
	m.Set(wasmbin.SectionFunction, funcs)
	m.Set(wasmbin.SectionMemory, []byte{1, 0, pages})
	m.Set(wasmbin.SectionExport, exports)
	m.Set(wasmbin.SectionCode, code)
	return m.Append(nil)
}

var i32 = wasmbin.ValI32

// guests is one module with everything that these tests call.
var guests = module(1, "",
	fn{name: "spin", code: "\x03\x40\x0c\x00\x0b"},
	fn{name: "deep", code: "\x10\x01"},
	fn{name: "add", params: []wasmbin.ValType{i32, i32}, results: []wasmbin.ValType{i32}, code: "\x20\x00\x20\x01\x6a"},
	fn{name: "fill", params: []wasmbin.ValType{i32}, code: "\x41\x00\x41\x07\x20\x00\xfc\x0b\x00"},
	fn{name: "grow", params: []wasmbin.ValType{i32}, results: []wasmbin.ValType{i32}, code: "\x20\x00\x40\x00"},
	fn{name: "trap", code: "\x00"},
	// fib(n): n < 2 ? n : fib(n-1) + fib(n-2)
	fn{name: "fib", params: []wasmbin.ValType{i32}, results: []wasmbin.ValType{i32}, code: "\x20\x00\x41\x02\x49\x04\x7f\x20\x00\x05\x20\x00\x41\x01\x6b\x10\x06\x20\x00\x41\x02\x6b\x10\x06\x6a\x0b"},
	// count(n): do { n-- } while (n)
	fn{name: "count", params: []wasmbin.ValType{i32}, code: "\x03\x40\x20\x00\x41\x01\x6b\x22\x00\x0d\x00\x0b"},
	// move(to, from, n): memory.copy
	fn{name: "move", params: []wasmbin.ValType{i32, i32, i32}, code: "\x20\x00\x20\x01\x20\x02\xfc\x0a\x00\x00"},
)

type guest struct {
	*engine.Instance
	mem *engine.Memory
}

func start(t testing.TB, cfg engine.Config, wasm []byte, memory uint64) guest {
	t.Helper()
	ctx := engine.WithGas(t.Context(), engine.NewGas(1e9))
	e, err := engine.New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(ctx)) })
	m, err := e.Compile(ctx, wasm, meter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mem := engine.NewMemory(memory)
	in, err := e.Instantiate(ctx, m, engine.InstanceConfig{Name: "guest", Memory: mem})
	if err != nil {
		t.Fatal(err)
	}
	return guest{in, mem}
}

// call runs a function with a budget and returns its first result and the gas used.
func (g guest) call(ctx context.Context, budget uint64, name string, args ...uint64) (uint64, uint64, error) {
	gas := engine.NewGas(budget)
	stack := append(args, 0)
	err := g.Call(engine.WithGas(ctx, gas), g.Function(name), stack)
	return uint64(uint32(stack[0])), gas.Used(), err
}

func TestGuestsEndWhenTheirBudgetsDo(t *testing.T) {
	tests := map[string]struct {
		name string
		args []uint64
		want error
	}{
		"an endless loop":              {"spin", nil, engine.ErrOutOfGas},
		"endless recursion":            {"deep", nil, engine.ErrStackOverflow},
		"a fill beyond memory":         {"fill", []uint64{1 << 31}, engine.ErrTrap},
		"a count beyond the gas":       {"count", []uint64{1 << 31}, engine.ErrOutOfGas},
		"unreachable code":             {"trap", nil, engine.ErrTrap},
		"a small call":                 {"add", []uint64{1, 2}, nil},
		"growth beyond the budget":     {"grow", []uint64{100}, nil}, // the guest sees -1
		"growth beyond any memory":     {"grow", []uint64{1<<32 - 1}, nil},
		"a copy from beyond memory":    {"move", []uint64{0, 1 << 20, 2 << 20}, engine.ErrTrap},
		"a fill of the whole memory":   {"fill", []uint64{65536}, nil},
		"a fill one byte beyond it":    {"fill", []uint64{65537}, engine.ErrTrap},
		"a copy one byte beyond it":    {"move", []uint64{1, 0, 65536}, engine.ErrTrap},
		"recursion within the budget":  {"fib", []uint64{15}, nil},
		"an exact copy of everything":  {"move", []uint64{0, 0, 65536}, nil},
		"a fill of nothing at the end": {"fill", []uint64{0}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var used [2]uint64
			for i, cfg := range []engine.Config{{}, {Interpreter: true}} {
				if cfg.Interpreter && errors.Is(tt.want, engine.ErrStackOverflow) {
					used[i] = used[0] // its own ceiling of 2 000 frames comes first
					continue
				}
				g := start(t, cfg, guests, 10<<16)
				var err error
				if _, used[i], err = g.call(t.Context(), 1e7, tt.name, tt.args...); !errors.Is(err, tt.want) {
					t.Fatalf("%s%v = %v, want %v", tt.name, tt.args, err, tt.want)
				}
				if g.Broken() != (tt.want != nil) {
					t.Errorf("broken = %v after %v", g.Broken(), err)
				}
				if res, _, err := g.call(t.Context(), 1e6, "add", 20, 22); err != nil || res != 42 {
					t.Errorf("the next call: %d, %v", res, err)
				}
			}
			if used[0] != used[1] || used[0] > 1e7 {
				t.Errorf("gas %d compiled, %d interpreted", used[0], used[1])
			}
		})
	}
}

func TestMemoryBudgetIsShared(t *testing.T) {
	g := start(t, engine.Config{}, guests, 3<<16)
	if got, _, err := g.call(t.Context(), 1e6, "grow", 2); err != nil || got != 1 {
		t.Fatalf("grow 2 = %d, %v; want the old size 1", got, err)
	}
	if got, _, err := g.call(t.Context(), 1e6, "grow", 1); err != nil || int32(got) != -1 {
		t.Fatalf("grow beyond the budget = %d, %v; want -1", int32(got), err)
	}
	if n := g.mem.Refusals(); n != 1 {
		t.Errorf("%d refusals, want 1", n)
	}
	if err := g.Close(t.Context()); err != nil || g.mem.Used() != 0 {
		t.Errorf("after Close: %d bytes used, %v", g.mem.Used(), err)
	}
}

func TestModuleThatBeginsTooLargeIsRefused(t *testing.T) {
	ctx := engine.WithGas(t.Context(), engine.NewGas(1e9))
	e, err := engine.New(ctx, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.WithoutCancel(ctx))
	m, err := e.Compile(ctx, module(100, "", fn{name: "f"}), meter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Instantiate(ctx, m, engine.InstanceConfig{Memory: engine.NewMemory(10 << 16)}); !errors.Is(err, engine.ErrMemory) {
		t.Errorf("Instantiate = %v, want ErrMemory", err)
	}
}

func TestUnknownImportsAreNamed(t *testing.T) {
	ctx := engine.WithGas(t.Context(), engine.NewGas(1e9))
	e, err := engine.New(ctx, engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.WithoutCancel(ctx))
	for name, imports := range map[string]string{
		"unknown module":   "\x01\x03foo\x03bar\x00\x00",
		"unknown function": "\x01\x16wasi_snapshot_preview1\x03bar\x00\x00",
	} {
		m, err := e.Compile(ctx, module(1, imports, fn{name: "f"}), meter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Instantiate(ctx, m, engine.InstanceConfig{Name: "guest"}); !errors.Is(err, engine.ErrImport) {
			t.Errorf("%s: %v, want ErrImport", name, err)
		}
	}
}

// TestCollectionRunsWhileGuestsSpin would hang if guests did not return to Go: a
// collection waits for every goroutine to reach a safe point.
func TestCollectionRunsWhileGuestsSpin(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := errors.New("the test has seen enough")
	var group errgroup.Group
	var spinning [4]guest
	for i := range spinning {
		spinning[i] = start(t, engine.Config{}, guests, 1<<20)
	}
	for _, g := range spinning {
		group.Go(func() error {
			_, _, err := g.call(ctx, 1e18, "spin")
			if !errors.Is(err, ended) {
				return err
			}
			return nil
		})
	}
	for range 10 {
		runtime.GC()
		runtime.Gosched()
	}
	cancel(ended)
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

func TestCopyInPiecesEqualsCopyAtOnce(t *testing.T) {
	const size = 4 << 20
	g := start(t, engine.Config{}, module(64, "",
		fn{name: "move", params: []wasmbin.ValType{i32, i32, i32}, code: "\x20\x00\x20\x01\x20\x02\xfc\x0a\x00\x00"},
		fn{name: "fill", params: []wasmbin.ValType{i32}, code: "\x41\x03\x41\x07\x20\x00\xfc\x0b\x00"},
		fn{name: "mem", results: []wasmbin.ValType{i32}, code: "\x3f\x00"},
	), 64<<16)
	mem, ok := g.Memory().Read(0, size)
	if !ok {
		t.Fatal("no memory")
	}
	want := make([]byte, size)
	for _, c := range [][3]uint64{{0, 5, 3 << 20}, {5, 0, 3 << 20}, {1 << 20, 0, 3 << 20}, {0, 1 << 20, 3<<20 - 1}, {7, 7, 2 << 20}, {100, 3, size - 100}} {
		for i := range mem {
			mem[i] = byte(i>>3) ^ byte(i>>11)
		}
		copy(want, mem)
		copy(want[c[0]:c[0]+c[2]], want[c[1]:c[1]+c[2]])
		if _, _, err := g.call(t.Context(), 1e8, "move", c[0], c[1], c[2]); err != nil {
			t.Fatal(err)
		}
		if string(want) != string(mem) {
			t.Errorf("move%v differs from copy", c)
		}
	}
	if _, _, err := g.call(t.Context(), 1e8, "fill", 3<<20+1); err != nil {
		t.Fatal(err)
	}
	for i := range 3<<20 + 1 {
		if mem[3+i] != 7 {
			t.Fatalf("byte %d is %d after fill", 3+i, mem[3+i])
		}
	}
}

func BenchmarkCall(b *testing.B) {
	for name, c := range map[string]struct {
		fn   string
		args []uint64
	}{"add": {"add", []uint64{1, 2}}, "fib25": {"fib", []uint64{25}}, "count1M": {"count", []uint64{1e6}}} {
		b.Run(name, func(b *testing.B) {
			g := start(b, engine.Config{}, guests, 1<<20)
			ctx := engine.WithGas(b.Context(), engine.NewGas(1<<60))
			f, stack := g.Function(c.fn), make([]uint64, 4)
			b.ReportAllocs()
			for b.Loop() {
				copy(stack, c.args)
				if err := g.Call(ctx, f, stack); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
