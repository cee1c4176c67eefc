// SPDX-License-Identifier: Apache-2.0

package deals

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
	"github.com/go-fluence/fluence/peer/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const deal = "0x0700000000000000000000000000000000000000"

// view is a chain with one deal and one worker of it.
type view struct {
	worker chain.DealWorker
	asked  int
	err    error // of every answer
	tell   error // of every activation
	told   chain.Activation
}

func (v *view) DealsOf(context.Context, [32]byte) ([]chain.PeerDeal, chain.Height, error) {
	app := dag.Raw([]byte("app")).CID
	good := chain.PeerDeal{Worker: v.worker, Deal: chain.Deal{ID: v.worker.Deal, App: app.Bytes(), Status: chain.DealActive}}
	bad := good
	bad.Deal.App = []byte("x")
	return []chain.PeerDeal{good, bad}, chain.Height{Number: 1}, v.err
}

func (v *view) Workers(_ context.Context, id chain.DealID) ([]chain.DealWorker, chain.Height, error) {
	v.asked++
	if id != v.worker.Deal {
		return nil, chain.Height{}, chain.ErrNoDeal
	}
	return []chain.DealWorker{v.worker}, chain.Height{Number: 1}, v.err
}

func (v *view) ActivateWorker(_ context.Context, a chain.Activation) (chain.Receipt, error) {
	v.told = a
	return chain.Receipt{Hash: chain.TxHash{7}, Height: chain.Height{Number: 5}}, v.tell
}

// freed counts what was freed.
type freed struct{ scopes, rests int }

func (f *freed) InstallApp(context.Context, pipeline.Scope, []worker.Service) error { return nil }
func (f *freed) RemoveScope(context.Context, peer.ID) error                         { f.scopes++; return nil }
func (f *freed) Rest(context.Context, peer.ID) error                                { f.rests++; return nil }

type rig struct {
	*Deals
	view  *view
	freed *freed
	self  peer.ID
}

func keyOf(n byte) ed25519.PublicKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32)).Public().(ed25519.PublicKey)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	self, err := peerID(keyOf(1))
	if err != nil {
		t.Fatal(err)
	}
	files, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	workers, err := worker.Open(files, "", self, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(workers.Close(), files.Close()); err != nil {
			t.Error(err)
		}
	})
	r := &rig{self: self, freed: &freed{}, view: &view{worker: chain.DealWorker{ID: [32]byte{31: 3}, Deal: chain.DealID{7}, Peer: [32]byte(keyOf(1)), Units: [][32]byte{{9}}}}}
	manager, err := peerID(keyOf(2))
	if err != nil {
		t.Fatal(err)
	}
	r.Deals = New(Config{
		Self: self, Managers: []peer.ID{manager}, Key: [32]byte(keyOf(1)), ChainID: "c", Workers: workers, Services: r.freed, Deals: r.view, Activator: r.view,
	})
	return r
}

// call answers with JSON, or with the text of the error. The initiator "manager" is
// the manager.
func (r *rig) call(t *testing.T, from peer.ID, name, args string) string {
	t.Helper()
	if from == "manager" {
		from = r.cfg.Managers[0]
	}
	service, function, _ := strings.Cut(name, ".")
	c := pipeline.Call{Scope: pipeline.Scope{Host: r.self, Peer: r.self}, Particle: &particle.Particle{ID: "p", InitPeerID: from.String()}}
	if err := json.Unmarshal([]byte(args), &c.Args); err != nil {
		t.Fatal(err)
	}
	v, err := r.Entries()[service][function].Call(t.Context(), c, builtin.NewArgs(c.Args))
	if err != nil {
		return "error: " + err.Error()
	}
	if _, ok := v.(builtin.Empty); ok {
		return `""`
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestResolve(t *testing.T) {
	r := newRig(t)
	host := r.self.String()
	unit := "0x09" + strings.Repeat("0", 62)
	pat := "0x" + strings.Repeat("0", 63) + "3"
	want := `{"success":true,"workers":[{"pat_id":"` + pat + `","cu_ids":["` + unit + `"],"host_id":"` + host + `","worker_id":[]}],"error":[]}`
	for range 3 {
		if got := r.call(t, "anybody", "subnet.resolve", `["`+deal+`"]`); got != want {
			t.Errorf("resolve = %s, want %s", got, want)
		}
	}
	if r.view.asked != 1 {
		t.Errorf("the chain was asked %d times within a moment", r.view.asked)
	}
	r = newRig(t)
	r.view.worker.Key = keyOf(5)
	id, err := peerID(keyOf(5))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.call(t, "anybody", "subnet.resolve", `["`+strings.ToUpper(deal[2:])+`"]`); !strings.Contains(got, `"worker_id":["`+id.String()+`"]`) {
		t.Errorf("resolve of an active worker = %s", got)
	}
	for name, id := range map[string]string{"short": "0x07", "path": "../../x", "long": strings.Repeat("0", 4000), "unknown": "0x08" + strings.Repeat("0", 38)} {
		got := r.call(t, "anybody", "subnet.resolve", `["`+id+`"]`)
		if !strings.HasPrefix(got, `{"success":false,"workers":[],"error":["`) || len(got) > 400 {
			t.Errorf("%s: resolve = %s, want a refusal as an answer", name, got)
		}
	}
	r.cfg.Deals = nil
	if got := r.call(t, "anybody", "subnet.resolve", `["`+deal+`"]`); !strings.Contains(got, "reads no chain") {
		t.Errorf("resolve without a chain = %s", got)
	}
}

func TestWorkerBuiltins(t *testing.T) {
	r := newRig(t)
	unit := "[" + strings.TrimSuffix(strings.Repeat("1,", 32), ",") + "]"
	for name, call := range map[string][2]string{
		"a stranger":   {"stranger", `["` + deal + `",[]]`},
		"bad deal":     {"manager", `["x",[]]`},
		"bad units":    {"manager", `["` + deal + `",[[1,2]]]`},
		"too few args": {"manager", `["` + deal + `"]`},
	} {
		if got := r.call(t, peer.ID(call[0]), "worker.create", call[1]); !strings.HasPrefix(got, "error: ") {
			t.Errorf("%s: create = %s", name, got)
		}
	}
	if got := r.call(t, "anybody", "worker.get_worker_id", `["`+deal+`"]`); got != "[]" {
		t.Errorf("get_worker_id of none = %s", got)
	}
	made := r.call(t, "manager", "worker.create", `["`+deal+`",[`+unit+`]]`)
	if got := r.call(t, "anybody", "worker.get_worker_id", `["`+deal+`"]`); got != "["+made+"]" {
		t.Errorf("get_worker_id = %s, want %s", got, made)
	}
	steps := []struct{ from, call, args, want string }{
		{"manager", "worker.create", `["` + deal + `",[]]`, "error: worker exists: Worker for " + deal + " already exists"},
		{"anybody", "worker.list", `[]`, "[" + made + "]"},
		{"anybody", "worker.is_active", `["` + deal + `"]`, "true"},
		{"anybody", "worker.deactivate", `["` + deal + `"]`, "error: " + errNotTrusted.Error()},
		{"manager", "worker.deactivate", `["` + deal + `"]`, `""`},
		{"manager", "worker.deactivate", `["` + deal + `"]`, "error: nothing to change: Deal has already been deactivated"},
		{"anybody", "worker.is_active", `["` + deal + `"]`, "false"},
		{"manager", "worker.activate", `["` + deal + `"]`, `""`},
		{"anybody", "worker.remove", `[` + made + `]`, "error: " + errNotTrusted.Error()},
		{"manager", "worker.remove", `["x"]`, `error: Error deserializing field 'worker_id': expected a peer id, got "x"`},
		{"manager", "worker.remove", `[` + made + `]`, `""`},
		{"anybody", "worker.list", `[]`, "[]"},
	}
	for _, s := range steps {
		if got := r.call(t, peer.ID(s.from), s.call, s.args); got != s.want {
			t.Errorf("%s%s by %s = %s, want %s", s.call, s.args, s.from, got, s.want)
		}
	}
	if r.freed.scopes != 1 || r.freed.rests != 1 {
		t.Errorf("freed %+v", r.freed)
	}
	w, err := r.cfg.Workers.Create(deal, r.self, nil, strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.call(t, "manager", "worker.remove", `["`+w.ID.String()+`"]`); !strings.Contains(got, "remove it on the chain") {
		t.Errorf("remove of a worker that the chain wants = %s", got)
	}
}

func TestConnector(t *testing.T) {
	r := newRig(t)
	for _, f := range []string{"get_deals", "register_worker", "get_tx_receipts"} {
		if got := r.call(t, "manager", "connector."+f, `[]`); got != "error: Only the host peer can call this function" {
			t.Errorf("%s by another = %s", f, got)
		}
	}
	app := dag.Raw([]byte("app")).CID
	var list []dealResult
	if err := json.Unmarshal([]byte(r.call(t, r.self, "connector.get_deals", `[]`)), &list); err != nil || len(list) != 2 {
		t.Fatalf("get_deals = %+v, %v", list, err)
	}
	if d := list[0]; !d.Success || d.DealID != deal || d.Info[0].AppCID != app.String() || d.Info[0].Status != "ACTIVE" || len(d.Error) != 0 {
		t.Errorf("get_deals = %+v", d)
	}
	if d := list[1]; d.Success || len(d.Info) != 0 || len(d.Error) != 1 {
		t.Errorf("a deal with a bad app = %+v", d)
	}
	w, err := r.cfg.Workers.Create(deal, r.self, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	onChain := "0x" + strings.Repeat("0", 63) + "3"
	for _, args := range []string{`["x","` + w.ID.String() + `","` + onChain + `"]`, `["` + deal + `","x","` + onChain + `"]`, `["` + deal + `","` + w.ID.String() + `","0x3"]`, `["` + deal + `","` + r.self.String() + `","` + onChain + `"]`} {
		if got := r.call(t, r.self, "connector.register_worker", args); !strings.HasPrefix(got, "error: ") {
			t.Errorf("register_worker%s = %s", args, got)
		}
	}
	hash := r.call(t, r.self, "connector.register_worker", `["`+deal+`","`+w.ID.String()+`","`+onChain+`"]`)
	if a := r.view.told; !ed25519.Verify(a.Key[:], chain.ActivationBytes("c", a.Deal, a.Worker, [32]byte(keyOf(1))), a.Signature[:]) {
		t.Errorf("activation %s is not signed by the worker", hex.EncodeToString(a.Key[:]))
	}
	want := `[{"success":true,"error":[],"status":"ok","receipt":[{"block_number":5,"tx_hash":` + hash + `}]},{"success":false,"error":["no transaction of this peer has hash 0x1"],"status":"","receipt":[]}]`
	if got := r.call(t, r.self, "connector.get_tx_receipts", `[[`+hash+`,"0x1"]]`); got != want {
		t.Errorf("get_tx_receipts = %s, want %s", got, want)
	}
	r.view.tell = chain.ErrFailed
	r.call(t, r.self, "connector.register_worker", `["`+deal+`","`+w.ID.String()+`","`+onChain+`"]`)
	if got := r.call(t, r.self, "connector.get_tx_receipts", `[[`+hash+`]]`); !strings.Contains(got, `"status":"failed"`) {
		t.Errorf("receipt of a failed transaction = %s", got)
	}
}
