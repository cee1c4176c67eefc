// SPDX-License-Identifier: Apache-2.0

package app

import (
	"slices"
	"strings"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
	erc20types "github.com/cosmos/evm/x/erc20/types"
	feemarkettypes "github.com/cosmos/evm/x/feemarket/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"
)

// newStores names and mounts one store per module that keeps state.
func (a *App) newStores() {
	a.storeKeys = storetypes.NewKVStoreKeys(
		authtypes.StoreKey, banktypes.StoreKey, stakingtypes.StoreKey, minttypes.StoreKey, distrtypes.StoreKey,
		slashingtypes.StoreKey, govtypes.StoreKey, consensustypes.StoreKey, upgradetypes.StoreKey,
		feegrant.StoreKey, evidencetypes.StoreKey, authzkeeper.StoreKey,
		evmtypes.StoreKey, feemarkettypes.StoreKey, erc20types.StoreKey,
	)
	for _, m := range ownModules() {
		a.storeKeys[m.basic.Name()] = storetypes.NewKVStoreKey(m.basic.Name())
	}
	for _, name := range testStores() {
		a.storeKeys[name] = storetypes.NewKVStoreKey(name)
	}
	// Object stores live for one block: bank collects fees in one, the EVM keeps logs and blooms in the other.
	a.objectKeys = storetypes.NewObjectStoreKeys(banktypes.ObjectStoreKey, evmtypes.ObjectKey)
	a.MountKVStores(a.storeKeys)
	a.MountObjectStores(a.objectKeys)
}

// allStoreKeys returns the keys of all stores, sorted by name. The EVM snapshots each of them.
func (a *App) allStoreKeys() []storetypes.StoreKey {
	keys := make([]storetypes.StoreKey, 0, len(a.storeKeys)+len(a.objectKeys))
	for _, k := range a.storeKeys {
		keys = append(keys, k)
	}
	for _, k := range a.objectKeys {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y storetypes.StoreKey) int { return strings.Compare(x.Name(), y.Name()) })
	return keys
}
