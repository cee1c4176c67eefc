// SPDX-License-Identifier: Apache-2.0

package spell_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/spell"
	"github.com/go-fluence/fluence/peer/store"
)

// seeds are the keys of a peer and its workers.
type seeds map[peer.ID][]byte

func (s seeds) Seed(id peer.ID, _ string) ([]byte, bool) { seed, ok := s[id]; return seed, ok }

// add makes the key of number n.
func (s seeds) add(t testing.TB, n byte) peer.ID {
	t.Helper()
	seed := bytes.Repeat([]byte{n}, ed25519.SeedSize)
	key, err := libp2pcrypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s[id] = seed
	return id
}

// rig is spells on a peer without a pipeline: their particles are kept.
type rig struct {
	*spell.Spells
	t            testing.TB
	keys         seeds
	host, worker peer.ID
	dir          string
	edit         func(*spell.Config)
	stop         func()

	mu   sync.Mutex // guards the fields below
	got  []*particle.Particle
	fail error
}

func newRig(t testing.TB, edit func(*spell.Config)) *rig {
	t.Helper()
	r := &rig{t: t, keys: seeds{}, dir: t.TempDir(), edit: edit}
	r.host, r.worker = r.keys.add(t, 1), r.keys.add(t, 2)
	r.start()
	return r
}

// start opens the folder and runs.
func (r *rig) start() {
	r.t.Helper()
	files, err := store.Open(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	cfg := spell.Config{Self: r.host, Files: files, Keys: r.keys, Inject: r.inject, NoSync: true}
	if r.edit != nil {
		r.edit(&cfg)
	}
	if r.Spells, err = spell.New(cfg); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			if err := errors.Join(<-done, files.Close()); err != nil {
				r.t.Errorf("Run = %v, want nil", err)
			}
		})
	}
	r.t.Cleanup(r.stop)
}

func (r *rig) inject(p *particle.Particle) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.got = append(r.got, p)
	return nil
}

// particles returns what came since the last call.
func (r *rig) particles() []*particle.Particle {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (r *rig) install(scope peer.ID, alias string, trigger spell.Trigger) string {
	r.t.Helper()
	id, err := r.Install(context.Background(), scope, spell.Def{
		Owner: r.host, Alias: alias, Script: "(null)", Init: map[string]json.RawMessage{"x": json.RawMessage("1")}, Trigger: trigger,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func every(sec uint32) spell.Trigger {
	return spell.Trigger{Clock: spell.Clock{StartSec: 1, PeriodSec: sec}}
}

// virtual runs f on virtual time.
func virtual(t *testing.T, edit func(*spell.Config), f func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, edit)
		synctest.Wait()
		f(t, r)
		r.stop()
	})
}

// pass lets virtual time pass.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
