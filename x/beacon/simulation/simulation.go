// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/beacon to the
// simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/beacon/types"
)

// GenesisState puts a state without keys and with random params into s.
func GenesisState(s *module.SimulationState) {
	g := types.DefaultGenesis()
	g.Params.Window = uint32(1 + s.Rand.Intn(10))
	g.Params.MinOutputs = uint32(1 + s.Rand.Intn(int(g.Params.Window)))
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(g)
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		r := data.Rand()
		window := r.IntInRange(1, 10)
		return nil, &types.MsgUpdateParams{
			Authority: data.ModuleAccountAddress(reporter, "gov"),
			Params: types.Params{
				Window: uint32(window), MinOutputs: uint32(r.IntInRange(1, window)),
				History: uint64(r.IntInRange(types.MinHistory, 100)),
			},
		}
	}
}
