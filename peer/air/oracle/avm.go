// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

// The calling convention is Marine's: records are packed little-endian blocks in
// guest memory, texts and byte arrays are pairs of offset and length in them.

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// ErrTrap means that the interpreter crashed, which hostile data can make it do.
// The instance is gone; the next call starts a fresh one.
var ErrTrap = errors.New("avm.wasm trapped")

// Engine holds the compiled interpreter. Safe for concurrent use.
type Engine struct {
	runtime wazero.Runtime
	code    wazero.CompiledModule
}

// NewEngine compiles wasm, the bytes of avm.wasm. Close it after use.
func NewEngine(ctx context.Context, wasm []byte) (*Engine, error) {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithMemoryLimitPages(1<<15))
	e := &Engine{runtime: r}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, errors.Join(fmt.Errorf("link wasi: %w", err), r.Close(ctx))
	}
	_, err := r.NewHostModuleBuilder("__marine_host_api_v3").NewFunctionBuilder().
		WithFunc(func(_ context.Context, _, _, _, _ int32) {}).Export("log_utf8_string").Instantiate(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("link logger: %w", err), r.Close(ctx))
	}
	if e.code, err = r.CompileModule(ctx, wasm); err != nil {
		return nil, errors.Join(fmt.Errorf("compile avm.wasm: %w", err), r.Close(ctx))
	}
	return e, nil
}

// Close frees the compiled interpreter and every instance.
func (e *Engine) Close(ctx context.Context) error { return e.runtime.Close(ctx) }

// AVM is one interpreter instance, started when first needed. It keeps nothing
// from one call to the next. Not safe for concurrent use.
type AVM struct {
	engine *Engine
	module api.Module
}

// New returns an interpreter of the engine.
func (e *Engine) New() *AVM { return &AVM{engine: e} }

// zeros makes the interpreter's hash maps deterministic.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// start makes sure an instance runs.
func (a *AVM) start(ctx context.Context) error {
	if a.module != nil {
		return nil
	}
	cfg := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithRandSource(zeros{})
	m, err := a.engine.runtime.InstantiateModule(ctx, a.engine.code, cfg)
	if err != nil {
		return fmt.Errorf("instantiate avm.wasm: %w", err)
	}
	a.module = m
	return nil
}

// drop gives the instance up.
func (a *AVM) drop(ctx context.Context) {
	_ = a.module.Close(ctx)
	a.module = nil
}

// Close stops the instance.
func (a *AVM) Close(ctx context.Context) {
	if a.module != nil {
		a.drop(ctx)
	}
}

// call runs an exported function; a trap costs the instance.
func (a *AVM) call(ctx context.Context, name string, args ...uint64) (uint32, error) {
	ret, err := a.module.ExportedFunction(name).Call(ctx, args...)
	if err != nil {
		a.drop(ctx)
		return 0, fmt.Errorf("%s: %w: %w", name, ErrTrap, err)
	}
	if len(ret) == 0 {
		return 0, nil
	}
	return api.DecodeU32(ret[0]), nil
}

// lower copies b into guest memory; the guest owns the copy. An empty b has
// offset 0.
func (a *AVM) lower(ctx context.Context, b []byte) (uint64, error) {
	if len(b) == 0 {
		return 0, nil
	}
	const bytesTag = 1
	at, err := a.call(ctx, "allocate", uint64(len(b)), bytesTag)
	if err != nil {
		return 0, err
	}
	if !a.module.Memory().Write(at, b) {
		return 0, fmt.Errorf("write [%d, +%d): outside guest memory", at, len(b))
	}
	return uint64(at), nil
}

// lift copies n bytes at offset at out of guest memory.
func (a *AVM) lift(at, n uint32) ([]byte, error) {
	b, ok := a.module.Memory().Read(at, n)
	if !ok {
		return nil, fmt.Errorf("read [%d, +%d): outside guest memory", at, n)
	}
	return append([]byte(nil), b...), nil
}

// AST returns the interpreter's syntax tree of a script as JSON, or, when the
// script is not accepted, a text that starts with "error".
func (a *AVM) AST(ctx context.Context, script string) (string, error) {
	return a.textFunction(ctx, "ast", []byte(script))
}

// Readable returns particle data as the interpreter's JSON for people.
func (a *AVM) Readable(ctx context.Context, data []byte) (string, error) {
	return a.textFunction(ctx, "to_human_readable_data", data)
}

// textFunction runs an export that takes one block of bytes and returns a text.
func (a *AVM) textFunction(ctx context.Context, name string, arg []byte) (string, error) {
	if err := a.start(ctx); err != nil {
		return "", err
	}
	at, err := a.lower(ctx, arg)
	if err != nil {
		return "", err
	}
	if _, err := a.call(ctx, name, at, uint64(len(arg))); err != nil {
		return "", err
	}
	b, err := a.result(ctx)
	return string(b), err
}

// result copies what the last export returned and lets the guest free it.
func (a *AVM) result(ctx context.Context) ([]byte, error) {
	at, err := a.call(ctx, "get_result_ptr")
	if err != nil {
		return nil, err
	}
	n, err := a.call(ctx, "get_result_size")
	if err != nil {
		return nil, err
	}
	b, err := a.lift(at, n)
	if err != nil {
		return nil, err
	}
	_, err = a.call(ctx, "release_objects")
	return b, err
}
