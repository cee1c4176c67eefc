// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// cpu returns the processor time of the process, which a busy machine does not stretch.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// in runs f on a branch of the state, as a block does, writes it and commits; it
// returns how much processor time f took.
func (w *world) in(b *testing.B, f func(ctx context.Context) error) time.Duration {
	b.Helper()
	branch, write := w.ctx().CacheContext()
	began := cpu(b)
	if err := f(branch); err != nil {
		b.Fatal(err)
	}
	took := cpu(b) - began
	write()
	w.ctx().MultiStore().(interface{ Commit() storetypes.CommitID }).Commit()
	w.env.Next(time.Second)
	return took
}

// open starts the next epoch and returns what its first block took.
func (w *world) open(b *testing.B) time.Duration {
	b.Helper()
	w.clock.now++
	return w.in(b, func(ctx context.Context) error {
		if err := w.EpochStarted(ctx, w.clock.now); err != nil {
			return err
		}
		return w.EndBlock(ctx)
	})
}

// crowd makes commitments of ten units each, all active from the next epoch on.
func crowd(b *testing.B, commitments int) (w *world, peers [][][]byte) {
	b.Helper()
	p := types.DefaultParams()
	p.MinDuration = 2
	w = newWorld(b, p, types.Precision, flt(10_000))
	w.bank["delegator"] = flt(1e15)
	for first := 0; first < commitments; first += 500 {
		w.in(b, func(ctx context.Context) error {
			for i := range 500 {
				peer, units := w.peer("provider", fmt.Sprint(first+i), 10)
				resp, err := w.msg.CreateCommitment(ctx, &types.MsgCreateCommitment{
					Provider: "provider", PeerId: peer, Duration: 1000, Delegator: "delegator", RewardRate: 2_000_000,
				})
				if err != nil {
					return err
				}
				if _, err := w.msg.DepositCollateral(ctx, deposit("delegator", flt(1e15), resp.CommitmentId)); err != nil {
					return err
				}
				peers = append(peers, units)
			}
			return nil
		})
	}
	w.open(b)
	return w, peers
}

// BenchmarkEpochChange is the longest block of epochs in which 10 000 commitments
// with 100 000 units all fail at once: nobody proved for ten epochs.
func BenchmarkEpochChange(b *testing.B) {
	w, _ := crowd(b, 10_000)
	var first, longest, spent time.Duration
	for range 10 {
		first = max(first, w.open(b))
	}
	blocks := 0
	for b.Loop() {
		first = max(first, w.open(b))
		for len(w.deals.failed) < 10_000 {
			took := w.in(b, w.EndBlock)
			spent, longest, blocks = spent+took, max(longest, took), blocks+1
		}
	}
	b.ReportMetric(float64(first.Microseconds())/1000, "ms/first-block")
	b.ReportMetric(float64(longest.Microseconds())/1000, "ms/longest-block")
	b.ReportMetric(float64(spent.Microseconds())/1000/float64(max(blocks, 1)), "ms/block")
	b.ReportMetric(float64(blocks), "blocks-to-fail-all")
}

// BenchmarkEpochOfWork is an epoch in which every unit of 1 000 commitments gets
// proofs, in blocks of 500 units: what settling, rewards and vesting cost.
func BenchmarkEpochOfWork(b *testing.B) {
	w, peers := crowd(b, 1000)
	var spent time.Duration
	for b.Loop() {
		for first := 0; first < len(peers); first += 50 {
			spent += w.in(b, func(ctx context.Context) error {
				for _, units := range peers[first : first+50] {
					for _, u := range units {
						if err := w.CreditProofs(ctx, u, w.clock.now, 2); err != nil {
							return err
						}
					}
				}
				return nil
			})
		}
		w.open(b)
	}
	b.ReportMetric(float64(spent.Microseconds())/float64(b.N)/10_000, "us/unit")
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
