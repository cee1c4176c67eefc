// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/deal to the
// simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/deal/types"
)

// GenesisState puts a fresh state with the default params into s.
func GenesisState(s *module.SimulationState) {
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(types.DefaultGenesis())
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		r, p := data.Rand(), types.DefaultParams()
		p.MinDepositedEpochs = uint64(r.IntInRange(1, 5))
		p.MinRematchingEpochs = uint64(r.IntInRange(0, 5))
		p.ProtocolFee = uint64(r.IntInRange(0, types.MaxProtocolFee))
		p.GraceEpochs = uint64(r.IntInRange(0, 5))
		p.LowBalanceEpochs = uint64(r.IntInRange(0, 5))
		return nil, &types.MsgUpdateParams{Authority: data.ModuleAccountAddress(reporter, "gov"), Params: p}
	}
}
