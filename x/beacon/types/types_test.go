// SPDX-License-Identifier: Apache-2.0

package types_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/types"
)

func operator(i byte) string { return sdk.ValAddress(bytes.Repeat([]byte{i}, 20)).String() }

func public(t *testing.T, i byte) []byte {
	t.Helper()
	k, err := beacon.NewKey(bytes.Repeat([]byte{i}, beacon.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return k.Public()
}

func state(t *testing.T) types.GenesisState {
	t.Helper()
	value := bytes.Repeat([]byte{7}, 32)
	return types.GenesisState{
		Params: types.DefaultParams(),
		Registrations: []types.Registration{
			{Operator: operator(1), Key: public(t, 1)},
			{Operator: operator(2), Key: public(t, 2), FromEpoch: 3, NextKey: public(t, 3), NextFromEpoch: 9},
		},
		Beacons:  []types.Beacon{{Epoch: 4, Value: value, Outputs: 2, Height: 12}, {Epoch: 6, Value: value, Outputs: 3, Height: 21}},
		Window:   &types.Window{Epoch: 7, Blocks: 3, MinOutputs: 1, Mix: value, Outputs: 1, LastHeight: 30},
		KeptFrom: 4,
	}
}

func TestGenesisStateValidate(t *testing.T) {
	tests := map[string]struct {
		edit func(*types.GenesisState)
		want error
	}{
		"whole":                          {func(*types.GenesisState) {}, nil},
		"fresh":                          {func(g *types.GenesisState) { *g = *types.DefaultGenesis() }, nil},
		"public":                         {func(g *types.GenesisState) { g.Params = types.PublicParams() }, nil},
		"closed with a value":            {func(g *types.GenesisState) { g.Window.Epoch, g.Window.Closed = 6, true }, nil},
		"closed without one":             {func(g *types.GenesisState) { g.Window.Closed, g.Window.Outputs, g.Window.LastHeight = true, 0, 0 }, nil},
		"wrong params":                   {func(g *types.GenesisState) { g.Params.Window = 0 }, types.ErrInvalidParams},
		"operator is no address":         {func(g *types.GenesisState) { g.Registrations[0].Operator = "me" }, types.ErrInvalidGenesis},
		"registrations out of order":     {func(g *types.GenesisState) { slices.Reverse(g.Registrations) }, types.ErrInvalidGenesis},
		"operator twice":                 {func(g *types.GenesisState) { g.Registrations[1].Operator = operator(1) }, types.ErrInvalidGenesis},
		"no key":                         {func(g *types.GenesisState) { g.Registrations[0].Key = nil }, types.ErrInvalidGenesis},
		"key of small order":             {func(g *types.GenesisState) { g.Registrations[0].Key = append([]byte{1}, make([]byte, 31)...) }, types.ErrInvalidKey},
		"next key of small order":        {func(g *types.GenesisState) { g.Registrations[1].NextKey = make([]byte, 32) }, types.ErrInvalidKey},
		"next before the first":          {func(g *types.GenesisState) { g.Registrations[1].NextFromEpoch = 3 }, types.ErrInvalidGenesis},
		"next epoch without key":         {func(g *types.GenesisState) { g.Registrations[0].NextFromEpoch = 9 }, types.ErrInvalidGenesis},
		"beacons without window":         {func(g *types.GenesisState) { g.Window = nil }, types.ErrInvalidGenesis},
		"window of epoch 0":              {func(g *types.GenesisState) { g.Window.Epoch = 0 }, types.ErrInvalidGenesis},
		"window of no block":             {func(g *types.GenesisState) { g.Window.Blocks = 0 }, types.ErrInvalidGenesis},
		"mix cut short":                  {func(g *types.GenesisState) { g.Window.Mix = g.Window.Mix[:31] }, types.ErrInvalidGenesis},
		"more outputs than blocks":       {func(g *types.GenesisState) { g.Window.Outputs = 4 }, types.ErrInvalidGenesis},
		"outputs without a height":       {func(g *types.GenesisState) { g.Window.LastHeight = 0 }, types.ErrInvalidGenesis},
		"height before the first":        {func(g *types.GenesisState) { g.Window.LastHeight = -1 }, types.ErrInvalidGenesis},
		"closed with outputs, valueless": {func(g *types.GenesisState) { g.Window.Closed = true }, types.ErrInvalidGenesis},
		"open with a value":              {func(g *types.GenesisState) { g.Window.Epoch = 6 }, types.ErrInvalidGenesis},
		"mix is not the value": {func(g *types.GenesisState) {
			g.Window.Epoch, g.Window.Closed, g.Window.Mix = 6, true, make([]byte, 32)
		}, types.ErrInvalidGenesis},
		"beacon of the future":  {func(g *types.GenesisState) { g.Beacons[1].Epoch = 8 }, types.ErrInvalidGenesis},
		"beacons out of order":  {func(g *types.GenesisState) { slices.Reverse(g.Beacons) }, types.ErrInvalidGenesis},
		"beacon that is pruned": {func(g *types.GenesisState) { g.KeptFrom = 5 }, types.ErrInvalidGenesis},
		"value cut short":       {func(g *types.GenesisState) { g.Beacons[0].Value = nil }, types.ErrInvalidGenesis},
		"value of no output":    {func(g *types.GenesisState) { g.Beacons[0].Outputs = 0 }, types.ErrInvalidGenesis},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g := state(t)
			tt.edit(&g)
			if err := g.Validate(); !errors.Is(err, tt.want) {
				t.Errorf("Validate = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestSortRegistrationsGivesTheOrderOfGenesis(t *testing.T) {
	g := state(t)
	slices.Reverse(g.Registrations)
	g.Registrations = types.SortRegistrations(g.Registrations)
	if err := g.Validate(); err != nil {
		t.Error(err)
	}
}

func TestBeaconKeyIsTheStoreKey(t *testing.T) {
	if got := types.BeaconKey(0x0102); !bytes.Equal(got, []byte{3, 0, 0, 0, 0, 0, 0, 1, 2}) {
		t.Errorf("key %x", got)
	}
}
