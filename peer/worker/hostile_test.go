// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
	"github.com/go-fluence/fluence/peer/worker"
)

// file returns a file of the shelf.
func (w *world) file(c cid.Cid) []byte {
	w.shelf.mu.Lock()
	defer w.shelf.mu.Unlock()
	return w.shelf.files[c.KeyString()]
}

// effector is a module that wants to run a binary.
func effector(t testing.TB) []byte { return guests.Build(t, "all", guests.All) }

// huge is an app with a module beyond every limit: the shelf refuses by size, as a
// store that reads announced sizes does.
func (w *world) huge(t testing.TB) cid.Cid {
	t.Helper()
	return w.pack(t, "huge", make([]byte, bundle.MaxModule+1), nil)
}

// million is a definition with a million modules.
func (w *world) million(t testing.TB) cid.Cid {
	t.Helper()
	one := `{"wasm":"x","config":"x"},`
	raw := dag.Raw([]byte(`{"services":[{"name":"m","modules":[` + strings.Repeat(one, 999_999) + `{"wasm":"x","config":"x"}]}],"spells":[]}`))
	w.shelf.mu.Lock()
	defer w.shelf.mu.Unlock()
	w.files[raw.CID.KeyString()] = raw.Data
	return raw.CID
}

func TestManyFaultyDealsDoNotStarveAGoodOne(t *testing.T) {
	w := newWorld(t)
	nowhere := dag.Raw([]byte("nowhere")).CID
	for n := byte(100); n < 150; n++ {
		w.rent(n, nowhere)
	}
	deal := w.rent(1, w.pack(t, "hello", smallWasm(t), nil))
	v := w.running(t, deal)
	if got, err := w.greet(t, v.ID, "hello"); got != hi || err != nil {
		t.Errorf("greeting = %s, %v", got, err)
	}
}

func TestWorkersRefuseWhatTheyCannotKeep(t *testing.T) {
	w := newWorld(t)
	const deal = "0x00000000000000000000000000000000000000AB"
	v, err := w.workers.Create(deal, w.self, nil, "")
	if err != nil || v.Deal != strings.ToLower(deal[2:]) {
		t.Fatalf("Create = %+v, %v", v, err)
	}
	tests := map[string]struct {
		do   func() error
		want error
	}{
		"twice":           {func() error { _, err := w.workers.Create(strings.ToLower(deal), w.self, nil, ""); return err }, worker.ErrExists},
		"short id":        {func() error { _, err := w.workers.Create("0xab", w.self, nil, ""); return err }, worker.ErrDealID},
		"path for an id":  {func() error { _, err := w.workers.Create("../../../../etc/passwd", w.self, nil, ""); return err }, worker.ErrDealID},
		"active already":  {func() error { return w.workers.SetActive(deal, true) }, worker.ErrState},
		"unknown deal":    {func() error { return w.workers.SetActive(deal[:40]+"cd", true) }, worker.ErrNotFound},
		"unknown worker":  {func() error { return w.workers.Remove(w.self) }, worker.ErrNotFound},
		"foreign sign":    {func() error { _, err := w.workers.Sign(w.self, nil); return err }, worker.ErrNotFound},
		"pause":           {func() error { return w.workers.SetActive(deal, false) }, nil},
		"pause once more": {func() error { return w.workers.SetActive(deal, false) }, worker.ErrState},
	}
	for _, name := range []string{"twice", "short id", "path for an id", "active already", "unknown deal", "unknown worker", "foreign sign", "pause", "pause once more"} {
		if err := tests[name].do(); !errors.Is(err, tests[name].want) {
			t.Errorf("%s: %v, want %v", name, err, tests[name].want)
		}
	}
	w.stop()
	w.start(t)
	if again, ok := w.workers.OfDeal(deal); !ok || again.ID != v.ID || again.Active || !again.Held {
		t.Errorf("after a restart: %+v, %v", again, ok)
	}
	w.looks(t, 5)
	if _, ok := w.workers.OfDeal(deal); !ok {
		t.Error("a worker that no deal made was removed")
	}
}

func TestConcernsDealsOnly(t *testing.T) {
	if worker.Concerns(chain.Block{Events: []chain.Event{{Type: "transfer"}}}) || !worker.Concerns(chain.Block{Events: []chain.Event{{Type: "fluence.deal.v1.EventWorkerCreated"}}}) {
		t.Error("Concerns is wrong")
	}
}
