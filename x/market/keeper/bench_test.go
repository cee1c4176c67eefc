// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"fmt"
	"testing"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/market/keeper"
	"github.com/go-fluence/fluence/x/market/types"
)

// committed is a market over a store that can be committed: iteration over what is
// not is slow, and no chain does it.
type committed struct {
	*keeper.Keeper
	types.MsgServer
	c sdk.Context
	s storetypes.CommitMultiStore
}

func committedWorld(b *testing.B) *committed {
	key := storetypes.NewKVStoreKey(types.StoreKey)
	tc := testutil.DefaultContextWithDB(b, key, storetypes.NewTransientStoreKey("transient"))
	k := keeper.New(codec.NewProtoCodec(cdctypes.NewInterfaceRegistry()), runtime.NewKVStoreService(key), plain{}, &fixedEpoch{1}, "authority")
	w := &committed{Keeper: k, MsgServer: keeper.NewMsgServer(k), c: tc.Ctx, s: tc.CMS}
	return w
}

// ctx returns the context of a transaction.
func (w *committed) ctx() sdk.Context { return w.c.WithEventManager(sdk.NewEventManager()) }

// commit ends a block; the next writes to a cache over it.
func (w *committed) commit() {
	w.s.Commit()
	w.c = w.c.WithMultiStore(w.s.CacheMultiStore())
}

// crowded is a market of 1 000 peers with 100 units each.
func crowded(b *testing.B) *committed {
	w := committedWorld(b)
	g := types.DefaultGenesis()
	g.OfferSequence = 1
	g.Providers = []types.Provider{{Address: "alice", Name: "Alice", OfferCount: 1, UnitCount: 100_000}}
	g.Offers = []types.Offer{types.Offer{Id: id(1, 32), Provider: "alice", PeerCount: 1000}.WithTerms(byUnit(10))}
	for p := range 1000 {
		g.Peers = append(g.Peers, types.Peer{Id: id(p, 32), OfferId: id(1, 32), Provider: "alice", Owner: "machine", UnitCount: 100})
		for u := range 100 {
			g.Units = append(g.Units, types.Unit{Id: id(p*100+u, 32), PeerId: id(p, 32)})
		}
	}
	if err := w.InitGenesis(w.ctx(), *g); err != nil {
		b.Fatal(err)
	}
	w.commit()
	return w
}

// BenchmarkTakeAndReturn moves units of a peer into a deal and back, in a market of 100 000.
func BenchmarkTakeAndReturn(b *testing.B) {
	w := crowded(b)
	for _, n := range []int{1, 16, 100} {
		t := types.Taking{Deal: id(1, 20), Worker: id(1, 32), Peer: id(7, 32)}
		for u := range n {
			t.Units = append(t.Units, id(700+u, 32))
		}
		b.Run(fmt.Sprintf("units=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := w.Take(w.ctx(), t); err != nil {
					b.Fatal(err)
				}
				if err := w.Return(w.ctx(), t.Deal, t.Worker, t.Peer, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCheckMatch asks one peer of a market of 100 000 units.
func BenchmarkCheckMatch(b *testing.B) {
	w := crowded(b)
	d := types.Demand{Denom: "uusd", MaxPrice: math.NewInt(40), Units: 4, ProtocolVersion: 1}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.CheckMatch(w.ctx(), id(500, 32), d); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPage reads full pages of a market of 100 000 units.
func BenchmarkPage(b *testing.B) {
	w := crowded(b)
	q := keeper.NewQueryServer(w.Keeper)
	b.Run("peers=1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			res, err := q.Peers(w.ctx(), &types.QueryPeersRequest{OfferId: hexText(id(1, 32)), Pagination: &query.PageRequest{Limit: 1000}})
			if err != nil || len(res.Peers) != 1000 {
				b.Fatal(len(res.Peers), err)
			}
		}
	})
	b.Run("units=100", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			res, err := q.Units(w.ctx(), &types.QueryUnitsRequest{PeerId: hexText(id(3, 32)), Pagination: &query.PageRequest{Limit: 1000}})
			if err != nil || len(res.Units) != 100 {
				b.Fatal(len(res.Units), err)
			}
		}
	})
}
