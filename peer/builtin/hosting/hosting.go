// SPDX-License-Identifier: Apache-2.0

// Package hosting keeps what runs on a peer as Wasm: modules, blueprints,
// services with their aliases, and the vaults of particles. It answers the
// builtins srv, dist, vault and stat, and the calls of the services themselves.
//
// Modules and blueprints are named by their content and shared by the whole peer;
// services and aliases belong to a scope: the peer itself or one of its workers.
// Everything is on disk before a call that makes it returns, and is there again
// after a restart. A service has no instance until it is called, and loses the
// instance, with what it keeps in memory, when it was idle for long or others need
// the place; its folder /storage stays.
//
// Its spec is docs/spec/hosting.md.
//
// Source: nox@b349812f0:particle-services, particle-modules, particle-builtins
// (names, shapes and texts, facts only).
package hosting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/store"
)

// Config says where services are kept and what they may use.
type Config struct {
	Self     peer.ID
	Managers []peer.ID
	Store    *store.Store
	Library  *service.Library
	Vault    *Vault
	Log      *slog.Logger // nil is silent
	Limits   Limits
	Policy   effects.Policy // clocks and randomness of services
	// Effectors are the modules that may run binaries of the host, by their CID.
	Effectors map[string]Effector
	// Creator returns who made a worker, and may therefore manage its services; nil
	// when this peer has no workers.
	Creator func(worker peer.ID) (peer.ID, bool)
}

// Effector is a module that may run binaries of the host.
type Effector struct {
	Name     string
	Binaries map[string]effects.Binary // programs by import name
	Native   map[string]Curl           // what this package answers itself, by import name
}

// Limits bounds what services take. Zero fields are their defaults.
type Limits struct {
	Live         int           // services with instances at one time; 128
	Idle         time.Duration // an instance that was not called for so long ends; 10 min
	Services     int           // services of one scope; 1 000
	Modules      int           // modules of the peer; 10 000
	ModuleBytes  int           // of one module; 32 MiB
	StoreBytes   int64         // of all modules and records; 8 GiB
	FolderBytes  int64         // of the folders of one service; 1 GiB
	FolderFiles  int64         // in the folders of one service; 10 000
	Memory       uint64        // linear memory of one service; 1 GiB
	Gas          uint64        // of one call; that of package service
	LogLines     int           // newest lines of one service's log that are kept; 200
	StartTimeout time.Duration // to compile and start a service; 2 min
}

func (l Limits) withDefaults() Limits {
	orInt(&l.Live, 128)
	orInt(&l.Services, 1000)
	orInt(&l.Modules, 10_000)
	orInt(&l.ModuleBytes, 32<<20)
	orInt(&l.LogLines, 200)
	orInt(&l.Idle, 10*time.Minute)
	orInt(&l.StartTimeout, 2*time.Minute)
	orInt(&l.StoreBytes, 8<<30)
	orInt(&l.FolderBytes, 1<<30)
	orInt(&l.FolderFiles, 10_000)
	orInt(&l.Memory, 1<<30)
	orInt(&l.Gas, service.DefaultGas)
	return l
}

func orInt[T int | int64 | uint64 | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// Services is everything that runs as Wasm on a peer. It is safe for concurrent
// use.
type Services struct {
	cfg     Config
	limits  Limits
	files   *store.Files
	folders string // of the services' own files

	change sync.Mutex // held by whoever changes what is on disk, before mu

	mu         sync.Mutex // guards all below; not held during I/O or calls
	modules    map[string]*module
	blueprints map[string]Blueprint
	services   map[string]*record
	aliases    map[peer.ID]map[string]string // scope, alias, service id
	live       map[string]*live
	stats      map[string]*stats
	closed     bool
}

// Open reads what an earlier process kept. Nothing is compiled and no instance
// starts before a call. What does not read is an error that names the file.
func Open(cfg Config) (*Services, error) {
	if cfg.Self == "" || cfg.Store == nil || cfg.Library == nil || cfg.Vault == nil {
		return nil, errors.New("services need Self, Store, Library and Vault")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Services{
		cfg: cfg, limits: cfg.Limits.withDefaults(), folders: filepath.Join(cfg.Store.Path(), "service_folders"),
		modules: map[string]*module{}, blueprints: map[string]Blueprint{}, services: map[string]*record{},
		aliases: map[peer.ID]map[string]string{}, live: map[string]*live{}, stats: map[string]*stats{},
	}
	if err := os.MkdirAll(s.folders, 0o700); err != nil {
		return nil, fmt.Errorf("folders of services: %w", err)
	}
	var err error
	if s.files, err = cfg.Store.Files("services", s.limits.StoreBytes); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.files.Close())
	}
	return s, nil
}

// Run ends instances that are idle until ctx ends, and then all of them.
func (s *Services) Run(ctx context.Context) error {
	tick := time.NewTicker(max(s.limits.Idle/4, time.Second))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.Close(context.WithoutCancel(ctx))
		case now := <-tick.C:
			s.idle(ctx, now)
		}
	}
}

// Close ends all instances. Nothing can be called afterwards; calls under way
// end first.
func (s *Services) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	all := s.live
	s.live = map[string]*live{}
	s.mu.Unlock()
	var err error
	for _, l := range all {
		err = errors.Join(err, l.end(ctx))
	}
	return errors.Join(err, s.cfg.Vault.Close(), s.files.Close())
}

// isManager reports whether id may manage the peer.
func (s *Services) isManager(id string) bool {
	for _, m := range s.cfg.Managers {
		if m.String() == id {
			return true
		}
	}
	return false
}

// errBusy says that every place for an instance is taken by a running call.
var errBusy = errors.New("this peer runs as many services as it can; try again later")

// refusedMemory tells a service that asks for more memory than it may have.
func refusedMemory(err error) bool { return errors.Is(err, engine.ErrMemory) }
