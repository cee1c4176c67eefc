// SPDX-License-Identifier: Apache-2.0

package service_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// fn is one function of a hand-written module. Its code stands without the final end.
type fn struct {
	params, results []wasmbin.ValType
	code            string
}

var (
	i32  = wasmbin.ValI32
	none []wasmbin.ValType
	one  = []wasmbin.ValType{i32}
	two  = []wasmbin.ValType{i32, i32}
)

const spinCode = "\x03\x40\x0c\x00\x0b"

// konst is the code of i32.const.
func konst(n int32) string { return string(wasmbin.AppendS64([]byte{0x41}, int64(n))) }

// convention is a well-behaved set of the six functions, for tests to break.
func convention() map[string]fn {
	return map[string]fn{
		"allocate": {two, one, konst(1024)}, "release_objects": {},
		"get_result_size": {none, one, konst(0)}, "get_result_ptr": {none, one, konst(0)},
		"set_result_size": {one, none, ""}, "set_result_ptr": {one, none, ""},
	}
}

// assemble makes a module of functions in the order of the names, one memory
// page, and what edit adds, with the interface types of a description.
func assemble(t testing.TB, fns map[string]fn, names []string, edit func(*wasmbin.Module), description string) []byte {
	t.Helper()
	n := byte(len(names))
	types, funcs, exports, code := []byte{n}, []byte{n}, []byte{n + 1}, []byte{n}
	for i, name := range names {
		f := fns[name]
		types = append(types, 0x60, byte(len(f.params)))
		for _, p := range f.params {
			types = append(types, byte(p))
		}
		types = append(types, byte(len(f.results)))
		for _, r := range f.results {
			types = append(types, byte(r))
		}
		funcs = append(funcs, byte(i))
		exports = append(wasmbin.AppendName(exports, name), wasmbin.KindFunc, byte(i))
		code = append(wasmbin.AppendU32(code, uint32(len(f.code)+2)), 0)
		code = append(append(code, f.code...), wasmbin.OpEnd)
	}
	m := &wasmbin.Module{}
	m.Set(wasmbin.SectionType, types)
	m.Set(wasmbin.SectionFunction, funcs)
	m.Set(wasmbin.SectionMemory, []byte{1, 0, 1})
	m.Set(wasmbin.SectionExport, append(wasmbin.AppendName(exports, "memory"), wasmbin.KindMemory, 0))
	m.Set(wasmbin.SectionCode, code)
	if edit != nil {
		edit(m)
	}
	d, err := it.ParseText(description)
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := it.Embed(m.Append(nil), d, wasmbin.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// evil assembles the convention, changed by what a test breaks, and functions f
// and start functions if they are there.
func evil(t testing.TB, broken map[string]fn, description string, edit func(*wasmbin.Module)) []byte {
	fns, names := convention(), append([]string{}, it.Convention[:]...)
	for _, extra := range []string{"f", "_initialize", "_start"} {
		if _, ok := broken[extra]; ok {
			names = append(names, extra)
		}
	}
	for name, f := range broken {
		fns[name] = f
	}
	return assemble(t, fns, names, edit, description)
}

func launch(t testing.TB, wasm []byte, gas uint64) (*service.Service, error) {
	s, err := service.New(t.Context(), library(t), service.Config{Gas: gas, Memory: 10 << 20, Modules: []service.ModuleConfig{{Name: "evil", Wasm: wasm}}})
	if err == nil {
		t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	}
	return s, err
}

// TestLoopsEnd is W01: wherever a guest loops, its gas ends it.
func TestLoopsEnd(t *testing.T) {
	for name, broken := range map[string]map[string]fn{
		"_initialize": {"_initialize": {none, none, spinCode}},
		"_start":      {"_start": {none, none, spinCode}},
	} {
		if _, err := launch(t, evil(t, broken, "", nil), 5e6); !errors.Is(err, engine.ErrOutOfGas) || !errors.Is(err, service.ErrLoad) {
			t.Errorf("%s: %v, want ErrOutOfGas", name, err)
		}
	}
	start := evil(t, map[string]fn{"f": {none, none, spinCode}}, "", func(m *wasmbin.Module) { m.Set(wasmbin.SectionStart, []byte{6}) })
	if _, err := launch(t, start, 5e6); !errors.Is(err, engine.ErrOutOfGas) {
		t.Errorf("start function: %v, want ErrOutOfGas", err)
	}
	text := konst(0) + konst(0)
	tests := map[string]struct {
		broken      map[string]fn
		description string
		want        error
	}{
		"the function":         {map[string]fn{"f": {none, none, spinCode}}, "f()", engine.ErrOutOfGas},
		"itself without end":   {map[string]fn{"f": {none, none, "\x10\x06"}}, "f()", engine.ErrStackOverflow},
		"allocate":             {map[string]fn{"f": {two, none, ""}, "allocate": {two, one, spinCode + "\x00"}}, "f(a: string)", engine.ErrOutOfGas},
		"get_result_ptr":       {map[string]fn{"f": {none, none, ""}, "get_result_ptr": {none, one, spinCode + "\x00"}}, "f() -> string", engine.ErrOutOfGas},
		"release_objects":      {map[string]fn{"f": {none, none, ""}, "release_objects": {none, none, spinCode}}, "f() -> string", engine.ErrOutOfGas},
		"a fill of the memory": {map[string]fn{"f": {none, none, text + konst(-1) + "\xfc\x0b\x00"}}, "f()", engine.ErrTrap},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := launch(t, evil(t, tt.broken, tt.description, nil), 5e6)
			if err != nil {
				t.Fatal(err)
			}
			args := "[]"
			if tt.description == "f(a: string)" {
				args = `["x"]`
			}
			res, err := s.Call(t.Context(), service.Call{Function: "f", Args: []byte(args)})
			if !errors.Is(err, tt.want) || res.Gas > 5e6 {
				t.Errorf("%v with gas %d, want %v", err, res.Gas, tt.want)
			}
		})
	}
}

// TestGuestsThatLie is W08: memory outside the guest's is never read or written.
func TestGuestsThatLie(t *testing.T) {
	result := func(at, size int32) map[string]fn {
		return map[string]fn{"f": {}, "get_result_ptr": {none, one, konst(at)}, "get_result_size": {none, one, konst(size)}}
	}
	allocates := func(at int32, params []wasmbin.ValType) map[string]fn {
		return map[string]fn{"f": {params, none, ""}, "allocate": {two, one, konst(at)}}
	}
	const cyclic = "record R { x: u32, next: []S }\nrecord S { r: u64 }\n"
	tests := map[string]struct {
		broken            map[string]fn
		description, args string
		want              error
	}{
		"result beyond memory":            {result(65536, 1), "f() -> string", "[]", abi.ErrGuest},
		"result half beyond memory":       {result(65530, 10), "f() -> []u8", "[]", abi.ErrGuest},
		"4 GiB result":                    {result(0, -1), "f() -> []u8", "[]", abi.ErrTooLarge},
		"2^32-1 elements":                 {result(0, -1), "f() -> []u64", "[]", abi.ErrGuest},
		"elements that wrap":              {result(0, 1<<29), "f() -> []u64", "[]", abi.ErrGuest},
		"text that is not UTF-8":          {map[string]fn{"f": {none, none, konst(0) + konst(0xff) + "\x36\x00\x00"}, "get_result_size": {none, one, konst(4)}}, "f() -> string", "[]", abi.ErrGuest},
		"record at the end":               {result(65535, 0), cyclic + "f() -> R", "[]", abi.ErrGuest},
		"negative offset":                 {result(-4, 8), "f() -> string", "[]", abi.ErrGuest},
		"allocate beyond memory":          {allocates(1<<30, two), "f(a: string)", `["abc"]`, abi.ErrGuest},
		"allocate at the end":             {allocates(65535, two), "f(a: []u8)", `[[1,2]]`, abi.ErrGuest},
		"allocate minus one":              {allocates(-1, two), "f(a: []u64)", `[[1]]`, abi.ErrGuest},
		"allocate for a record":           {allocates(65534, one), cyclic + "f(a: R)", `[[1,[]]]`, abi.ErrGuest},
		"allocate 0":                      {allocates(0, two), "f(a: string)", `["abc"]`, nil}, // its own memory, its own loss
		"overlapping blocks":              {allocates(8, two), "f(a: []string)", `[["abc","def","ghi"]]`, nil},
		"odd alignment":                   {allocates(13, two), "f(a: []u64)", `[[1,2]]`, nil},
		"empty result with a bad pointer": {result(-1, 0), "f() -> string", "[]", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := launch(t, evil(t, tt.broken, tt.description, nil), 1e8)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Call(t.Context(), service.Call{Function: "f", Args: []byte(tt.args)}); !errors.Is(err, tt.want) {
				t.Errorf("f%s = %v, want %v", tt.args, err, tt.want)
			}
		})
	}
}

// TestSectionsThatLie is W08: interface types that do not fit the module.
func TestSectionsThatLie(t *testing.T) {
	fits := evil(t, map[string]fn{"f": {two, none, ""}}, "f(a: string)", nil)
	tests := map[string]struct {
		edit func(*it.Interface)
		want error
	}{
		"no export":       {func(in *it.Interface) { in.Exports[6].Name = "g" }, abi.ErrAdapter},
		"call of nothing": {func(in *it.Interface) { in.Adapters[0].Instr = []it.Instr{{Op: it.CallCore, Arg: 99}} }, abi.ErrAdapter},
		"empty stack":     {func(in *it.Interface) { in.Adapters[0].Instr = []it.Instr{{Op: it.CallCore, Arg: 6}} }, abi.ErrAdapter},
		"argument 9":      {func(in *it.Interface) { in.Adapters[0].Instr = []it.Instr{{Op: it.ArgGet, Arg: 9}} }, abi.ErrAdapter},
		"a result left":   {func(in *it.Interface) { in.Adapters[0].Instr = []it.Instr{{Op: it.ArgGet}} }, abi.ErrAdapter},
		"a record of no type": {func(in *it.Interface) {
			in.Adapters[0].Instr = []it.Instr{{Op: it.ArgGet}, {Op: it.RecordLift, Arg: 77}}
		}, it.ErrMalformed},
		"a record of functions": {func(in *it.Interface) {
			in.Adapters[0].Instr = []it.Instr{{Op: it.ArgGet}, {Op: it.RecordLower, Arg: 1}}
		}, it.ErrMalformed},
		"text as array": {func(in *it.Interface) {
			in.Adapters[0].Instr = []it.Instr{{Op: it.ArgGet}, {Op: it.ArrayLower, Type: it.Type{Kind: it.U64}}, {Op: it.CallCore, Arg: 6}}
		}, nil},
		"implementation of 500": {func(in *it.Interface) { in.Impls[0].Adapter = 500 }, it.ErrMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := wasmbin.Parse(bytes.Clone(fits), wasmbin.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			last := &m.Sections[len(m.Sections)-1]
			in, err := it.Decode(last.Body)
			if err != nil {
				t.Fatal(err)
			}
			tt.edit(in)
			if last.Body, err = in.Encode(); err != nil {
				t.Fatal(err)
			}
			s, err := launch(t, m.Append(nil), 1e8)
			if err == nil {
				_, err = s.Call(t.Context(), service.Call{Function: "f", Args: []byte(`["x"]`)})
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// TestModulesThatExplodeAreRefused is W02, W03 and W10: before anything is compiled.
func TestModulesThatExplodeAreRefused(t *testing.T) {
	f := func(code string) map[string]fn { return map[string]fn{"f": {none, none, code}} }
	set := func(section byte, body []byte) func(*wasmbin.Module) {
		return func(m *wasmbin.Module) { m.Set(section, body) }
	}
	blocks := func(n int) string {
		return string(bytes.Repeat([]byte("\x02\x40"), n)) + string(bytes.Repeat([]byte("\x0b"), n))
	}
	table := konst(0) + "\x0e" + string(wasmbin.AppendU32(nil, 7<<20)) + string(make([]byte, 7<<20+1))
	many := wasmbin.AppendU32(nil, 70_000)
	tests := map[string]struct {
		wasm func() []byte
		want error
	}{
		"a million blocks":   {func() []byte { return evil(t, f(blocks(1e6)), "f()", nil) }, wasmbin.ErrTooLarge},
		"br_table of 7 MB":   {func() []byte { return evil(t, f(table), "f()", nil) }, wasmbin.ErrTooLarge},
		"70 000 data":        {func() []byte { return raw(set(wasmbin.SectionData, append(many, make([]byte, 70_000*3)...))) }, wasmbin.ErrTooLarge},
		"70 000 functions":   {func() []byte { return raw(set(wasmbin.SectionFunction, append(many, make([]byte, 70_000)...))) }, wasmbin.ErrTooLarge},
		"4 GiB at the start": {func() []byte { return raw(set(wasmbin.SectionMemory, []byte{1, 0, 0x80, 0x80, 4})) }, engine.ErrInvalid},
		"table of 2^32":      {func() []byte { return raw(set(wasmbin.SectionTable, []byte{1, 0x70, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})) }, wasmbin.ErrTooLarge},
		"two memories":       {func() []byte { return raw(set(wasmbin.SectionMemory, []byte{2, 0, 1, 0, 1})) }, wasmbin.ErrTooLarge},
		"shared memory":      {func() []byte { return raw(set(wasmbin.SectionMemory, []byte{1, 3, 1, 1})) }, wasmbin.ErrUnsupported},
		"relaxed SIMD":       {func() []byte { return evil(t, f("\xfd\x80\x02"), "f()", nil) }, wasmbin.ErrUnsupported},
		"atomics":            {func() []byte { return evil(t, f("\xfe\x03\x00"), "f()", nil) }, wasmbin.ErrUnsupported},
		"code that is wrong": {func() []byte { return evil(t, f("\x6a\x1a"), "f()", nil) }, engine.ErrInvalid},
		"names of the meter": {func() []byte {
			return raw(set(wasmbin.SectionImport, []byte("\x01\x0dfluence:meter\x05yield\x00\x00")), set(wasmbin.SectionType, []byte{1, 0x60, 0, 0}))
		}, meter.ErrReserved},
		"a socket of no WASI": {func() []byte {
			return raw(set(wasmbin.SectionImport, []byte("\x01\x16wasi_snapshot_preview1\x09sock_open\x00\x00")), set(wasmbin.SectionType, []byte{1, 0x60, 0, 0}))
		}, engine.ErrImport},
		"older WASI": {func() []byte {
			return raw(set(wasmbin.SectionImport, []byte("\x01\x0dwasi_unstable\x08fd_write\x00\x00")), set(wasmbin.SectionType, []byte{1, 0x60, 0, 0}))
		}, service.ErrLoad},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := launch(t, tt.wasm(), 1e8); !errors.Is(err, tt.want) || !errors.Is(err, service.ErrLoad) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// raw makes a module of sections, with an empty interface.
func raw(edits ...func(*wasmbin.Module)) []byte {
	m := &wasmbin.Module{}
	for _, edit := range edits {
		edit(m)
	}
	empty, _ := (&it.Interface{Version: it.GeneratedVersion}).Encode()
	m.Sections = append(m.Sections, wasmbin.Section{Name: it.SectionVersion, Body: []byte("0.14.0")}, wasmbin.Section{Name: it.SectionIT, Body: empty})
	return m.Append(nil)
}

func TestVersionGates(t *testing.T) {
	with := func(sdk, itv string) []byte {
		empty, err := (&it.Interface{Version: itv}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		m := &wasmbin.Module{Sections: []wasmbin.Section{{Name: it.SectionVersion, Body: []byte(sdk)}, {Name: it.SectionIT, Body: empty}}}
		return m.Append(nil)
	}
	for _, tt := range []struct{ sdk, it, want string }{
		{"0.6.0", "0.20.0", ""},
		{"0.18.1", "1.0.0", ""},
		{"0.5.9", "0.27.0", "engine error: module with name 'evil' compiled with 0.5.9 sdk version, but at least 0.6.0 required"},
		{"0.14.0", "0.19.9", "engine error: module with name 'evil' compiled with 0.19.9 IT version, but at least 0.20.0 required"},
		{"0.6.0-rc1", "0.20.0", "engine error: module with name 'evil' compiled with 0.6.0-rc1 sdk version, but at least 0.6.0 required"},
		{"new", "0.20.0", "engine error: module with name 'evil' compiled with new sdk version, but at least 0.6.0 required"},
	} {
		_, err := launch(t, with(tt.sdk, tt.it), 1e8)
		if got := errorText(err); got != tt.want {
			t.Errorf("SDK %s, IT %s: %s, want %s", tt.sdk, tt.it, got, tt.want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestEnginesAgree is W12: the same results and the same gas.
func TestEnginesAgree(t *testing.T) {
	calls := [][2]string{
		{"greeting", `["x"]`}, {"older", `[["Ann",41,["a","b"]]]`}, {"squares", `[100]`}, {"bytes", `[[1,2,3]]`}, {"hash", `[50]`}, {"fib", `[15]`}, {"matrix", `[12]`}, {"random", `[]`}, {"join", `[["a","b"]]`}, {"next", `[]`},
	}
	gas := map[string][]uint64{}
	for _, interpreter := range []bool{false, true} {
		e, err := engine.New(t.Context(), engine.Config{Interpreter: interpreter})
		if err != nil {
			t.Fatal(err)
		}
		lib := service.NewLibrary(e, meter.Options{CanonicalNaN: true})
		s, err := service.New(t.Context(), lib, service.Config{Modules: []service.ModuleConfig{module("all", guests.Build(t, "all", guests.All))}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			res, err := s.Call(t.Context(), service.Call{Function: c[0], Args: []byte(c[1])})
			if err != nil {
				t.Fatal(err)
			}
			key := c[0] + " = " + string(res.JSON)
			gas[key] = append(gas[key], res.Gas)
		}
		if err := errors.Join(s.Close(t.Context()), e.Close(t.Context())); err != nil {
			t.Error(err)
		}
	}
	for key, g := range gas {
		if len(g) != 2 || g[0] != g[1] {
			t.Errorf("%s: gas %d compiled and interpreted", key, g)
		}
	}
}
