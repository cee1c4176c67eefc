// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/worker"
)

const hi = `"Hi, x"`

func TestDealBecomesAWorkerThatAnswers(t *testing.T) {
	w := newWorld(t)
	app := w.pack(t, "hello", smallWasm(t), func(d *bundle.Definition) {
		d.Spells = []bundle.Spell{{
			Name: "tick", Script: w.put([]byte("(null)")).String(), InitArgs: w.put([]byte(`{"a":1}`)).String(), Config: w.put([]byte(`{"clock":{}}`)).String(),
		}}
	})
	deal := w.rent(1, app)
	v := w.running(t, deal)
	if got, err := w.greet(t, v.ID, "hello"); got != hi || err != nil {
		t.Errorf("greeting = %s, %v", got, err)
	}
	if key, err := v.ID.ExtractPublicKey(); err != nil {
		t.Error(err)
	} else if raw, err := key.Raw(); err != nil || !bytes.Equal(raw, w.key(deal)) {
		t.Errorf("the chain knows key %x, the worker has %x", w.key(deal), raw)
	}
	if v.App != app.String() || v.OnChain != fmt.Sprintf("%064x", 1) || len(v.Units) != 1 || v.Fault != "" {
		t.Errorf("worker = %+v", v)
	}
	if !w.services.Public(pipeline.Scope{Host: w.self, Peer: v.ID}, "hello") {
		t.Error("the app answers its owner only")
	}
	if list := w.installed(v.ID); len(list) != 1 || list[0].Name != "tick" || list[0].Script != "(null)" || string(list[0].Init) != `{"a":1}` {
		t.Errorf("spells = %+v", list)
	}
	w.looks(t, 5)
	if n := w.told(); n != 1 {
		t.Errorf("activated %d times", n)
	}
	if n := w.owners(); n != 1 {
		t.Errorf("pins of %d owners", n)
	}
}

func TestRestartGoesOnWhereItStopped(t *testing.T) {
	w := newWorld(t)
	w.refuses(chain.ErrUnavailable) // the app is installed, the chain is not told
	deal := w.rent(1, w.pack(t, "hello", smallWasm(t), nil))
	eventually(t, "a fault of the worker", func() bool {
		v, _ := w.workers.OfDeal(deal.String())
		return v.App != "" && strings.Contains(v.Fault, "chain unavailable")
	})
	before, _ := w.workers.OfDeal(deal.String())
	w.stop()
	gets := w.gets
	w.refuses(nil)
	w.start(t)
	after := w.running(t, deal)
	if n := w.fetched(); before.ID != after.ID || n != gets {
		t.Errorf("worker %s became %s, %d fetches more", before.ID, after.ID, n-gets)
	}
	if got, err := w.greet(t, after.ID, "hello"); got != hi || err != nil {
		t.Errorf("greeting = %s, %v", got, err)
	}
}

func TestNewAppReplacesTheOldOneWhenItAnswers(t *testing.T) {
	w := newWorld(t)
	wasm := smallWasm(t)
	old := w.pack(t, "hello", wasm, nil)
	deal := w.rent(1, old)
	v := w.running(t, deal)
	for name, bad := range map[string]cid.Cid{
		"absent":     dag.Raw([]byte("nowhere")).CID,
		"not an app": w.put([]byte("{}")),
		"broken":     w.pack(t, "hello", []byte("\x00asm"), nil),
	} {
		w.edit(deal, func(d *chain.PeerDeal) { d.Deal.App = bad.Bytes() })
		eventually(t, "a fault: "+name, func() bool { now, _ := w.workers.OfDeal(deal.String()); return now.Fault != "" })
		if got, err := w.greet(t, v.ID, "hello"); got != hi || err != nil {
			t.Errorf("%s: the old app answers %s, %v", name, got, err)
		}
		w.edit(deal, func(d *chain.PeerDeal) { d.Deal.App = old.Bytes() })
		eventually(t, "no fault", func() bool { now, _ := w.workers.OfDeal(deal.String()); return now.Fault == "" })
	}
	next := w.pack(t, "other", wasm, nil)
	w.edit(deal, func(d *chain.PeerDeal) { d.Deal.App = next.Bytes() })
	eventually(t, "the new app", func() bool { now, _ := w.workers.OfDeal(deal.String()); return now.App == next.String() })
	if got, err := w.greet(t, v.ID, "other"); got != hi || err != nil {
		t.Errorf("the new app answers %s, %v", got, err)
	}
	if got, err := w.greet(t, v.ID, "hello"); err == nil {
		t.Errorf("the old app still answers %s", got)
	}
	if len(w.services.List(v.ID)) != 1 || w.told() != 1 {
		t.Errorf("%d services, activated %d times", len(w.services.List(v.ID)), w.told())
	}
	eventually(t, "pins of the new app only", func() bool { return w.owners() == 1 })
}

func TestDryDealPausesAndEndedDealFrees(t *testing.T) {
	w := newWorld(t)
	deal := w.rent(1, w.pack(t, "hello", smallWasm(t), nil))
	v := w.running(t, deal)
	if _, ok := w.workers.Seed(v.ID, "stranger"); !ok {
		t.Error("an active worker refuses strangers")
	}
	w.edit(deal, func(d *chain.PeerDeal) { d.Deal.Status = chain.DealNoFunds })
	eventually(t, "a pause", func() bool { now, _ := w.workers.OfDeal(deal.String()); return !now.Active })
	if _, ok := w.workers.Seed(v.ID, "stranger"); ok {
		t.Error("a paused worker takes particles of strangers")
	}
	if _, ok := w.workers.Seed(v.ID, w.self.String()); !ok {
		t.Error("a paused worker refuses its host")
	}
	w.edit(deal, func(d *chain.PeerDeal) { d.Deal.Status = chain.DealSmallBalance })
	eventually(t, "going on", func() bool { now, _ := w.workers.OfDeal(deal.String()); return now.Active })
	if got, err := w.greet(t, v.ID, "hello"); got != hi || err != nil {
		t.Errorf("after the pause: %s, %v", got, err)
	}
	w.edit(deal, nil)
	eventually(t, "the end", func() bool { _, ok := w.workers.OfDeal(deal.String()); return !ok })
	if len(w.services.List(v.ID)) != 0 || w.owners() != 0 {
		t.Errorf("left: %v, pins of %d owners", w.services.List(v.ID), w.owners())
	}
	if _, ok := w.workers.Seed(v.ID, w.self.String()); ok {
		t.Error("the key is still here")
	}
	if names, err := w.workers.Archive(); err != nil || len(names) != 1 || !strings.HasSuffix(names[0], strings.TrimPrefix(deal.String(), "0x")) {
		t.Errorf("archive = %v, %v", names, err)
	}
}

func TestOneOddAnswerOfTheChainRemovesNothing(t *testing.T) {
	w := newWorld(t)
	deal := w.rent(1, w.pack(t, "hello", smallWasm(t), nil))
	v := w.running(t, deal)
	w.ledger.mu.Lock()
	w.down = chain.ErrUnavailable
	w.ledger.mu.Unlock()
	w.looks(t, 5)
	if _, err := w.rec.Seen(); !errors.Is(err, chain.ErrUnavailable) {
		t.Errorf("Seen = %v, want ErrUnavailable", err)
	}
	w.ledger.mu.Lock()
	w.down = nil
	w.height = 0 // a validator that is behind
	kept := w.deals[deal]
	delete(w.deals, deal)
	w.ledger.mu.Unlock()
	w.rec.Look()
	eventually(t, "looks", func() bool { w.ledger.mu.Lock(); defer w.ledger.mu.Unlock(); return w.height >= 3 })
	w.ledger.mu.Lock()
	w.deals[deal] = kept
	w.height += 1000
	w.ledger.mu.Unlock()
	w.looks(t, 3)
	if now, ok := w.workers.ByID(v.ID); !ok || !now.Active {
		t.Errorf("worker = %+v, %v", now, ok)
	}
}

func TestWorkerOfAnotherMatchIsAnother(t *testing.T) {
	w := newWorld(t)
	deal := w.rent(1, w.pack(t, "hello", smallWasm(t), nil))
	first := w.running(t, deal)
	w.edit(deal, func(d *chain.PeerDeal) { d.Worker.ID, d.Worker.Key = [32]byte{31: 9}, nil })
	eventually(t, "another worker", func() bool { v, _ := w.workers.OfDeal(deal.String()); return v.ID != first.ID && v.Told })
	if v := w.running(t, deal); v.OnChain != fmt.Sprintf("%064x", 9) {
		t.Errorf("worker = %+v", v)
	}
	if len(w.services.List(first.ID)) != 0 {
		t.Error("services of the first worker are left")
	}
}

func TestLostKeyIsReported(t *testing.T) {
	w := newWorld(t)
	deal := w.rent(1, w.pack(t, "hello", smallWasm(t), nil))
	w.edit(deal, func(d *chain.PeerDeal) { d.Worker.Key = make([]byte, 32) })
	eventually(t, "a fault", func() bool {
		v, _ := w.workers.OfDeal(deal.String())
		return strings.Contains(v.Fault, worker.ErrForeignKey.Error())
	})
	if w.told() != 0 {
		t.Error("a worker with another key was activated")
	}
}

// TestDefinitionOfTheOfficialTools has the shape that installation-spell 0.7.6
// uploads: modules are named in the definition.
func TestDefinitionOfTheOfficialTools(t *testing.T) {
	w := newWorld(t)
	wasm := w.put(smallWasm(t))
	app := w.put([]byte(`{"services":[{"name":"hello","modules":[{"name":"small","wasm":"` + wasm.String() + `"}],"total_memory_limit":67108864}],"spells":[]}`))
	v := w.running(t, w.rent(1, app))
	if got, err := w.greet(t, v.ID, "hello"); got != hi || err != nil {
		t.Errorf("greeting = %s, %v", got, err)
	}
	if _, limit, _, err := w.services.Memory(v.ID, "hello"); err != nil || limit != 64<<20 {
		t.Errorf("memory limit = %d, %v", limit, err)
	}
}

func TestBadAppsAreRefused(t *testing.T) {
	w := newWorld(t)
	wasm := smallWasm(t)
	lie := w.pack(t, "hello", append([]byte{}, wasm...), nil)
	absent := dag.Raw([]byte("nowhere")).CID.String()
	tests := map[string]struct {
		app  []byte
		want string
	}{
		"no CID":           {[]byte("x"), "names no CIDv1"},
		"no app at all":    {nil, "names no CIDv1"},
		"absent":           {dag.Raw([]byte("nowhere")).CID.Bytes(), "no peer delivered"},
		"a module absent":  {w.pack(t, "a", wasm, func(d *bundle.Definition) { d.Services[0].Modules[0].Wasm = absent }).Bytes(), "services[0].modules[0].wasm"},
		"no module":        {w.pack(t, "b", []byte("no module"), nil).Bytes(), "malformed module"},
		"1 GB":             {w.huge(t).Bytes(), "more than"},
		"a million files":  {w.million(t).Bytes(), "more than 262144 bytes"},
		"a foreign effect": {w.pack(t, "c", effector(t), nil).Bytes(), "is forbidden on this host"},
		"reserved name":    {w.pack(t, "spell", wasm, nil).Bytes(), "reserved"},
		"spell not JSON": {w.pack(t, "d", wasm, func(d *bundle.Definition) {
			c := w.put([]byte("no json")).String()
			d.Spells = []bundle.Spell{{Name: "s", Script: c, InitArgs: c, Config: c}}
		}).Bytes(), "must be JSON"},
		"wrong bytes": {lie.Bytes(), "does not match its CID"},
	}
	def, err := bundle.ParseDefinition(w.file(lie))
	if err != nil {
		t.Fatal(err)
	}
	c, err := dag.Parse(def.Services[0].Modules[0].Config)
	if err != nil {
		t.Fatal(err)
	}
	w.shelf.mu.Lock()
	w.shelf.files[c.KeyString()] = []byte(`{"name":"evil"}`)
	w.shelf.mu.Unlock()
	n := byte(10)
	ids := map[string]chain.DealID{}
	for name, tt := range tests {
		n++
		ids[name] = w.rent(n, lie)
		w.edit(ids[name], func(d *chain.PeerDeal) { d.Deal.App = tt.app })
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var v worker.Worker
			eventually(t, "a fault", func() bool { v, _ = w.workers.OfDeal(ids[name].String()); return v.Fault != "" })
			if !strings.Contains(v.Fault, tt.want) || v.App != "" {
				t.Errorf("fault %q, want %q; app %q", v.Fault, tt.want, v.App)
			}
			if len(w.services.List(v.ID)) != 0 || len(w.key(ids[name])) != 0 {
				t.Error("a refused app left services or was activated")
			}
		})
	}
}
