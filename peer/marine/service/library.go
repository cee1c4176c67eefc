// SPDX-License-Identifier: Apache-2.0

package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero/api"

	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// Oldest versions that are loaded.
//
// Source: marine@1d94c294 crates/min-it-version.
const (
	minSDK = "0.6.0"
	minIT  = "0.20.0"
)

// Library compiles modules and shares them between services. It is safe for
// concurrent use.
type Library struct {
	eng *engine.Engine
	opt meter.Options
	lim wasmbin.Limits

	mu   sync.Mutex // guards mods and the use counts
	mods map[[32]byte]*Module
}

// NewLibrary returns a library over an engine, which the caller closes after it.
func NewLibrary(e *engine.Engine, opt meter.Options) *Library {
	return &Library{eng: e, opt: opt, mods: map[[32]byte]*Module{}}
}

// Module is a compiled Marine module.
type Module struct {
	lib   *Library
	hash  [32]byte
	uses  int // guarded by lib.mu
	once  sync.Once
	err   error
	wasm  []byte // until it is compiled
	code  *engine.Module
	iface *it.Interface
	info  Info
	hosts map[string]api.Module // by import namespace, for all instances
}

// Info is what the custom sections of a module say.
type Info struct {
	SDK, IT  string
	Manifest *it.Manifest // nil if there is none
}

// Interface returns the interface of the module; not to be changed.
func (m *Module) Interface() *it.Interface { return m.iface }

// Info returns what the custom sections say.
func (m *Module) Info() Info { return m.info }

// Hash returns the SHA-256 of the module.
func (m *Module) Hash() [32]byte { return m.hash }

// Load returns the compiled form of a module, whose custom sections are checked.
// Release gives it back. The name stands in errors alone.
//
// Errors: ErrLoad.
func (l *Library) Load(ctx context.Context, name string, wasm []byte) (*Module, error) {
	hash := sha256.Sum256(wasm)
	l.mu.Lock()
	m := l.mods[hash]
	if m == nil {
		m = &Module{lib: l, hash: hash, wasm: wasm}
		l.mods[hash] = m
	}
	m.uses++
	l.mu.Unlock()
	m.once.Do(func() {
		m.err = m.compile(context.WithoutCancel(ctx), name)
		m.wasm = nil
	})
	if m.err != nil {
		err := m.err
		m.Release(ctx)
		return nil, &Error{ErrLoad, "engine error: " + err.Error(), err}
	}
	return m, nil
}

// Release gives up one use; after the last, the compiled code is freed.
func (m *Module) Release(ctx context.Context) {
	m.lib.mu.Lock()
	defer m.lib.mu.Unlock()
	if m.uses--; m.uses > 0 {
		return
	}
	delete(m.lib.mods, m.hash)
	for _, h := range m.hosts {
		_ = h.Close(ctx)
	}
	if m.code != nil {
		_ = m.code.Close(ctx)
	}
}

func (m *Module) compile(ctx context.Context, name string) error {
	parsed, err := wasmbin.Parse(m.wasm, m.lib.lim)
	if err != nil {
		return err
	}
	if m.iface, m.info, err = Inspect(name, parsed); err != nil {
		return err
	}
	if m.code, err = m.lib.eng.Compile(ctx, m.wasm, m.lib.opt); err != nil {
		return err
	}
	if m.hosts, err = m.hostModules(ctx); err != nil {
		return errors.Join(err, m.code.Close(ctx))
	}
	return nil
}

// Inspect reads the custom sections of a module and checks their versions.
//
// Errors: it.ErrMalformed, and texts of official peers.
func Inspect(name string, m *wasmbin.Module) (*it.Interface, Info, error) {
	var info Info
	one := func(section, what string) ([]byte, error) {
		all := m.Custom(section)
		switch len(all) {
		case 0:
			return nil, fmt.Errorf("the module doesn't contain %s section", what)
		case 1:
			return all[0], nil
		}
		return nil, fmt.Errorf("the module contains multiple %s sections that is unsupported", what)
	}
	sdk, err := one(it.SectionVersion, "SDK version")
	if err != nil {
		return nil, info, err
	}
	info.SDK = string(bytes.TrimSpace(sdk))
	if older(info.SDK, minSDK) {
		return nil, info, fmt.Errorf("module with name '%s' compiled with %s sdk version, but at least %s required", name, info.SDK, minSDK)
	}
	section, err := one(it.SectionIT, "IT")
	if err != nil {
		return nil, info, err
	}
	iface, err := it.Decode(section)
	if err != nil {
		return nil, info, err
	}
	if info.IT = iface.Version; older(info.IT, minIT) {
		return nil, info, fmt.Errorf("module with name '%s' compiled with %s IT version, but at least %s required", name, info.IT, minIT)
	}
	if all := m.Custom(it.SectionManifest); len(all) == 1 {
		manifest, err := it.DecodeManifest(all[0])
		if err != nil {
			return nil, info, err
		}
		info.Manifest = &manifest
	}
	return iface, info, nil
}

// older compares versions; one that is no version is older than any.
func older(v, than string) bool {
	a, pre, ok := version(v)
	b, _, _ := version(than)
	if !ok {
		return true
	}
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return pre
}

// version reads major.minor.patch, and whether a pre-release follows.
func version(v string) (n [3]uint64, pre, ok bool) {
	v, _, _ = strings.Cut(v, "+")
	v, _, pre = strings.Cut(v, "-")
	parts := strings.Split(v, ".")
	if len(parts) != 3 {
		return n, pre, false
	}
	for i, p := range parts {
		var err error
		if n[i], err = strconv.ParseUint(p, 10, 32); err != nil {
			return n, pre, false
		}
	}
	return n, pre, true
}
