// SPDX-License-Identifier: Apache-2.0

package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/go-fluence/fluence/peer/marine/abi"
	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// linked is one running module of a service.
type linked struct {
	svc    *Service
	cfg    *ModuleConfig
	module *Module
	in     *engine.Instance
	mod    *abi.Module
}

type serviceKey struct{}

// calling returns the module of the running service that a host function was
// called from.
func calling(ctx context.Context, mod api.Module) (*linked, error) {
	s, _ := ctx.Value(serviceKey{}).(*Service)
	if s != nil {
		for _, l := range s.running {
			if l.in != nil && l.in.Is(mod) {
				return l, nil
			}
		}
	}
	return nil, errors.New("host function called before the module was linked")
}

// start links and starts all modules in order; the gas of ctx pays.
func (s *Service) start(ctx context.Context) error {
	for i := range s.cfg.Modules {
		l := &linked{svc: s, cfg: &s.cfg.Modules[i], module: s.modules[i]}
		s.running = append(s.running, l)
		if err := l.start(ctx); err != nil {
			s.discard(ctx)
			return &Error{ErrLoad, "engine error: " + err.Error(), err}
		}
	}
	return nil
}

func (l *linked) start(ctx context.Context) error {
	targets, err := l.targets()
	if err != nil {
		return err
	}
	_, err = l.module.lib.eng.Instantiate(ctx, l.module.code, engine.InstanceConfig{
		Name:    l.cfg.Name,
		Memory:  l.svc.memory,
		Resolve: func(namespace string) api.Module { return l.module.host(namespace) },
		WASI:    l.svc.cfg.Policy.Config(l, l.environment(), l.cfg.Folders),
		Ready: func(in *engine.Instance) (err error) {
			l.in = in
			l.mod, err = abi.NewModule(l.cfg.Name, in, l.module.iface, targets)
			return err
		},
	})
	return err
}

// host returns what stands behind an import namespace; nil is a true nil.
func (m *Module) host(namespace string) api.Module {
	if h, ok := m.hosts[namespace]; ok {
		return h
	}
	return nil
}

// targets links the interface's imports to earlier modules. What the module
// declares but does not import may be missing, and fails when it is called.
func (l *linked) targets() ([]abi.Target, error) {
	imports, err := l.module.iface.ImportFunctions()
	if err != nil {
		return nil, err
	}
	used := func(namespace, name string) bool {
		return slices.ContainsFunc(l.module.code.Core().Imports, func(im wasmbin.Import) bool { return im.Module == namespace && im.Name == name })
	}
	targets := make([]abi.Target, len(imports))
	for i, im := range imports {
		callee := l.svc.find(im.Namespace)
		if callee == l {
			callee = nil
		}
		var missing error
		if callee == nil {
			missing = fmt.Errorf("module with name '%s' isn't loaded into Marine", im.Namespace)
		} else if _, err := callee.mod.Function(im.Name); err != nil {
			missing = fmt.Errorf("module with name '%s' doesn't have function with name %s", l.cfg.Name, im.Name)
		}
		if missing != nil && used(im.Namespace, im.Name) {
			return nil, missing
		}
		targets[i] = func(ctx context.Context, args []abi.Value) ([]abi.Value, error) {
			if missing != nil {
				return nil, missing
			}
			return callee.mod.Call(ctx, im.Name, args)
		}
	}
	return targets, nil
}

// environment returns the variables of a module, by name.
func (l *linked) environment() [][2]string {
	all := map[string]string{}
	for k, v := range l.cfg.Envs {
		all[k] = v
	}
	for _, m := range l.cfg.Folders {
		all[m.Guest] = m.Guest
		if p, ok := l.cfg.hostPaths[m.Guest]; ok && len(l.cfg.Binaries) > 0 {
			all[m.Guest] = p
		}
	}
	all["service_id"] = l.svc.cfg.ID
	names := make([]string, 0, len(all))
	for k := range all {
		names = append(names, k)
	}
	slices.Sort(names)
	env := make([][2]string, len(names))
	for i, k := range names {
		env[i] = [2]string{k, all[k]}
	}
	return env
}

// Context implements effects.Call.
func (l *linked) Context() context.Context { return l.svc.ctx }

// Charge implements effects.Call.
func (l *linked) Charge(bytes int) {
	l.pay(func(g *engine.Gas) error { return g.ChargeBytes(bytes) })
}

// ChargeTime implements effects.Call: a nanosecond costs one unit, as in the cost table.
func (l *linked) ChargeTime(d time.Duration) {
	l.pay(func(g *engine.Gas) error { return g.Charge(uint64(d)) })
}

func (l *linked) pay(charge func(*engine.Gas) error) {
	ctx := l.svc.ctx
	if l.in != nil {
		l.in.Take(ctx)
	}
	err := charge(engine.GasOf(ctx))
	if err == nil && l.in != nil {
		l.in.Give(ctx)
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		panic(err)
	}
}

// Timestamp implements effects.Call.
func (l *linked) Timestamp() time.Time {
	return time.UnixMilli(int64(l.svc.params.Particle.Timestamp))
}

// Output implements effects.Call.
func (l *linked) Output(stream string, b []byte) {
	if l.svc.cfg.Output != nil {
		l.svc.cfg.Output(l.cfg.Name, stream, b)
	}
}

var _ effects.Call = (*linked)(nil)
