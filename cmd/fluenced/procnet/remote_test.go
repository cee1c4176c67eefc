// SPDX-License-Identifier: Apache-2.0

//go:build interop

package procnet_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/go-fluence/fluence/cmd/fluenced/procnet"
	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/chain/remote"
)

// transfer is a message that sends amount aflt.
func transfer(t *testing.T, from, to string, amount int64) chain.Msg {
	t.Helper()
	msg := banktypes.MsgSend{FromAddress: from, ToAddress: to, Amount: sdk.Coins{sdk.NewCoin("aflt", sdkmath.NewInt(amount))}}
	value, err := msg.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return chain.Msg{TypeURL: "/cosmos.bank.v1beta1.MsgSend", Value: value}
}

func TestRemoteReadsFollowsAndSubmits(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	n := procnet.Start(t, procnet.Options{Stakes: []int64{100}})
	n.WaitHeight(ctx, 3)
	v := n.Validators[0]
	c, err := remote.New(remote.Config{Address: "unix://" + v.Home.Socket(), ChainID: "fluence-local-1", Key: n.Accounts[0].Key})
	if err != nil {
		t.Fatal(err)
	}

	t.Run("the newest height has time and root", func(t *testing.T) {
		h, err := c.At(ctx)
		if err != nil || h.Number < 3 || h.Time.IsZero() || len(h.AppHash) != 32 {
			t.Fatalf("At = %+v, %v", h, err)
		}
	})
	t.Run("a present and an absent key carry height and root", func(t *testing.T) {
		for key, found := range map[string]bool{"\x00\x00no such key": false, string(supplyKey()): true} {
			val, err := c.Get(ctx, "bank", []byte(key))
			if err != nil || val.Found != found || val.Height.Number < 3 || len(val.Height.AppHash) != 32 {
				t.Errorf("Get(%q) = %+v, %v; want found %v", key, val, err, found)
			}
		}
	})
	t.Run("the root of a value stands in the next header", func(t *testing.T) {
		val, err := c.Get(ctx, "bank", supplyKey())
		if err != nil {
			t.Fatal(err)
		}
		err = c.Follow(ctx, val.Height.Number, func(_ context.Context, b chain.Block) error {
			if string(b.Height.AppHash) != string(val.Height.AppHash) {
				t.Errorf("root = %X, header %d has %X", val.Height.AppHash, b.Height.Number, b.Height.AppHash)
			}
			return errDone
		})
		if !errors.Is(err, errDone) {
			t.Fatal(err)
		}
	})
	t.Run("the epoch runs", func(t *testing.T) {
		e, err := c.Epoch(ctx)
		if err != nil || e.Number == 0 || !e.End.Equal(e.Start.Add(e.Duration)) || e.Height.Number == 0 {
			t.Errorf("Epoch = %+v, %v", e, err)
		}
	})
	t.Run("submits from many goroutines all land", func(t *testing.T) { submitAtOnce(ctx, t, c, n.Accounts[1].Bech32()) })
	t.Run("refusals are told apart", func(t *testing.T) {
		if r, err := c.Submit(ctx, transfer(t, n.Accounts[1].Bech32(), c.Account(), 1)); !errors.Is(err, chain.ErrRefused) {
			t.Errorf("another's money: %+v, %v; want ErrRefused", r, err)
		}
		if _, err := c.Submit(ctx, chain.Msg{TypeURL: "/no.such.Msg"}); !errors.Is(err, chain.ErrRefused) {
			t.Errorf("unknown message: %v, want ErrRefused", err)
		}
		if _, err := c.Submit(ctx); !errors.Is(err, chain.ErrRefused) {
			t.Errorf("no message: %v, want ErrRefused", err)
		}
		reader, err := remote.New(remote.Config{Address: v.RPC(), ChainID: "fluence-local-1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := reader.Submit(ctx, transfer(t, "a", "b", 1)); !errors.Is(err, chain.ErrNoKey) {
			t.Errorf("without key: %v, want ErrNoKey", err)
		}
	})
	t.Run("another network is refused", func(t *testing.T) {
		other, err := remote.New(remote.Config{Address: v.RPC(), ChainID: "other-1"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.At(ctx); !errors.Is(err, chain.ErrWrongChain) {
			t.Errorf("At = %v, want ErrWrongChain", err)
		}
	})
	t.Run("events have no gap over a restart", func(t *testing.T) { followOverRestart(ctx, t, c, v) })
	t.Run("a validator that is away is unavailable", func(t *testing.T) {
		if err := v.Stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.At(ctx); !errors.Is(err, chain.ErrUnavailable) {
			t.Errorf("At = %v, want ErrUnavailable", err)
		}
	})
}

var errDone = errors.New("done")

// supplyKey is where x/bank keeps the supply of the base coin.
func supplyKey() []byte { return append([]byte(banktypes.SupplyKey), "aflt"...) }

func submitAtOnce(ctx context.Context, t *testing.T, c *remote.Chain, to string) {
	t.Helper()
	const senders = 5
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			r, err := c.Submit(ctx, transfer(t, c.Account(), to, 7))
			if err != nil || r.Height.Number == 0 || r.GasUsed == 0 || len(r.Events) == 0 {
				t.Errorf("Submit = %+v, %v", r, err)
			}
		})
	}
	wg.Wait()
}

// followOverRestart counts blocks while the validator is killed and comes back.
func followOverRestart(ctx context.Context, t *testing.T, c *remote.Chain, v *procnet.Validator) {
	t.Helper()
	var last uint64
	err := c.Follow(ctx, 1, func(_ context.Context, b chain.Block) error {
		if want := last + 1; last != 0 && b.Height.Number != want {
			t.Errorf("block %d followed %d", b.Height.Number, last)
		}
		if last == 0 {
			if b.Height.Number != 2 {
				t.Errorf("first block = %d, want 2", b.Height.Number)
			}
			v.Kill()
			v.Start()
		}
		last = b.Height.Number
		if last > 25 {
			return errDone
		}
		return nil
	})
	if !errors.Is(err, errDone) {
		t.Errorf("Follow = %v", err)
	}
}
