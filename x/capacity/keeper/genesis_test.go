// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"errors"
	"testing"

	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// imported returns a world that begins with what another exports; time, market and coins are shared.
func imported(t *testing.T, w *world) *world {
	t.Helper()
	g, err := w.ExportGenesis(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	n := emptyWorld(t)
	n.clock, n.market, n.bank = w.clock, w.market, w.bank
	n.build()
	n.env.Next(0)
	if err := n.InitGenesis(n.ctx(), *g); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestExportThenImportKeepsTheState(t *testing.T) {
	s := setStage(t)
	for _, u := range s.units["active"][:1] {
		s.credit(t, 1, u)
		if err := s.market.take(s.ctx(), u); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.msg.SetPrice(s.ctx(), &types.MsgSetPrice{Feeder: "feeder", Price: types.Precision}); err != nil {
		t.Fatal(err)
	}
	n := imported(t, s.world)
	if got, want := n.dump(t), s.dump(t); got != want {
		t.Fatalf("imported\n%s\nexported\n%s", got, want)
	}
	for range 30 { // both go the same way
		s.next(t, false, 0)
		now := s.dump(t)
		s.clock.now--
		n.next(t, false, 0)
		if got := n.dump(t); got != now {
			t.Fatalf("epoch %d: imported\n%s\nexported\n%s", s.clock.now, got, now)
		}
	}
	n.check(t)
}

func TestGenesisRefuses(t *testing.T) {
	s := setStage(t)
	tests := map[string]struct {
		edit func(*types.GenesisState)
		want error
	}{
		"as exported":            {func(*types.GenesisState) {}, nil},
		"fresh":                  {func(g *types.GenesisState) { *g = *types.DefaultGenesis(types.DefaultParams()) }, nil},
		"params out of bounds":   {func(g *types.GenesisState) { g.Params.PriceFloor = 0 }, types.ErrInvalidParams},
		"penalty too low":        {func(g *types.GenesisState) { g.History[0].Params.SlashingRate = 1 }, types.ErrPenaltyTooLow},
		"fresh with a record":    {func(g *types.GenesisState) { g.History = nil }, types.ErrInvalidGenesis},
		"fresh below the floor":  {func(g *types.GenesisState) { *g = *types.DefaultGenesis(types.DefaultParams()); g.Price = 1 }, types.ErrInvalidGenesis},
		"fresh with a full pool": {func(g *types.GenesisState) { *g = *types.DefaultGenesis(types.DefaultParams()); g.Pool = flt(1e9) }, types.ErrInvalidGenesis},
		"history out of order":   {func(g *types.GenesisState) { g.History[0].Epoch = 0 }, types.ErrInvalidGenesis},
		"no epoch":               {func(g *types.GenesisState) { g.Epochs = nil }, types.ErrInvalidGenesis},
		"epoch without a pool":   {func(g *types.GenesisState) { g.Epochs[0].Pool = math.Int{} }, types.ErrInvalidGenesis},
		"epoch overpaid":         {func(g *types.GenesisState) { g.Epochs[2].Credited = flt(1e9) }, types.ErrInvalidGenesis},
		"a book less":            {func(g *types.GenesisState) { g.Books = g.Books[1:] }, types.ErrInvalidGenesis},
		"books exchanged":        {func(g *types.GenesisState) { g.Books[0], g.Books[1] = g.Books[1], g.Books[0] }, types.ErrInvalidGenesis},
		"a unit less":            {func(g *types.GenesisState) { g.Books[0].Units = g.Books[0].Units[1:] }, types.ErrInvalidGenesis},
		"a short peer id":        {func(g *types.GenesisState) { g.Commitments[0].PeerId = nil }, types.ErrInvalidGenesis},
		"a vesting of no parts":  {func(g *types.GenesisState) { g.Vestings[0].Count = 0 }, types.ErrInvalidGenesis},
		"a nameless report":      {func(g *types.GenesisState) { g.Reports = []types.Report{{Price: 1}} }, types.ErrInvalidGenesis},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g, err := s.ExportGenesis(s.ctx())
			if err != nil {
				t.Fatal(err)
			}
			tt.edit(g)
			if err := g.Validate(); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestBrokenStateIsFound(t *testing.T) {
	tests := map[string]func(*types.GenesisState){
		"collateral made up":    func(g *types.GenesisState) { g.Totals.Collateral = g.Totals.Collateral.AddRaw(1) },
		"units made up":         func(g *types.GenesisState) { g.Totals.ActiveUnits++ },
		"rewards made up":       func(g *types.GenesisState) { g.Vestings[0].Amount = g.Vestings[0].Amount.AddRaw(1) },
		"slashed out of thin":   func(g *types.GenesisState) { g.Books[0].Slashed = g.Books[0].Slashed.AddRaw(1) },
		"failures do not add":   func(g *types.GenesisState) { g.Books[0].TotalFails++ },
		"paid more than taken":  func(g *types.GenesisState) { g.Books[0].PaidProvider = flt(1) },
		"orphaned sum":          func(g *types.GenesisState) { g.Vestings[0].CommitmentId = id("nobody") },
		"active and not looked": func(g *types.GenesisState) { drop(g) },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			s := setStage(t)
			g, err := s.ExportGenesis(s.ctx())
			if err != nil {
				t.Fatal(err)
			}
			edit(g)
			n := emptyWorld(t)
			n.clock, n.market, n.bank = s.clock, s.market, s.bank
			n.build()
			if err := n.InitGenesis(n.ctx(), *g); err != nil {
				t.Fatal(err)
			}
			if err := n.CheckInvariants(n.ctx()); !errors.Is(err, types.ErrBrokenState) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// drop makes an active commitment forget when it is looked at.
func drop(g *types.GenesisState) {
	for i, b := range g.Books {
		if b.Status == types.StatusActive {
			g.Books[i].Check = 0
		}
	}
}
