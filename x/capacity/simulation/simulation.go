// SPDX-License-Identifier: Apache-2.0

// Package simulation gives random genesis states and messages of x/capacity to
// the simulation of the whole application. It is used by tests only.
package simulation

import (
	"context"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// GenesisState puts a random fresh state into s.
func GenesisState(s *module.SimulationState) {
	s.GenState[types.ModuleName] = s.Cdc.MustMarshalJSON(types.DefaultGenesis(randomParams(s.Rand)))
}

// randomParams returns params that Validate accepts.
func randomParams(r interface{ Intn(n int) int }) types.Params {
	p := types.DefaultParams()
	p.SlashingRate = uint64(types.Precision/200 + r.Intn(types.Precision/50))
	p.UsdTargetRevenuePerEpoch = uint64(1 + r.Intn(int(p.Penalty()/types.MinPenaltyMultiple)))
	p.MinDuration = uint64(1 + r.Intn(10))
	p.MaxFailedRatio = uint64(1 + r.Intn(10))
	p.MinProofs = uint32(1 + r.Intn(3))
	p.MaxProofs = p.MinProofs + uint32(r.Intn(3))
	p.VestingPeriodDuration, p.VestingPeriodCount = uint64(1+r.Intn(5)), uint64(1+r.Intn(20))
	p.MaxRewardPerEpoch = p.MinRewardPerEpoch.MulRaw(int64(1 + r.Intn(500)))
	return p
}

// UpdateParams makes random proposals that change the params.
func UpdateParams() simsx.SimMsgFactoryFn[*types.MsgUpdateParams] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgUpdateParams) {
		r := data.Rand()
		p := randomParams(r.Rand)
		return nil, &types.MsgUpdateParams{Authority: data.ModuleAccountAddress(reporter, "gov"), Params: p}
	}
}

// FundRewardPool makes random gifts to the reward pool.
func FundRewardPool() simsx.SimMsgFactoryFn[*types.MsgFundRewardPool] {
	return func(_ context.Context, data *simsx.ChainDataSource, reporter simsx.SimulationReporter) ([]simsx.SimAccount, *types.MsgFundRewardPool) {
		from := data.AnyAccount(reporter, simsx.WithSpendableBalance())
		if reporter.IsSkipped() {
			return nil, nil
		}
		coin := from.LiquidBalance().RandSubsetCoin(reporter, types.Denom)
		if reporter.IsSkipped() || coin.IsNil() || !coin.IsPositive() {
			reporter.Skip("no coin to give")
			return nil, nil
		}
		return []simsx.SimAccount{from}, &types.MsgFundRewardPool{Sender: from.AddressBech32, Amount: sdk.NewCoin(types.Denom, coin.Amount)}
	}
}
