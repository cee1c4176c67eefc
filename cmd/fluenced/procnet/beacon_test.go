// SPDX-License-Identifier: Apache-2.0

//go:build interop

package procnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
	"github.com/go-fluence/fluence/proofs/beacon"
)

// value is what fluenced query beacon value shows.
type value struct {
	Beacon struct {
		Epoch   uint64 `json:"epoch,string"`
		Value   []byte `json:"value"`
		Outputs uint32 `json:"outputs"`
	} `json:"beacon"`
}

// values waits for the next count epochs that have a value.
func values(ctx context.Context, t *testing.T, n *procnet.Net, count int) []value {
	t.Helper()
	var list []value
	until(ctx, t, func() bool {
		out, err := n.Run(ctx, "query", "beacon", "value", "0", "--output", "json")
		var v value
		if err != nil || json.Unmarshal([]byte(out), &v) != nil {
			return false
		}
		if len(list) == 0 || list[len(list)-1].Beacon.Epoch != v.Beacon.Epoch {
			list = append(list, v)
		}
		return len(list) >= count
	})
	return list
}

func shortEpochs(state map[string]json.RawMessage) error {
	state["epoch"] = bytes.Replace(state["epoch"], []byte(`"15s"`), []byte(`"6s"`), 1)
	return nil
}

// answer returns what a command printed, or nothing.
func answer(ctx context.Context, n *procnet.Net, args ...string) string {
	out, err := n.Run(ctx, args...)
	if err != nil {
		return ""
	}
	return out
}

func until(ctx context.Context, t *testing.T, done func() bool) {
	t.Helper()
	if err := procnet.Poll(ctx, done); err != nil {
		t.Fatal(err)
	}
}

func TestEveryEpochGetsAValueWhateverOneValidatorDoes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{TimeoutCommit: 500 * time.Millisecond, Genesis: shortEpochs})
	n.WaitHeight(ctx, 3)
	values(ctx, t, n, 1) // the epoch in which the processes started may be void
	voids := answer(ctx, n, "query", "epoch", "voids", "--output", "json")

	t.Run("three validators give three outputs", func(t *testing.T) {
		list := values(ctx, t, n, 3)
		for i, v := range list {
			if v.Beacon.Outputs != 3 || len(v.Beacon.Value) != 32 {
				t.Errorf("epoch %d: %d outputs, value %x", v.Beacon.Epoch, v.Beacon.Outputs, v.Beacon.Value)
			}
			if i > 0 && (v.Beacon.Epoch != list[i-1].Beacon.Epoch+1 || bytes.Equal(v.Beacon.Value, list[i-1].Beacon.Value)) {
				t.Errorf("epoch %d follows %d", v.Beacon.Epoch, list[i-1].Beacon.Epoch)
			}
		}
		last := list[2].Beacon
		var nonce struct{ Nonce []byte }
		if err := json.Unmarshal([]byte(answer(ctx, n, "query", "beacon", "nonce", fmt.Sprint(last.Epoch), "--output", "json")), &nonce); err != nil {
			t.Fatal(err)
		}
		if want := beacon.Nonce("fluence-local-1", last.Epoch, [32]byte(last.Value)); !bytes.Equal(nonce.Nonce, want[:]) {
			t.Errorf("nonce %x, want %x", nonce.Nonce, want)
		}
	})
	t.Run("a key is rotated", func(t *testing.T) { rotate(ctx, t, n) })
	t.Run("two validators go on without the third", func(t *testing.T) {
		n.Validators[2].Kill()
		for _, v := range values(ctx, t, n, 3)[1:] {
			if v.Beacon.Outputs == 0 {
				t.Errorf("epoch %d has no outputs", v.Beacon.Epoch)
			}
		}
	})
	t.Run("no epoch was void since all ran", func(t *testing.T) {
		if now := answer(ctx, n, "query", "epoch", "voids", "--output", "json"); now != voids || now == "" {
			t.Errorf("void epochs: %s, at first %s", now, voids)
		}
	})
}

// rotate gives validator 1 a new key and follows it until that one is in use.
func rotate(ctx context.Context, t *testing.T, n *procnet.Net) {
	v := n.Validators[1]
	operator := sdk.ValAddress(v.Operator.Address()).String()
	if err := os.Remove(v.Home.VRFKey()); err != nil {
		t.Fatal(err)
	}
	out, err := v.Run(ctx, "node", "vrf", operator, "--new", "--json")
	if err != nil {
		t.Fatal(err, out)
	}
	var made struct{ Key, Proof string }
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err, out)
	}
	out, err = v.Run(ctx, "tx", "beacon", "register-key", made.Key, made.Proof, "--from", v.Operator.Name,
		"--fees", "300000000000000aflt", "--yes", "--output", "json")
	if err != nil {
		t.Fatal(err, out)
	}
	key, err := home.LoadVRFKey(v.Home)
	if err != nil {
		t.Fatal(err)
	}
	var registered struct {
		Registration struct {
			NextKey       []byte `json:"next_key"`
			NextFromEpoch uint64 `json:"next_from_epoch,string"`
		} `json:"registration"`
	}
	until(ctx, t, func() bool {
		text := answer(ctx, n, "query", "beacon", "key", operator, "--output", "json")
		return json.Unmarshal([]byte(text), &registered) == nil && bytes.Equal(registered.Registration.NextKey, key.Public())
	})
	if err := v.Stop(); err != nil {
		t.Fatal(err)
	}
	v.Start()
	until(ctx, t, func() bool {
		b := values(ctx, t, n, 1)[0].Beacon
		return b.Epoch >= registered.Registration.NextFromEpoch && b.Outputs == 3
	})
}
