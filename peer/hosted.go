// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"sync"

	"github.com/go-fluence/fluence/peer/builtin/hosting"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// codeFolder keeps compiled Wasm, below the peer's folder.
const codeFolder = "code"

// hosted is everything Wasm of a peer.
type hosted struct {
	engine   *engine.Engine
	vault    *hosting.Vault
	services *hosting.Services
	once     sync.Once
	err      error
}

// buildHosted opens the services and joins them, and those of the caller, to the
// builtins.
func (p *Peer) buildHosted() (err error) {
	h := &hosted{}
	cfg := engine.Config{CacheDir: filepath.Join(p.store.Path(), codeFolder)}
	if len(p.deps.Compile) > 0 {
		command := append(slices.Clone(p.deps.Compile), "--cache", cfg.CacheDir)
		cfg.Precompile = engine.Apart{Command: command, Dir: cfg.CacheDir}.Precompile
	}
	if h.engine, err = engine.New(context.Background(), cfg); err != nil {
		return err
	}
	if h.vault, err = hosting.OpenVault(p.store, p.id, vaultLimits(p.cfg)); err != nil {
		return errors.Join(err, h.engine.Close(context.Background()))
	}
	h.services, err = hosting.Open(hosting.Config{
		Self: p.id.self, Managers: p.id.managers, Store: p.store, Vault: h.vault, Log: p.deps.Log,
		Library: service.NewLibrary(h.engine, meter.Options{}), Limits: hostingLimits(p.cfg),
		Policy: effects.Policy{Random: !p.cfg.Deterministic, Clock: !p.cfg.Deterministic}, Effectors: effectors(p.cfg),
		Creator: p.workers.Creator,
	})
	if err != nil {
		return errors.Join(err, h.vault.Close(), h.engine.Close(context.Background()))
	}
	p.hosted = h
	for name, entries := range h.services.Entries() {
		if err := p.registry.Add(name, entries); err != nil {
			return err
		}
	}
	return nil
}

// run keeps the services until ctx ends.
func (h *hosted) run(ctx context.Context) error {
	err := h.services.Run(ctx)
	return errors.Join(err, h.close(context.WithoutCancel(ctx)))
}

// close ends every instance and the engine.
func (h *hosted) close(ctx context.Context) error {
	if h == nil {
		return nil
	}
	h.once.Do(func() { h.err = errors.Join(h.services.Close(ctx), h.engine.Close(ctx)) })
	return h.err
}

func hostingLimits(c config.Config) hosting.Limits {
	return hosting.Limits{
		Live: c.ServicesLive, Idle: c.ServicesIdle, ModuleBytes: int(c.ModuleBytes), StoreBytes: c.ModulesQuota,
		FolderBytes: c.ServiceQuota, FolderFiles: int64(c.ServiceFiles), Memory: uint64(c.ServiceMemory), Gas: uint64(c.ServiceGas),
	}
}

func vaultLimits(c config.Config) hosting.VaultLimits {
	return hosting.VaultLimits{Bytes: c.VaultQuota, ParticleBytes: c.VaultParticle, ParticleFiles: int64(c.VaultFiles)}
}

// effectors are the modules that may run binaries, as configured.
func effectors(c config.Config) map[string]hosting.Effector {
	curl := hosting.Curl{}
	for _, text := range c.CurlAllow {
		if p, err := netip.ParsePrefix(text); err == nil { // checked by Validate
			curl.Allow = append(curl.Allow, p)
		}
	}
	out := map[string]hosting.Effector{}
	for name, e := range c.Effectors {
		one := hosting.Effector{Name: name, Binaries: map[string]effects.Binary{}, Native: map[string]hosting.Curl{}}
		for b, path := range e.Binaries {
			if path == hosting.NativeCurl {
				one.Native[b] = curl
			} else {
				one.Binaries[b] = effects.Binary{Path: path}
			}
		}
		out[e.CID] = one
	}
	return out
}

var _ pipeline.Services = inTurn(nil)
