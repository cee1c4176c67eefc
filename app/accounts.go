// SPDX-License-Identifier: Apache-2.0

package app

import (
	"maps"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	erc20types "github.com/cosmos/evm/x/erc20/types"
	feemarkettypes "github.com/cosmos/evm/x/feemarket/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/ethereum/go-ethereum/common"
	corevm "github.com/ethereum/go-ethereum/core/vm"
)

// moduleAccounts returns what each module account may do with coins.
func moduleAccounts() map[string][]string {
	perms := map[string][]string{
		authtypes.FeeCollectorName:     nil,
		distrtypes.ModuleName:          nil,
		minttypes.ModuleName:           {authtypes.Minter},
		stakingtypes.BondedPoolName:    {authtypes.Burner, authtypes.Staking},
		stakingtypes.NotBondedPoolName: {authtypes.Burner, authtypes.Staking},
		govtypes.ModuleName:            {authtypes.Burner},
		evmtypes.ModuleName:            {authtypes.Minter, authtypes.Burner},
		feemarkettypes.ModuleName:      nil,
		erc20types.ModuleName:          {authtypes.Minter, authtypes.Burner},
	}
	for _, m := range ownModules() {
		maps.Copy(perms, m.accounts)
	}
	return perms
}

// blockedAddresses returns the accounts, as bech32 text, that a plain transfer must not reach: module accounts,
// which account for every coin they hold, and precompiles, which nobody could send from.
func blockedAddresses() map[string]bool {
	blocked := make(map[string]bool)
	for name := range moduleAccounts() {
		blocked[authtypes.NewModuleAddress(name).String()] = true
	}
	for _, addr := range corevm.PrecompiledAddressesPrague {
		blocked[sdk.AccAddress(addr.Bytes()).String()] = true
	}
	for _, hex := range activePrecompiles() {
		blocked[sdk.AccAddress(common.HexToAddress(hex).Bytes()).String()] = true
	}
	return blocked
}

// authority is the account that may change parameters: governance.
func authority() sdk.AccAddress { return authtypes.NewModuleAddress(govtypes.ModuleName) }
