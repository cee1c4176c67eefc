// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"fmt"
	"math/big"
	"testing"

	"cosmossdk.io/math"
	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/x/capacity/model"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// toModel returns params as the model has them.
func toModel(p types.Params) model.Params {
	return model.Params{
		USDCollateral: int64(p.UsdCollateralPerUnit), USDTarget: int64(p.UsdTargetRevenuePerEpoch), SlashingRate: int64(p.SlashingRate),
		PenaltyMultiple: int64(p.PenaltyMultiple), SampleUnits: int64(p.Admission.SampleUnits),
		MinReward: p.MinRewardPerEpoch.BigInt(), MaxReward: p.MaxRewardPerEpoch.BigInt(),
		MinProofs: int64(p.MinProofs), MaxProofs: int64(p.MaxProofs), MaxFailedRatio: int64(p.MaxFailedRatio),
		WithdrawAfterFailed: p.WithdrawEpochsAfterFailed, VestingPeriod: p.VestingPeriodDuration, VestingCount: int64(p.VestingPeriodCount),
		PriceStep: int64(p.PriceStep), Floor: int64(p.PriceFloor), PriceExpiry: p.PriceExpiry, Feeders: p.Feeders, MinReports: int(p.MinReports),
	}
}

// machine drives a keeper and the model with the same steps.
type machine struct {
	*world
	m     *model.World
	made  int
	peers map[string][][]byte // units by peer name
	list  []*model.Commitment // all that the keeper knows
}

func drawParams(t *rapid.T) types.Params {
	p := types.DefaultParams()
	p.UsdCollateralPerUnit = uint64(rapid.IntRange(50, 3000).Draw(t, "usd")) * types.Precision
	p.SlashingRate = uint64(rapid.IntRange(100_000, 900_000).Draw(t, "rate"))
	p.UsdTargetRevenuePerEpoch = uint64(rapid.IntRange(1, 2_500_000).Draw(t, "target"))
	p.PenaltyMultiple = uint64(rapid.IntRange(2, 4).Draw(t, "multiple"))
	p.MinDuration, p.MinProofs = 1, uint32(rapid.IntRange(1, 2).Draw(t, "min"))
	p.MaxProofs = p.MinProofs + uint32(rapid.IntRange(0, 3).Draw(t, "more"))
	p.MaxFailedRatio = uint64(rapid.IntRange(1, 4).Draw(t, "ratio"))
	p.WithdrawEpochsAfterFailed = uint64(rapid.IntRange(0, 3).Draw(t, "wait"))
	p.VestingPeriodDuration, p.VestingPeriodCount = uint64(rapid.IntRange(1, 4).Draw(t, "period")), uint64(rapid.IntRange(1, 7).Draw(t, "count"))
	p.Admission.SampleUnits = uint32(rapid.IntRange(1, 6).Draw(t, "sample"))
	if rapid.Bool().Draw(t, "feeders") {
		p.Feeders, p.MinReports, p.PriceExpiry = []string{"f1", "f2", "f3"}, 2, 3
	}
	return p
}

func newMachine(t *rapid.T, tb testing.TB) *machine {
	p := drawParams(t)
	pool := flt(int64(rapid.IntRange(1000, 200_000).Draw(t, "pool")))
	w := newWorld(tb, p, types.Precision, pool)
	for _, who := range []string{"a", "b", "c"} {
		w.fund(who, 1e9)
	}
	w.fund(types.RewardPoolName, 1e6)
	return &machine{world: w, m: model.New(toModel(p), types.Precision, pool.BigInt()), peers: map[string][][]byte{}}
}

var accounts = rapid.SampledFrom([]string{"a", "b", "c"})

// pick returns one of the commitments; nil when there is none, and the step does nothing.
func (x *machine) pick(t *rapid.T) *model.Commitment {
	if len(x.list) == 0 {
		return nil
	}
	return rapid.SampledFrom(x.list).Draw(t, "commitment")
}

// pickUnit returns a unit of a commitment that is there; nil when there is none.
func (x *machine) pickUnit(t *rapid.T) (*model.Commitment, *model.Unit) {
	c := x.pick(t)
	if c == nil || c.StatusAt(x.m.Epoch) == model.Removed {
		return nil, nil
	}
	return c, rapid.SampledFrom(c.Units).Draw(t, "unit")
}

// agree fails unless keeper and model judge a step alike.
func agree(t *rapid.T, err error, want bool) {
	t.Helper()
	if (err == nil) != want {
		t.Fatalf("keeper says %v, model %v", err, want)
	}
}

func (x *machine) Create(t *rapid.T) {
	if len(x.list) >= 4 {
		return
	}
	x.made++
	name, provider, delegator := fmt.Sprint("peer ", x.made), accounts.Draw(t, "provider"), accounts.Draw(t, "delegator")
	peer, units := x.peer(provider, name, rapid.IntRange(1, 5).Draw(t, "units"))
	inDeal := map[string]bool{}
	for _, u := range units {
		if inDeal[string(u)] = rapid.IntRange(0, 4).Draw(t, "in deal") == 0; inDeal[string(u)] {
			if err := x.market.take(x.ctx(), u); err != nil {
				t.Fatal(err)
			}
		}
	}
	msg := &types.MsgCreateCommitment{
		Provider: provider, PeerId: peer, Delegator: delegator, RewardRate: uint64(rapid.IntRange(1, types.Precision).Draw(t, "rate")),
		Duration: uint64(rapid.IntRange(1, 12).Draw(t, "duration")),
	}
	resp, err := x.msg.CreateCommitment(x.ctx(), msg)
	agree(t, err, true)
	x.list = append(x.list, x.m.Create(string(resp.CommitmentId), name, provider, delegator, int64(msg.RewardRate), msg.Duration, inDeal))
}

func (x *machine) Remove(t *rapid.T) {
	c := x.pick(t)
	if c == nil {
		return
	}
	_, err := x.msg.RemoveCommitment(x.ctx(), &types.MsgRemoveCommitment{Provider: c.Provider, CommitmentId: []byte(c.ID)})
	agree(t, err, c.Status == model.WaitDelegation)
	if err == nil {
		x.m.Drop(c)
		x.forget(c)
	}
}

func (x *machine) forget(c *model.Commitment) {
	for i, o := range x.list {
		if o == c {
			x.list = append(x.list[:i:i], x.list[i+1:]...)
		}
	}
}

func (x *machine) Deposit(t *rapid.T) {
	c := x.pick(t)
	if c == nil {
		return
	}
	_, err := x.msg.DepositCollateral(x.ctx(), deposit(c.Delegator, flt(1e15), []byte(c.ID)))
	fresh := x.m.Epoch-x.m.Priced <= x.m.Params(x.m.Epoch).PriceExpiry
	agree(t, err, c.Status == model.WaitDelegation && fresh)
	if err == nil {
		x.m.Deposit(c, c.Delegator)
	}
}

func (x *machine) Next(t *rapid.T) {
	void, skipped := rapid.IntRange(0, 7).Draw(t, "void") == 0, uint64(0)
	if rapid.IntRange(0, 15).Draw(t, "standstill") == 0 {
		skipped = uint64(rapid.IntRange(1, 9).Draw(t, "skipped"))
	}
	x.m.Next(void, skipped)
	x.next(t, void, skipped)
}

// Hold makes admission hold an epoch back, or let go.
func (x *machine) Hold(t *rapid.T) {
	x.held = x.clock.now - min(uint64(rapid.IntRange(0, 3).Draw(t, "back")), x.clock.now)
}

func (x *machine) Credit(t *rapid.T) {
	c, u := x.pickUnit(t)
	if u == nil {
		return
	}
	epoch, n := x.epoch(t), rapid.IntRange(1, 4).Draw(t, "n")
	err := x.CreditProofs(x.ctx(), []byte(u.ID), epoch, uint32(n))
	agree(t, err, x.m.Credit(c, u, epoch, int64(n)))
}

// CreditAll lets honest work happen often enough to matter.
func (x *machine) CreditAll(t *rapid.T) {
	n := rapid.IntRange(1, 4).Draw(t, "n")
	for _, c := range x.list {
		for _, u := range c.Units {
			if c.StatusAt(x.m.Epoch) != model.Removed {
				err := x.CreditProofs(x.ctx(), []byte(u.ID), x.m.Epoch, uint32(n))
				agree(t, err, x.m.Credit(c, u, x.m.Epoch, int64(n)))
			}
		}
	}
}

func (x *machine) epoch(t *rapid.T) uint64 {
	return x.clock.now - min(x.clock.now, uint64(rapid.IntRange(0, 3).Draw(t, "ago")))
}

func (x *machine) Lose(t *rapid.T) {
	c, _ := x.pickUnit(t)
	if c == nil {
		return
	}
	epoch := x.epoch(t)
	err := x.FailEpoch(x.ctx(), id(c.Peer), epoch, types.ReasonMissingOpening)
	agree(t, err, x.m.Lose(c, epoch))
}

func (x *machine) False(t *rapid.T) {
	c, u := x.pickUnit(t)
	if u == nil {
		return
	}
	epoch, scale := max(x.epoch(t), 1), rapid.IntRange(1, 3).Draw(t, "scale")
	err := x.SlashFalse(x.ctx(), []byte(u.ID), epoch, uint32(scale), types.ReasonFalseHash)
	agree(t, err, x.m.False(c, u, epoch, int64(scale)))
}

func (x *machine) Take(t *rapid.T) {
	_, u := x.pickUnit(t)
	if u == nil || u.InDeal || u.Exited {
		return
	}
	agree(t, x.market.take(x.ctx(), []byte(u.ID)), true)
	x.m.Take(u)
}

func (x *machine) Return(t *rapid.T) {
	c, u := x.pickUnit(t)
	if u == nil || !u.InDeal {
		return
	}
	agree(t, x.market.giveBack(x.ctx(), []byte(u.ID)), true)
	x.m.Return(c, u)
}

func (x *machine) Exit(t *rapid.T) {
	c, u := x.pickUnit(t)
	if u == nil {
		return
	}
	_, err := x.msg.ExitUnits(x.ctx(), &types.MsgExitUnits{Provider: c.Provider, CommitmentId: []byte(c.ID), UnitIds: [][]byte{[]byte(u.ID)}})
	agree(t, err, (c.Status == model.Inactive || c.Status == model.Failed) && !u.Exited)
	if err == nil {
		u.InDeal, u.Exited = false, true
	}
}

func (x *machine) Finish(t *rapid.T) {
	c := x.pick(t)
	if c == nil {
		return
	}
	_, err := x.msg.FinishCommitment(x.ctx(), &types.MsgFinishCommitment{Sender: "anybody", CommitmentId: []byte(c.ID)})
	want := x.m.Over(c)
	for _, u := range c.Units {
		want = want && u.Exited
	}
	agree(t, err, want)
	if err != nil {
		return
	}
	if !c.CollateralBack {
		c.PayBack()
	}
	if c.Status = model.Removed; c.Total().Sign() == 0 {
		x.forget(c)
	}
}

func (x *machine) WithdrawCollateral(t *rapid.T) {
	c := x.pick(t)
	if c == nil {
		return
	}
	resp, err := x.msg.WithdrawCollateral(x.ctx(), &types.MsgWithdrawCollateral{Sender: c.Provider, CommitmentId: []byte(c.ID)})
	agree(t, err, x.m.Over(c) && !c.CollateralBack)
	if err == nil {
		returned, slashed := c.PayBack()
		same(t, "returned", resp.Returned.Amount, returned)
		same(t, "slashed", resp.Slashed.Amount, slashed)
	}
}

func (x *machine) WithdrawReward(t *rapid.T) {
	c := x.pick(t)
	if c == nil {
		return
	}
	resp, err := x.msg.WithdrawReward(x.ctx(), &types.MsgWithdrawReward{Sender: c.Delegator, CommitmentId: []byte(c.ID)})
	agree(t, err, x.m.Unlocked(c).Sign() > 0)
	if err != nil {
		return
	}
	provider, delegator := x.m.Withdraw(c)
	same(t, "provider", resp.Provider.Amount, provider)
	same(t, "delegator", resp.Delegator.Amount, delegator)
	if c.Status == model.Removed && c.Total().Sign() == 0 {
		x.forget(c)
	}
}

func (x *machine) Price(t *rapid.T) {
	f, price := rapid.SampledFrom([]string{"f1", "f2", "f3"}).Draw(t, "feeder"), rapid.IntRange(10_000, 30_000_000).Draw(t, "price")
	_, err := x.msg.SetPrice(x.ctx(), &types.MsgSetPrice{Feeder: f, Price: uint64(price)})
	agree(t, err, len(x.m.Params(x.m.Epoch).Feeders) > 0)
	if err == nil {
		x.m.Reports[f] = model.Report{Price: int64(price), Epoch: x.m.Epoch}
	}
}

func (x *machine) Params(t *rapid.T) {
	p := drawParams(t)
	_, err := x.msg.UpdateParams(x.ctx(), &types.MsgUpdateParams{Authority: x.env.Authority, Params: p})
	if err == nil {
		x.m.ParamsOf[x.m.Epoch+1] = toModel(p)
	} else if p.Validate() == nil {
		t.Fatal(err)
	}
}

func same(t *rapid.T, what string, got math.Int, want *big.Int) {
	t.Helper()
	if got.BigInt().Cmp(want) != 0 {
		t.Fatalf("%s: keeper says %s, model %s", what, got, want)
	}
}

// Check compares everything after every step.
func (x *machine) Check(t *rapid.T) {
	x.block(t)
	settled, err := x.Settled(x.ctx())
	if err != nil {
		t.Fatal(err)
	}
	x.m.Settle(settled)
	rec, err := x.record(x.ctx())
	if err != nil {
		t.Fatal(err)
	}
	same(t, "pool", rec.Pool, x.m.Pool[x.m.Epoch])
	if rec.Price != uint64(x.m.Price[x.m.Epoch]) {
		t.Fatalf("price: keeper says %d, model %d", rec.Price, x.m.Price[x.m.Epoch])
	}
	totals, err := x.totals.Get(x.ctx())
	if err != nil || totals.ActiveUnits != uint64(x.m.ActiveUnits()) {
		t.Fatalf("active units: keeper says %d, model %d: %v", totals.ActiveUnits, x.m.ActiveUnits(), err)
	}
	for _, c := range x.list {
		x.compare(t, c)
	}
	if err := x.CheckInvariants(x.ctx()); err != nil {
		t.Fatal(err)
	}
}

func (x *machine) compare(t *rapid.T, c *model.Commitment) {
	t.Helper()
	v, err := x.load(x.ctx(), []byte(c.ID))
	if err != nil {
		t.Fatal(err)
	}
	if v.status(x.clock.now) != types.Status(c.StatusAt(x.m.Epoch)) || v.b.TotalFails != uint64(c.Fails) || v.b.FailedEpoch != c.FailedEpoch {
		t.Fatalf("%s: keeper says %s, %d fails, failed %d; model %d, %d, %d", c.Peer,
			v.status(x.clock.now), v.b.TotalFails, v.b.FailedEpoch, c.StatusAt(x.m.Epoch), c.Fails, c.FailedEpoch)
	}
	for i, u := range c.Units {
		k := v.b.Units[i]
		if k.Fails != uint64(u.Fails) || k.InDeal != u.InDeal || k.Exited != u.Exited {
			t.Fatalf("%s unit %d: keeper says %+v, model %+v", c.Peer, i, k, u)
		}
		same(t, "slashed of a unit", k.Slashed, u.Slashed)
	}
	total, unlocked, err := x.owed(x.ctx(), v, x.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	same(t, c.Peer+": total reward", total, c.Total())
	same(t, c.Peer+": unlocked reward", unlocked, x.m.Unlocked(c))
}

func TestKeeperFollowsModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := newMachine(r, t)
		r.Repeat(map[string]func(*rapid.T){
			"create": x.Create, "remove": x.Remove, "deposit": x.Deposit, "next": x.Next, "next again": x.Next, "hold": x.Hold,
			"credit": x.Credit, "credit all": x.CreditAll, "lose": x.Lose, "false": x.False, "take": x.Take, "return": x.Return,
			"exit": x.Exit, "finish": x.Finish, "withdraw collateral": x.WithdrawCollateral, "withdraw reward": x.WithdrawReward,
			"price": x.Price, "params": x.Params, "": x.Check,
		})
	})
}
