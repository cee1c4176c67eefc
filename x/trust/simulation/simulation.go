// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/trust to the
// simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/trust/types"
)

// GenesisState puts an empty registry with random params into s.
func GenesisState(s *module.SimulationState) {
	g := types.DefaultGenesis()
	g.Params.RevocationsPerEpoch = uint32(1 + s.Rand.Intn(1000))
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(g)
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		r := data.Rand()
		return nil, &types.MsgUpdateParams{
			Authority: data.ModuleAccountAddress(reporter, "gov"),
			Params: types.Params{
				RevocationsPerEpoch: uint32(r.IntInRange(1, 1000)),
				FutureSeconds:       uint32(r.IntInRange(0, 3600)),
				SignatureGas:        uint64(r.IntInRange(1000, 100_000)),
			},
		}
	}
}
