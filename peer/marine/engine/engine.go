// SPDX-License-Identifier: Apache-2.0

// Package engine compiles and runs Wasm modules, metered, on wazero. A guest pays
// gas for what it does, returns to Go at least every millisecond of the cost
// table, has a bounded stack and a bounded memory, and sees of the host only what
// its imports offer. The package knows nothing of Marine's interface types:
// packages it, abi and service do.
package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// Errors of running a guest. Traps of the guest itself wrap ErrTrap.
var (
	// ErrOutOfGas says that a call used up its gas.
	ErrOutOfGas = errors.New("out of gas")
	// ErrStackOverflow says that a call nested too deeply.
	ErrStackOverflow = errors.New("stack overflow")
	// ErrTrap says that the guest trapped: unreachable code, a bad access, a division by zero.
	ErrTrap = errors.New("trap")
	// ErrExited says that the guest ended itself with proc_exit.
	ErrExited = errors.New("guest exited")
	// ErrMemory says that a module wants more memory than its budget at once.
	ErrMemory = errors.New("memory budget exceeded")
	// ErrInvalid says that a module does not validate.
	ErrInvalid = errors.New("invalid module")
	// ErrImport names an import that nothing offers.
	ErrImport = errors.New("unknown import")
)

// Config chooses how modules are compiled and run. Its zero value is usable.
type Config struct {
	// CacheDir keeps compiled code by content; "" keeps it in memory.
	CacheDir string
	// Precompile, if set, is asked to fill CacheDir with the given metered module
	// before it is compiled here, which then only reads it: a child process with
	// limits does the dangerous work.
	Precompile func(ctx context.Context, metered []byte) error
	// Interpreter runs without compiling.
	Interpreter bool
	// Limits bound modules.
	Limits wasmbin.Limits
	// MaxPages bounds the memory of one module in pages of 64 KiB; default 4 096 (256 MiB).
	MaxPages uint32
}

// Engine compiles modules and keeps what their instances share.
type Engine struct {
	cfg   Config
	cache wazero.CompilationCache
	rt    wazero.Runtime
}

// New returns an engine with WASI and the meter's host function.
func New(ctx context.Context, cfg Config) (*Engine, error) {
	if cfg.MaxPages == 0 {
		cfg.MaxPages = 4096
	}
	e := &Engine{cfg: cfg, cache: wazero.NewCompilationCache()}
	if cfg.CacheDir != "" {
		var err error
		if e.cache, err = wazero.NewCompilationCacheWithDir(cfg.CacheDir); err != nil {
			return nil, fmt.Errorf("open the cache of compiled code: %w", err)
		}
	}
	rc := wazero.NewRuntimeConfigCompiler()
	if cfg.Interpreter {
		rc = wazero.NewRuntimeConfigInterpreter()
	}
	e.rt = wazero.NewRuntimeWithConfig(ctx, rc.WithCompilationCache(e.cache).WithMemoryLimitPages(cfg.MaxPages).
		WithCoreFeatures(Features))
	_, err := e.rt.NewHostModuleBuilder(meter.Module).NewFunctionBuilder().
		WithGoFunction(api.GoFunc(yield), []api.ValueType{api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).
		Export(meter.Yield).Instantiate(ctx)
	if err == nil {
		_, err = wasi_snapshot_preview1.Instantiate(ctx, e.rt)
	}
	if err != nil {
		return nil, errors.Join(err, e.Close(ctx))
	}
	return e, nil
}

// Features are the WebAssembly features that modules may use: those of version
// 2.0, SIMD among them, which the official interpreter is built with.
const Features = api.CoreFeaturesV2

// Runtime returns the wazero runtime, for packages that build host modules.
func (e *Engine) Runtime() wazero.Runtime { return e.rt }

// Close ends all instances and frees compiled code.
func (e *Engine) Close(ctx context.Context) error {
	var err error
	if e.rt != nil {
		err = e.rt.Close(ctx)
	}
	return errors.Join(err, e.cache.Close(ctx))
}

// Module is a compiled module. It is safe for concurrent use.
type Module struct {
	compiled wazero.CompiledModule
	core     *wasmbin.Core
}

// Core returns the decoded core sections of the original module; not to be changed.
func (m *Module) Core() *wasmbin.Core { return m.core }

// Close frees the compiled code. Instances must be closed before.
func (m *Module) Close(ctx context.Context) error { return m.compiled.Close(ctx) }

// Compile meters, validates and compiles a module.
//
// Errors: those of wasmbin and meter, ErrInvalid.
func (e *Engine) Compile(ctx context.Context, wasm []byte, opt meter.Options) (*Module, error) {
	parsed, err := wasmbin.Parse(wasm, e.cfg.Limits)
	if err != nil {
		return nil, err
	}
	core, err := parsed.Core(e.cfg.Limits)
	if err != nil {
		return nil, err
	}
	metered, err := meter.Rewrite(wasm, e.cfg.Limits, opt)
	if err != nil {
		return nil, err
	}
	if e.cfg.Precompile != nil {
		if err := e.cfg.Precompile(ctx, metered); err != nil {
			return nil, fmt.Errorf("compile apart: %w", err)
		}
	}
	compiled, err := e.rt.CompileModule(ctx, metered)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return &Module{compiled: compiled, core: core}, nil
}
