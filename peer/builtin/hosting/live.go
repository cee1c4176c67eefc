// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/service"
)

// live is a service with instances, or one that is about to have them.
type live struct {
	s *Services
	r *record

	calls int       // under way; guarded by Services.mu
	used  time.Time // end of the last call; guarded by Services.mu
	gone  bool      // taken out of Services.live; guarded by Services.mu

	start   sync.Mutex // held while it starts or ends; guards all below
	svc     *service.Service
	folders []*effects.Folder
	ended   bool
}

// acquire returns the live form of a service, for one call. release gives it back.
func (s *Services) acquire(ctx context.Context, r *record) (*live, error) {
	l, victim, err := s.place(r)
	if victim != nil {
		if err := victim.end(context.WithoutCancel(ctx)); err != nil {
			s.cfg.Log.Error("service not ended", "service", victim.r.ServiceID, "err", err)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := l.begin(ctx); err != nil {
		s.release(ctx, l)
		return nil, err
	}
	return l, nil
}

// place finds or makes the entry of a service, and names one that must end for it.
func (s *Services) place(r *record) (l, victim *live, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.services[r.ServiceID] != r {
		return nil, nil, texted(ErrNoService, "Service with id '%s' not found", r.ServiceID)
	}
	if l = s.live[r.ServiceID]; l == nil {
		if len(s.live) >= s.limits.Live {
			if victim = s.leastUsed(); victim == nil {
				return nil, nil, errBusy
			}
			s.take(victim)
		}
		l = &live{s: s, r: r}
		s.live[r.ServiceID] = l
	}
	l.calls++
	return l, victim, nil
}

// leastUsed is the service without a call that was used longest ago; s.mu is held.
func (s *Services) leastUsed() (best *live) {
	for _, l := range s.live {
		if l.calls == 0 && (best == nil || l.used.Before(best.used)) {
			best = l
		}
	}
	return best
}

// take removes an entry, which the caller ends; s.mu is held.
func (s *Services) take(l *live) {
	l.gone = true
	if s.live[l.r.ServiceID] == l {
		delete(s.live, l.r.ServiceID)
	}
}

// release ends one call of l. Who releases last one that was taken out, or that
// never started, ends it.
func (s *Services) release(ctx context.Context, l *live) {
	s.mu.Lock()
	l.calls--
	l.used = time.Now()
	last := l.calls == 0 && l.gone
	s.mu.Unlock()
	if last {
		if err := l.end(context.WithoutCancel(ctx)); err != nil {
			s.cfg.Log.Error("service not ended", "service", l.r.ServiceID, "err", err)
		}
	}
}

// idle ends services that nobody called for a while.
func (s *Services) idle(ctx context.Context, now time.Time) {
	s.mu.Lock()
	var list []*live
	for _, l := range s.live {
		if l.calls == 0 && now.Sub(l.used) >= s.limits.Idle {
			s.take(l)
			list = append(list, l)
		}
	}
	s.mu.Unlock()
	for _, l := range list {
		if err := l.end(ctx); err != nil {
			s.cfg.Log.Error("service not ended", "service", l.r.ServiceID, "err", err)
		}
	}
}

// drop takes the instances of a service away; a call under way ends first.
func (s *Services) drop(ctx context.Context, r *record) error {
	s.mu.Lock()
	l := s.live[r.ServiceID]
	if l != nil {
		s.take(l)
	}
	busy := l != nil && l.calls > 0
	s.mu.Unlock()
	if l == nil || busy {
		return nil
	}
	return l.end(ctx)
}

// begin starts the instances if there are none.
func (l *live) begin(ctx context.Context) error {
	l.start.Lock()
	defer l.start.Unlock()
	switch {
	case l.ended:
		return texted(ErrNoService, "Service with id '%s' not found", l.r.ServiceID)
	case l.svc != nil:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.s.limits.StartTimeout)
	defer cancel()
	cfg, err := l.config()
	if err == nil {
		l.svc, err = service.New(ctx, l.s.cfg.Library, cfg)
	}
	if err != nil {
		err = errors.Join(err, l.closeFolders())
		if refusedMemory(err) {
			err = fmt.Errorf("%w; the service may have %d bytes", err, cfg.Memory)
		}
	}
	return err
}

func (l *live) closeFolders() (err error) {
	for _, f := range slices.Backward(l.folders) {
		err = errors.Join(err, f.Close())
	}
	l.folders = nil
	return err
}

// end takes the instances away for good.
func (l *live) end(ctx context.Context) error {
	l.start.Lock()
	defer l.start.Unlock()
	l.ended = true
	var err error
	if l.svc != nil {
		err = l.svc.Close(ctx)
		l.svc = nil
	}
	return errors.Join(err, l.closeFolders())
}

// config describes the service to the engine.
func (l *live) config() (service.Config, error) {
	s := l.s
	cfg := service.Config{
		ID: l.r.ServiceID, Memory: s.limits.Memory, Gas: s.limits.Gas, Policy: s.cfg.Policy,
		Log: func(line service.Log) { s.logged(l.r.ServiceID, line) },
	}
	if l.r.Memory > 0 {
		cfg.Memory = min(cfg.Memory, l.r.Memory)
	}
	mounts, err := l.openFolders()
	if err != nil {
		return cfg, err
	}
	for _, m := range l.r.Modules {
		wasm, err := s.wasm(m.CID)
		if err != nil {
			return cfg, err
		}
		kept, err := s.permitted(m) // the allow-list may be another now
		if err != nil {
			return cfg, err
		}
		mod := service.ModuleConfig{Name: m.Name, Wasm: wasm, LoggerEnabled: kept.LoggerEnabled, LoggingMask: 1<<31 - 1, Binaries: binaries(s.cfg.Effectors[m.CID], mounts[len(mounts)-1].Folder)}
		if mod.Folders, err = l.mounts(mounts, m.Name); err != nil {
			return cfg, err
		}
		cfg.Modules = append(cfg.Modules, mod)
	}
	return cfg, nil
}

// binaries returns what a module may run; vault holds the files of its scope.
func binaries(e Effector, vault *effects.Folder) map[string]effects.Binary {
	all := maps.Clone(e.Binaries)
	if all == nil {
		all = map[string]effects.Binary{}
	}
	for name, curl := range e.Native {
		all[name] = effects.Binary{Native: func(ctx context.Context, args []string, maxOutput int) effects.BinaryResult {
			return curl.Run(ctx, vault, args, maxOutput)
		}}
	}
	return all
}

// openFolders opens what all modules of the service see: /storage, /tmp and the
// vault of the scope.
func (l *live) openFolders() ([]effects.Mount, error) {
	quota := effects.NewQuota(l.s.limits.FolderBytes, l.s.limits.FolderFiles)
	base := l.s.folderOf(l.r)
	if err := os.MkdirAll(base, 0o700); err != nil {
		return nil, err
	}
	var mounts []effects.Mount
	for _, name := range []string{"storage", "tmp"} {
		if err := os.MkdirAll(filepath.Join(base, name), 0o700); err != nil {
			return nil, err
		}
		f, err := effects.OpenFolder(filepath.Join(base, name), quota)
		if err != nil {
			return nil, err
		}
		l.folders = append(l.folders, f)
		mounts = append(mounts, effects.Mount{Guest: "/" + name, Folder: f})
	}
	vault, err := l.s.cfg.Vault.Folder(l.r.scope)
	if err != nil {
		return nil, err
	}
	return append(mounts, effects.Mount{Guest: vaultRoot, Folder: vault}), nil
}

// mounts adds the folders of one module.
func (l *live) mounts(shared []effects.Mount, module string) ([]effects.Mount, error) {
	list := slices.Clone(shared)
	for _, m := range shared[:2] {
		sub, err := m.Folder.Sub(moduleFolder(module))
		if err != nil {
			return nil, err
		}
		l.folders = append(l.folders, sub)
		list = append(list, effects.Mount{Guest: m.Guest + "/module", Folder: sub})
	}
	return list, nil
}

// moduleFolder is a module's name as a name of a folder.
func moduleFolder(name string) string {
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
	if odd || len(name) > 100 {
		return fmt.Sprintf("x-%x", sha256.Sum256([]byte(name)))
	}
	return name
}
