// SPDX-License-Identifier: Apache-2.0

//go:build interop

package deal_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
)

const app = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"

// shortEpochs makes epochs of six seconds.
func shortEpochs(state map[string]json.RawMessage) error {
	state["epoch"] = bytes.Replace(state["epoch"], []byte(`"15s"`), []byte(`"6s"`), 1)
	return nil
}

// run runs a command of an account and decodes its JSON.
func run(ctx context.Context, t *testing.T, n *procnet.Net, into any, args ...string) {
	t.Helper()
	out, err := n.Run(ctx, append(args, "--json")...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	if at := strings.IndexAny(out, "{["); into != nil {
		if err := json.NewDecoder(strings.NewReader(out[max(at, 0):])).Decode(into); err != nil {
			t.Fatalf("%s: %v in %s", strings.Join(args, " "), err, out)
		}
	}
}

type answer struct {
	OfferID   string   `json:"offer_id"`
	PeerID    string   `json:"peer_id"`
	DealID    string   `json:"deal_id"`
	WorkerIDs []string `json:"worker_ids"`
}

type page struct {
	Status       string `json:"status"`
	AppCID       string `json:"app_cid"`
	Balance      string `json:"balance"`
	Earned       string `json:"earned"`
	MaxPaidEpoch uint64 `json:"max_paid_epoch"`
	Workers      []struct {
		State        string  `json:"state"`
		WorkerPeerID *string `json:"worker_peer_id"`
	} `json:"workers"`
	Problems []string `json:"problems"`
}

// TestLifeOfADeal uses every command once against a real validator: a customer rents a
// worker, pays, changes the app, lets the money run out, refills and stops.
func TestLifeOfADeal(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{Stakes: []int64{100}, Genesis: shortEpochs})
	n.WaitHeight(ctx, 3)
	peer := n.Validators[0].Home
	if err := os.MkdirAll(peer.Join("peer"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(peer.Join("peer", "peer_key"), []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	provider, customer := n.Accounts[0].Bech32(), "account-1"
	var a answer
	run(ctx, t, n, nil, "provider", "register", "Example Compute", "--from", "account-0", "--yes")
	run(ctx, t, n, &a, "provider", "offer", "create", "--price", "100uusd", "--from", "account-0", "--yes")
	run(ctx, t, n, &a, "provider", "peer", "add", a.OfferID, "--units", "1", "--from", "account-0", "--yes")

	refuses := func(want string, args ...string) {
		t.Helper()
		if out, err := n.Run(ctx, append(args, "--from", customer, "--yes")...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %s, %v; want %q", strings.Join(args, " "), out, err, want)
		}
	}
	refuses("no peer fits", "deal", "create", "--app", app, "--price", "100uusd", "--epochs", "4", "--match") // it pledges no capacity
	refuses("no peer fits", "deal", "create", "--app", app, "--price", "99uusd", "--epochs", "4", "--match", "--allow", provider)
	refuses("1uusd missing", "deal", "create", "--app", app, "--price", "100uusd", "--deposit", "199uusd")
	run(ctx, t, n, &a, "deal", "create", "--app", app, "--price", "100uusd", "--epochs", "4", "--match", "--allow", provider, "--from", customer, "--yes")
	refuses("has all 1 workers", "deal", "match", a.DealID)
	refuses("at most 200uusd", "deal", "withdraw", a.DealID, "201uusd")
	run(ctx, t, n, nil, "deal", "withdraw", a.DealID, "50uusd", "--from", customer, "--yes")
	refuses("there is no deal", "deal", "fund", "0x0000000000000000000000000000000000000001", "1uusd")

	activate(ctx, t, n, a)
	var p page
	status := func() page {
		run(ctx, t, n, &p, "deal", "status", a.DealID)
		return p
	}
	if status(); p.Status != "active" || len(p.Workers) != 1 || p.Workers[0].State != "active" || p.Workers[0].WorkerPeerID == nil || p.MaxPaidEpoch == 0 {
		t.Errorf("status %+v: want one active worker", p)
	}
	const other = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
	run(ctx, t, n, nil, "deal", "app", a.DealID, other, "--from", customer, "--yes")
	if status(); p.AppCID != other {
		t.Errorf("app %s, want %s", p.AppCID, other)
	}
	if err := procnet.Poll(ctx, func() bool { return status().Status == "insufficient_funds" }); err != nil {
		t.Fatalf("the money does not run out: %v, %+v", err, p)
	}
	if p.Balance != "50" || p.Earned != "300" && p.Earned != "0" || len(p.Problems) == 0 {
		t.Errorf("dry: %+v, want 50 left and 300 earned", p)
	}
	run(ctx, t, n, nil, "deal", "fund", a.DealID, "1000uusd", "--from", customer, "--yes")
	run(ctx, t, n, nil, "deal", "stop", a.DealID, "--from", customer, "--yes")
	var list []struct {
		Status string `json:"status"`
	}
	run(ctx, t, n, &list, "deal", "list", "--ended", "--from", customer)
	if status(); p.Status != "ended" || p.Balance != "0" || len(p.Workers) != 0 || len(list) != 1 || list[0].Status != "ended" {
		t.Errorf("stopped: %+v, list %+v", p, list)
	}
}

// activate says on chain that the worker runs, as its peer does.
func activate(ctx context.Context, t *testing.T, n *procnet.Net, a answer) {
	t.Helper()
	deal, err := dealtypes.ParseDealID(a.DealID)
	if err != nil {
		t.Fatal(err)
	}
	worker, err := dealtypes.ParseWorkerID(a.WorkerIDs[0])
	if err != nil {
		t.Fatal(err)
	}
	peer, err := dealtypes.ParsePeerID(a.PeerID)
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32))
	text := base64.StdEncoding.EncodeToString
	signature := ed25519.Sign(key, dealtypes.ActivationBytes("fluence-local-1", deal, worker, peer))
	if out, err := n.Run(ctx, "tx", "deal", "activate-worker", text(deal), text(worker), text(key.Public().(ed25519.PublicKey)), text(signature), "--from", "account-0", "--yes"); err != nil {
		t.Fatalf("activate: %s, %v", out, err)
	}
	if err := procnet.Poll(ctx, func() bool {
		var p page
		run(ctx, t, n, &p, "deal", "status", a.DealID)
		return len(p.Workers) == 1 && p.Workers[0].State == "active"
	}); err != nil {
		t.Fatal(err)
	}
}
