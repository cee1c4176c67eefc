// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"fmt"
	"testing"
	"time"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// crowd makes commitments of ten units each, all active from the next epoch on.
func crowd(b *testing.B, commitments int) (w *world, peers [][][]byte) {
	b.Helper()
	p := types.DefaultParams()
	p.MinDuration = 2
	w = newWorld(b, p, types.Precision, flt(10_000))
	w.bank["delegator"] = flt(1e15)
	for i := range commitments {
		peer, units := w.peer("provider", fmt.Sprint(i), 10)
		resp, err := w.msg.CreateCommitment(w.ctx(), &types.MsgCreateCommitment{
			Provider: "provider", PeerId: peer, Duration: 1000, Delegator: "delegator", RewardRate: 2_000_000,
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.msg.DepositCollateral(w.ctx(), deposit("delegator", flt(1e15), resp.CommitmentId)); err != nil {
			b.Fatal(err)
		}
		peers = append(peers, units)
	}
	w.next(b, false, 0)
	return w, peers
}

// BenchmarkEpochChange is the longest block of an epoch in which 10 000
// commitments with 100 000 units all fail at once: nobody proved for ten epochs.
func BenchmarkEpochChange(b *testing.B) {
	w, _ := crowd(b, 10_000)
	for range 9 {
		w.next(b, false, 0)
	}
	var longest, start time.Duration
	blocks := 0
	for b.Loop() {
		began := time.Now()
		w.next(b, false, 0)
		start = max(start, time.Since(began))
		for {
			began = time.Now()
			if err := w.EndBlock(w.ctx()); err != nil {
				b.Fatal(err)
			}
			took := time.Since(began)
			longest, blocks = max(longest, took), blocks+1
			w.env.Next(time.Second)
			if took < 300*time.Microsecond {
				break
			}
		}
	}
	b.ReportMetric(float64(start.Microseconds())/1000, "ms/first-block")
	b.ReportMetric(float64(longest.Microseconds())/1000, "ms/longest-block")
	b.ReportMetric(float64(blocks)/float64(b.N), "blocks/epoch")
}

// BenchmarkEpochOfWork is an epoch in which every unit of 1 000 commitments gets a
// proof, per unit: what settling, rewards and vesting cost.
func BenchmarkEpochOfWork(b *testing.B) {
	w, peers := crowd(b, 1000)
	for b.Loop() {
		for _, units := range peers {
			for _, u := range units {
				if err := w.CreditProofs(w.ctx(), u, w.clock.now, 2); err != nil {
					b.Fatal(err)
				}
			}
		}
		w.next(b, false, 0)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/10_000, "us/unit")
}

// BenchmarkQueries are a page of 100 of 10 000 commitments and one commitment's units.
func BenchmarkQueries(b *testing.B) {
	w, _ := crowd(b, 10_000)
	first := ""
	b.Run("page of 100", func(b *testing.B) {
		for b.Loop() {
			r, err := w.query.Commitments(w.ctx(), &types.QueryCommitmentsRequest{Provider: "provider", Pagination: &query.PageRequest{Limit: 100}})
			if err != nil || len(r.Commitments) != 100 {
				b.Fatal(len(r.Commitments), err)
			}
			first = fmt.Sprintf("%x", r.Commitments[0].Commitment.Id)
		}
	})
	b.Run("units", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.query.Units(w.ctx(), &types.QueryUnitsRequest{Id: first}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
