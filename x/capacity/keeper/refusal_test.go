// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"errors"
	"maps"
	"testing"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// attempt is a message that a world may refuse.
type attempt struct {
	do   func(w *stage) error
	want error
}

// stage is a world with commitments in every status.
type stage struct {
	*world
	waiting, active, over, failed, open []byte
	units                               map[string][][]byte // by the name of the peer
}

// setStage makes, in epoch 8: one commitment that waits for its delegator, one that
// waits for anybody, one active, one whose term is over and one that failed.
func setStage(t *testing.T) *stage {
	p := types.DefaultParams()
	p.MinDuration, p.Feeders = 2, []string{"feeder", "other feeder"}
	p.MaxFailedRatio = 3
	w := newWorld(t, p, types.Precision, flt(10_000))
	s := &stage{world: w, units: map[string][][]byte{}}
	s.over, s.units["over"] = w.create(t, "over", 2, 3)
	s.failed, s.units["failed"] = w.create(t, "failed", 2, 50)
	s.active, s.units["active"] = w.create(t, "active", 2, 50)
	w.next(t, false, 0)
	for range 6 {
		w.credit(t, 1, s.units["active"]...)
		if w.clock.now < 5 {
			w.credit(t, 1, s.units["over"]...)
		}
		w.next(t, false, 0)
	}
	for _, name := range []string{"waiting", "open"} {
		peer, _ := w.peer("provider", name, 2)
		msg := &types.MsgCreateCommitment{Provider: "provider", PeerId: peer, Duration: 5, RewardRate: 1, Open: name == "open"}
		if !msg.Open {
			msg.Delegator = "delegator"
		}
		resp, err := w.msg.CreateCommitment(w.ctx(), msg)
		if err != nil {
			t.Fatal(err)
		}
		if msg.Open {
			s.open = resp.CommitmentId
		} else {
			s.waiting = resp.CommitmentId
		}
	}
	w.peer("provider", "free", 2)
	w.peer("provider", "bare", 0)
	w.fund("poor", 1)
	w.fund("rich", 1_000_000)
	w.check(t)
	return s
}

// refuse runs attempts; each must fail with its error and change nothing.
func refuse(t *testing.T, attempts map[string]attempt) {
	t.Helper()
	s := setStage(t)
	before, coins := s.dump(t), maps.Clone(s.bank)
	for name, a := range attempts {
		t.Run(name, func(t *testing.T) {
			if err := a.do(s); !errors.Is(err, a.want) {
				t.Errorf("got %v, want %v", err, a.want)
			}
			if after := s.dump(t); after != before {
				t.Errorf("a refusal changed the state from\n%s\nto\n%s", before, after)
			}
			if !maps.EqualFunc(s.bank, coins, math.Int.Equal) {
				t.Errorf("a refusal moved coins: %v, before %v", s.bank, coins)
			}
		})
	}
}

func TestRefusedCommitments(t *testing.T) {
	create := func(edit func(*types.MsgCreateCommitment)) func(*stage) error {
		return func(s *stage) error {
			msg := &types.MsgCreateCommitment{Provider: "provider", PeerId: id("free"), Duration: 5, Delegator: "delegator", RewardRate: 1}
			edit(msg)
			_, err := s.msg.CreateCommitment(s.ctx(), msg)
			return err
		}
	}
	remove := func(who string, which func(*stage) []byte) func(*stage) error {
		return func(s *stage) error {
			_, err := s.msg.RemoveCommitment(s.ctx(), &types.MsgRemoveCommitment{Provider: who, CommitmentId: which(s)})
			return err
		}
	}
	refuse(t, map[string]attempt{
		"no provider":                 {create(func(m *types.MsgCreateCommitment) { m.Provider = "" }), types.ErrInvalidAddress},
		"of another provider":         {create(func(m *types.MsgCreateCommitment) { m.Provider = "rich" }), types.ErrNotProvider},
		"peer id of 31 bytes":         {create(func(m *types.MsgCreateCommitment) { m.PeerId = m.PeerId[:31] }), types.ErrInvalidID},
		"unknown peer":                {create(func(m *types.MsgCreateCommitment) { m.PeerId = id("nobody") }), types.ErrNoSuchPeer},
		"peer with a commitment":      {create(func(m *types.MsgCreateCommitment) { m.PeerId = id("active") }), types.ErrHasCommitment},
		"peer without units":          {create(func(m *types.MsgCreateCommitment) { m.PeerId = id("bare") }), types.ErrInvalidUnits},
		"too short":                   {create(func(m *types.MsgCreateCommitment) { m.Duration = 1 }), types.ErrInvalidDuration},
		"for ever":                    {create(func(m *types.MsgCreateCommitment) { m.Duration = 1<<64 - 1 }), types.ErrInvalidDuration},
		"no share":                    {create(func(m *types.MsgCreateCommitment) { m.RewardRate = 0 }), types.ErrInvalidRate},
		"more than everything":        {create(func(m *types.MsgCreateCommitment) { m.RewardRate = types.Precision + 1 }), types.ErrInvalidRate},
		"delegator and open":          {create(func(m *types.MsgCreateCommitment) { m.Open = true }), types.ErrInvalidDelegator},
		"a module account delegates":  {create(func(m *types.MsgCreateCommitment) { m.Delegator = types.ModuleName }), types.ErrInvalidDelegator},
		"remove without id":           {remove("provider", func(*stage) []byte { return nil }), types.ErrInvalidID},
		"remove what is not":          {remove("provider", func(*stage) []byte { return id("nothing") }), types.ErrNotFound},
		"remove another's":            {remove("rich", func(s *stage) []byte { return s.waiting }), types.ErrNotProvider},
		"remove an active one":        {remove("provider", func(s *stage) []byte { return s.active }), types.ErrStatus},
		"remove a failed one":         {remove("provider", func(s *stage) []byte { return s.failed }), types.ErrStatus},
		"remove one that is finished": {remove("provider", func(s *stage) []byte { return s.over }), types.ErrStatus},
	})
}

func TestRefusedDeposits(t *testing.T) {
	pay := func(from string, most math.Int, which ...func(*stage) []byte) func(*stage) error {
		return func(s *stage) error {
			var ids [][]byte
			for _, w := range which {
				ids = append(ids, w(s))
			}
			_, err := s.msg.DepositCollateral(s.ctx(), deposit(from, most, ids...))
			return err
		}
	}
	waiting, open, active := func(s *stage) []byte { return s.waiting }, func(s *stage) []byte { return s.open }, func(s *stage) []byte { return s.active }
	much := flt(1e9)
	refuse(t, map[string]attempt{
		"nothing":                     {pay("rich", much), types.ErrInvalidID},
		"the same twice":              {pay("rich", much, open, open), types.ErrInvalidID},
		"one unit short":              {pay("rich", flt(200_000).SubRaw(1), open), types.ErrCollateral},
		"a zero amount":               {pay("rich", math.ZeroInt(), open), types.ErrInvalidAmount},
		"a negative amount":           {pay("rich", math.NewInt(-1), open), types.ErrInvalidAmount},
		"2^255":                       {pay("rich", math.NewIntFromBigInt(math.NewInt(1).BigInt().Lsh(math.NewInt(1).BigInt(), 255)), open), types.ErrInvalidAmount},
		"no amount":                   {pay("rich", math.Int{}, open), types.ErrInvalidAmount},
		"by somebody else":            {pay("rich", much, waiting), types.ErrNotDelegator},
		"one of two by somebody else": {pay("rich", much, open, waiting), types.ErrNotDelegator},
		"a second time":               {pay("delegator", much, active), types.ErrStatus},
		"by nobody":                   {pay("", much, open), types.ErrInvalidAddress},
		"of another denom": {func(s *stage) error {
			msg := deposit("rich", much, s.open)
			msg.MaxAmount.Denom = "uusd"
			_, err := s.msg.DepositCollateral(s.ctx(), msg)
			return err
		}, types.ErrInvalidAmount},
		"at an expired price": {func(s *stage) error {
			at := s.ctx()
			branch, _ := at.CacheContext()
			rec, err := s.records.Get(branch, s.clock.now)
			if err != nil {
				return err
			}
			p, err := s.ParamsAt(branch, s.clock.now)
			if err != nil {
				return err
			}
			rec.Priced, p.PriceExpiry = 1, 3
			if err := errors.Join(s.records.Set(branch, s.clock.now, rec), s.history.Set(branch, s.clock.now, p)); err != nil {
				return err
			}
			_, err = s.msg.DepositCollateral(branch, deposit("rich", much, s.open))
			return err
		}, types.ErrPriceExpired},
	})
}

func TestRefusedEndings(t *testing.T) {
	exit := func(who string, which func(*stage) []byte, units func(*stage) [][]byte) func(*stage) error {
		return func(s *stage) error {
			_, err := s.msg.ExitUnits(s.ctx(), &types.MsgExitUnits{Provider: who, CommitmentId: which(s), UnitIds: units(s)})
			return err
		}
	}
	finish := func(which func(*stage) []byte) func(*stage) error {
		return func(s *stage) error {
			_, err := s.msg.FinishCommitment(s.ctx(), &types.MsgFinishCommitment{Sender: "rich", CommitmentId: which(s)})
			return err
		}
	}
	back := func(who string, which func(*stage) []byte) func(*stage) error {
		return func(s *stage) error {
			_, err := s.msg.WithdrawCollateral(s.ctx(), &types.MsgWithdrawCollateral{Sender: who, CommitmentId: which(s)})
			return err
		}
	}
	reward := func(who string, which func(*stage) []byte) func(*stage) error {
		return func(s *stage) error {
			_, err := s.msg.WithdrawReward(s.ctx(), &types.MsgWithdrawReward{Sender: who, CommitmentId: which(s)})
			return err
		}
	}
	over, active, waiting := func(s *stage) []byte { return s.over }, func(s *stage) []byte { return s.active }, func(s *stage) []byte { return s.waiting }
	of := func(name string) func(*stage) [][]byte { return func(s *stage) [][]byte { return s.units[name] } }
	refuse(t, map[string]attempt{
		"exit from an active one":     {exit("provider", active, of("active")), types.ErrStatus},
		"exit from a waiting one":     {exit("provider", waiting, of("over")), types.ErrStatus},
		"exit by a stranger":          {exit("rich", over, of("over")), types.ErrNotProvider},
		"exit of no unit":             {exit("provider", over, of("nobody")), types.ErrInvalidUnits},
		"exit of another's unit":      {exit("provider", over, func(s *stage) [][]byte { return s.units["active"][:1] }), types.ErrUnitNotFound},
		"exit of one unit twice":      {exit("provider", over, func(s *stage) [][]byte { u := s.units["over"][0]; return [][]byte{u, u} }), types.ErrUnitExited},
		"finish with units":           {finish(over), types.ErrUnitsRemain},
		"finish an active one":        {finish(active), types.ErrStatus},
		"collateral of an active one": {back("delegator", active), types.ErrStatus},
		"collateral never deposited":  {back("delegator", waiting), types.ErrStatus},
		"collateral by a stranger":    {back("rich", over), types.ErrNotParty},
		"reward by a stranger":        {reward("rich", over), types.ErrNotParty},
		"reward of nothing":           {reward("provider", waiting), types.ErrNothingUnlocked},
		"reward from an empty pool":   {reward("provider", over), types.ErrPoolEmpty},
	})
}

func TestRefusedByGovernanceAndFeeders(t *testing.T) {
	price := func(who string, p uint64) func(*stage) error {
		return func(s *stage) error {
			_, err := s.msg.SetPrice(s.ctx(), &types.MsgSetPrice{Feeder: who, Price: p})
			return err
		}
	}
	params := func(who string, edit func(*types.Params)) func(*stage) error {
		return func(s *stage) error {
			p := types.DefaultParams()
			edit(&p)
			_, err := s.msg.UpdateParams(s.ctx(), &types.MsgUpdateParams{Authority: who, Params: p})
			return err
		}
	}
	fund := func(c sdk.Coin) func(*stage) error {
		return func(s *stage) error {
			_, err := s.msg.FundRewardPool(s.ctx(), &types.MsgFundRewardPool{Sender: "rich", Amount: c})
			return err
		}
	}
	refuse(t, map[string]attempt{
		"price 0":                 {price("feeder", 0), types.ErrInvalidPrice},
		"price of everything":     {price("feeder", 1<<64-1), types.ErrInvalidPrice},
		"price by a stranger":     {price("rich", types.Precision), types.ErrNotFeeder},
		"params by a stranger":    {params("rich", func(*types.Params) {}), types.ErrNotAuthority},
		"a feeder named twice":    {params("authority", func(p *types.Params) { p.Feeders = []string{"a", "a"} }), types.ErrInvalidParams},
		"penalty below the gain":  {params("authority", func(p *types.Params) { p.SlashingRate = 59_999 }), types.ErrPenaltyTooLow},
		"no penalty":              {params("authority", func(p *types.Params) { p.SlashingRate = 0 }), types.ErrInvalidParams},
		"difficulty 0":            {params("authority", func(p *types.Params) { p.Difficulty = make([]byte, 32) }), types.ErrInvalidParams},
		"pool without a bound":    {params("authority", func(p *types.Params) { p.MaxRewardPerEpoch = math.Int{} }), types.ErrInvalidParams},
		"a giant pool":            {params("authority", func(p *types.Params) { p.MaxRewardPerEpoch = flt(1).Mul(flt(1)).Mul(flt(1)) }), types.ErrInvalidParams},
		"fund with nothing":       {fund(sdk.Coin{Denom: types.Denom, Amount: math.ZeroInt()}), types.ErrInvalidAmount},
		"fund with another denom": {fund(sdk.NewInt64Coin("uusd", 5)), types.ErrInvalidAmount},
	})
}

func TestRefusedRecords(t *testing.T) {
	credit := func(unit func(*stage) []byte, epoch uint64) func(*stage) error {
		return func(s *stage) error { return s.CreditProofs(s.ctx(), unit(s), epoch, 1) }
	}
	active, failed, over := func(s *stage) []byte { return s.units["active"][0] }, func(s *stage) []byte { return s.units["failed"][0] }, func(s *stage) []byte { return s.units["over"][0] }
	refuse(t, map[string]attempt{
		"of an unknown unit":   {credit(func(*stage) []byte { return id("nothing") }, 8), types.ErrUnitNotFound},
		"of a free peer":       {credit(func(*stage) []byte { return id("free unit 0") }, 8), types.ErrNoCommitment},
		"before the deposit":   {credit(func(*stage) []byte { return id("waiting unit 0") }, 8), types.ErrStatus},
		"of the next epoch":    {credit(active, 9), types.ErrEpochNotBegun},
		"of a settled epoch":   {credit(active, 7), types.ErrEpochSettled},
		"of epoch 0":           {credit(active, 0), types.ErrNotProving},
		"before the start":     {credit(active, 1), types.ErrNotProving},
		"after the failure":    {credit(failed, 8), types.ErrStatus},
		"after the term":       {credit(over, 8), types.ErrNotProving},
		"proving after it":     {func(s *stage) error { _, err := s.RequireProving(s.ctx(), over(s), 8); return err }, types.ErrNotProving},
		"lost after a failure": {func(s *stage) error { return s.FailEpoch(s.ctx(), id("failed"), 8, types.ReasonMissingOpening) }, types.ErrStatus},
		"lost without one":     {func(s *stage) error { return s.FailEpoch(s.ctx(), id("free"), 8, types.ReasonMissingOpening) }, types.ErrNoCommitment},
		"slash before deposit": {func(s *stage) error {
			return s.SlashFalse(s.ctx(), id("open unit 0"), 8, 1, types.ReasonFalseHash)
		}, types.ErrWithdrawn},
	})
}

func TestUnitInDealProvesNothing(t *testing.T) {
	s := setStage(t)
	u := s.units["active"][0]
	if _, err := s.RequireProving(s.ctx(), u, 8); err != nil {
		t.Fatal(err)
	}
	if err := s.market.take(s.ctx(), u); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RequireProving(s.ctx(), u, 8); !errors.Is(err, types.ErrNotProving) {
		t.Errorf("proving in the epoch in which a deal took it: %v", err)
	}
	if err := s.CreditProofs(s.ctx(), u, 8, 1); err != nil {
		t.Errorf("a proof that was on its way: %v", err)
	}
	s.next(t, false, 0)
	if err := s.CreditProofs(s.ctx(), u, 9, 1); !errors.Is(err, types.ErrNotProving) {
		t.Errorf("proof of an epoch in a deal: %v", err)
	}
	if err := s.market.giveBack(s.ctx(), u); err != nil {
		t.Fatal(err)
	}
	if err := s.CreditProofs(s.ctx(), u, 9, 1); !errors.Is(err, types.ErrNotProving) {
		t.Errorf("proof of the epoch in which it came back: %v", err)
	}
	s.next(t, false, 0)
	p, err := s.RequireProving(s.ctx(), u, 10)
	if err != nil || p.Owner != "owner of active" || p.Provider != "provider" || !bytes.Equal(p.CommitmentId, s.active) {
		t.Errorf("proving %+v, %v", p, err)
	}
	s.check(t)
}

func TestOpenCommitmentBindsItsFirstDepositor(t *testing.T) {
	s := setStage(t)
	if _, err := s.msg.DepositCollateral(s.ctx(), deposit("rich", flt(200_000), s.open)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.msg.DepositCollateral(s.ctx(), deposit("delegator", flt(200_000), s.open)); !errors.Is(err, types.ErrStatus) {
		t.Errorf("second deposit: %v", err)
	}
	who, rate, ok, err := s.Share(s.ctx(), id("open"))
	if who != "rich" || rate != 1 || !ok || err != nil {
		t.Errorf("Share = %s, %d, %v, %v", who, rate, ok, err)
	}
	s.check(t)
}

func TestCommitmentOfNobodyElseIsTheProviders(t *testing.T) {
	s := setStage(t)
	resp, err := s.msg.CreateCommitment(s.ctx(), &types.MsgCreateCommitment{Provider: "provider", PeerId: id("free"), Duration: 5, RewardRate: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.msg.DepositCollateral(s.ctx(), deposit("rich", flt(1e9), resp.CommitmentId)); !errors.Is(err, types.ErrNotDelegator) {
		t.Errorf("a stranger became the delegator: %v", err)
	}
}
