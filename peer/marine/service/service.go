// SPDX-License-Identifier: Apache-2.0

// Package service links Marine modules into services and calls them with JSON.
//
// A service is a list of modules; each may import from those before it, and the
// last, the facade, is the one that callers see. Its instances keep their state
// between calls, which run one after another. When a call traps, runs out of gas
// or ends the guest, the state of its memory is not to be trusted: all instances
// of the service are discarded, and the next call begins with fresh ones, at its
// own cost. Mapped folders stay as they are. (Official peers go on with the
// instance that trapped.)
package service

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/ivjson"
)

// Defaults of Config.
const (
	DefaultGas    = 60_000_000_000 // about a minute of the cost table
	DefaultMemory = 1<<32 - 1
)

// Config describes a service.
type Config struct {
	ID      string
	Modules []ModuleConfig // in the order of linking; the last is the facade
	Memory  uint64         // bytes of all linear memories; 0 is DefaultMemory
	Gas     uint64         // budget of a call that names none, and of the first start; 0 is DefaultGas
	Policy  effects.Policy
	// Log gets what modules log; nil drops it. Output gets what they print to
	// stdout and stderr. Both are called within a call, one at a time.
	Log    func(Log)
	Output func(module, stream string, b []byte)
}

// ModuleConfig describes one module of a service.
type ModuleConfig struct {
	Name          string // what later modules import it by
	Wasm          []byte
	LoggerEnabled bool
	LoggingMask   int32 // of log targets
	Envs          map[string]string
	Folders       []effects.Mount
	Binaries      map[string]effects.Binary // by import name

	hostPaths map[string]string // of Folders, for the binaries
}

// Log is one line of a module's log. Level is 1 error, 2 warn, 3 info, 4 debug, 5 trace.
type Log struct {
	Module string
	Level  int
	Text   string
}

// Service is a running service. It is safe for concurrent use; calls wait for
// each other.
type Service struct {
	cfg     Config
	modules []*Module
	memory  *engine.Memory
	turn    chan struct{} // holds one token; who has it owns what is below

	running []*linked
	params  *Params
	ctx     context.Context //nolint:containedctx // that of the running call, for effects
	logged  int             // bytes of logs of this call
	closed  bool
}

// New loads, links and starts a service.
//
// Errors: ErrConfig, ErrLoad.
func New(ctx context.Context, lib *Library, cfg Config) (*Service, error) {
	if cfg.Memory == 0 {
		cfg.Memory = DefaultMemory
	}
	if cfg.Gas == 0 {
		cfg.Gas = DefaultGas
	}
	s := &Service{cfg: cfg, memory: engine.NewMemory(cfg.Memory), turn: make(chan struct{}, 1), params: &Params{ServiceID: cfg.ID}}
	s.cfg.Modules = slices.Clone(cfg.Modules)
	if len(cfg.Modules) == 0 {
		return nil, &Error{ErrConfig, "a service needs at least one module", nil}
	}
	for i, m := range s.cfg.Modules {
		if slices.ContainsFunc(s.cfg.Modules[:i], func(o ModuleConfig) bool { return o.Name == m.Name }) {
			s.release(ctx)
			return nil, &Error{ErrConfig, fmt.Sprintf("engine error: module with name '%s' already loaded into Marine, please specify another name", m.Name), nil}
		}
		mod, err := lib.Load(ctx, m.Name, m.Wasm)
		if err != nil {
			s.release(ctx)
			return nil, err
		}
		s.modules = append(s.modules, mod)
		s.cfg.Modules[i].Wasm = nil
		if err := s.cfg.Modules[i].offers(mod); err != nil {
			s.release(ctx)
			return nil, &Error{ErrLoad, "engine error: Wasm backend error: " + err.Error(), err}
		}
	}
	gas := engine.NewGas(cfg.Gas)
	if err := s.within(ctx, gas, func(context.Context) error { return nil }); err != nil {
		s.release(ctx)
		return nil, err
	}
	s.turn <- struct{}{}
	return s, nil
}

// offers checks that everything a module imports of the host is configured.
func (m *ModuleConfig) offers(mod *Module) error {
	for _, im := range mod.code.Core().Imports {
		if !isHost(im.Module) || im.Name == paramsFunction {
			continue
		}
		_, mounted := m.Binaries[im.Name]
		if im.Name == logFunction && !m.LoggerEnabled || im.Name != logFunction && !mounted {
			return fmt.Errorf("%w: unknown import. Expected %s.%s", engine.ErrImport, im.Module, im.Name)
		}
	}
	return nil
}

// within runs a part of a call with its context, on running instances.
func (s *Service) within(ctx context.Context, gas *engine.Gas, do func(context.Context) error) error {
	ctx = context.WithValue(engine.WithGas(ctx, gas), serviceKey{}, s)
	s.ctx, s.logged = ctx, 0
	defer func() { s.ctx = nil }()
	if s.running == nil {
		if err := s.start(ctx); err != nil {
			return err
		}
	}
	err := do(ctx)
	if slices.ContainsFunc(s.running, func(l *linked) bool { return l.in.Broken() }) {
		s.discard(ctx)
	}
	return err
}

// discard ends all instances.
func (s *Service) discard(ctx context.Context) {
	for _, l := range slices.Backward(s.running) {
		if l.in != nil {
			_ = l.in.Close(context.WithoutCancel(ctx))
		}
	}
	s.running = nil
}

func (s *Service) release(ctx context.Context) {
	s.discard(ctx)
	for _, m := range s.modules {
		m.Release(context.WithoutCancel(ctx))
	}
	s.modules = nil
}

// find returns the running module of a name, or nil.
func (s *Service) find(name string) *linked {
	for _, l := range s.running {
		if l.cfg.Name == name {
			return l
		}
	}
	return nil
}

// Interface returns the interface of the facade; not to be changed.
func (s *Service) Interface() *it.Interface { return s.modules[len(s.modules)-1].iface }

// Modules returns the names and compiled forms of the service's modules, in order.
func (s *Service) Modules() (names []string, mods []*Module) {
	for i := range s.cfg.Modules {
		names = append(names, s.cfg.Modules[i].Name)
	}
	return names, s.modules
}

// MemoryUsed returns the bytes of linear memory that the service holds.
func (s *Service) MemoryUsed() int64 { return s.memory.Used() }

// Call is one call of a service.
type Call struct {
	Module   string // "" is the facade
	Function string
	Args     []byte // JSON
	Params   Params // ServiceID is filled in when empty
	Gas      uint64 // 0 is the service's
}

// Result is what a call gave.
type Result struct {
	JSON []byte // of the function's output, or null
	Gas  uint64 // used, also by a call that failed
}

// Call runs one function; it waits for its turn until ctx ends. A call that ends
// badly changes nothing but the state that its own guests changed.
//
// Errors: ErrArguments, ErrUnknown, ErrExecution, ErrResult, ErrLoad, ErrClosed,
// the cause of ctx.
func (s *Service) Call(ctx context.Context, c Call) (Result, error) {
	gas := engine.NewGas(s.cfg.Gas)
	if c.Gas != 0 {
		gas = engine.NewGas(c.Gas)
	}
	var res Result
	err := s.locked(ctx, func() error {
		s.params = &c.Params
		if s.params.ServiceID == "" {
			s.params.ServiceID = s.cfg.ID
		}
		return s.within(ctx, gas, func(ctx context.Context) (err error) {
			res.JSON, err = s.call(ctx, c)
			return err
		})
	})
	res.Gas = gas.Used()
	return res, err
}

// locked runs do when it is this caller's turn.
func (s *Service) locked(ctx context.Context, do func() error) error {
	select {
	case <-s.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { s.turn <- struct{}{} }()
	if s.closed {
		return ErrClosed
	}
	return do()
}

func (s *Service) call(ctx context.Context, c Call) ([]byte, error) {
	l := s.running[len(s.running)-1]
	if c.Module != "" {
		if l = s.find(c.Module); l == nil {
			return nil, &Error{ErrUnknown, fmt.Sprintf("module with name %q is missing", c.Module), nil}
		}
	}
	name, gas := l.cfg.Name, engine.GasOf(ctx)
	fn, err := l.mod.Function(c.Function)
	if err != nil {
		return nil, &Error{ErrUnknown, fmt.Sprintf("function with name `%s` is missing", c.Function), err}
	}
	if err := gas.ChargeBytes(len(c.Args)); err != nil {
		return nil, execution(err, s.memory)
	}
	args, err := ivjson.Arguments(fn.Sig, l.module.iface, c.Args)
	if err != nil {
		return nil, &Error{ErrArguments, fmt.Sprintf("arguments from json deserialization error in module %q, function %q: %v", name, c.Function, err), err}
	}
	out, err := l.mod.Call(ctx, c.Function, args)
	if err != nil {
		return nil, execution(err, s.memory)
	}
	s.memory.Refusals()
	res, err := ivjson.AppendResult(nil, fn.Sig.Outputs, l.module.iface, out)
	if err != nil {
		return nil, &Error{ErrResult, fmt.Sprintf("output to json serialization error in module %q, function %q: %v", name, c.Function, err), err}
	}
	if err := gas.ChargeBytes(len(res)); err != nil {
		return nil, execution(err, s.memory)
	}
	return res, nil
}

// execution words the failure of a call as official peers do.
func execution(err error, mem *engine.Memory) error {
	text := "engine error: Execution error: " + err.Error()
	if n := mem.Refusals(); n > 0 {
		text = fmt.Sprintf("engine error: Engine error when OOM suspected (%d failed allocations), original error: Execution error: %v", n, err)
	}
	return &Error{ErrExecution, text, err}
}

// Idle ends the instances and frees their memory; the next call starts fresh
// ones. It is for services that keep no state in memory.
func (s *Service) Idle(ctx context.Context) error {
	return s.locked(ctx, func() error {
		s.discard(ctx)
		return nil
	})
}

// Close ends the service. Folders stay open: they belong to who opened them.
func (s *Service) Close(ctx context.Context) error {
	err := s.locked(ctx, func() error {
		s.release(ctx)
		s.closed = true
		return nil
	})
	if errors.Is(err, ErrClosed) {
		return nil
	}
	return err
}
