// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/perimeter to the
// simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/perimeter/types"
)

// GenesisState puts an empty state with random params into s.
func GenesisState(s *module.SimulationState) {
	g := types.DefaultGenesis()
	g.Params.RetentionBlocks = uint64(1 + s.Rand.Intn(20))
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(g)
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		r := data.Rand()
		p := types.DefaultParams()
		p.MaxMembers, p.RetentionBlocks = uint32(r.IntInRange(1, 4096)), uint64(r.IntInRange(1, 100))
		return nil, &types.MsgUpdateParams{Authority: data.ModuleAccountAddress(reporter, "gov"), Params: p}
	}
}

// Create makes perimeters of random accounts.
func Create() simsx.SimMsgFactoryFn[*types.MsgCreate] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgCreate) {
		from := data.AnyAccount(reporter, simsx.WithSpendableBalance())
		r := data.Rand()
		msg := &types.MsgCreate{Creator: from.AddressBech32, Nonce: uint64(r.IntInRange(0, 1<<30)), Label: r.StringN(8)}
		msg.Policy.Scripts.Any = r.Intn(2) == 0
		for _, f := range []string{"get", "put", "list"}[:r.Intn(3)] {
			msg.Policy.Rules = append(msg.Policy.Rules, types.Rule{Service: "store", Function: f, Who: types.WHO_ANYONE})
		}
		return []simsx.SimAccount{from}, msg
	}
}
