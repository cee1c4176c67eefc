// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"testing"
	"time"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/go-fluence/fluence/x/deal/types"
)

// crowd makes 10 000 active deals of one worker each, all paid for the same epochs,
// on 100 peers of 100 units.
func crowd(b *testing.B) *world {
	b.Helper()
	w := newWorld(b)
	var offers [][]byte
	for i := range 10 {
		var peers []int
		for n := range 10 {
			peers = append(peers, 10*i+n)
		}
		offers = append(offers, w.offer(b, "alice", byUnit(1), 100, peers...))
	}
	for i := range 10_000 {
		peer := i % 100
		d := w.deal(b, terms(1, 1), 5, choose(offers[peer/10], peer, i/100))
		w.activate(b, d.DealId, d.WorkerIds[0])
		if i%500 == 499 {
			w.commit(b)
		}
	}
	return w
}

// commit saves the state, as a chain does after every block: unsaved trees are slow to iterate.
func (w *world) commit(b *testing.B) {
	b.Helper()
	cms, ok := w.ctx().MultiStore().(storetypes.CommitMultiStore)
	if !ok {
		b.Fatalf("a context over %T", w.ctx().MultiStore())
	}
	cms.Commit()
}

// BenchmarkEndBlock measures the work of deals at the end of a block with 10 000
// active deals: with nothing due; with all deals due at once, to be announced low;
// and with workers of dry deals to be removed. The last two take their full budget.
func BenchmarkEndBlock(b *testing.B) {
	w := crowd(b)
	measure := func(name string) {
		w.commit(b)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				cached, _ := w.ctx().CacheContext()
				if err := w.EndBlock(cached); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	next := func(epochs int) {
		for range epochs {
			for range minBlocks {
				w.context = w.context.WithBlockTime(w.context.BlockTime().Add(time.Second))
				if err := w.epochs.BeginBlock(w.ctx()); err != nil {
					b.Fatal(err)
				}
			}
			w.context = w.context.WithBlockTime(w.current(b).Start.Add(time.Minute))
			if err := w.epochs.BeginBlock(w.ctx()); err != nil {
				b.Fatal(err)
			}
		}
	}
	measure("nothing due")
	next(2)
	measure("all low")
	next(3)
	p := types.DefaultParams()
	p.GraceEpochs = 0
	if _, err := w.UpdateParams(w.ctx(), &types.MsgUpdateParams{Authority: authority, Params: p}); err != nil {
		b.Fatal(err)
	}
	measure("all dry, workers removed")
}
