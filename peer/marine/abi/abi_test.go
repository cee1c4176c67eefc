// SPDX-License-Identifier: Apache-2.0

package abi_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// echo is a guest that gives back what it gets: pair(offset, count) and
// one(offset) set the result registers, num(x) and wide(x) return x. Its
// allocate hands out memory one block after another until release_objects.
//
//	globals: 0 next free byte, 1 result offset, 2 result count
func echo() []byte {
	m := &wasmbin.Module{}
	const i, l = "\x7f", "\x7e"
	m.Set(wasmbin.SectionType, []byte("\x08"+
		"\x60\x02"+i+i+"\x01"+i+ // 0 allocate
		"\x60\x00\x00"+ // 1 release_objects
		"\x60\x00\x01"+i+ // 2 get
		"\x60\x01"+i+"\x00"+ // 3 set, one
		"\x60\x02"+i+i+"\x00"+ // 4 pair
		"\x60\x01"+i+"\x01"+i+ // 5 num
		"\x60\x01"+l+"\x01"+l+ // 6 wide
		"\x60\x01\x7c\x01\x7c")) // 7 float
	m.Set(wasmbin.SectionFunction, []byte("\x0a\x00\x01\x02\x02\x03\x03\x04\x03\x05\x06"))
	m.Set(wasmbin.SectionMemory, []byte{1, 0, 64})
	m.Set(wasmbin.SectionGlobal, []byte("\x03"+"\x7f\x01\x41\x80\x08\x0b"+"\x7f\x01\x41\x00\x0b"+"\x7f\x01\x41\x00\x0b"))
	exports := []byte{11}
	for n, name := range append(append([]string{}, it.Convention[:]...), "pair", "one", "num", "wide") {
		exports = append(wasmbin.AppendName(exports, name), wasmbin.KindFunc, byte(n))
	}
	m.Set(wasmbin.SectionExport, append(wasmbin.AppendName(exports, "memory"), wasmbin.KindMemory, 0))
	code := []byte{10}
	for _, body := range []string{
		"\x23\x00\x23\x00\x20\x00\x6a\x24\x00", // allocate
		"\x41\x80\x08\x24\x00",                 // release_objects
		"\x23\x02", "\x23\x01",                 // get_result_size, get_result_ptr
		"\x20\x00\x24\x02", "\x20\x00\x24\x01", // set_result_size, set_result_ptr
		"\x20\x00\x24\x01\x20\x01\x24\x02", // pair
		"\x20\x00\x24\x01",                 // one
		"\x20\x00", "\x20\x00",             // num, wide
	} {
		code = append(append(append(code, byte(len(body)+2), 0), body...), wasmbin.OpEnd)
	}
	m.Set(wasmbin.SectionCode, code)
	return m.Append(nil)
}

// machine runs echoes with different interfaces.
type machine struct {
	e *engine.Engine
	m *engine.Module
}

func newMachine(t testing.TB) machine {
	t.Helper()
	e, err := engine.New(t.Context(), engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(t.Context())) })
	m, err := e.Compile(t.Context(), echo(), meter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return machine{e, m}
}

// load returns an echo with the interface of a description, after edit.
func (m machine) load(ctx context.Context, description string, edit func(*it.Interface)) (*abi.Module, error) {
	d, err := it.ParseText(description)
	if err != nil {
		return nil, err
	}
	iface, err := it.Generate(d)
	if err != nil {
		return nil, err
	}
	if edit != nil {
		edit(iface)
	}
	in, err := m.e.Instantiate(ctx, m.m, engine.InstanceConfig{Name: "echo"})
	if err != nil {
		return nil, err
	}
	return abi.NewModule("echo", in, iface, nil)
}

func gas(ctx context.Context) context.Context {
	return engine.WithGas(ctx, engine.NewGas(1e9))
}

// types draws a type and a value of it, for the text form of descriptions.
func types(t *rapid.T, depth int) (string, abi.Value) {
	n := rapid.Uint64().Draw(t, "n")
	last := 10
	if depth > 3 {
		last = 8
	}
	switch k := rapid.IntRange(0, last).Draw(t, "kind"); k {
	case 0:
		return "u8", abi.Value{N: uint64(uint8(n))}
	case 1:
		return "i8", abi.Value{N: uint64(int64(int8(n)))}
	case 2:
		return "u16", abi.Value{N: uint64(uint16(n))}
	case 3:
		return "i32", abi.Value{N: uint64(int64(int32(n)))}
	case 4:
		return "u64", abi.Value{N: n}
	case 5:
		return "bool", abi.Value{N: n & 1}
	case 6:
		return "f32", abi.Value{N: uint64(uint32(n))}
	case 7:
		return "string", abi.Value{B: []byte(rapid.String().Draw(t, "text"))}
	case 8:
		return "[]u8", abi.Value{B: append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")...)}
	default:
		typ, first := types(t, depth+1)
		list := abi.Value{L: []abi.Value{}}
		if typ == "u8" {
			return "[]u8", abi.Value{B: []byte{byte(first.N)}}
		}
		for range rapid.IntRange(0, 3).Draw(t, "count") {
			list.L = append(list.L, first)
		}
		return "[]" + typ, list
	}
}

func TestValuesComeBackFromAGuest(t *testing.T) {
	ctx := gas(t.Context())
	m := newMachine(t)
	rapid.Check(t, func(rt *rapid.T) {
		fields, v := []string{}, abi.Value{}
		for i := range rapid.IntRange(1, 6).Draw(rt, "fields") {
			typ, f := types(rt, 0)
			fields = append(fields, fmt.Sprintf("f%d: %s", i, typ))
			v.L = append(v.L, f)
		}
		mod, err := m.load(ctx, "record R { "+strings.Join(fields, ", ")+" }\none(r: R) -> R\npair(l: []R) -> []R", nil)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = mod.Instance().Close(ctx) }()
		if got, err := mod.Call(gas(ctx), "one", []abi.Value{v}); err != nil || !reflect.DeepEqual(got, []abi.Value{v}) {
			rt.Fatalf("one(%v) = %v, %v", v, got, err)
		}
		list := abi.Value{L: []abi.Value{v, v}}
		if got, err := mod.Call(gas(ctx), "pair", []abi.Value{list}); err != nil || !reflect.DeepEqual(got, []abi.Value{list}) {
			rt.Fatalf("pair(%v) = %v, %v", list, got, err)
		}
	})
}

// TestAdaptersConvertAsStated: 8 and 16 bits in range, 32 and 64 keep their bits.
func TestAdaptersConvertAsStated(t *testing.T) {
	m := newMachine(t)
	for _, tt := range []struct {
		typ     string
		in, out uint64
		err     error
	}{
		{"u32", 1<<32 - 1, 1<<32 - 1, nil},
		{"i32", ^uint64(0), ^uint64(0), nil},
		{"u16", 65535, 65535, nil},
		{"u8", 256, 0, abi.ErrGuest}, // the guest returns what was passed, which is too much
		{"i8", 128, 0, abi.ErrGuest},
		{"i8", ^uint64(127), ^uint64(127), nil},
		{"i16", 1 << 15, 0, abi.ErrGuest},
		{"bool", 1, 1, nil},
	} {
		mod, err := m.load(gas(t.Context()), "num(x: "+tt.typ+") -> "+tt.typ, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := mod.Call(gas(t.Context()), "num", []abi.Value{{N: tt.in}})
		if !errors.Is(err, tt.err) || err == nil && got[0].N != tt.out {
			t.Errorf("%s %#x = %v, %v; want %#x, %v", tt.typ, tt.in, got, err, tt.out, tt.err)
		}
	}
	mod, err := m.load(gas(t.Context()), "wide(x: u64) -> u64", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := mod.Call(gas(t.Context()), "wide", []abi.Value{{N: 1<<64 - 1}}); err != nil || got[0].N != 1<<64-1 {
		t.Errorf("wide = %v, %v", got, err)
	}
}

func TestAdaptersThatDoNotFitAreRefused(t *testing.T) {
	m := newMachine(t)
	program := func(in ...it.Instr) func(*it.Interface) {
		return func(i *it.Interface) { i.Adapters[0].Instr = in }
	}
	get := it.Instr{Op: it.ArgGet}
	for name, tt := range map[string]struct {
		edit func(*it.Interface)
		want error
	}{
		"swap2 on one value":        {program(get, it.Instr{Op: it.Swap2}), abi.ErrAdapter},
		"dup on nothing":            {program(it.Instr{Op: it.Dup}), abi.ErrAdapter},
		"lift on nothing":           {program(it.Instr{Op: it.StringLift}), abi.ErrAdapter},
		"lower on nothing":          {program(it.Instr{Op: it.StringLower}), abi.ErrAdapter},
		"unknown record":            {program(get, it.Instr{Op: it.RecordLift, Arg: 1 << 40}), it.ErrMalformed},
		"function 2^63":             {program(it.Instr{Op: it.CallCore, Arg: 1 << 63}), abi.ErrAdapter},
		"argument 2^63":             {program(it.Instr{Op: it.ArgGet, Arg: 1 << 63}), abi.ErrAdapter},
		"a record that holds fewer": {program(it.Instr{Op: it.PushI32}, it.Instr{Op: it.RecordLower, Arg: 6}), abi.ErrAdapter},
		"nothing left":              {program(), abi.ErrAdapter},
		"two left":                  {program(get, get), abi.ErrAdapter},
	} {
		t.Run(name, func(t *testing.T) {
			mod, err := m.load(gas(t.Context()), "record R { a: u8, b: u8 }\nnum(x: i32) -> i32", tt.edit)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := mod.Call(gas(t.Context()), "num", []abi.Value{{N: 1}}); !errors.Is(err, tt.want) {
				t.Errorf("Call = %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := m.load(gas(t.Context()), "num(x: i32) -> i32", func(i *it.Interface) { i.Exports[0].Name = "absent" }); !errors.Is(err, abi.ErrAdapter) {
		t.Errorf("missing export: %v", err)
	}
}

func TestCallsCheckTheirArguments(t *testing.T) {
	mod, err := newMachine(t).load(gas(t.Context()), "num(x: i32) -> i32", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mod.Call(gas(t.Context()), "num", nil); err == nil || err.Error() != "function requires 1 arguments, 0 provided" {
		t.Errorf("too few: %v", err)
	}
	if _, err := mod.Call(gas(t.Context()), "absent", nil); !errors.Is(err, abi.ErrUnknownFunction) {
		t.Errorf("absent: %v", err)
	}
	if _, err := mod.Call(engine.WithGas(t.Context(), engine.NewGas(0)), "num", []abi.Value{{}}); !errors.Is(err, engine.ErrOutOfGas) {
		t.Errorf("without gas: %v", err)
	}
}
