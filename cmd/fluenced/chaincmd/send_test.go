// SPDX-License-Identifier: Apache-2.0

package chaincmd

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/spf13/cobra"
)

func TestAmount(t *testing.T) {
	for want, c := range map[string]sdk.Coin{
		"0 FLT":                    sdk.NewInt64Coin("aflt", 0),
		"0.000000000000000001 FLT": sdk.NewInt64Coin("aflt", 1),
		"200 FLT":                  sdk.NewCoin("aflt", sdkmath.NewInt(200).MulRaw(1_000_000_000_000_000_000)),
		"1.5 USD":                  sdk.NewInt64Coin("uusd", 1_500_000),
		"-0.25 USD":                {Denom: "uusd", Amount: sdkmath.NewInt(-250_000)},
		"7stake":                   sdk.NewInt64Coin("stake", 7),
	} {
		if got := Amount(c); got != want {
			t.Errorf("Amount(%s) = %s, want %s", c, got, want)
		}
	}
}

// TestReason takes off what a simulation puts around a module's words.
func TestReason(t *testing.T) {
	for text, want := range map[string]string{
		"rpc error: code = Unknown desc = rpc error: code = Unknown desc = failed to execute message; message index: 0: bob: provider not found with gas used: '42017': unknown request": "bob: provider not found",
		"rpc error: code = NotFound desc = account fluence1 not found": "account fluence1 not found",
		"connection refused": "connection refused",
		"rpc error: code = ": "rpc error: code = ",
	} {
		if got := reason(errors.New(text)); got != want {
			t.Errorf("reason(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestNothingIsSignedWithoutAYes(t *testing.T) {
	for answer, want := range map[string]error{"y\n": nil, "YES\n": nil, "yes": nil, "n\n": ErrDeclined, "": ErrDeclined, "yess\n": ErrDeclined} {
		cmd := &cobra.Command{}
		SendFlags(cmd.Flags())
		var asked bytes.Buffer
		cmd.SetIn(strings.NewReader(answer))
		cmd.SetErr(&asked)
		if err := confirm(cmd); !errors.Is(err, want) {
			t.Errorf("answer %q: %v, want %v", answer, err, want)
		}
		if asked.Len() == 0 {
			t.Errorf("answer %q: not asked", answer)
		}
	}
}

func TestPlanShowsCostAndConsequence(t *testing.T) {
	var out bytes.Buffer
	p := Plan{Title: "pledge", Rows: [][2]string{{"units", "2"}}, Notes: []string{"they are fixed"}}
	if err := p.show(&out, "1 FLT"); err != nil {
		t.Fatal(err)
	}
	if want := "pledge:\n  units        2\n  fee at most  1 FLT\n  note: they are fixed\n"; out.String() != want {
		t.Errorf("plan:\n%s\nwant:\n%s", out.String(), want)
	}
}
