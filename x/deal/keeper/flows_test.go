// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"bytes"
	"context"
	"testing"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

func (s *stage) workers(t testing.TB) []types.Worker {
	t.Helper()
	r, err := s.query.Workers(s.ctx(), &types.QueryWorkersRequest{DealId: types.Hex(s.deal)})
	if err != nil {
		t.Fatal(err)
	}
	return r.Workers
}

func must[T any](t testing.TB) func(T, error) {
	t.Helper()
	return func(_ T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestDealIdIsKnownBefore(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		next, err := w.query.NextDealId(w.ctx(), &types.QueryNextDealIdRequest{Owner: "cust"})
		if err != nil {
			t.Fatal(err)
		}
		if d := w.deal(t, terms(1, 1), 2); !bytes.Equal(d.DealId, next.DealId) {
			t.Errorf("deal %x, told %x", d.DealId, next.DealId)
		}
	}
}

func TestOneMessageCreatesFundsAndMatches(t *testing.T) {
	s := newStage(t)
	if n := s.events(); n["EventDealCreated"] != 1 || n["EventDeposited"] != 1 || n["EventWorkerCreated"] != 2 || n["EventWorkerActivated"] != 1 {
		t.Errorf("events %v", n)
	}
	ws := s.workers(t)
	if len(ws) != 2 || ws[0].State != types.WorkerActive || ws[1].State != types.WorkerJoined || !bytes.Equal(ws[0].PeerKey, public(1000)) {
		t.Errorf("workers %v", ws)
	}
	for _, v := range ws {
		if u, err := s.market.Unit(s.ctx(), v.UnitIds[0]); err != nil || !bytes.Equal(u.DealId, s.deal) || !bytes.Equal(u.WorkerId, v.Id) {
			t.Errorf("unit %v, %v", u, err)
		}
	}
	s.export(t)
}

// TestLowDryRefilled: a deal is announced three epochs before it runs dry and when it
// does; a refill in the grace keeps its workers.
func TestLowDryRefilled(t *testing.T) {
	w := newWorld(t)
	o := w.offer(t, "alice", byUnit(100), 1, 1)
	d := w.deal(t, terms(100, 1), 500, choose(o, 1, 0))
	w.activate(t, d.DealId, d.WorkerIds[0])
	seen := map[string]uint64{}
	for range 6 {
		w.pass(t, 1)
		for _, e := range []string{"EventLowBalance", "EventDealExpired", "EventWorkerRemoved"} {
			if w.events()[e] > 0 && seen[e] == 0 {
				seen[e] = w.current(t).Number
			}
		}
		w.export(t)
	}
	if seen["EventLowBalance"] != 3 || seen["EventDealExpired"] != 6 || seen["EventWorkerRemoved"] != 0 {
		t.Errorf("seen in epochs %v", seen)
	}
	must[*types.MsgFundDealResponse](t)(w.FundDeal(w.ctx(), &types.MsgFundDeal{Sender: "pal", DealId: d.DealId, Amount: uusd(250)}))
	w.pass(t, 1) // 6 went unpaid, 7 is paid
	if got, _ := w.reward(t, d.DealId, 0); got != 600 {
		t.Errorf("reward %d after the refill, want 600", got)
	}
	if b := w.balance(t, d.DealId); b.MaxPaidEpoch != 8 {
		t.Errorf("max paid %d, want 8", b.MaxPaidEpoch)
	}
	w.pass(t, 1)
	w.pass(t, 1)
	if w.events()["EventDealExpired"]+w.events()["EventWorkerRemoved"] != 0 {
		t.Errorf("events %v in the first unpaid epoch", w.events())
	}
	w.pass(t, 1)
	if w.events()["EventWorkerRemoved"] != 1 || w.coins("alice") != 700 || w.status(t, d.DealId) != types.StatusInsufficientFunds {
		t.Errorf("after the grace: events %v, alice has %d, %s", w.events(), w.coins("alice"), w.status(t, d.DealId))
	}
	if u, err := w.market.Unit(w.ctx(), unit(1, 0)); err != nil || len(u.DealId) > 0 || u.StartEpoch != w.current(t).Number+1 {
		t.Errorf("unit %v, %v: want it free from the next epoch on", u, err)
	}
	w.export(t)
}

// TestAutoTopUpRefillsWithinItsAllowance draws from a depositor by grant, and returns
// what is left to it at the end.
func TestAutoTopUpRefillsWithinItsAllowance(t *testing.T) {
	w := newWorld(t)
	o := w.offer(t, "alice", byUnit(100), 1, 1)
	d := w.deal(t, terms(100, 1), 500, choose(o, 1, 0))
	w.activate(t, d.DealId, d.WorkerIds[0])
	must[*types.MsgGrantDepositResponse](t)(w.GrantDeposit(w.ctx(), &types.MsgGrantDeposit{Granter: "rich", Grantee: "cust", Limit: uusd(5000)}))
	must[*types.MsgSetAutoTopUpResponse](t)(w.SetAutoTopUp(w.ctx(), &types.MsgSetAutoTopUp{
		Owner: "cust", DealId: d.DealId, AutoTopUp: types.AutoTopUp{Depositor: "rich", Epochs: 10, Allowance: math.NewInt(1000)},
	}))
	rich := w.coins("rich")
	w.pass(t, 2) // 300 left are three epochs: 700 are drawn
	if got := rich - w.coins("rich"); got != 700 {
		t.Errorf("drawn %d, want 700", got)
	}
	w.pass(t, 7)
	if got := rich - w.coins("rich"); got != 1000 {
		t.Errorf("drawn %d in all, want the allowance of 1000", got)
	}
	g, err := w.query.Grants(w.ctx(), &types.QueryGrantsRequest{Grantee: "cust"})
	if err != nil || len(g.Grants) != 1 || g.Grants[0].Limit.Amount.Int64() != 4000 {
		t.Errorf("grants %v, %v", g, err)
	}
	w.pass(t, 1)
	w.ripen(t)
	b := w.balance(t, d.DealId)
	cust, rich := w.coins("cust"), w.coins("rich")
	must[*types.MsgStopDealResponse](t)(w.StopDeal(w.ctx(), &types.MsgStopDeal{Owner: "cust", DealId: d.DealId}))
	if back := w.coins("rich") - rich; back != b.Balance.Amount.Int64()-100 || w.coins("cust") != cust {
		t.Errorf("%d back to the depositor of %s less the running epoch, %d to the owner", back, b.Balance, w.coins("cust")-cust)
	}
	w.export(t)
}

func TestAutoTopUpThatCannotPayChangesNothing(t *testing.T) {
	w := newWorld(t)
	o := w.offer(t, "alice", byUnit(100), 1, 1)
	d := w.deal(t, terms(100, 1), 500, choose(o, 1, 0))
	w.activate(t, d.DealId, d.WorkerIds[0])
	must[*types.MsgSetAutoTopUpResponse](t)(w.SetAutoTopUp(w.ctx(), &types.MsgSetAutoTopUp{
		Owner: "cust", DealId: d.DealId, AutoTopUp: types.AutoTopUp{Depositor: "poor", Epochs: 10, Allowance: math.NewInt(1000)},
	}))
	w.pass(t, 2)
	if e := w.events(); e["EventTopUpFailed"] != 1 || e["EventLowBalance"] != 1 || e["EventDeposited"] != 0 {
		t.Errorf("events %v", e)
	}
	w.export(t)
}

// TestStopPaysALiveEpoch: the running epoch is billed when a deal stops and that
// epoch cannot end void any more; everything else returns at once.
func TestStopPaysALiveEpoch(t *testing.T) {
	for _, ripe := range []bool{false, true} {
		w := newWorld(t)
		o := w.offer(t, "alice", byUnit(100), 1, 1, 2)
		d := w.deal(t, terms(100, 2), 1000, choose(o, 1, 0), choose(o, 2, 0))
		w.activate(t, d.DealId, d.WorkerIds[0])
		w.pass(t, 1)
		want := int64(100)
		if ripe {
			w.ripen(t)
			want = 200
		}
		must[*types.MsgStopDealResponse](t)(w.StopDeal(w.ctx(), &types.MsgStopDeal{Owner: "cust", DealId: d.DealId}))
		if a := w.coins("alice"); a != want || w.coins("cust") != 1e12-want || w.coins(types.ModuleName) != 0 {
			t.Errorf("ripe %v: alice has %d, want %d; cust %d, module %d", ripe, a, want, w.coins("cust"), w.coins(types.ModuleName))
		}
		if w.status(t, d.DealId) != types.StatusEnded || len(w.export(t).Workers) != 0 {
			t.Error("the deal goes on")
		}
	}
}

func TestWorkersOfALargeDealGoBlockByBlock(t *testing.T) {
	w := newWorld(t)
	var sel []types.Selection
	for i := range 4 {
		var peers []int
		for n := range 25 {
			peers = append(peers, 100+25*i+n)
		}
		o := w.offer(t, "alice", byUnit(1), 1, peers...)
		for _, p := range peers {
			sel = append(sel, choose(o, p, 0))
		}
	}
	p := types.DefaultParams()
	p.MinRematchingEpochs = 0
	must[*types.MsgUpdateParamsResponse](t)(w.UpdateParams(w.ctx(), &types.MsgUpdateParams{Authority: authority, Params: p}))
	d := w.deal(t, terms(1, 100), 1000, sel[:50]...)
	w.pass(t, 1)
	must[*types.MsgMatchDealResponse](t)(w.MatchDeal(w.ctx(), &types.MsgMatchDeal{Owner: "cust", DealId: d.DealId, Match: sel[50:]}))
	must[*types.MsgStopDealResponse](t)(w.StopDeal(w.ctx(), &types.MsgStopDeal{Owner: "cust", DealId: d.DealId}))
	for i, want := range []int{36, 4, 0} {
		if got := len(w.export(t).Workers); got != want {
			t.Errorf("%d workers after %d blocks, want %d", got, i, want)
		}
		w.end(t)
	}
}

// TestFailedCommitmentStopsPay: what was earned stays, with the delegator's share as
// it was; the running epoch and all later ones are not paid.
func TestFailedCommitmentStopsPay(t *testing.T) {
	s := newStage(t)
	s.capacity.share[string(public(1))] = 2_500_000
	s.pass(t, 2)
	s.capacity.idle[string(public(1))] = true
	if err := s.CommitmentFailed(s.ctx(), public(1), 2); err != nil {
		t.Fatal(err)
	}
	delete(s.capacity.share, string(public(1)))
	s.pass(t, 3)
	if p, d := s.reward(t, s.deal, 0); p != 150 || d != 50 {
		t.Errorf("rewards %d and %d, want 150 and 50", p, d)
	}
	if b := s.balance(t, s.deal); b.Balance.Amount.Int64() != 9800 || b.MaxPaidEpoch != 0 {
		t.Errorf("balance %s, max paid %d", b.Balance, b.MaxPaidEpoch)
	}
	s.export(t)
	must[*types.MsgRemoveStaleWorkerResponse](t)(s.RemoveStaleWorker(s.ctx(), &types.MsgRemoveStaleWorker{Sender: "anybody", DealId: s.deal, WorkerId: s.active}))
	if s.coins("alice") != 150 || s.coins("del") != 50 {
		t.Errorf("paid %d and %d", s.coins("alice"), s.coins("del"))
	}
	s.export(t)
}

func TestExitingUnitsLeaveTheirDeal(t *testing.T) {
	s := newStage(t)
	s.pass(t, 1)
	if err := s.UnitsExiting(s.ctx(), public(1), units(1, 1)); err != nil || len(s.workers(t)) != 2 {
		t.Errorf("a free unit leaves: %v, %d workers", err, len(s.workers(t)))
	}
	if err := s.UnitsExiting(s.ctx(), public(1), units(1, 0, 1)); err != nil || len(s.workers(t)) != 1 {
		t.Errorf("a taken unit leaves: %v, %d workers", err, len(s.workers(t)))
	}
	if s.coins("alice") != 100 {
		t.Errorf("alice has %d, want 100", s.coins("alice"))
	}
	s.export(t)
}

// TestStandingOrderReplaces: the failed worker serves until another peer was found,
// as often as the order says, and never with a peer that does not fit.
func TestStandingOrderReplaces(t *testing.T) {
	s := newStage(t)
	order := types.StandingOrder{Enabled: true, Replacements: 1}
	must[*types.MsgSetStandingOrderResponse](t)(s.SetStandingOrder(s.ctx(), &types.MsgSetStandingOrder{Owner: "cust", DealId: s.deal, StandingOrder: order}))
	s.capacity.idle[string(public(4))] = true
	s.pass(t, 1)
	fail := func(peer int) {
		t.Helper()
		s.capacity.idle[string(public(peer))] = true
		if err := s.CommitmentFailed(s.ctx(), public(peer), 1); err != nil {
			t.Fatal(err)
		}
	}
	fail(1)
	s.capacity.idle[string(public(3))] = true
	s.block(t, 0)
	s.export(t)
	if ws := s.workers(t); len(ws) != 2 || ws[0].State != types.WorkerFailed {
		t.Fatalf("workers %v: want the failed one to stay while nobody fits", ws)
	}
	delete(s.capacity.idle, string(public(4)))
	s.pass(t, 1)
	ws := s.workers(t)
	if len(ws) != 2 || !bytes.Equal(ws[1].PeerId, public(4)) || ws[1].Provider != "bob" || s.coins("alice") != 100 {
		t.Fatalf("workers %v, alice has %d: want the failed one paid and replaced by peer 4", ws, s.coins("alice"))
	}
	g := s.export(t)
	if g.Deals[0].StandingOrder.Replacements != 0 || len(g.Rematches) != 0 {
		t.Errorf("order %v, rematches %v", g.Deals[0].StandingOrder, g.Rematches)
	}
	delete(s.capacity.idle, string(public(3)))
	fail(2)
	s.pass(t, 2)
	if ws := s.workers(t); len(ws) != 2 || ws[0].State != types.WorkerFailed {
		t.Errorf("workers %v: the order is used up", ws)
	}
}

// TestStandingOrderAfterAProviderLeft: a worker that left is replaced as well; the
// work of a block is bounded however many offers there are.
func TestStandingOrderAfterAProviderLeft(t *testing.T) {
	s := newStage(t)
	for n := range 100 {
		s.offer(t, "dear", byUnit(1000), 1, 200+n)
	}
	order := types.StandingOrder{Enabled: true, Replacements: 5}
	must[*types.MsgSetStandingOrderResponse](t)(s.SetStandingOrder(s.ctx(), &types.MsgSetStandingOrder{Owner: "cust", DealId: s.deal, StandingOrder: order}))
	must[*types.MsgRemoveWorkerResponse](t)(s.RemoveWorker(s.ctx(), &types.MsgRemoveWorker{Sender: "alice-peer", DealId: s.deal, WorkerId: s.idle}))
	blocks := 0
	for ; len(s.workers(t)) < 2 && blocks < 50; blocks++ {
		s.end(t)
	}
	if len(s.workers(t)) != 2 {
		t.Fatalf("nobody found in %d blocks", blocks)
	}
	s.export(t)
}

// telltale is a capacity side that notices a failure only when units come back.
type telltale struct{ s *stage }

func (telltale) UnitsTaken(context.Context, []byte, [][]byte) error { return nil }

func (h telltale) UnitsReturned(ctx context.Context, peer []byte, _ [][]byte) error {
	return h.s.CommitmentFailed(ctx, peer, 1)
}

// TestFailureFoundWhenUnitsComeBack: the market's hook leads back into this module while
// a worker goes; neither the queue nor the money of the deal is changed twice.
func TestFailureFoundWhenUnitsComeBack(t *testing.T) {
	s := newStage(t)
	s.market.SetHooks(markettypes.MultiUnitHooks{telltale{s}})
	order := types.StandingOrder{Enabled: true, Replacements: 5}
	must[*types.MsgSetStandingOrderResponse](t)(s.SetStandingOrder(s.ctx(), &types.MsgSetStandingOrder{Owner: "cust", DealId: s.deal, StandingOrder: order}))
	other := s.world.deal(t, terms(100, 1), 200, choose(s.o, 1, 1))
	s.activate(t, other.DealId, other.WorkerIds[0])
	s.pass(t, 1)
	must[*types.MsgRemoveWorkerResponse](t)(s.RemoveWorker(s.ctx(), &types.MsgRemoveWorker{Sender: "cust", DealId: s.deal, WorkerId: s.active}))
	if g := s.export(t); len(g.Rematches) != 0 || len(g.Workers) != 2 {
		t.Errorf("%d workers, rematches %v; want 2 and none, for the owner removed it", len(g.Workers), g.Rematches)
	}
	if w, err := s.Worker(s.ctx(), other.DealId, other.WorkerIds[0]); err != nil || w.State != types.WorkerFailed {
		t.Errorf("the peer's other worker is %v, %v; want it failed", w.State, err)
	}
	must[*types.MsgStopDealResponse](t)(s.StopDeal(s.ctx(), &types.MsgStopDeal{Owner: "cust", DealId: s.deal}))
	s.pass(t, 1)
	s.export(t)
}

func TestStaleWorkerMayBeRemovedByAnybody(t *testing.T) {
	s := newStage(t)
	s.pass(t, 21)
	must[*types.MsgRemoveStaleWorkerResponse](t)(s.RemoveStaleWorker(s.ctx(), &types.MsgRemoveStaleWorker{Sender: "anybody", DealId: s.deal, WorkerId: s.idle}))
	if len(s.workers(t)) != 1 {
		t.Error("the worker is still there")
	}
	s.export(t)
}

func TestProtocolFeeGoesToTheCommunityPool(t *testing.T) {
	s := newStage(t)
	p := types.DefaultParams()
	p.ProtocolFee = 333_333 // 3.33333 %
	must[*types.MsgUpdateParamsResponse](t)(s.UpdateParams(s.ctx(), &types.MsgUpdateParams{Authority: authority, Params: p}))
	s.capacity.share[string(public(1))] = 3_333_333
	s.pass(t, 3)
	must[*types.MsgWithdrawRewardsResponse](t)(s.WithdrawRewards(s.ctx(), &types.MsgWithdrawRewards{Sender: "alice-peer", DealId: s.deal, WorkerIds: [][]byte{s.active, s.idle}}))
	if f, d, a := s.coins("pool"), s.coins("del"), s.coins("alice"); f != 9 || d != 96 || a != 195 {
		t.Errorf("300 became %d for the pool, %d for the delegator, %d for the provider; want 9, 96, 195", f, d, a)
	}
	s.export(t)
}

// TestGovernanceOwnsADeal: others fund it, and what returns goes to the community pool.
func TestGovernanceOwnsADeal(t *testing.T) {
	w := newWorld(t)
	res, err := w.CreateDeal(w.ctx(), &types.MsgCreateDeal{Owner: authority, Terms: terms(100, 1), Deposit: uusd(0)})
	if err != nil {
		t.Fatal(err)
	}
	must[*types.MsgFundDealResponse](t)(w.FundDeal(w.ctx(), &types.MsgFundDeal{Sender: "rich", DealId: res.DealId, Amount: uusd(1000)}))
	must[*types.MsgStopDealResponse](t)(w.StopDeal(w.ctx(), &types.MsgStopDeal{Owner: authority, DealId: res.DealId}))
	if w.coins("pool") != 1000 {
		t.Errorf("the pool has %d", w.coins("pool"))
	}
	w.export(t)
}

func TestQueriesArePaged(t *testing.T) {
	s := newStage(t)
	for range 4 {
		s.world.deal(t, terms(1, 1), 2)
	}
	page := func(key []byte) *query.PageRequest { return &query.PageRequest{Key: key, Limit: 3} }
	first, err := s.query.DealsByOwner(s.ctx(), &types.QueryDealsByOwnerRequest{Owner: "cust", Pagination: page(nil)})
	if err != nil || len(first.Deals) != 3 || len(first.Pagination.NextKey) == 0 {
		t.Fatalf("first page %v, %v", first, err)
	}
	rest, err := s.query.DealsByOwner(s.ctx(), &types.QueryDealsByOwnerRequest{Owner: "cust", Pagination: page(first.Pagination.NextKey)})
	if err != nil || len(rest.Deals) != 2 || len(rest.Pagination.NextKey) != 0 {
		t.Fatalf("second page %v, %v", rest, err)
	}
	if all, err := s.query.Deals(s.ctx(), &types.QueryDealsRequest{}); err != nil || len(all.Deals) != 5 {
		t.Errorf("all deals %v, %v", all, err)
	}
	peer, err := s.query.DealsByPeer(s.ctx(), &types.QueryDealsByPeerRequest{PeerId: types.Hex(public(1))})
	if err != nil || len(peer.Deals) != 1 || peer.Deals[0].Status != types.StatusActive || !bytes.Equal(peer.Deals[0].Worker.Id, s.active) {
		t.Errorf("deals of peer 1: %v, %v", peer, err)
	}
	for _, id := range []string{"", "0x", "0x12", types.Hex(make([]byte, 20)), "zz"} {
		if _, err := s.query.Deal(s.ctx(), &types.QueryDealRequest{DealId: id}); err == nil {
			t.Errorf("deal %q is found", id)
		}
	}
}

// TestCandidatesAreWhatMatchDealTakes: what the query proposes is accepted, within the
// limits of the deal; it finds all that fit and reads on from its cursor.
func TestCandidatesAreWhatMatchDealTakes(t *testing.T) {
	s := newStage(t)
	te := terms(100, 3)
	te.MaxWorkersPerProvider = 2
	ask := &types.QueryMatchCandidatesRequest{Terms: &te}
	c, err := s.query.MatchCandidates(s.ctx(), ask)
	if err != nil || len(c.Candidates) != 3 {
		t.Fatalf("candidates %v, %v; want two of alice and one of bob", c, err)
	}
	res, err := s.CreateDeal(s.ctx(), &types.MsgCreateDeal{Owner: "cust", Terms: te, Deposit: uusd(600), Match: c.Candidates})
	if err != nil || len(res.WorkerIds) != 3 {
		t.Fatalf("the candidates are refused: %v", err)
	}
	seen := map[string]bool{}
	ask = &types.QueryMatchCandidatesRequest{DealId: types.Hex(s.world.deal(t, terms(100, 20), 4000).DealId), Limit: 1}
	for range 10 {
		c, err := s.query.MatchCandidates(s.ctx(), ask)
		if err != nil {
			t.Fatal(err)
		}
		for _, sel := range c.Candidates {
			if seen[string(sel.PeerId)] {
				t.Errorf("peer %x twice", sel.PeerId)
			}
			seen[string(sel.PeerId)] = true
		}
		if ask.Cursor = c.Cursor; len(c.Cursor) == 0 {
			break
		}
	}
	if len(seen) == 0 || seen[string(public(5))] {
		t.Errorf("candidates %d, the dear one among them: %v", len(seen), seen[string(public(5))])
	}
	s.export(t)
}

func TestExportThenImport(t *testing.T) {
	s := newStage(t)
	s.pass(t, 3)
	must[*types.MsgSetAccessResponse](t)(s.SetAccess(s.ctx(), &types.MsgSetAccess{Owner: "cust", DealId: s.deal, Access: types.AccessBlacklist, AccessList: []string{"x", "y"}}))
	must[*types.MsgFundDealResponse](t)(s.FundDeal(s.ctx(), &types.MsgFundDeal{Sender: "cust", Depositor: "rich", DealId: s.deal, Amount: uusd(100)}))
	g := s.export(t)
	eg, err := s.epochs.ExportGenesis(s.ctx())
	if err != nil {
		t.Fatal(err)
	}
	mg, err := s.market.ExportGenesis(s.ctx())
	if err != nil {
		t.Fatal(err)
	}
	fresh := emptyWorld(t)
	fresh.context = fresh.context.WithBlockTime(s.ctx().BlockTime())
	for _, err := range []error{
		fresh.epochs.InitGenesis(fresh.ctx(), *eg), fresh.market.InitGenesis(fresh.ctx(), *mg), fresh.InitGenesis(fresh.ctx(), *g),
		fresh.bank.add(fresh.ctx(), sdk.AccAddress(moduleAddress()), uusd(s.coins(types.ModuleName))),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	again := fresh.export(t)
	if a, b := again.String(), g.String(); a != b {
		t.Errorf("imported %s, exported %s", a, b)
	}
	s.pass(t, 2)
	fresh.pass(t, 2)
	if a, b := fresh.balance(t, s.deal), s.balance(t, s.deal); a.String() != b.String() {
		t.Errorf("two epochs later %v, %v", a, b)
	}
}
