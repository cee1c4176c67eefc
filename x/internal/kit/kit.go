// SPDX-License-Identifier: Apache-2.0

// Package kit gives the keeper tests of chain modules a real store, a codec and
// a block clock. It is imported by tests only.
package kit

import (
	"testing"
	"time"

	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Genesis is the block time of a fresh Env.
var Genesis = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Env is one module's store with a block around it.
type Env struct {
	Codec     codec.Codec
	Service   store.KVStoreService
	Authority string // the address that may change params

	ctx sdk.Context
}

// New returns an environment over an empty iavl store in memory.
func New(t testing.TB, storeName string) *Env {
	t.Helper()
	key := storetypes.NewKVStoreKey(storeName)
	ctx := testutil.DefaultContext(key, storetypes.NewTransientStoreKey("transient_"+storeName))
	return &Env{
		Codec:     codec.NewProtoCodec(cdctypes.NewInterfaceRegistry()),
		Service:   runtime.NewKVStoreService(key),
		Authority: "authority",
		ctx:       ctx.WithBlockTime(Genesis).WithBlockHeight(1).WithEventManager(sdk.NewEventManager()),
	}
}

// Ctx returns the context of the running block.
func (e *Env) Ctx() sdk.Context { return e.ctx }

// Next moves to the next block, d later, with no events.
func (e *Env) Next(d time.Duration) sdk.Context {
	e.ctx = e.ctx.WithBlockTime(e.ctx.BlockTime().Add(d)).
		WithBlockHeight(e.ctx.BlockHeight() + 1).WithEventManager(sdk.NewEventManager())
	return e.ctx
}

// Events returns how often each event type was emitted in the running block.
func (e *Env) Events() map[string]int {
	n := map[string]int{}
	for _, ev := range e.ctx.EventManager().Events() {
		n[ev.Type]++
	}
	return n
}
