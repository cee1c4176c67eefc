// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// TestNobodyGainsByRounding lets a few commitments with odd shares and pools of a
// few aflt prove, withdraw at every chance and end, and counts every coin.
func TestNobodyGainsByRounding(t *testing.T) {
	p := types.DefaultParams()
	p.MinDuration, p.VestingPeriodDuration, p.VestingPeriodCount = 2, 1, 7
	p.MinRewardPerEpoch, p.MaxRewardPerEpoch = math.OneInt(), math.NewInt(1000)
	w := newWorld(t, p, types.Precision, math.NewInt(997))
	w.fund(types.RewardPoolName, 1)
	w.fund("delegator", 1_000_000_000)
	rng := rand.New(rand.NewPCG(7, 7))
	given, started := flt(1000), w.bank.of([]byte("delegator"))
	type pledge struct {
		id    []byte
		units [][]byte
	}
	var all []pledge
	for n := 0; n < operations; {
		for len(all) < 5 {
			c, units := w.createPaid(t, rng.IntN(1<<30), 1+rng.IntN(3), uint64(5+rng.IntN(40)), uint64(1+rng.IntN(types.Precision)))
			all, n = append(all, pledge{c, units}), n+2
		}
		w.next(t, rng.IntN(10) == 0, 0)
		for i := len(all) - 1; i >= 0; i-- {
			for _, u := range all[i].units {
				if rng.IntN(8) > 0 {
					_ = w.CreditProofs(w.ctx(), u, w.clock.now, uint32(1+rng.IntN(2))) // refused when it is over
					n++
				}
			}
			n++
			_, err := w.msg.WithdrawReward(w.ctx(), &types.MsgWithdrawReward{Sender: "delegator", CommitmentId: all[i].id})
			if err != nil && !errors.Is(err, types.ErrNothingUnlocked) {
				t.Fatal(err)
			}
			if w.leave(t, all[i].id, all[i].units) {
				all, n = append(all[:i], all[i+1:]...), n+3
			}
		}
	}
	credited := math.ZeroInt()
	records, err := values(w.ctx(), w.records)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.Credited.GT(r.Pool) {
			t.Fatalf("epoch %d: %s of %s", r.Epoch, r.Credited, r.Pool)
		}
		credited = credited.Add(r.Credited)
	}
	totals, err := w.totals.Get(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	paid := given.Sub(w.bank.of([]byte(types.RewardPoolName)))
	if paid.Add(totals.ReservedRewards).GT(credited) && totals.Pruned == 0 || paid.IsNegative() {
		t.Errorf("%s paid and %s owed of %s credited", paid, totals.ReservedRewards, credited)
	}
	back := w.bank.of([]byte("delegator")).Add(w.bank.of([]byte("provider"))).Add(w.bank.of([]byte("community"))).Add(totals.Collateral)
	if !back.Equal(started.Add(paid)) {
		t.Errorf("all accounts have %s, had %s and earned %s", back, started, paid)
	}
	w.check(t)
}

// createPaid makes a commitment with a share and pays for it.
func (w *world) createPaid(t *testing.T, n, units int, duration, rate uint64) (commitment []byte, ids [][]byte) {
	t.Helper()
	peer, ids := w.peer("provider", fmt.Sprint(n), units)
	w.market.peers[string(peer)].CommitmentId = nil
	resp, err := w.msg.CreateCommitment(w.ctx(), &types.MsgCreateCommitment{
		Provider: "provider", PeerId: peer, Duration: duration, Delegator: "delegator", RewardRate: rate,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.msg.DepositCollateral(w.ctx(), deposit("delegator", flt(1e9), resp.CommitmentId)); err != nil {
		t.Fatal(err)
	}
	return resp.CommitmentId, ids
}

// leave ends a commitment if it is over, and reports whether it was.
func (w *world) leave(t *testing.T, c []byte, units [][]byte) bool {
	t.Helper()
	if _, err := w.msg.ExitUnits(w.ctx(), &types.MsgExitUnits{Provider: "provider", CommitmentId: c, UnitIds: units}); err != nil && !errors.Is(err, types.ErrUnitExited) {
		return false
	}
	_, err := w.msg.FinishCommitment(w.ctx(), &types.MsgFinishCommitment{Sender: "anybody", CommitmentId: c})
	if err != nil && !errors.Is(err, types.ErrTooEarly) {
		t.Fatal(err)
	}
	return err == nil
}
