// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// stage is a world in which most things can be tried: alice offers peers 1 to 3 with
// two units each, bob peer 4 and, dearer, peer 5; "cust" has a deal with peer 1, active, and peer 2, not
// active yet, for at most three workers, two per provider.
type stage struct {
	*world
	o, bob, dear, deal []byte
	active, idle       []byte
}

func newStage(t testing.TB) *stage {
	t.Helper()
	w := newWorld(t)
	s := &stage{world: w, o: w.offer(t, "alice", byUnit(100), 2, 1, 2, 3), bob: w.offer(t, "bob", byUnit(90), 2, 4)}
	s.dear = w.offer(t, "bob", byUnit(101), 2, 5)
	te := terms(100, 3)
	te.MaxWorkersPerProvider = 2
	d := w.deal(t, te, 10_000, choose(s.o, 1, 0), choose(s.o, 2, 0))
	s.deal, s.active, s.idle = d.DealId, d.WorkerIds[0], d.WorkerIds[1]
	w.activate(t, s.deal, s.active)
	if _, err := w.GrantDeposit(w.ctx(), &types.MsgGrantDeposit{Granter: "rich", Grantee: "cust", Limit: uusd(500), Until: 9}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) match(sel ...types.Selection) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		_, err := s.MatchDeal(ctx, &types.MsgMatchDeal{Owner: "cust", DealId: s.deal, Match: sel})
		return err
	}
}

func (s *stage) create(edit func(*types.MsgCreateDeal)) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		m := &types.MsgCreateDeal{Owner: "cust", Terms: terms(100, 1), Deposit: uusd(200)}
		edit(m)
		_, err := s.CreateDeal(ctx, m)
		return err
	}
}

func (s *stage) fund(edit func(*types.MsgFundDeal)) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		m := &types.MsgFundDeal{Sender: "cust", DealId: s.deal, Amount: uusd(1)}
		edit(m)
		_, err := s.FundDeal(ctx, m)
		return err
	}
}

func (s *stage) start(t testing.TB, edit func(*types.MsgActivateWorker)) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		m := s.activation(t, s.deal, s.idle, 1001)
		edit(m)
		_, err := s.ActivateWorker(ctx, m)
		return err
	}
}

func accounts(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("account-%d", i))
	}
	return list
}

// TestRefusalsOfTermsAndMoneyWriteNothing tries what customers may send.
func TestRefusalsOfTermsAndMoneyWriteNothing(t *testing.T) {
	type edit = func(*types.MsgCreateDeal)
	huge := math.NewIntFromUint64(1).MulRaw(1 << 62).Mul(math.NewInt(1 << 62)).Mul(math.NewInt(1 << 62)).Mul(math.NewInt(1 << 60))
	tests := map[string]struct {
		edit edit
		want error
	}{
		"no owner":                   {func(m *types.MsgCreateDeal) { m.Owner = "" }, types.ErrInvalidAddress},
		"no app":                     {func(m *types.MsgCreateDeal) { m.Terms.AppCid = nil }, types.ErrInvalidID},
		"app of another hash":        {func(m *types.MsgCreateDeal) { m.Terms.AppCid = append([]byte{1, 0x55, 0x13}, make([]byte, 33)...) }, types.ErrInvalidID},
		"price 0":                    {func(m *types.MsgCreateDeal) { m.Terms.Price = math.ZeroInt() }, types.ErrInvalidTerms},
		"no price":                   {func(m *types.MsgCreateDeal) { m.Terms.Price = math.Int{} }, types.ErrInvalidTerms},
		"negative price":             {func(m *types.MsgCreateDeal) { m.Terms.Price = math.NewInt(-1) }, types.ErrInvalidTerms},
		"giant price":                {func(m *types.MsgCreateDeal) { m.Terms.Price = huge }, types.ErrInvalidTerms},
		"no workers":                 {func(m *types.MsgCreateDeal) { m.Terms.TargetWorkers = 0 }, types.ErrInvalidTerms},
		"too many workers":           {func(m *types.MsgCreateDeal) { m.Terms.TargetWorkers = 257 }, types.ErrInvalidTerms},
		"more at least than at most": {func(m *types.MsgCreateDeal) { m.Terms.MinWorkers = 2 }, types.ErrInvalidTerms},
		"no units":                   {func(m *types.MsgCreateDeal) { m.Terms.UnitsPerWorker = 0 }, types.ErrInvalidTerms},
		"denom of dreams":            {func(m *types.MsgCreateDeal) { m.Terms.Denom = "udream" }, types.ErrDenom},
		"no denom":                   {func(m *types.MsgCreateDeal) { m.Terms.Denom = "" }, types.ErrInvalidTerms},
		"protocol of the future":     {func(m *types.MsgCreateDeal) { m.Terms.ProtocolVersion = 3 }, types.ErrInvalidTerms},
		"resources out of order": {func(m *types.MsgCreateDeal) {
			m.Terms.Resources = []markettypes.Quantity{{ResourceId: 2, Amount: 1}, {ResourceId: 1, Amount: 1}}
		}, types.ErrInvalidTerms},
		"effector twice":              {func(m *types.MsgCreateDeal) { m.Terms.Effectors = [][]byte{cid(1), cid(1)} }, types.ErrInvalidTerms},
		"17 data centers":             {func(m *types.MsgCreateDeal) { m.Terms.DatacenterIds = make([]uint64, 17) }, types.ErrInvalidTerms},
		"attribute of nobody":         {func(m *types.MsgCreateDeal) { m.Terms.Attributes = []types.AttributeDemand{{Key: "a"}} }, types.ErrInvalidTerms},
		"deposit one unit short":      {func(m *types.MsgCreateDeal) { m.Deposit = uusd(199) }, types.ErrDepositTooSmall},
		"deposit in another denom":    {func(m *types.MsgCreateDeal) { m.Deposit = sdk.NewInt64Coin("aflt", 200) }, types.ErrInvalidAmount},
		"negative deposit":            {func(m *types.MsgCreateDeal) { m.Deposit.Amount = math.NewInt(-200) }, types.ErrInvalidAmount},
		"deposit of all money":        {func(m *types.MsgCreateDeal) { m.Deposit = uusd(1e13) }, errPoor},
		"deposit without a grant":     {func(m *types.MsgCreateDeal) { m.Depositor = "pal" }, types.ErrNoGrant},
		"deposit beyond the grant":    {func(m *types.MsgCreateDeal) { m.Depositor, m.Deposit = "rich", uusd(501) }, types.ErrNoGrant},
		"access list of 10000":        {func(m *types.MsgCreateDeal) { m.Access, m.AccessList = types.AccessWhitelist, accounts(10_000) }, types.ErrInvalidAccess},
		"access list without type":    {func(m *types.MsgCreateDeal) { m.AccessList = accounts(1) }, types.ErrInvalidAccess},
		"access list with repetition": {func(m *types.MsgCreateDeal) { m.Access, m.AccessList = types.AccessBlacklist, []string{"a", "a"} }, types.ErrInvalidAccess},
		"access of no kind":           {func(m *types.MsgCreateDeal) { m.Access = 7 }, types.ErrInvalidAccess},
		"access list with nobody":     {func(m *types.MsgCreateDeal) { m.Access, m.AccessList = types.AccessBlacklist, []string{""} }, types.ErrInvalidAddress},
		"idle standing order":         {func(m *types.MsgCreateDeal) { m.StandingOrder.Replacements = 1 }, types.ErrInvalidGrant},
		"match without a deposit":     {func(m *types.MsgCreateDeal) { m.Deposit = uusd(0); m.Match = []types.Selection{{}} }, types.ErrInsufficientFunds},
		"match of nothing real":       {func(m *types.MsgCreateDeal) { m.Match = []types.Selection{{}} }, types.ErrInvalidID},
		"65 matches":                  {func(m *types.MsgCreateDeal) { m.Match = make([]types.Selection, 65) }, types.ErrInvalidSelection},
	}
	s := newStage(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { s.refuses(t, tt.want, s.create(tt.edit)) })
	}
}

// TestRefusalsWriteNothing tries everything else on a deal that runs.
func TestRefusalsWriteNothing(t *testing.T) {
	s := newStage(t)
	s.pass(t, 1)
	type call = func(ctx context.Context) error
	withdraw := func(owner string, c sdk.Coin) call {
		return func(ctx context.Context) error {
			_, err := s.WithdrawDeal(ctx, &types.MsgWithdrawDeal{Owner: owner, DealId: s.deal, Amount: c})
			return err
		}
	}
	remove := func(sender string, worker []byte) call {
		return func(ctx context.Context) error {
			_, err := s.RemoveWorker(ctx, &types.MsgRemoveWorker{Sender: sender, DealId: s.deal, WorkerId: worker})
			return err
		}
	}
	stale := func(worker []byte) call {
		return func(ctx context.Context) error {
			_, err := s.RemoveStaleWorker(ctx, &types.MsgRemoveStaleWorker{Sender: "anybody", DealId: s.deal, WorkerId: worker})
			return err
		}
	}
	rewards := func(sender string, ids ...[]byte) call {
		return func(ctx context.Context) error {
			_, err := s.WithdrawRewards(ctx, &types.MsgWithdrawRewards{Sender: sender, DealId: s.deal, WorkerIds: ids})
			return err
		}
	}
	fund := func(f func(*types.MsgFundDeal)) call { return s.fund(f) }
	start := func(f func(*types.MsgActivateWorker)) call { return s.start(t, f) }
	tests := map[string]struct {
		call call
		want error
	}{
		"fund nothing":             {fund(func(m *types.MsgFundDeal) { m.Amount = uusd(0) }), types.ErrInvalidAmount},
		"fund in another denom":    {fund(func(m *types.MsgFundDeal) { m.Amount = sdk.NewInt64Coin("aflt", 1) }), types.ErrInvalidAmount},
		"fund no deal":             {fund(func(m *types.MsgFundDeal) { m.DealId = make([]byte, 20) }), types.ErrDealNotFound},
		"fund half an id":          {fund(func(m *types.MsgFundDeal) { m.DealId = m.DealId[:10] }), types.ErrInvalidID},
		"fund by another's grant":  {fund(func(m *types.MsgFundDeal) { m.Sender, m.Depositor = "pal", "rich" }), types.ErrNotOwner},
		"withdraw another's":       {withdraw("pal", uusd(1)), types.ErrNotOwner},
		"withdraw the minimum":     {withdraw("cust", uusd(9301)), types.ErrWithdrawTooLarge},
		"withdraw nothing":         {withdraw("cust", uusd(0)), types.ErrInvalidAmount},
		"rematch at once":          {s.match(choose(s.o, 3, 0)), types.ErrTooEarly},
		"activate by a stranger":   {start(func(m *types.MsgActivateWorker) { m.Sender = "bob" }), types.ErrNotAllowed},
		"activate by the customer": {start(func(m *types.MsgActivateWorker) { m.Sender = "cust" }), types.ErrNotAllowed},
		"activate with no key":     {start(func(m *types.MsgActivateWorker) { m.PeerKey = nil }), types.ErrInvalidID},
		"activate a foreign key":   {start(func(m *types.MsgActivateWorker) { m.PeerKey = public(7) }), types.ErrInvalidSignature},
		"activate unsigned":        {start(func(m *types.MsgActivateWorker) { m.Signature = make([]byte, 64) }), types.ErrInvalidSignature},
		"activate half signed":     {start(func(m *types.MsgActivateWorker) { m.Signature = m.Signature[:32] }), types.ErrInvalidID},
		"activate no worker":       {start(func(m *types.MsgActivateWorker) { m.WorkerId = types.WorkerID(99) }), types.ErrWorkerNotFound},
		"activate in another deal": {start(func(m *types.MsgActivateWorker) { m.DealId = make([]byte, 20) }), types.ErrDealNotFound},
		"activate for another deal": {start(func(m *types.MsgActivateWorker) {
			m.Signature = sign(1001, chainID, make([]byte, 20), s.idle, public(2))
		}), types.ErrInvalidSignature},
		"activate for another worker": {start(func(m *types.MsgActivateWorker) { m.Signature = sign(1001, chainID, s.deal, s.active, public(2)) }), types.ErrInvalidSignature},
		"activate on another chain": {start(func(m *types.MsgActivateWorker) {
			m.Signature = sign(1001, "fluence-test-2", s.deal, s.idle, public(2))
		}), types.ErrInvalidSignature},
		"activate twice": {func(ctx context.Context) error {
			_, err := s.ActivateWorker(ctx, s.activation(t, s.deal, s.active, 9))
			return err
		}, types.ErrActivated},
		"remove by a stranger":      {remove("bob", s.active), types.ErrNotAllowed},
		"remove no worker":          {remove("cust", types.WorkerID(3)), types.ErrWorkerNotFound},
		"remove as stale, active":   {stale(s.active), types.ErrNotStale},
		"remove as stale, too soon": {stale(s.idle), types.ErrNotStale},
		"rewards of another":        {rewards("bob", s.active), types.ErrNotAllowed},
		"rewards of nobody":         {rewards("alice"), types.ErrInvalidSelection},
		"rewards of an idle worker": {rewards("alice", s.idle), types.ErrNothingToWithdraw},
		"stop another's": {func(ctx context.Context) error {
			_, err := s.StopDeal(ctx, &types.MsgStopDeal{Owner: "pal", DealId: s.deal})
			return err
		}, types.ErrNotOwner},
		"no app": {func(ctx context.Context) error {
			_, err := s.SetAppCID(ctx, &types.MsgSetAppCID{Owner: "cust", DealId: s.deal})
			return err
		}, types.ErrInvalidID},
		"another's app": {func(ctx context.Context) error {
			_, err := s.SetAppCID(ctx, &types.MsgSetAppCID{Owner: "bob", DealId: s.deal, AppCid: cid(2)})
			return err
		}, types.ErrNotOwner},
		"a list of 10000": {func(ctx context.Context) error {
			_, err := s.SetAccess(ctx, &types.MsgSetAccess{Owner: "cust", DealId: s.deal, Access: types.AccessBlacklist, AccessList: accounts(10_000)})
			return err
		}, types.ErrInvalidAccess},
		"standing order of the past": {func(ctx context.Context) error {
			_, err := s.SetStandingOrder(ctx, &types.MsgSetStandingOrder{Owner: "cust", DealId: s.deal, StandingOrder: types.StandingOrder{Enabled: true, Replacements: 1, Until: 1}})
			return err
		}, types.ErrInvalidGrant},
		"top-up of nothing": {func(ctx context.Context) error {
			_, err := s.SetAutoTopUp(ctx, &types.MsgSetAutoTopUp{Owner: "cust", DealId: s.deal, AutoTopUp: types.AutoTopUp{Epochs: 1, Allowance: math.ZeroInt()}})
			return err
		}, types.ErrInvalidGrant},
		"grant to oneself": {func(ctx context.Context) error {
			_, err := s.GrantDeposit(ctx, &types.MsgGrantDeposit{Granter: "rich", Grantee: "rich", Limit: uusd(1)})
			return err
		}, types.ErrInvalidGrant},
		"grant of nothing": {func(ctx context.Context) error {
			_, err := s.GrantDeposit(ctx, &types.MsgGrantDeposit{Granter: "rich", Grantee: "pal", Limit: uusd(0)})
			return err
		}, types.ErrInvalidAmount},
		"grant of the past": {func(ctx context.Context) error {
			_, err := s.GrantDeposit(ctx, &types.MsgGrantDeposit{Granter: "rich", Grantee: "pal", Limit: uusd(1), Until: 1})
			return err
		}, types.ErrInvalidGrant},
		"revoke no grant": {func(ctx context.Context) error {
			_, err := s.RevokeDeposit(ctx, &types.MsgRevokeDeposit{Granter: "pal", Grantee: "cust", Denom: denom})
			return err
		}, types.ErrNoGrant},
		"params by a customer": {func(ctx context.Context) error {
			_, err := s.UpdateParams(ctx, &types.MsgUpdateParams{Authority: "cust", Params: types.DefaultParams()})
			return err
		}, types.ErrNotAuthority},
		"params out of bounds": {func(ctx context.Context) error {
			_, err := s.UpdateParams(ctx, &types.MsgUpdateParams{Authority: authority})
			return err
		}, types.ErrInvalidParams},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { s.refuses(t, tt.want, tt.call) })
	}
}

func sign(n int, chain string, deal, worker, peer []byte) []byte {
	return ed25519.Sign(key(n), types.ActivationBytes(chain, deal, worker, peer))
}

// TestRefusedMatchesWriteNothing tries to match after the window.
func TestRefusedMatchesWriteNothing(t *testing.T) {
	s := newStage(t)
	s.pass(t, 3)
	s.capacity.idle[string(public(3))] = true
	tests := map[string]struct {
		match []types.Selection
		want  error
	}{
		"nothing":               {nil, types.ErrInvalidSelection},
		"too many":              {[]types.Selection{choose(s.bob, 4, 0), choose(s.o, 3, 0)}, types.ErrTooManyWorkers},
		"third of a provider":   {[]types.Selection{choose(s.o, 3, 0)}, types.ErrTooManyWorkers},
		"peer of the deal":      {[]types.Selection{choose(s.o, 1, 1)}, types.ErrPeerUsed},
		"price below the offer": {[]types.Selection{choose(s.dear, 5, 0)}, markettypes.ErrPriceTooLow},
		"peer of another offer": {[]types.Selection{choose(s.o, 4, 0)}, types.ErrMismatch},
		"peer that nobody has":  {[]types.Selection{choose(s.o, 77, 0)}, markettypes.ErrPeerNotFound},
		"unit of another peer":  {[]types.Selection{{OfferId: s.bob, PeerId: public(4), UnitIds: units(3, 0)}}, markettypes.ErrUnitNotFound},
		"two units for one":     {[]types.Selection{choose(s.bob, 4, 0, 1)}, types.ErrInvalidSelection},
		"half an id":            {[]types.Selection{{OfferId: s.bob, PeerId: public(4)[:31], UnitIds: units(4, 0)}}, types.ErrInvalidID},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { s.refuses(t, tt.want, s.match(tt.match...)) })
	}
	other := s.deal
	res := s.world.deal(t, terms(100, 1), 200, choose(s.bob, 4, 0))
	t.Run("unit taken by another deal in this block", func(t *testing.T) {
		s.refuses(t, markettypes.ErrUnitTaken, s.match(choose(s.bob, 4, 0)))
	})
	s.deal = s.world.deal(t, terms(100, 1), 200).DealId
	t.Run("peer that does not prove", func(t *testing.T) { s.refuses(t, types.ErrMismatch, s.match(choose(s.o, 3, 0))) })
	if _, err := s.SetAccess(s.ctx(), &types.MsgSetAccess{Owner: "cust", DealId: s.deal, Access: types.AccessBlacklist, AccessList: []string{"bob"}}); err != nil {
		t.Fatal(err)
	}
	t.Run("provider on the blacklist", func(t *testing.T) { s.refuses(t, types.ErrAccessDenied, s.match(choose(s.bob, 4, 1))) })
	if _, err := s.SetAccess(s.ctx(), &types.MsgSetAccess{Owner: "cust", DealId: s.deal, Access: types.AccessWhitelist, AccessList: []string{"alice"}}); err != nil {
		t.Fatal(err)
	}
	t.Run("provider off the whitelist", func(t *testing.T) { s.refuses(t, types.ErrAccessDenied, s.match(choose(s.bob, 4, 1))) })
	if err := s.match(choose(s.o, 3, 0))(s.ctx()); err != nil {
		t.Errorf("a listed provider need not prove: %v", err)
	}
	if _, err := s.StopDeal(s.ctx(), &types.MsgStopDeal{Owner: "cust", DealId: s.deal}); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(ctx context.Context) error{
		"match": s.match(choose(s.o, 3, 0)), "fund": s.fund(func(*types.MsgFundDeal) {}),
		"stop": func(ctx context.Context) error {
			_, err := s.StopDeal(ctx, &types.MsgStopDeal{Owner: "cust", DealId: s.deal})
			return err
		},
		"app": func(ctx context.Context) error {
			_, err := s.SetAppCID(ctx, &types.MsgSetAppCID{Owner: "cust", DealId: s.deal, AppCid: cid(2)})
			return err
		},
	} {
		t.Run("ended, "+name, func(t *testing.T) { s.refuses(t, types.ErrEnded, call) })
	}
	s.deal = res.DealId
	t.Run("worker of another deal", func(t *testing.T) {
		s.refuses(t, types.ErrWorkerNotFound, func(ctx context.Context) error {
			_, err := s.RemoveWorker(ctx, &types.MsgRemoveWorker{Sender: "cust", DealId: s.deal, WorkerId: s.active})
			return err
		})
	})
	_ = other
}

// TestRefusalsSayWhatToDo: the text has the missing amount or the earliest next attempt.
func TestRefusalsSayWhatToDo(t *testing.T) {
	s := newStage(t)
	for name, tt := range map[string]struct {
		call func(ctx context.Context) error
		want error
		text string
	}{
		"deposit": {s.create(func(m *types.MsgCreateDeal) { m.Deposit = uusd(150) }), types.ErrDepositTooSmall, "50uusd missing"},
		"match":   {s.create(func(m *types.MsgCreateDeal) { m.Deposit = uusd(0); m.Match = []types.Selection{choose(s.bob, 4, 0)} }), types.ErrInsufficientFunds, "deposit 200uusd more"},
		"rematch": {s.match(choose(s.bob, 4, 0)), types.ErrTooEarly, "earliest epoch 4"},
		"grant":   {s.create(func(m *types.MsgCreateDeal) { m.Depositor, m.Deposit = "rich", uusd(600) }), types.ErrNoGrant, "100uusd missing"},
		"stale": {func(ctx context.Context) error {
			_, err := s.RemoveStaleWorker(ctx, &types.MsgRemoveStaleWorker{Sender: "x", DealId: s.deal, WorkerId: s.idle})
			return err
		}, types.ErrNotStale, "earliest epoch 22"},
	} {
		if err := tt.call(s.ctx()); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v, want %v with %q", name, err, tt.want, tt.text)
		}
	}
}
