// SPDX-License-Identifier: Apache-2.0

package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// Names that modules import from.
const (
	hostV0     = "host"
	hostPrefix = "__marine_host_api_v"
	wasi       = "wasi_snapshot_preview1"

	logFunction    = "log_utf8_string"
	paramsFunction = "get_call_parameters"
)

// isHost reports whether a namespace is the host's.
func isHost(namespace string) bool {
	return namespace == hostV0 || strings.HasPrefix(namespace, hostPrefix)
}

// hostModules builds what a module imports from other modules and from the host,
// once for all its instances: the functions find the calling instance in the
// context of the call.
func (m *Module) hostModules(ctx context.Context) (map[string]api.Module, error) {
	core, hosts := m.code.Core(), map[string]api.Module{}
	imports, err := m.iface.ImportFunctions()
	if err != nil {
		return nil, err
	}
	builders := map[string]wazero.HostModuleBuilder{}
	seen := map[string]bool{}
	for _, im := range core.Imports {
		if im.Module == wasi {
			continue
		}
		if im.Kind != wasmbin.KindFunc {
			return nil, fmt.Errorf("module imports %s from %s, which is not a function", im.Name, im.Module)
		}
		key := im.Module + "\x00" + im.Name
		if seen[key] {
			continue
		}
		seen[key] = true
		typ := core.Types[im.Index]
		fn, err := m.hostFunction(im, typ, imports)
		if err != nil {
			return nil, err
		}
		if builders[im.Module] == nil {
			builders[im.Module] = m.lib.eng.Runtime().NewHostModuleBuilder(im.Module)
		}
		builders[im.Module].NewFunctionBuilder().WithGoModuleFunction(fn, valueTypes(typ.Params), valueTypes(typ.Results)).Export(im.Name)
	}
	for namespace, b := range builders {
		compiled, err := b.Compile(ctx)
		if err != nil {
			return nil, err
		}
		if hosts[namespace], err = m.lib.eng.Runtime().InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName("")); err != nil {
			return nil, err
		}
	}
	return hosts, nil
}

func valueTypes(ts []wasmbin.ValType) []api.ValueType {
	out := make([]api.ValueType, len(ts))
	for i, t := range ts {
		out[i] = api.ValueType(t)
	}
	return out
}

// hostFunction returns what stands behind one import.
func (m *Module) hostFunction(im wasmbin.Import, typ wasmbin.FuncType, imports []it.ImportFunc) (api.GoModuleFunction, error) {
	i32 := wasmbin.ValI32
	if slices.Contains(typ.Params, wasmbin.ValV128) || slices.Contains(typ.Results, wasmbin.ValV128) {
		return nil, fmt.Errorf("module imports %s from %s with type %v", im.Name, im.Module, typ)
	}
	if isHost(im.Module) {
		var want []wasmbin.ValType
		var fn func(ctx context.Context, l *linked, stack []uint64) error
		switch im.Name {
		case logFunction:
			want, fn = []wasmbin.ValType{i32, i32, i32, i32}, logText
		case paramsFunction:
			fn = func(ctx context.Context, l *linked, _ []uint64) error { return l.callParameters(ctx, im.Module) }
		default:
			want = []wasmbin.ValType{i32, i32}
			fn = func(ctx context.Context, l *linked, stack []uint64) error { return l.binary(ctx, im.Name, stack) }
		}
		if !slices.Equal(typ.Params, want) || len(typ.Results) != 0 {
			return nil, fmt.Errorf("module imports %s from %s with type %v", im.Name, im.Module, typ)
		}
		return hostCall(fn), nil
	}
	k := slices.IndexFunc(imports, func(f it.ImportFunc) bool { return f.Namespace == im.Module && f.Name == im.Name })
	if k < 0 {
		return nil, fmt.Errorf("unknown import: %s.%s has no interface type", im.Module, im.Name)
	}
	return hostCall(func(ctx context.Context, l *linked, stack []uint64) error {
		args := make([]abi.Value, len(typ.Params))
		for i, t := range typ.Params {
			if args[i].N = stack[i]; t == wasmbin.ValI32 || t == wasmbin.ValF32 {
				args[i].N = uint64(uint32(stack[i]))
			}
		}
		out, err := l.mod.Import(ctx, k, args)
		if err != nil {
			return err
		}
		if len(out) != len(typ.Results) {
			return fmt.Errorf("%w: import %s.%s leaves %d values, %d are due", abi.ErrAdapter, im.Module, im.Name, len(out), len(typ.Results))
		}
		for i, v := range out {
			stack[i] = v.N
		}
		return nil
	}), nil
}

// hostCall finds the calling instance. An error ends the guest.
func hostCall(fn func(ctx context.Context, l *linked, stack []uint64) error) api.GoModuleFunc {
	return func(ctx context.Context, mod api.Module, stack []uint64) {
		l, err := calling(ctx, mod)
		if err == nil {
			err = fn(ctx, l, stack)
		}
		if err != nil {
			panic(err)
		}
	}
}

// log is log_utf8_string(level, target, offset, size).
func logText(ctx context.Context, l *linked, stack []uint64) error {
	level, target := int32(uint32(stack[0])), int32(uint32(stack[1]))
	text, ok := l.mod.ReadString(ctx, uint32(stack[2]), uint32(stack[3]))
	const perCall = 1 << 20
	if target == 0 || target&l.cfg.LoggingMask != 0 {
		l.svc.logged += len(text)
	}
	switch {
	case l.svc.cfg.Log == nil || l.svc.logged-len(text) > perCall:
	case l.svc.logged > perCall:
		l.svc.cfg.Log(Log{Module: l.cfg.Name, Level: 2, Text: "more than 1 MiB of logs in one call: the rest is dropped"})
	case !ok:
		l.svc.cfg.Log(Log{Module: l.cfg.Name, Level: 2, Text: "log of a text that is out of memory or not UTF-8 is dropped"})
	case target == 0 || target&l.cfg.LoggingMask != 0:
		if level < 1 || level > 5 {
			level = 5
		}
		l.svc.cfg.Log(Log{Module: l.cfg.Name, Level: int(level), Text: text})
	}
	return nil
}

// callParameters is get_call_parameters().
func (l *linked) callParameters(ctx context.Context, namespace string) error {
	in, record := paramsRecord(l.module.iface, namespace)
	v, err := l.svc.params.value(in, record)
	if err != nil {
		return err
	}
	return l.mod.SetResult(ctx, in, record, v)
}

// binary is a mounted binary: name(offset, count) of an array of strings.
func (l *linked) binary(ctx context.Context, name string, stack []uint64) error {
	bin, ok := l.cfg.Binaries[name]
	if !ok {
		return fmt.Errorf("binary %s is not mounted", name)
	}
	list, err := l.mod.Lift(ctx, it.Type{Kind: it.Array, Elem: &str}, uint32(stack[0]), uint32(stack[1]))
	if err != nil {
		return err
	}
	args := make([]string, len(list.L))
	for i, a := range list.L {
		args[i] = string(a.B)
	}
	l.ChargeTime(time.Millisecond) // of starting a process
	res := bin.Run(ctx, args)
	return l.mod.SetResult(ctx, layouts(), recordBinary, abi.Value{L: []abi.Value{
		{N: uint64(int64(res.Code))}, {B: []byte(res.Error)}, {B: res.Stdout}, {B: res.Stderr},
	}})
}
