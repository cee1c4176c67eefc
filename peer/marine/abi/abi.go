// SPDX-License-Identifier: Apache-2.0

// Package abi calls Marine modules with typed values: it runs the adapters of the
// interface types, moves strings, arrays and records in and out of guest memory,
// and links modules to each other. Guest numbers are hostile: they are bounded,
// then converted, then used, and whatever is read of guest memory is copied.
//
// Source: marine@1d94c294 and interface-types@045f933, as docs/spec/marine.md says.
package abi

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/api"

	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/it"
)

// Errors of calls. What a guest does wrong wraps ErrGuest.
var (
	// ErrGuest says that a guest broke the calling convention: memory out of
	// bounds, text that is not UTF-8, a value out of its range.
	ErrGuest = errors.New("guest broke the calling convention")
	// ErrAdapter says that an adapter does not fit the module it stands in.
	ErrAdapter = errors.New("bad adapter")
	// ErrUnknownFunction names a function that the module does not export.
	ErrUnknownFunction = errors.New("unknown function")
	// ErrTooLarge says that a value passes MaxValueBytes.
	ErrTooLarge = errors.New("value too large")
)

// MaxValueBytes bounds what one call may lift from guest memory.
const MaxValueBytes = 64 << 20

// Value is one value; its type stands in the signature.
type Value struct {
	N uint64  // numbers and bool: sign- or zero-extended to 64 bits; f32 and f64: their bits
	B []byte  // string and byte array
	L []Value // array and record
}

// Target is an IT function of another module, or of the host.
type Target func(ctx context.Context, args []Value) ([]Value, error)

// Module is one instance with its interface, ready to be called.
type Module struct {
	name    string
	in      *engine.Instance
	iface   *it.Interface
	core    []api.Function // the function index space: exports of the section
	funcs   map[string]*it.Func
	order   []string
	targets []target // behind core: imports that have an implementation
	alloc   api.Function
	raw     map[string]api.Function
}

type target struct {
	it.ImportFunc
	call Target
}

// NewModule joins an instance and its interface. The targets stand for the
// interface's ImportFunctions, in their order.
//
// Errors: it.ErrMalformed, ErrAdapter.
func NewModule(name string, in *engine.Instance, iface *it.Interface, targets []Target) (*Module, error) {
	m := &Module{name: name, in: in, iface: iface, funcs: map[string]*it.Func{}, raw: map[string]api.Function{}}
	for _, e := range iface.Exports {
		fn := in.Function(e.Name)
		if fn == nil {
			return nil, fmt.Errorf("%w: module %s does not export %s", ErrAdapter, name, e.Name)
		}
		m.core = append(m.core, fn)
	}
	fns, err := iface.Functions()
	if err != nil {
		return nil, err
	}
	for i := range fns {
		m.funcs[fns[i].Name] = &fns[i]
		m.order = append(m.order, fns[i].Name)
	}
	imports, err := iface.ImportFunctions()
	if err != nil {
		return nil, err
	}
	if len(imports) != len(targets) {
		return nil, fmt.Errorf("%w: module %s imports %d functions, %d are linked", ErrAdapter, name, len(imports), len(targets))
	}
	for i, im := range imports {
		m.targets = append(m.targets, target{im, targets[i]})
	}
	for _, n := range []string{"allocate", "release_objects", "set_result_ptr", "set_result_size"} {
		m.raw[n] = in.Function(n)
	}
	m.alloc = m.raw["allocate"]
	return m, nil
}

// Name returns the import name of the module.
func (m *Module) Name() string { return m.name }

// Instance returns the running instance.
func (m *Module) Instance() *engine.Instance { return m.in }

// Interface returns the module's interface; not to be changed.
func (m *Module) Interface() *it.Interface { return m.iface }

// Functions returns the names of the functions that may be called, in the order of the section.
func (m *Module) Functions() []string { return m.order }

// Function returns a function by name.
//
// Errors: ErrUnknownFunction.
func (m *Module) Function(name string) (*it.Func, error) {
	fn, ok := m.funcs[name]
	if !ok {
		return nil, fmt.Errorf("%w: function with name `%s` is missing", ErrUnknownFunction, name)
	}
	return fn, nil
}

// Call runs a function. The arguments have the types of its signature.
//
// Errors: ErrUnknownFunction, ErrGuest, ErrAdapter, ErrTooLarge, those of package engine.
func (m *Module) Call(ctx context.Context, name string, args []Value) ([]Value, error) {
	fn, err := m.Function(name)
	if err != nil {
		return nil, err
	}
	if len(args) != len(fn.Sig.Fields) {
		return nil, fmt.Errorf("function requires %d arguments, %d provided", len(fn.Sig.Fields), len(args))
	}
	c := &call{m: m, iface: m.iface, ctx: ctx, args: args, budget: MaxValueBytes}
	if err := c.run(fn.Body); err != nil {
		return nil, err
	}
	if len(c.stack) != len(fn.Sig.Outputs) {
		return nil, fmt.Errorf("%w: %s leaves %d values, its signature has %d", ErrAdapter, name, len(c.stack), len(fn.Sig.Outputs))
	}
	return c.stack, nil
}

// Import runs the adapter of the i-th import for a guest that called it with raw
// arguments, and returns the raw results.
func (m *Module) Import(ctx context.Context, i int, args []Value) ([]Value, error) {
	m.in.Take(ctx)
	defer m.in.Give(ctx)
	c := &call{m: m, iface: m.iface, ctx: ctx, args: args, budget: MaxValueBytes}
	if err := c.run(m.targets[i].Body); err != nil {
		return nil, err
	}
	return c.stack, nil
}

// SetResult lowers a record for a guest that called a host function returning
// one. The record is a type of iface, which need not be the module's own.
func (m *Module) SetResult(ctx context.Context, iface *it.Interface, record uint32, v Value) error {
	m.in.Take(ctx)
	defer m.in.Give(ctx)
	c := &call{m: m, iface: iface, ctx: ctx, budget: MaxValueBytes}
	at, err := c.lowerRecord(record, v, 0)
	if err != nil {
		return err
	}
	return c.callRaw("set_result_ptr", uint64(at))
}

// ReadString reads text from guest memory for a host function; false when it is
// out of bounds or not UTF-8. It is charged.
func (m *Module) ReadString(ctx context.Context, at, size uint32) (string, bool) {
	m.in.Take(ctx)
	defer m.in.Give(ctx)
	c := &call{m: m, iface: m.iface, ctx: ctx, budget: MaxValueBytes}
	b, err := c.bytes(at, size)
	if err != nil || !validUTF8(b) {
		return "", false
	}
	return string(b), true
}

// Lift reads a value of a type from guest memory for a host function: for strings
// and arrays at and count are what the guest passed.
func (m *Module) Lift(ctx context.Context, t it.Type, at, count uint32) (Value, error) {
	m.in.Take(ctx)
	defer m.in.Give(ctx)
	c := &call{m: m, iface: m.iface, ctx: ctx, budget: MaxValueBytes}
	switch t.Kind {
	case it.Array:
		return c.liftArray(*t.Elem, at, count, 0)
	case it.Record:
		return c.liftRecord(t.Record, at, 0)
	}
	b, err := c.bytes(at, count)
	return Value{B: b}, err
}
