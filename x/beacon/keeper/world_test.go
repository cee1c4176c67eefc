// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/keeper"
	"github.com/go-fluence/fluence/x/beacon/types"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
	"github.com/go-fluence/fluence/x/internal/kit"
)

const chainID = "fluence-local-1"

// clock has epochs of a fixed number of blocks.
type clock struct {
	cur   epochtypes.Current
	every uint64
}

func (c *clock) Current(context.Context) (epochtypes.Current, error) { return c.cur, nil }

func (c *clock) Place(context.Context) (uint64, uint64, error) {
	if c.cur.Blocks >= c.every {
		return c.cur.Number + 1, 1, nil
	}
	return c.cur.Number, c.cur.Blocks + 1, nil
}

// validator is one with both its keys; the operator's address is its number.
type validator struct {
	operator  sdk.ValAddress
	consensus sdk.ConsAddress
	key       *beacon.Key
}

// set are the validators that x/staking knows.
type set []validator

func (s set) GetValidator(_ context.Context, operator sdk.ValAddress) (stakingtypes.Validator, error) {
	for _, v := range s {
		if v.operator.Equals(operator) {
			return stakingtypes.Validator{OperatorAddress: v.operator.String()}, nil
		}
	}
	return stakingtypes.Validator{}, stakingtypes.ErrNoValidatorFound
}

func (s set) GetValidatorByConsAddr(_ context.Context, consensus sdk.ConsAddress) (stakingtypes.Validator, error) {
	for _, v := range s {
		if v.consensus.Equals(consensus) {
			return stakingtypes.Validator{OperatorAddress: v.operator.String()}, nil
		}
	}
	return stakingtypes.Validator{}, stakingtypes.ErrNoValidatorFound
}

func newKey(name string) *beacon.Key {
	seed := sha256.Sum256([]byte(name))
	k, err := beacon.NewKey(seed[:])
	if err != nil {
		panic(err)
	}
	return k
}

// world is a chain of this module alone. Its genesis registers the keys of all but
// the last validator.
type world struct {
	t     testing.TB
	k     *keeper.Keeper
	env   *kit.Env
	clock *clock
	set   set
}

var small = types.Params{Window: 3, MinOutputs: 2, History: 5}

func newWorld(tb testing.TB, p types.Params, every uint64) *world {
	tb.Helper()
	w := &world{t: tb, env: kit.New(tb, types.StoreKey), clock: &clock{every: every, cur: epochtypes.Current{Number: 1}}}
	for i := range 4 {
		w.set = append(w.set, validator{
			operator:  bytes.Repeat([]byte{byte(i + 1)}, 20),
			consensus: bytes.Repeat([]byte{byte(0xa0 + i)}, 20),
			key:       newKey(fmt.Sprint(i)),
		})
	}
	w.k = keeper.New(w.env.Codec, w.env.Service, w.clock, w.set, w.env.Authority)
	g := types.GenesisState{Params: p}
	for _, v := range w.set[:3] {
		g.Registrations = append(g.Registrations, types.Registration{Operator: v.operator.String(), Key: v.key.Public()})
	}
	if err := g.Validate(); err != nil {
		tb.Fatal(err)
	}
	if err := w.k.InitGenesis(w.ctx(), g); err != nil {
		tb.Fatal(err)
	}
	return w
}

func (w *world) ctx() sdk.Context { return w.env.Ctx().WithChainID(chainID) }

// next returns the context of the next block, over the state before it.
func (w *world) next(proposer int) sdk.Context {
	return w.env.Next(time.Second).WithChainID(chainID).WithProposer(w.set[proposer].consensus)
}

func (w *world) source(i int) keeper.Source { return keeper.NewSource(w.k, w.set[i].key) }

// begin moves the clock into the block.
func (w *world) begin(ctx sdk.Context) {
	w.t.Helper()
	if w.clock.cur.Blocks < w.clock.every {
		w.clock.cur.Blocks++
		return
	}
	w.clock.cur.Number++
	w.clock.cur.Blocks = 1
	if err := w.k.EpochStarted(ctx, w.clock.cur.Number); err != nil {
		w.t.Fatal(err)
	}
}

// block runs a block of a proposer that is honest or gives no output, and returns
// the payload that stood in it.
func (w *world) block(proposer int, withhold bool) []byte {
	w.t.Helper()
	ctx := w.next(proposer)
	payload, err := w.source(proposer).Prepare(ctx, keeper.PayloadBytes)
	if err != nil {
		w.t.Fatal(err)
	}
	if withhold || len(payload) == 0 {
		payload = nil
	}
	if err := keeper.NewSource(w.k, nil).Check(ctx, payload); err != nil {
		w.t.Fatal(err)
	}
	w.begin(ctx)
	if payload != nil {
		if err := w.source(proposer).Execute(ctx, payload); err != nil {
			w.t.Fatal(err)
		}
	}
	w.end(ctx)
	return payload
}

func (w *world) end(ctx sdk.Context) {
	w.t.Helper()
	if err := w.k.EndBlock(ctx); err != nil {
		w.t.Fatal(err)
	}
	if err := w.k.CheckInvariants(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// state returns everything the module stores, as bytes.
func (w *world) state() string {
	w.t.Helper()
	g, err := w.k.ExportGenesis(w.ctx())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(w.env.Codec.MustMarshalJSON(g))
}
