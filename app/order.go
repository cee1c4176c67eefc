// SPDX-License-Identifier: Apache-2.0

package app

import (
	"slices"

	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	vestingtypes "github.com/cosmos/cosmos-sdk/x/auth/vesting/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
	erc20types "github.com/cosmos/evm/x/erc20/types"
	feemarkettypes "github.com/cosmos/evm/x/feemarket/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"
)

// setOrder fixes the order in which modules act. It is part of consensus: a change needs an upgrade.
func (a *App) setOrder() {
	own := make([]string, 0, len(ownModules()))
	for _, m := range ownModules() {
		own = append(own, m.basic.Name())
	}
	a.modules.SetOrderPreBlockers(upgradetypes.ModuleName, authtypes.ModuleName, evmtypes.ModuleName)
	a.modules.SetOrderBeginBlockers(beginOrder(own)...)
	a.modules.SetOrderEndBlockers(endOrder(own)...)
	a.modules.SetOrderInitGenesis(genesisOrder(own)...)
	a.modules.SetOrderExportGenesis(genesisOrder(own)...)
}

// beginOrder: new coins first; distribution pays out before slashing takes; the EVM after the fee market, whose
// base fee it reads; then our modules, which see a block whose money and stake are settled.
func beginOrder(own []string) []string {
	return slices.Concat([]string{
		minttypes.ModuleName, distrtypes.ModuleName, slashingtypes.ModuleName, evidencetypes.ModuleName,
		stakingtypes.ModuleName,
		erc20types.ModuleName, feemarkettypes.ModuleName, evmtypes.ModuleName,
	}, own, []string{
		authtypes.ModuleName, banktypes.ModuleName, govtypes.ModuleName, genutiltypes.ModuleName, authz.ModuleName,
		feegrant.ModuleName, consensustypes.ModuleName, vestingtypes.ModuleName, upgradetypes.ModuleName,
	})
}

// endOrder: bank first, which credits the fees it collected per transaction; the fee market last of those that
// act, since it reads the gas of the whole block.
func endOrder(own []string) []string {
	return slices.Concat([]string{banktypes.ModuleName}, own, []string{
		govtypes.ModuleName, stakingtypes.ModuleName, authtypes.ModuleName,
		evmtypes.ModuleName, erc20types.ModuleName, feemarkettypes.ModuleName,
		distrtypes.ModuleName, slashingtypes.ModuleName, minttypes.ModuleName, genutiltypes.ModuleName,
		evidencetypes.ModuleName, authz.ModuleName, feegrant.ModuleName, upgradetypes.ModuleName,
		consensustypes.ModuleName, vestingtypes.ModuleName,
	})
}

// genesisOrder: accounts and coins before what holds them; the fee market before genutil, whose transactions pay
// fees; genutil after staking and after our modules.
func genesisOrder(own []string) []string {
	return slices.Concat([]string{
		consensustypes.ModuleName, authtypes.ModuleName, banktypes.ModuleName, distrtypes.ModuleName,
		stakingtypes.ModuleName, slashingtypes.ModuleName, govtypes.ModuleName, minttypes.ModuleName,
		evmtypes.ModuleName, feemarkettypes.ModuleName, erc20types.ModuleName,
	}, own, []string{
		genutiltypes.ModuleName, evidencetypes.ModuleName, authz.ModuleName, feegrant.ModuleName,
		upgradetypes.ModuleName, vestingtypes.ModuleName,
	})
}
