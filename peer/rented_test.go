// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
)

// rentals is a chain in memory with one deal and its workers.
type rentals struct {
	chainID string

	mu      sync.Mutex
	height  uint64
	deal    chain.Deal
	workers []chain.DealWorker
	news    chan struct{} // capacity 1: a block with a deal's event
}

func (r *rentals) Account() string { return "fluence1provider" }

func (r *rentals) DealsOf(_ context.Context, who [32]byte) (list []chain.PeerDeal, at chain.Height, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.height++
	for _, w := range r.workers {
		if w.Peer == who {
			list = append(list, chain.PeerDeal{Worker: w, Deal: r.deal})
		}
	}
	return list, chain.Height{Number: r.height}, nil
}

func (r *rentals) Workers(_ context.Context, id chain.DealID) ([]chain.DealWorker, chain.Height, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if id != r.deal.ID {
		return nil, chain.Height{}, chain.ErrNoDeal
	}
	return append([]chain.DealWorker{}, r.workers...), chain.Height{Number: r.height}, nil
}

func (r *rentals) ActivateWorker(_ context.Context, a chain.Activation) (chain.Receipt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, w := range r.workers {
		if w.ID == a.Worker && a.Deal == r.deal.ID && ed25519.Verify(a.Key[:], chain.ActivationBytes(r.chainID, a.Deal, a.Worker, w.Peer), a.Signature[:]) {
			r.workers[i].Key = a.Key[:]
			return chain.Receipt{Hash: chain.TxHash{1}, Height: chain.Height{Number: r.height}}, nil
		}
	}
	return chain.Receipt{}, chain.ErrFailed
}

func (r *rentals) Follow(ctx context.Context, _ uint64, each func(context.Context, chain.Block) error) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.news:
			if err := each(ctx, chain.Block{Events: []chain.Event{{Type: "fluence.deal.v1.EventWorkerCreated"}}}); err != nil {
				return err
			}
		}
	}
}

// rent puts an app on a peer.
func (r *rentals) rent(t testing.TB, p *testPeer, app cid.Cid) {
	t.Helper()
	raw, err := p.Key().GetPublic().Raw()
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deal.App = app.Bytes()
	n := byte(len(r.workers) + 1)
	r.workers = append(r.workers, chain.DealWorker{ID: [32]byte{31: n}, Deal: r.deal.ID, Peer: [32]byte(raw), Units: [][32]byte{{n}}})
	select {
	case r.news <- struct{}{}:
	default:
	}
}

type subnet struct {
	Success bool
	Error   []string
	Workers []struct {
		HostID   string   `json:"host_id"`
		WorkerID []string `json:"worker_id"`
		PatID    string   `json:"pat_id"`
	}
}

// TestRentedAppAnswersACustomer takes the whole way: an app on one peer, a deal
// with a worker on another, which fetches the app, runs it and tells the chain; a
// customer finds the worker and calls it.
func TestRentedAppAnswersACustomer(t *testing.T) {
	ledger := &rentals{chainID: config.Default().ChainID, deal: chain.Deal{ID: chain.DealID{19: 7}, Status: chain.DealActive}, news: make(chan struct{}, 1)}
	store := startPeer(t, t.TempDir(), nil)
	provider := startPeer(t, t.TempDir(), func(c *config.Config, d *peer.Deps) {
		c.BootstrapNodes = []string{store.address(t, "/tcp/")}
		d.Chain = ledger
	})
	waitFor(t, "peers to meet", func() bool { return provider.Host().Connected(store.ID()) })
	app := pushApp(t, store)
	began := time.Now()
	ledger.rent(t, provider, app)
	customer := startClient(t, provider)
	var found subnet
	waitFor(t, "a worker", func() bool {
		found = ask[subnet](t, customer, "subnet", "resolve", ledger.deal.ID.String())
		return found.Success && len(found.Workers) == 1 && len(found.Workers[0].WorkerID) == 1
	})
	t.Logf("from the deal to a worker that is active: %v", time.Since(began).Round(time.Millisecond))
	if w := found.Workers[0]; w.HostID != provider.ID().String() || w.PatID != "0x"+fmt.Sprintf("%064x", 1) {
		t.Errorf("resolve = %+v", found)
	}
	worker := found.Workers[0].WorkerID[0]
	hop := func(then string) string {
		return load([]string{"worker", "name"}, `(seq (call worker ("hello" "greeting") [name] out) (seq (call worker ("`+then+`) (seq (call relay ("op" "noop") []) (call %init_peer_id% ("callbackSrv" "response") [out list]))))`)
	}
	args := map[string]any{"worker": worker, "name": "Ann"}
	out := execute(t, customer, hop(`srv" "list") [] list`), args)
	if out[0] != `"Hi, Ann"` {
		t.Errorf("the worker answers %s", out[0])
	}
	var services []struct {
		WorkerID string `json:"worker_id"`
		Aliases  []string
	}
	if err := json.Unmarshal([]byte(out[1]), &services); err != nil || len(services) != 1 || services[0].WorkerID != worker || services[0].Aliases[0] != "hello" {
		t.Errorf("srv.list on the worker = %s, %v", out[1], err)
	}
	if out := execute(t, customer, hop(`spell" "list") [] list`), args); strings.Count(out[1], ",") != 0 || len(out[1]) < 10 {
		t.Errorf("spell.list on the worker = %s, want one spell", out[1])
	}
	if got := ask[[]string](t, customer, "worker", "list"); len(got) != 1 || got[0] != worker {
		t.Errorf("worker.list = %v, want %s", got, worker)
	}
	if _, err := tryAsk[string](t, customer, "hello", "greeting", "x"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("the app answers on the host too: %v", err)
	}
	if _, err := tryAsk[string](t, customer, "worker", "remove", worker); err == nil {
		t.Error("a customer removed the worker")
	}
	endDeal(t, ledger, provider)
}

func endDeal(t testing.TB, ledger *rentals, provider *testPeer) {
	t.Helper()
	ledger.mu.Lock()
	ledger.workers = nil
	ledger.mu.Unlock()
	waitFor(t, "the worker to end", func() bool {
		select {
		case ledger.news <- struct{}{}:
		default:
		}
		return len(provider.Workers().List()) == 0
	})
	if list := provider.IPFS().List(); len(list) != 0 {
		t.Errorf("pins are left: %+v", list)
	}
}

// pushApp keeps an app of a service and a spell on a peer.
func pushApp(t testing.TB, p *testPeer) cid.Cid {
	t.Helper()
	b, err := bundle.Pack(bundle.App{
		Services: []bundle.AppService{{Name: "hello", Modules: []bundle.AppModule{{Name: "hello", Wasm: guests.Build(t, "small", small)}}}},
		Spells:   []bundle.AppSpell{{Name: "tick", Script: `(null)`, Init: json.RawMessage(`{"x":1}`)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range b.Blocks {
		if err := p.IPFS().PutBlock(block); err != nil {
			t.Fatal(err)
		}
	}
	return b.CID
}
