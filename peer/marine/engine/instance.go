// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/go-fluence/fluence/peer/marine/engine/meter"
)

// InstanceConfig is what one instance gets from its host.
type InstanceConfig struct {
	// Name is used in messages only; instances of one engine may share it.
	Name string
	// Memory is the budget of linear memory; nil is the engine's bound per module.
	Memory *Memory
	// Resolve finds imported modules other than WASI; nil knows none.
	Resolve func(module string) api.Module
	// WASI holds file system, environment, arguments, clocks, randomness and
	// streams; nil offers none of them.
	WASI wazero.ModuleConfig
	// Ready, if set, gets the instance before its start functions run, which may
	// already call imports.
	Ready func(*Instance) error
}

// Instance is a running module. Its methods are not safe for concurrent use.
type Instance struct {
	name   string
	mod    api.Module
	gas    api.MutableGlobal
	stack  api.MutableGlobal
	broken bool
}

// Instantiate links and starts a module: _initialize, then _start, each if it is
// exported. The gas of ctx pays.
//
// Errors: ErrImport, ErrMemory, and those of Call.
func (e *Engine) Instantiate(ctx context.Context, m *Module, cfg InstanceConfig) (*Instance, error) {
	if err := e.imports(m, cfg); err != nil {
		return nil, err
	}
	mem := cfg.Memory
	if mem == nil {
		mem = NewMemory(uint64(e.cfg.MaxPages) << 16)
	}
	for _, own := range m.core.Memories {
		if need := int64(own.Min) << 16; need+mem.Used() > mem.limit {
			return nil, fmt.Errorf("%w: module %s begins with %d bytes, %d of %d are free", ErrMemory, cfg.Name, need, mem.limit-mem.Used(), mem.limit)
		}
	}
	wasi := cfg.WASI
	if wasi == nil {
		wasi = wazero.NewModuleConfig()
	}
	ictx := experimental.WithMemoryAllocator(ctx, mem)
	ictx = experimental.WithImportResolver(ictx, func(name string) api.Module {
		if cfg.Resolve == nil {
			return nil
		}
		return cfg.Resolve(name)
	})
	whole := GasOf(ctx).stack
	mod, err := e.rt.InstantiateModule(ictx, m.compiled, wasi.WithName("").WithStartFunctions())
	if err != nil {
		return nil, fmt.Errorf("instantiate %s: %w", cfg.Name, cause(err))
	}
	in := &Instance{name: cfg.Name, mod: mod}
	in.gas, _ = mod.ExportedGlobal(meter.GasGlobal).(api.MutableGlobal)
	in.stack, _ = mod.ExportedGlobal(meter.StackGlobal).(api.MutableGlobal)
	in.Take(ctx)
	GasOf(ctx).stack = whole
	if cfg.Ready != nil {
		if err := cfg.Ready(in); err != nil {
			return nil, errors.Join(err, mod.Close(ctx))
		}
	}
	for _, start := range []string{"_initialize", "_start"} {
		fn := mod.ExportedFunction(start)
		if fn == nil {
			continue
		}
		var stack [1]uint64
		if err := in.Call(ctx, fn, stack[:]); err != nil && !clean(err) {
			return nil, errors.Join(fmt.Errorf("%s of %s: %w", start, cfg.Name, err), mod.Close(ctx))
		}
	}
	return in, nil
}

// clean reports whether a guest ended itself with code 0.
func clean(err error) bool {
	var exit *sys.ExitError
	return errors.As(err, &exit) && exit.ExitCode() == 0
}

// imports names the first import that nothing offers.
func (e *Engine) imports(m *Module, cfg InstanceConfig) error {
	for _, im := range m.core.Imports {
		mod := e.rt.Module(im.Module)
		if cfg.Resolve != nil {
			if own := cfg.Resolve(im.Module); own != nil {
				mod = own
			}
		}
		if mod == nil {
			return fmt.Errorf("%w: module %s imports %s from %s, which nothing offers", ErrImport, cfg.Name, im.Name, im.Module)
		}
		if _, ok := mod.ExportedFunctionDefinitions()[im.Name]; !ok && mod.ExportedMemory(im.Name) == nil && mod.ExportedGlobal(im.Name) == nil {
			return fmt.Errorf("%w: module %s imports %s from %s, which does not have it", ErrImport, cfg.Name, im.Name, im.Module)
		}
	}
	return nil
}

// Name returns the name the instance was given.
func (in *Instance) Name() string { return in.name }

// Is reports whether mod, as a host function is given its caller, is this instance.
func (in *Instance) Is(mod api.Module) bool { return in.mod == mod }

// Function returns an exported function, or nil.
func (in *Instance) Function(name string) api.Function { return in.mod.ExportedFunction(name) }

// Memory returns the exported or only memory, or nil. Views of it are stale after
// any call.
func (in *Instance) Memory() api.Memory { return in.mod.Memory() }

// Broken reports whether the instance trapped: its state is unknown, and who owns
// it should replace it.
func (in *Instance) Broken() bool { return in.broken }

// Close ends the instance and frees its memory.
func (in *Instance) Close(ctx context.Context) error { return in.mod.Close(ctx) }

// Take moves the gas and stack that the guest holds back to the budget of ctx. A
// host function that calls guests brackets them with Take and Give.
func (in *Instance) Take(ctx context.Context) {
	g := GasOf(ctx)
	g.left += int64(in.gas.Get())
	in.gas.Set(0)
	g.stack = int32(uint32(in.stack.Get()))
}

// Give hands a slice of the budget of ctx, and what is left of the stack, to the guest.
func (in *Instance) Give(ctx context.Context) {
	g := GasOf(ctx)
	in.gas.Set(uint64(g.slice()))
	in.stack.Set(uint64(uint32(g.stack)))
}

// Call runs an exported function with wazero's stack convention: parameters in,
// results out, in the same slice. The gas of ctx pays.
//
// Errors: ErrOutOfGas, ErrStackOverflow, ErrTrap, ErrExited, the cause of ctx, and
// what host functions panicked with.
func (in *Instance) Call(ctx context.Context, fn api.Function, stack []uint64) error {
	g := GasOf(ctx)
	if g.left <= 0 {
		return ErrOutOfGas // a small function would end before it asks for gas
	}
	before := g.stack
	in.Give(ctx)
	err := fn.CallWithStack(ctx, stack)
	in.Take(ctx)
	g.stack = before
	if err == nil {
		return nil
	}
	in.broken = true
	return cause(err)
}

// cause names what ended a guest.
func cause(err error) error {
	var exit *sys.ExitError
	switch {
	case errors.Is(err, ErrOutOfGas):
		return ErrOutOfGas
	case errors.Is(err, ErrStackOverflow), strings.HasPrefix(err.Error(), "wasm error: stack overflow"):
		return ErrStackOverflow
	case errors.As(err, &exit):
		return fmt.Errorf("%w: %w", ErrExited, exit)
	case strings.HasPrefix(err.Error(), "wasm error:"):
		text, _, _ := strings.Cut(strings.TrimPrefix(err.Error(), "wasm error: "), "\n")
		return fmt.Errorf("%w: %s", ErrTrap, text)
	case strings.Contains(err.Error(), "(recovered by wazero)") && errors.Unwrap(err) != nil:
		return errors.Unwrap(err) // what a host function panicked with, without the guest's stack
	}
	return err
}
