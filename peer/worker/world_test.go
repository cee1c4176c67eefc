// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"
	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/builtin/hosting"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/peer/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	chainID = "test-1"
	small   = "greeting(name: string) -> string\nadd(a: i32, b: i32) -> i32\nspin()\n"
)

// library compiles a module once for all tests.
var library = sync.OnceValues(func() (*service.Library, error) {
	e, err := engine.New(context.Background(), engine.Config{})
	if err != nil {
		return nil, err
	}
	return service.NewLibrary(e, meter.Options{}), nil
})

func smallWasm(t testing.TB) []byte {
	t.Helper()
	lib, err := library()
	if err != nil {
		t.Fatal(err)
	}
	wasm := guests.Build(t, "small", small)
	if _, err := lib.Load(t.Context(), "small", wasm); err != nil {
		t.Fatal(err)
	}
	return wasm
}

// ledger is a chain in memory: deals of one peer, checked activations.
type ledger struct {
	mu     sync.Mutex
	height uint64
	deals  map[chain.DealID]*chain.PeerDeal
	peer   [32]byte
	down   error // what every answer is, if set
	tells  int   // activations that came in
	refuse error // what every activation is, if set
}

func (l *ledger) DealsOf(_ context.Context, who [32]byte) ([]chain.PeerDeal, chain.Height, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.height++
	if l.down != nil {
		return nil, chain.Height{}, l.down
	}
	var list []chain.PeerDeal
	for _, d := range l.deals {
		if d.Worker.Peer == who {
			list = append(list, *d)
		}
	}
	return list, chain.Height{Number: l.height}, nil
}

func (l *ledger) Workers(_ context.Context, id chain.DealID) ([]chain.DealWorker, chain.Height, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.deals[id] == nil {
		return nil, chain.Height{}, chain.ErrNoDeal
	}
	return []chain.DealWorker{l.deals[id].Worker}, chain.Height{Number: l.height}, nil
}

func (l *ledger) ActivateWorker(_ context.Context, a chain.Activation) (chain.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tells++
	if l.refuse != nil {
		return chain.Receipt{}, l.refuse
	}
	d := l.deals[a.Deal]
	switch {
	case d == nil || d.Worker.ID != a.Worker:
		return chain.Receipt{}, fmt.Errorf("%w: no such worker", chain.ErrFailed)
	case len(d.Worker.Key) > 0:
		return chain.Receipt{}, fmt.Errorf("%w: activated twice", chain.ErrFailed)
	case !ed25519.Verify(a.Key[:], chain.ActivationBytes(chainID, a.Deal, a.Worker, l.peer), a.Signature[:]):
		return chain.Receipt{}, fmt.Errorf("%w: signature", chain.ErrFailed)
	}
	d.Worker.Key = slices.Clone(a.Key[:])
	return chain.Receipt{Hash: chain.TxHash{1}, Height: chain.Height{Number: l.height}}, nil
}

// rent puts a deal with a worker of the peer on the chain.
func (l *ledger) rent(n byte, app cid.Cid) chain.DealID {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := chain.DealID{n}
	l.deals[id] = &chain.PeerDeal{
		Worker: chain.DealWorker{ID: [32]byte{31: n}, Deal: id, Peer: l.peer, Units: [][32]byte{{n}}},
		Deal:   chain.Deal{ID: id, App: app.Bytes(), Status: chain.DealActive},
	}
	return id
}

// edit changes a deal; nil removes it.
func (l *ledger) edit(id chain.DealID, f func(d *chain.PeerDeal)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f == nil {
		delete(l.deals, id)
		return
	}
	f(l.deals[id])
}

// shelf is files by CID; lies replaces what it returns for one.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
	pins  map[string]map[string]bool // by owner
	gets  int
}

var errAbsent = errors.New("no peer delivered the block")

func (s *shelf) Get(_ context.Context, c cid.Cid, limit int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	b, ok := s.files[c.KeyString()]
	if !ok {
		return nil, errAbsent
	}
	if int64(len(b)) > limit {
		return nil, dag.ErrTooLarge
	}
	return b, nil
}

func (s *shelf) Pin(_ context.Context, c cid.Cid, owner string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pins[owner] == nil {
		s.pins[owner] = map[string]bool{}
	}
	s.pins[owner][c.KeyString()] = true
	return nil
}

func (s *shelf) UnpinAll(owner string) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.pins[owner])
	delete(s.pins, owner)
	return n, nil
}

func (s *shelf) put(b []byte) cid.Cid {
	c, err := dag.Root(b)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[c.KeyString()] = b
	return c
}

// pack makes an app of one service of one module, and of what edit adds.
func (s *shelf) pack(t testing.TB, name string, wasm []byte, edit func(d *bundle.Definition)) cid.Cid {
	t.Helper()
	config := s.put([]byte(`{"name":"` + name + `"}`))
	d := bundle.Definition{Services: []bundle.Service{{Name: name, Modules: []bundle.Module{{Wasm: s.put(wasm).String(), Config: config.String()}}}}}
	if edit != nil {
		edit(&d)
	}
	raw, err := d.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return s.put(raw)
}

// spells remembers what it was told.
type spells struct {
	mu     sync.Mutex
	have   map[peer.ID][]worker.Spell
	refuse error
}

func (s *spells) InstallApp(_ context.Context, scope pipeline.Scope, list []worker.Spell) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.have[scope.Peer] = list
	return nil
}

func (s *spells) RemoveScope(_ context.Context, scope peer.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.have, scope)
	return nil
}

func (s *spells) Check([]worker.Spell) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse
}

// world is a peer with its reconciler.
type world struct {
	*ledger
	*shelf
	spells   *spells
	dir      string
	self     peer.ID
	kept     *store.Store
	workers  *worker.Workers
	services *hosting.Services
	rec      *worker.Reconciler
	stop     func()
}

type signer struct{}

func (signer) Sign(scope peer.ID, data []byte) ([]byte, error) {
	return append([]byte(scope)[30:], data...), nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	w := &world{
		dir:    t.TempDir(),
		ledger: &ledger{deals: map[chain.DealID]*chain.PeerDeal{}, peer: [32]byte(key.Public().(ed25519.PublicKey))},
		shelf:  &shelf{files: map[string][]byte{}, pins: map[string]map[string]bool{}},
		spells: &spells{have: map[peer.ID][]worker.Spell{}},
	}
	priv, err := libp2pcrypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if w.self, err = peer.IDFromPrivateKey(priv); err != nil {
		t.Fatal(err)
	}
	w.start(t)
	return w
}

// start runs a peer on the folder; stop ends it, and start may follow.
func (w *world) start(t *testing.T) {
	t.Helper()
	lib, err := library()
	if err != nil {
		t.Fatal(err)
	}
	if w.kept, err = store.Open(w.dir); err != nil {
		t.Fatal(err)
	}
	if w.workers, err = worker.Open(w.kept, "", w.self, nil, 0); err != nil {
		t.Fatal(err)
	}
	vault, err := hosting.OpenVault(w.kept, signer{}, hosting.VaultLimits{})
	if err != nil {
		t.Fatal(err)
	}
	w.services, err = hosting.Open(hosting.Config{Self: w.self, Store: w.kept, Library: lib, Vault: vault, Creator: w.workers.Creator})
	if err != nil {
		t.Fatal(err)
	}
	w.rec, err = worker.NewReconciler(worker.Config{
		Self: w.self, Key: w.peer, ChainID: chainID, Workers: w.workers, Deals: w.ledger, Activator: w.ledger, Fetcher: w.shelf,
		Services: w.services, Spells: w.spells, Every: 5 * time.Millisecond, Retry: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.rec.Run(ctx) }()
	var once sync.Once
	w.stop = func() {
		once.Do(func() {
			cancel()
			if err := errors.Join(<-ended, w.services.Close(context.Background()), w.workers.Close(), w.kept.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(w.stop)
}

// eventually waits for something that the reconciler brings about.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(15 * time.Second)
	defer limit.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("waited too long: %s", what)
		}
	}
}

// looks waits for n more looks at the chain.
func (w *world) looks(t testing.TB, n uint64) {
	t.Helper()
	w.ledger.mu.Lock()
	until := w.height + n
	w.ledger.mu.Unlock()
	eventually(t, "looks at the chain", func() bool {
		w.ledger.mu.Lock()
		defer w.ledger.mu.Unlock()
		return w.height >= until
	})
}

// key returns the key that the chain knows of a deal's worker.
func (w *world) key(id chain.DealID) []byte {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	if w.deals[id] == nil {
		return nil
	}
	return w.deals[id].Worker.Key
}

// running waits until a deal's worker is active on the chain and returns it.
func (w *world) running(t testing.TB, id chain.DealID) worker.Worker {
	t.Helper()
	var v worker.Worker
	eventually(t, "worker of deal "+id.String(), func() bool {
		v, _ = w.workers.OfDeal(id.String())
		return len(w.key(id)) == 32 && v.Told && v.Active
	})
	return v
}

// greet calls the service of an app in a worker's scope.
func (w *world) greet(t testing.TB, in peer.ID, name string) (string, error) {
	t.Helper()
	res, err := w.services.Call(t.Context(), pipeline.Call{
		Scope:   pipeline.Scope{Host: w.self, Peer: in},
		Service: name, Function: "greeting", Args: []json.RawMessage{json.RawMessage(`"x"`)},
		Particle: &particle.Particle{ID: "p", InitPeerID: w.self.String(), Timestamp: uint64(time.Now().UnixMilli()), TTL: 10_000, Signature: []byte("sig")},
	})
	return string(res.JSON), err
}

func (w *world) told() int {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	return w.tells
}

// refuses makes every activation fail, or none.
func (w *world) refuses(err error) {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	w.refuse = err
}

// owners returns how many have pinned something.
func (w *world) owners() int {
	w.shelf.mu.Lock()
	defer w.shelf.mu.Unlock()
	return len(w.pins)
}

func (w *world) fetched() int {
	w.shelf.mu.Lock()
	defer w.shelf.mu.Unlock()
	return w.gets
}

func (w *world) installed(scope peer.ID) []worker.Spell {
	w.spells.mu.Lock()
	defer w.spells.mu.Unlock()
	return w.spells.have[scope]
}
