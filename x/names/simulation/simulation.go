// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/names to the
// simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/names/types"
)

// GenesisState puts an empty state with random params into s.
func GenesisState(s *module.SimulationState) {
	g := types.DefaultGenesis()
	g.Params.GraceSeconds = uint64(s.Rand.Intn(1000))
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(g)
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		p := types.DefaultParams()
		p.Premium = math.NewInt(int64(data.Rand().IntInRange(0, 1_000_000)))
		return nil, &types.MsgUpdateParams{Authority: data.ModuleAccountAddress(reporter, "gov"), Params: p}
	}
}
