// SPDX-License-Identifier: Apache-2.0

package verdicts_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"cosmossdk.io/math"
	abci "github.com/cometbft/cometbft/abci/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/verdicts"
	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
	"github.com/go-fluence/fluence/proofs/capacity/randomx/worker"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// roleVar makes the test binary a worker that hashes instead of running tests.
const roleVar = "FLUENCED_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(roleVar) == "" {
		os.Exit(m.Run())
	}
	e, err := worker.NewEngine(randomx.Fluence(), 2, randomx.Memory{})
	if err == nil {
		err = worker.Serve(context.Background(), randomx.Fluence().Name(), e, os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// engine starts a worker process that computes RandomX.
func engine(t testing.TB) capacity.Verifier {
	t.Helper()
	t.Setenv(roleVar, "engine")
	c, err := worker.New(worker.Config{Command: []string{os.Args[0]}, Params: randomx.Fluence(), Caches: 2})
	if err != nil {
		t.Fatal(err)
	}
	runUntilEnd(t, c.Run)
	return c
}

// runUntilEnd runs f until the test ends.
func runUntilEnd(t testing.TB, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func newPool(t testing.TB, v capacity.Verifier, cfg verdicts.Config) *verdicts.Pool {
	t.Helper()
	p, err := verdicts.New(v, cfg)
	if err != nil {
		t.Fatal(err)
	}
	runUntilEnd(t, p.Run)
	return p
}

// chain is a network with two peers of one provider that prove.
type chain struct {
	*apptest.Network
	t        testing.TB
	pools    []*verdicts.Pool
	provider apptest.Account
	peers    [2]ed25519.PrivateKey
	units    [2][32]byte
}

func newChain(t testing.TB, validators int, v capacity.Verifier) *chain {
	t.Helper()
	c := &chain{t: t}
	for range validators {
		c.pools = append(c.pools, newPool(t, v, verdicts.Config{Wait: 10 * time.Second}))
	}
	c.Network = apptest.New(t, apptest.Config{
		Validators: validators, Verdicts: func(i int) *verdicts.Pool { return c.pools[i] },
		Edit: func(genesis map[string]json.RawMessage) {
			var g capacitytypes.GenesisState
			cdc := app.Encoding().Codec
			cdc.MustUnmarshalJSON(genesis[capacitytypes.ModuleName], &g)
			g.Params.Admission.SampleUnits = 1 // every root is opened
			g.Params.Admission.Delay = 2
			g.Params.MaxProofs = 1_000_000
			genesis[capacitytypes.ModuleName] = cdc.MustMarshalJSON(&g)
		},
	})
	c.provider = c.Accounts[0]
	c.pledge()
	return c
}

// pledge makes the offer, the peers and their commitments, which begin with the next epoch.
func (c *chain) pledge() {
	c.t.Helper()
	name := c.provider.Address().String()
	offer := &markettypes.MsgRegisterOffer{Provider: name, Terms: markettypes.Terms{
		Denom: params.StableDenom, MinPrice: math.NewInt(10), MinProtocolVersion: 1, MaxProtocolVersion: 1,
	}}
	create := make([]sdk.Msg, 0, 2)
	for i := range c.peers {
		seed := sha256.Sum256([]byte{byte(i)})
		c.peers[i], c.units[i] = ed25519.NewKeyFromSeed(seed[:]), sha256.Sum256([]byte{'u', byte(i)})
		expires := uint64(c.Time().Unix() + 60)
		addr := c.provider.Address()
		offer.Peers = append(offer.Peers, markettypes.NewPeer{
			Id: c.peer(i), Owner: name, ExpiresAt: expires, UnitIds: [][]byte{c.units[i][:]},
			Signature: ed25519.Sign(c.peers[i], markettypes.PeerBytes(params.ChainIDLocal, addr, addr, expires)),
		})
		create = append(create, &capacitytypes.MsgCreateCommitment{
			Provider: name, PeerId: c.peer(i), Duration: 100, RewardRate: 1, Delegator: name,
		})
	}
	c.send(&markettypes.MsgSetProvider{Provider: name, Name: "provider"}, offer)
	c.send(create...)
	deposit := &capacitytypes.MsgDepositCollateral{Depositor: name, MaxAmount: apptest.FLT(1000)}
	for i := range c.peers {
		id, _, err := c.Apps[0].Capacity.CommittedUnits(c.Context(), c.peer(i))
		if err != nil {
			c.t.Fatal(err)
		}
		deposit.CommitmentIds = append(deposit.CommitmentIds, id)
	}
	c.send(deposit)
}

func (c *chain) peer(i int) []byte { return c.peers[i].Public().(ed25519.PublicKey) }

// tx signs messages of the provider with gas for all of them.
func (c *chain) tx(msgs ...sdk.Msg) []byte {
	c.t.Helper()
	s := c.Next(c.provider)
	s.Gas = 2_000_000
	raw, err := apptest.SignTx(c.Apps[0].Encoding(), c.provider, s, msgs...)
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

// send makes a block of one transaction, which must succeed.
func (c *chain) send(msgs ...sdk.Msg) {
	c.t.Helper()
	if res := c.try(msgs...); res.Code != 0 {
		c.t.Fatalf("%T: %s", msgs[0], res.Log)
	}
}

// try makes a block of one transaction and returns its result.
func (c *chain) try(msgs ...sdk.Msg) *abci.ExecTxResult {
	c.t.Helper()
	res, err := c.Step(c.tx(msgs...))
	if err != nil {
		c.t.Fatal(err)
	}
	return res.TxResults[1]
}

func (c *chain) step() *abci.ResponseFinalizeBlock {
	c.t.Helper()
	res, err := c.Step()
	if err != nil {
		c.t.Fatal(err)
	}
	return res
}

func (c *chain) epoch() uint64 {
	c.t.Helper()
	e, err := c.Apps[0].Epoch.Number(c.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return e
}

// until makes blocks until ok, 40 at most.
func (c *chain) until(what string, ok func() bool) {
	c.t.Helper()
	for range 40 {
		if ok() {
			return
		}
		c.step()
	}
	c.t.Fatalf("%s does not come", what)
}

// nonce makes blocks until the next epoch has a nonce, and returns both.
func (c *chain) nonce() (epoch uint64, nonce [32]byte) {
	c.t.Helper()
	after := c.epoch()
	c.until("nonce of the next epoch", func() bool {
		epoch = c.epoch()
		var err error
		nonce, err = c.Apps[0].Beacon.Nonce(c.Context(), epoch)
		return epoch > after && err == nil
	})
	return epoch, nonce
}

// verified waits until every validator has its verdicts on all that waits.
func (c *chain) verified() []capacitytypes.Batch {
	c.t.Helper()
	list, err := c.Apps[0].Capacity.Admission().Upcoming(c.Context(), 100)
	if err != nil {
		c.t.Fatal(err)
	}
	for i, p := range c.pools {
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
		if slices.ContainsFunc(p.Await(ctx, list), func(v []capacity.Verdict) bool { return v == nil }) {
			c.t.Fatalf("validator %d has no verdicts", i)
		}
		cancel()
	}
	return list
}

// mine finds n proofs of a unit.
func mine(t testing.TB, key, difficulty [32]byte, n int) (nonces, hashes [][32]byte) {
	t.Helper()
	cache, err := randomx.NewCache(t.Context(), randomx.Fluence(), key[:], randomx.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cache.Close() }()
	vm, err := randomx.NewVM(cache, randomx.Memory{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = vm.Close() }()
	for nonce := key; len(nonces) < n; nonce = randomx.NextNonce(nonce) {
		h, err := vm.Hash(t.Context(), nonce[:])
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Compare(h[:], difficulty[:]) < 0 {
			nonces, hashes = append(nonces, nonce), append(hashes, h)
		}
	}
	return nonces, hashes
}
