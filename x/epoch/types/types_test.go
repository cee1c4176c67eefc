// SPDX-License-Identifier: Apache-2.0

package types_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-fluence/fluence/x/epoch/types"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func state() types.GenesisState {
	p := types.Params{Duration: time.Minute, MinBlocks: 2}
	return types.GenesisState{
		Params:  p,
		Current: types.Current{Number: 9, Start: start.Add(3*time.Hour + 5*time.Minute), Blocks: 1, Params: p},
		Eras: []types.Era{
			{First: 1, Start: start, Duration: time.Hour},
			{First: 4, Start: start.Add(3 * time.Hour), Duration: time.Minute},
		},
		Voids: []types.VoidRange{{First: 2, Last: 3, Total: 2}, {First: 6, Last: 6, Total: 3}},
	}
}

func TestGenesisStateValidate(t *testing.T) {
	tests := map[string]struct {
		edit func(*types.GenesisState)
		want error
	}{
		"whole":                      {func(*types.GenesisState) {}, nil},
		"fresh":                      {func(g *types.GenesisState) { *g = *types.DefaultGenesis(types.DefaultParams()) }, nil},
		"wrong params":               {func(g *types.GenesisState) { g.Params.MinBlocks = 0 }, types.ErrInvalidParams},
		"wrong current params":       {func(g *types.GenesisState) { g.Current.Params.Duration = 0 }, types.ErrInvalidParams},
		"fresh with eras":            {func(g *types.GenesisState) { g.Current.Number = 0 }, types.ErrInvalidGenesis},
		"no era":                     {func(g *types.GenesisState) { g.Eras = nil }, types.ErrInvalidGenesis},
		"eras begin late":            {func(g *types.GenesisState) { g.Eras = g.Eras[1:] }, types.ErrInvalidGenesis},
		"era out of order":           {func(g *types.GenesisState) { g.Eras[1].First = 1 }, types.ErrInvalidGenesis},
		"era with a gap":             {func(g *types.GenesisState) { g.Eras[1].Start = start }, types.ErrInvalidGenesis},
		"era without duration":       {func(g *types.GenesisState) { g.Eras[0].Duration = 0 }, types.ErrInvalidGenesis},
		"current before its era":     {func(g *types.GenesisState) { g.Current.Number = 3 }, types.ErrInvalidGenesis},
		"current at the wrong time":  {func(g *types.GenesisState) { g.Current.Start = start }, types.ErrInvalidGenesis},
		"current of other duration":  {func(g *types.GenesisState) { g.Current.Params.Duration = time.Hour }, types.ErrInvalidGenesis},
		"void of epoch 0":            {func(g *types.GenesisState) { g.Voids[0].First = 0 }, types.ErrInvalidGenesis},
		"void backwards":             {func(g *types.GenesisState) { g.Voids[0].Last = 1 }, types.ErrInvalidGenesis},
		"voids touch":                {func(g *types.GenesisState) { g.Voids[1].First = 4 }, types.ErrInvalidGenesis},
		"voids overlap":              {func(g *types.GenesisState) { g.Voids[1].First = 3 }, types.ErrInvalidGenesis},
		"void epoch still running":   {func(g *types.GenesisState) { g.Voids[1].Last = 9 }, types.ErrInvalidGenesis},
		"void epochs counted wrong":  {func(g *types.GenesisState) { g.Voids[1].Total = 2 }, types.ErrInvalidGenesis},
		"void range of all integers": {func(g *types.GenesisState) { g.Voids[1].Last = 1<<64 - 1 }, types.ErrInvalidGenesis},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := state()
			tt.edit(&g)
			if err := g.Validate(); !errors.Is(err, tt.want) {
				t.Errorf("Validate = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestEraAtAndStartOfAreInverse(t *testing.T) {
	e := types.Era{First: 4, Start: start, Duration: time.Minute}
	for _, n := range []uint64{4, 5, 1000, 1 << 20} {
		s := e.StartOf(n)
		if e.At(s) != n || e.At(s.Add(e.Duration-1)) != n || (n > 4 && e.At(s.Add(-1)) != n-1) {
			t.Errorf("epoch %d: At(StartOf) = %d", n, e.At(s))
		}
	}
	if got := e.At(start.Add(-time.Hour)); got != 4 {
		t.Errorf("At before the era = %d, want its first epoch", got)
	}
	if s := e.StartOf(1<<64 - 1); !s.After(start) {
		t.Errorf("StartOf(max) = %s, want a moment after the start", s)
	}
}
