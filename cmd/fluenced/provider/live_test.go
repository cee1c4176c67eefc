// SPDX-License-Identifier: Apache-2.0

//go:build interop

package provider_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
)

// shortTerms makes epochs of six seconds, and pledges of two epochs possible.
func shortTerms(state map[string]json.RawMessage) error {
	state["epoch"] = bytes.Replace(state["epoch"], []byte(`"15s"`), []byte(`"6s"`), 1)
	var g map[string]any
	if err := json.Unmarshal(state["capacity"], &g); err != nil {
		return err
	}
	g["params"].(map[string]any)["min_duration"] = "2"
	raw, err := json.Marshal(g)
	state["capacity"] = raw
	return err
}

// provide runs fluenced provider as account-0 and decodes its JSON.
func provide(ctx context.Context, t *testing.T, n *procnet.Net, into any, args ...string) {
	t.Helper()
	out, err := n.Run(ctx, append(append([]string{"provider"}, args...), "--from", "account-0", "--json")...)
	if err != nil {
		t.Fatalf("provider %s: %v", strings.Join(args, " "), err)
	}
	if at := strings.IndexAny(out, "{["); into != nil {
		if err := json.NewDecoder(strings.NewReader(out[max(at, 0):])).Decode(into); err != nil {
			t.Fatalf("provider %s: %v in %s", strings.Join(args, " "), err, out)
		}
	}
}

type answer struct {
	OfferID      string   `json:"offer_id"`
	PeerID       string   `json:"peer_id"`
	UnitIDs      []string `json:"unit_ids"`
	CommitmentID string   `json:"commitment_id"`
	Amount       string   `json:"amount"`
}

type statusPage struct {
	Epoch uint64 `json:"epoch"`
	Peers []struct {
		Commitment *struct {
			Status       string `json:"status"`
			EndEpoch     uint64 `json:"end_epoch"`
			Failures     uint64 `json:"failures"`
			FailuresLeft uint64 `json:"failures_left"`
			Slashed      string `json:"slashed"`
		} `json:"commitment"`
	} `json:"peers"`
	Units []struct {
		State    string `json:"state"`
		Failures uint64 `json:"failures"`
	} `json:"units"`
}

// TestLifeOfAProviderThatNeverProves goes from the name to an empty account: every
// command once, against a real validator.
func TestLifeOfAProviderThatNeverProves(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{Stakes: []int64{100}, Genesis: shortTerms})
	n.WaitHeight(ctx, 3)
	peer := n.Validators[0].Home
	if err := os.MkdirAll(peer.Join("peer"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(peer.Join("peer", "peer_key"), []byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))), 0o600); err != nil {
		t.Fatal(err)
	}

	var a answer
	provide(ctx, t, n, nil, "register", "Example Compute", "--yes")
	provide(ctx, t, n, &a, "offer", "create", "--resource-price", "vcpu=10", "--resource-price", "ram=1", "--yes")
	provide(ctx, t, n, &a, "peer", "add", a.OfferID, "--units", "1", "--yes")
	provide(ctx, t, n, &a, "unit", "add", a.PeerID, "--count", "1", "--supply", "ram=8192", "--yes")
	provide(ctx, t, n, nil, "offer", "update", a.OfferID, "--resource-price", "ram=2", "--yes")
	provide(ctx, t, n, nil, "peer", "drain", a.PeerID, "--yes")
	provide(ctx, t, n, nil, "peer", "drain", a.PeerID, "--off", "--yes")
	if out, err := n.Run(ctx, "provider", "offer", "remove", a.OfferID, "--from", "account-0", "--yes"); err == nil || !strings.Contains(err.Error(), "offer has compute peers") {
		t.Errorf("an offer with peers is removed: %s, %v", out, err)
	}
	provide(ctx, t, n, &a, "commitment", "create", a.PeerID, "--duration", "2", "--yes")
	if out, err := n.Run(ctx, "provider", "commitment", "finish", a.CommitmentID, "--from", "account-0", "--yes"); err == nil {
		t.Errorf("a commitment that waits is finished: %s", out)
	}
	provide(ctx, t, n, &a, "commitment", "deposit", a.CommitmentID, "--yes")
	if !strings.HasSuffix(a.Amount, "000000000000000000") {
		t.Errorf("deposited %q aflt", a.Amount)
	}

	var p statusPage
	if err := procnet.Poll(ctx, func() bool {
		provide(ctx, t, n, &p, "status")
		return len(p.Peers) == 1 && p.Peers[0].Commitment != nil && p.Peers[0].Commitment.Status == "inactive"
	}); err != nil {
		t.Fatalf("the commitment does not end: %v, %+v", err, p)
	}
	if c := p.Peers[0].Commitment; c.Failures != 4 || c.Slashed == "0" || len(p.Units) != 2 || p.Units[0].Failures != 2 {
		t.Errorf("two units failed two epochs each; status says %+v, %+v", *c, p.Units)
	}
	provide(ctx, t, n, nil, "commitment", "finish", a.CommitmentID, "--yes")
	if out, err := n.Run(ctx, "provider", "reward", "withdraw", "--from", "account-0", "--yes"); err == nil || !strings.Contains(err.Error(), "nothing is vested") {
		t.Errorf("rewards without proofs: %s, %v", out, err)
	}
	var units []struct {
		UnitID string `json:"unit_id"`
	}
	provide(ctx, t, n, &units, "unit", "list", a.PeerID)
	provide(ctx, t, n, nil, "unit", "remove", a.PeerID, units[0].UnitID, units[1].UnitID, "--yes")
	provide(ctx, t, n, nil, "peer", "remove", a.PeerID, "--yes")
	provide(ctx, t, n, nil, "offer", "remove", a.OfferID, "--yes")
	var offers []any
	provide(ctx, t, n, &offers, "offer", "list")
	if len(offers) != 0 {
		t.Errorf("offers left: %v", offers)
	}
}
