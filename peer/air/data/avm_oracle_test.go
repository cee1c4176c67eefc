// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package data

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/vmihailenco/msgpack/v5"
)

// avm runs the official interpreter. FLUENCE_AVM_WASM names the file avm.wasm of npm
// @fluencelabs/avm 0.62.0.
type avm struct {
	t   testing.TB
	mod api.Module
	new func() api.Module
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func newAVM(t testing.TB) *avm {
	t.Helper()
	path := os.Getenv("FLUENCE_AVM_WASM")
	wasm, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("set FLUENCE_AVM_WASM to the path of avm.wasm 0.62.0: %v", err)
	}
	ctx := t.Context()
	rt := wazero.NewRuntime(ctx)
	t.Cleanup(func() { _ = rt.Close(context.WithoutCancel(ctx)) })
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	_, err = rt.NewHostModuleBuilder("__marine_host_api_v3").NewFunctionBuilder().
		WithFunc(func(context.Context, uint32, uint32, uint32, uint32) {}).Export("log_utf8_string").Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := rt.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	a := &avm{t: t, new: func() api.Module {
		mod, err := rt.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName("").WithRandSource(zeros{}).WithStartFunctions("_initialize"))
		if err != nil {
			t.Fatal(err)
		}
		return mod
	}}
	a.mod = a.new()
	return a
}

type avmParams struct {
	script     string
	prev, data []byte
	init, peer string
	secret     []byte
	particle   string
	results    map[string]map[string]any
}

type avmOutcome struct {
	code  int64
	msg   string
	data  []byte
	next  []string
	calls map[uint32]avmCall
	trap  error
}

type avmCall struct {
	Service   string `msgpack:"service_id"`
	Function  string `msgpack:"function_name"`
	Arguments []byte `msgpack:"arguments"`
}

// call runs an export; a trap discards the instance.
func (a *avm) call(name string, args ...uint64) error {
	_, err := a.mod.ExportedFunction(name).Call(a.t.Context(), args...)
	if err != nil {
		a.mod = a.new()
	}
	return err
}

func (a *avm) lower(b []byte) (ptr, size uint64) {
	if len(b) == 0 {
		return 0, 0
	}
	res, err := a.mod.ExportedFunction("allocate").Call(a.t.Context(), uint64(len(b)), 1)
	if err != nil {
		a.t.Fatal(err)
	}
	a.mod.Memory().Write(uint32(res[0]), b)
	return res[0], uint64(len(b))
}

func (a *avm) invoke(p avmParams) avmOutcome {
	a.t.Helper()
	results := p.results
	if results == nil {
		results = map[string]map[string]any{}
	}
	packed, err := msgpack.Marshal(results)
	if err != nil {
		a.t.Fatal(err)
	}
	var args []uint64
	for _, b := range [][]byte{[]byte(p.script), p.prev, p.data} {
		ptr, n := a.lower(b)
		args = append(args, ptr, n)
	}
	var rec []byte
	fat := func(b []byte) {
		ptr, n := a.lower(b)
		rec = binary.LittleEndian.AppendUint32(rec, uint32(ptr))
		rec = binary.LittleEndian.AppendUint32(rec, uint32(n))
	}
	fat([]byte(p.init))
	fat([]byte(p.peer))
	rec = binary.LittleEndian.AppendUint64(rec, 1700000000000)
	rec = binary.LittleEndian.AppendUint32(rec, 7000)
	rec = append(rec, 0)
	fat(p.secret)
	fat([]byte(p.particle))
	for range 3 {
		rec = binary.LittleEndian.AppendUint64(rec, 1<<32)
	}
	rec = append(rec, 0)
	ptr, _ := a.lower(rec)
	args = append(args, ptr)
	ptr, n := a.lower(append([]byte{0x81, 0x04}, packed...))
	args = append(args, ptr, n)
	if err := a.call("invoke", args...); err != nil {
		return avmOutcome{trap: err}
	}
	return a.outcome()
}

func (a *avm) outcome() avmOutcome {
	res, err := a.mod.ExportedFunction("get_result_ptr").Call(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	mem := a.mod.Memory()
	u32 := func(at uint64) uint64 { n, _ := mem.ReadUint32Le(uint32(at)); return uint64(n) }
	blob := func(at uint64) []byte {
		b, _ := mem.Read(uint32(u32(at)), uint32(u32(at+4)))
		return bytes.Clone(b)
	}
	at := res[0]
	code, _ := mem.ReadUint64Le(uint32(at))
	o := avmOutcome{code: int64(code), msg: string(blob(at + 8)), data: blob(at + 16), calls: map[uint32]avmCall{}}
	for i := range u32(at + 28) {
		o.next = append(o.next, string(blob(u32(at+24)+8*i)))
	}
	if calls := blob(at + 32); len(calls) > 2 {
		if err := msgpack.Unmarshal(calls[2:], &o.calls); err != nil {
			a.t.Fatal(err)
		}
	}
	if err := a.call("release_objects"); err != nil {
		a.t.Fatal(err)
	}
	return o
}

// readable is to_human_readable_data.
func (a *avm) readable(b []byte) string {
	a.t.Helper()
	ptr, n := a.lower(b)
	if err := a.call("to_human_readable_data", ptr, n); err != nil {
		a.t.Fatal(err)
	}
	var at [2]uint32
	for i, name := range []string{"get_result_ptr", "get_result_size"} {
		res, err := a.mod.ExportedFunction(name).Call(a.t.Context())
		if err != nil {
			a.t.Fatal(err)
		}
		at[i] = uint32(res[0])
	}
	text, _ := a.mod.Memory().Read(at[0], at[1])
	text = bytes.Clone(text)
	if err := a.call("release_objects"); err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}
