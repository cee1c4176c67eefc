// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/epoch to the
// simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"
	"time"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/epoch/types"
)

// GenesisState puts a random fresh state into s: epochs from 30 s to an hour.
func GenesisState(s *module.SimulationState) {
	p := types.Params{
		Duration:  time.Duration(30+s.Rand.Intn(3571)) * time.Second,
		MinBlocks: uint32(1 + s.Rand.Intn(10)),
	}
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(types.DefaultGenesis(p))
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		r := data.Rand()
		return nil, &types.MsgUpdateParams{
			Authority: data.ModuleAccountAddress(reporter, "gov"),
			Params: types.Params{
				Duration:  time.Duration(r.IntInRange(30, 3600)) * time.Second,
				MinBlocks: uint32(r.IntInRange(1, 10)),
			},
		}
	}
}
