// SPDX-License-Identifier: Apache-2.0

//go:build interop

package procnet_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
)

// balance returns what an account has of the base coin.
func balance(ctx context.Context, t *testing.T, n *procnet.Net, address string) string {
	t.Helper()
	out, err := n.Run(ctx, "query", "bank", "balance", address, "aflt", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Balance struct {
			Amount string `json:"amount"`
		} `json:"balance"`
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("query bank balance = %s: %v", out, err)
	}
	return answer.Balance.Amount
}

func TestThreeValidatorsTransferAndSurviveAKill(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{})
	n.WaitHeight(ctx, 3)

	to := n.Accounts[3].Bech32()
	before := balance(ctx, t, n, to)
	if _, err := n.Run(ctx, "tx", "bank", "send", "account-0", to, "1000aflt", "--yes"); err != nil {
		t.Fatal(err)
	}
	if err := procnet.Poll(ctx, func() bool { return balance(ctx, t, n, to) != before }); err != nil {
		t.Fatal("the transfer did not arrive")
	}
	if got, want := balance(ctx, t, n, to), "1000000000000000000001000"; got != want {
		t.Errorf("balance = %s, want %s (was %s)", got, want, before)
	}

	victim := n.Validators[2]
	victim.Kill()
	s, err := n.Validators[0].Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n.WaitHeight(ctx, s.Height+5, 0, 1)
	victim.Start()
	n.WaitHeight(ctx, s.Height+8)

	a, err := n.Validators[0].Run(ctx, "query", "block", "--type=height", "5", "--json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := victim.Run(ctx, "query", "block", "--type=height", "5", "--json")
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Errorf("validator 2 has another block 5:\n%s\nwant\n%s", b, a)
	}
	for i, v := range n.Validators {
		if err := v.Stop(); err != nil {
			t.Errorf("validator %d stopped with %v, want exit code 0\n%s", i, err, v.Log(5))
		}
	}
}

func TestACutValidatorCatchesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{})
	n.WaitHeight(ctx, 3)
	n.Isolate(1)
	s, err := n.Validators[1].Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n.WaitHeight(ctx, s.Height+6, 0, 2)
	behind, err := n.Validators[1].Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if behind.Height > s.Height+1 {
		t.Errorf("validator 1 made blocks while cut off: %d, was %d", behind.Height, s.Height)
	}
	n.Rejoin(1)
	n.Link(0, 1).SetDelay(50 * time.Millisecond)
	n.WaitHeight(ctx, s.Height+10)
}
