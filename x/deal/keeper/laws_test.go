// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/x/deal/model"
	"github.com/go-fluence/fluence/x/deal/types"
)

// Peers of the state machine: 1 to 6, of two providers, with two units each.
const lawPeers = 6

// tracked is a worker and what the model says of it.
type tracked struct {
	id   []byte
	peer int
	unit int
	m    *model.Worker
}

// twin is a deal and its model.
type twin struct {
	id      []byte
	m       *model.Deal
	workers []*tracked
}

// laws is a world beside its model.
type laws struct {
	*world
	t     *rapid.T
	rules model.Rules
	o     map[int][]byte // offer of a peer
	name  map[int]string // provider of a peer
	idle  map[int]bool
	twins []*twin
	coins map[string]*big.Int // what the model says that accounts have
	limit *big.Int            // left of the grant of "rich"
}

func (l *laws) pay(name string, n *big.Int) {
	if l.coins[name] == nil {
		l.coins[name] = new(big.Int)
	}
	l.coins[name].Add(l.coins[name], n)
}

func (l *laws) paid(w *tracked, p model.Paid) {
	l.pay(l.name[w.peer], p.Provider)
	l.pay("del", p.Delegator)
	l.pay("pool", p.Fee)
}

func newLaws(t testing.TB, rt *rapid.T) *laws {
	l := &laws{
		world: newWorld(t), t: rt, o: map[int][]byte{}, name: map[int]string{}, idle: map[int]bool{},
		coins: map[string]*big.Int{}, limit: big.NewInt(2000),
	}
	p := types.DefaultParams()
	p.MinRematchingEpochs = 0
	p.MinDepositedEpochs = rapid.Uint64Range(1, 2).Draw(rt, "min deposited")
	p.GraceEpochs = rapid.Uint64Range(0, 2).Draw(rt, "grace")
	p.LowBalanceEpochs = rapid.Uint64Range(0, 4).Draw(rt, "low")
	p.ProtocolFee = rapid.SampledFrom([]uint64{0, 1, 333_333, 5_000_000}).Draw(rt, "fee")
	must[*types.MsgUpdateParamsResponse](t)(l.UpdateParams(l.ctx(), &types.MsgUpdateParams{Authority: authority, Params: p}))
	l.rules = model.Rules{MinDeposited: int64(p.MinDepositedEpochs), Grace: int64(p.GraceEpochs), Fee: int64(p.ProtocolFee)}
	for _, name := range []string{"cust", "rich", "pal"} {
		l.pay(name, big.NewInt(1e12))
	}
	for i, provider := range []string{"alice", "bob"} {
		peers := []int{1 + 3*i, 2 + 3*i, 3 + 3*i}
		o := l.offer(t, provider, byUnit(1), 2, peers...)
		for _, n := range peers {
			l.o[n], l.name[n] = o, provider
			l.capacity.share[string(public(n))] = uint64(n) * 1_234_567
		}
	}
	must[*types.MsgGrantDepositResponse](t)(l.GrantDeposit(l.ctx(), &types.MsgGrantDeposit{Granter: "rich", Grantee: "cust", Limit: uusd(2000)}))
	return l
}

// verdict fails when the keeper does not agree with the model on whether something is accepted.
func (l *laws) verdict(what string, err error, want bool) bool {
	if (err == nil) != want {
		l.t.Fatalf("%s: %v, want accepted = %v", what, err, want)
	}
	return want
}

func (l *laws) create() {
	if len(l.twins) >= 3 {
		return
	}
	price, target := rapid.Int64Range(10, 50).Draw(l.t, "price"), rapid.Int64Range(1, 3).Draw(l.t, "target")
	te := terms(price, uint32(target))
	te.MinWorkers = uint32(rapid.Int64Range(0, min(target, 2)).Draw(l.t, "min"))
	m := model.New(l.rules, price, target, int64(te.MinWorkers))
	deposit := m.Minimum().Int64() + rapid.Int64Range(-1, 60).Draw(l.t, "more")
	if rapid.IntRange(0, 3).Draw(l.t, "no deposit") == 0 {
		deposit = 0
	}
	res, err := l.CreateDeal(l.ctx(), &types.MsgCreateDeal{Owner: "cust", Terms: te, Deposit: uusd(deposit)})
	if l.verdict("create", err, deposit == 0 || deposit >= m.Minimum().Int64()) {
		m.Deposit("", deposit)
		l.pay("cust", big.NewInt(-deposit))
		l.twins = append(l.twins, &twin{id: res.DealId, m: m})
	}
}

func (l *laws) fund(d *twin) {
	amount := rapid.Int64Range(1, 120).Draw(l.t, "amount")
	msg := &types.MsgFundDeal{Sender: "cust", DealId: d.id, Amount: uusd(amount)}
	from, sponsor := "cust", ""
	switch rapid.IntRange(0, 2).Draw(l.t, "who") {
	case 0:
		msg.Sender, from = "pal", "pal"
	case 1:
		msg.Depositor, from, sponsor = "rich", "rich", "rich"
	}
	_, err := l.FundDeal(l.ctx(), msg)
	if l.verdict("fund", err, !d.m.Ended && (sponsor == "" || l.limit.Cmp(big.NewInt(amount)) >= 0)) {
		d.m.Deposit(sponsor, amount)
		l.pay(from, big.NewInt(-amount))
		if sponsor != "" {
			l.limit.Sub(l.limit, big.NewInt(amount))
		}
	}
}

func (l *laws) withdraw(d *twin) {
	amount := rapid.Int64Range(1, 300).Draw(l.t, "amount")
	_, err := l.WithdrawDeal(l.ctx(), &types.MsgWithdrawDeal{Owner: "cust", DealId: d.id, Amount: uusd(amount)})
	if d.m.Ended {
		l.verdict("withdraw", err, false)
		return
	}
	refused := d.m.Withdraw(amount)
	if l.verdict("withdraw", err, refused == nil) {
		l.pay("cust", big.NewInt(amount))
	}
}

// taken reports whether a unit serves any deal.
func (l *laws) taken(peer, unit int) bool {
	return slices.ContainsFunc(l.twins, func(d *twin) bool {
		return slices.ContainsFunc(d.workers, func(w *tracked) bool { return w.peer == peer && w.unit == unit })
	})
}

func (l *laws) match(d *twin) {
	n := rapid.IntRange(1, 2).Draw(l.t, "workers")
	var sel []types.Selection
	var fresh []*tracked
	ok := !d.m.Ended && d.m.Balance.Cmp(d.m.Minimum()) >= 0 && len(d.workers)+n <= int(d.m.Target) && len(d.workers)+n >= int(d.m.Min)
	for range n {
		w := &tracked{peer: rapid.IntRange(1, lawPeers).Draw(l.t, "peer"), unit: rapid.IntRange(0, 1).Draw(l.t, "unit")}
		used := func(v *tracked) bool { return v.peer == w.peer }
		ok = ok && !l.idle[w.peer] && !l.taken(w.peer, w.unit) && !slices.ContainsFunc(d.workers, used) && !slices.ContainsFunc(fresh, used)
		fresh, sel = append(fresh, w), append(sel, choose(l.o[w.peer], w.peer, w.unit))
	}
	if d.m.Dry > 0 && ok {
		return // whether a balance that pays for all but is dry can be, the model does not say
	}
	res, err := l.MatchDeal(l.ctx(), &types.MsgMatchDeal{Owner: "cust", DealId: d.id, Match: sel})
	if errors.Is(err, types.ErrTooEarly) {
		return // matched in this epoch already
	}
	if l.verdict("match", err, ok) {
		for i, w := range fresh {
			w.id, w.m = res.WorkerIds[i], d.m.Join(int64(w.peer)*1_234_567)
		}
		d.workers = append(d.workers, fresh...)
	}
}

func (l *laws) activate(t testing.TB, d *twin, w *tracked) {
	_, err := l.ActivateWorker(l.ctx(), l.activation(t, d.id, w.id, 1000))
	if l.verdict("activate", err, !d.m.Ended && !w.m.Active && !w.m.Failed) {
		w.m.Active = true
	}
}

func (l *laws) remove(t testing.TB, d *twin, w *tracked) {
	sender, byDeal := "cust", rapid.Bool().Draw(l.t, "by deal")
	if !byDeal {
		sender = l.name[w.peer]
	}
	live := l.current(t).Blocks >= minBlocks
	_, err := l.RemoveWorker(l.ctx(), &types.MsgRemoveWorker{Sender: sender, DealId: d.id, WorkerId: w.id})
	l.verdict("remove", err, true)
	l.paid(w, d.m.Remove(w.m, byDeal, live))
	d.workers = slices.DeleteFunc(d.workers, func(v *tracked) bool { return v == w })
}

func (l *laws) fail() {
	peer := rapid.IntRange(1, lawPeers).Draw(l.t, "peer")
	if l.idle[peer] {
		l.idle[peer] = false
		delete(l.capacity.idle, string(public(peer)))
		return
	}
	l.idle[peer], l.capacity.idle[string(public(peer))] = true, true
	l.verdict("fail", l.CommitmentFailed(l.ctx(), public(peer), 1), true)
	for _, d := range l.twins {
		for _, w := range d.workers {
			if w.peer == peer {
				d.m.Fail(w.m)
			}
		}
	}
}

func (l *laws) rewards(d *twin, w *tracked) {
	_, err := l.WithdrawRewards(l.ctx(), &types.MsgWithdrawRewards{Sender: l.name[w.peer], DealId: d.id, WorkerIds: [][]byte{w.id}})
	if l.verdict("rewards", err, w.m.Earned.Sign() > 0) {
		l.paid(w, d.m.Pay(w.m))
	}
}

func (l *laws) stop(t testing.TB, d *twin) {
	live := l.current(t).Blocks >= minBlocks
	_, err := l.StopDeal(l.ctx(), &types.MsgStopDeal{Owner: "cust", DealId: d.id})
	if !l.verdict("stop", err, !d.m.Ended) {
		return
	}
	owner, sponsors := d.m.Stop(live)
	l.pay("cust", owner)
	for _, s := range sponsors {
		l.pay(s.Name, s.Amount)
	}
	l.leave(d)
}

// leave pays the workers of a deal and forgets them.
func (l *laws) leave(d *twin) {
	for _, w := range d.workers {
		l.paid(w, d.m.Pay(w.m))
	}
	d.workers, d.m.Workers = nil, nil
}

// turn ends the running epoch, live or void, and lets more pass without a block.
func (l *laws) turn(t testing.TB) {
	live := rapid.IntRange(0, 3).Draw(l.t, "live") > 0
	if live {
		l.ripen(t)
	}
	live = l.current(t).Blocks >= minBlocks
	l.block(t, time.Duration(1+rapid.SampledFrom([]int{0, 0, 0, 1, 7}).Draw(l.t, "halt"))*time.Minute)
	for _, d := range l.twins {
		d.m.EndEpoch(!live)
	}
}

// step does one thing, ends the block and compares everything.
func (l *laws) step(t testing.TB) {
	var d *twin
	var w *tracked
	if len(l.twins) > 0 {
		d = rapid.SampledFrom(l.twins).Draw(l.t, "deal")
		if len(d.workers) > 0 {
			w = rapid.SampledFrom(d.workers).Draw(l.t, "worker")
		}
	}
	op := rapid.SampledFrom([]string{
		"create", "fund", "withdraw", "match", "match", "match", "activate", "activate", "activate", "remove", "remove", "fail",
		"rewards", "stop", "turn", "turn", "turn", "turn", "turn", "block",
	}).Draw(l.t, "op")
	l.do(t, op, d, w)
	l.end(t)
	for _, d := range l.twins {
		if len(d.m.EndBlock()) > 0 {
			l.leave(d)
		}
	}
	l.compare(t)
}

func (l *laws) do(t testing.TB, op string, d *twin, w *tracked) {
	switch {
	case op == "create":
		l.create()
	case op == "fail":
		l.fail()
	case op == "turn":
		l.turn(t)
	case op == "block":
		l.block(t, 0)
	case d == nil:
	case op == "fund":
		l.fund(d)
	case op == "withdraw":
		l.withdraw(d)
	case op == "match":
		l.match(d)
	case op == "stop" && rapid.IntRange(0, 3).Draw(l.t, "really") == 0:
		l.stop(t, d)
	case w == nil:
	case op == "activate":
		l.activate(t, d, w)
	case op == "remove":
		l.remove(t, d, w)
	case op == "rewards":
		l.rewards(d, w)
	}
}

// compare holds the state against the model to the last unit.
func (l *laws) compare(t testing.TB) {
	g := l.export(t)
	for _, d := range l.twins {
		b := l.balance(t, d.id)
		if b.Balance.Amount.BigInt().Cmp(d.m.Balance) != 0 {
			l.t.Fatalf("deal %x: balance %s, model %s", d.id, b.Balance, d.m.Balance)
		}
		r, err := l.query.Rewards(l.ctx(), &types.QueryRewardsRequest{DealId: types.Hex(d.id)})
		if err != nil || len(r.Rewards) != len(d.workers) {
			l.t.Fatalf("deal %x: %d workers, %v; model %d", d.id, len(r.Rewards), err, len(d.workers))
		}
		for i, w := range d.workers {
			have := r.Rewards[i].ProviderReward.Amount.Add(r.Rewards[i].DelegatorReward.Amount).Add(r.Rewards[i].ProtocolFee.Amount)
			if have.BigInt().Cmp(w.m.Earned) != 0 {
				l.t.Fatalf("deal %x: worker %d has earned %s, model %s", d.id, i, have, w.m.Earned)
			}
		}
	}
	for _, name := range []string{"cust", "rich", "pal", "alice", "bob", "del", "pool"} {
		want := int64(0)
		if n := l.coins[name]; n != nil {
			want = n.Int64()
		}
		if have := l.world.coins(name); have != want {
			l.t.Fatalf("%s has %d, model %d", name, have, want)
		}
	}
	for _, a := range g.Accounts {
		if a.Spent.Add(a.Locked).GT(a.Funded) {
			l.t.Fatalf("deal %x: %s paid and owed of %s", a.DealId, a.Spent.Add(a.Locked), a.Funded)
		}
	}
}

// TestBillsAgreeWithTheModel runs random customers, providers, failures, halts and void
// epochs beside the slow model: after every step all balances, rewards and accounts
// are the same to the last unit, the module holds what it owes, no unit is in two
// deals, and nobody was paid more than was deposited.
func TestBillsAgreeWithTheModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := newLaws(t, rt)
		for range 40 {
			l.step(t)
		}
	})
}
