// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/market to the
// simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/market/types"
)

// GenesisState puts an empty market with random params into s.
func GenesisState(s *module.SimulationState) {
	g := types.DefaultGenesis()
	g.Params.MaxUnitsPerPeer = uint64(1 + s.Rand.Intn(64))
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(g)
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		r := data.Rand()
		p := types.DefaultParams()
		p.WhitelistEnabled = r.Bool()
		p.MaxUnitsPerPeer = uint64(r.IntInRange(1, 4096))
		p.MaxUnitsPerProvider = uint64(r.IntInRange(1, 100_000))
		p.SignatureGas = uint64(r.IntInRange(1000, 100_000))
		p.MaintenanceInterval = uint64(r.IntInRange(1, 1000))
		p.MaxMaintenanceEpochs = uint64(r.IntInRange(0, int(p.MaintenanceInterval)))
		return nil, &types.MsgUpdateParams{Authority: data.ModuleAccountAddress(reporter, "gov"), Params: p}
	}
}
