// SPDX-License-Identifier: Apache-2.0

package app

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/ethereum/go-ethereum/common"
	corevm "github.com/ethereum/go-ethereum/core/vm"

	"github.com/go-fluence/fluence/app/system"
	epochcontract "github.com/go-fluence/fluence/contracts/epoch"
	"github.com/go-fluence/fluence/x/beacon"
	beaconkeeper "github.com/go-fluence/fluence/x/beacon/keeper"
	beacontypes "github.com/go-fluence/fluence/x/beacon/types"
	"github.com/go-fluence/fluence/x/capacity"
	capacitykeeper "github.com/go-fluence/fluence/x/capacity/keeper"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	"github.com/go-fluence/fluence/x/deal"
	dealkeeper "github.com/go-fluence/fluence/x/deal/keeper"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
	"github.com/go-fluence/fluence/x/epoch"
	epochkeeper "github.com/go-fluence/fluence/x/epoch/keeper"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
	"github.com/go-fluence/fluence/x/market"
	marketkeeper "github.com/go-fluence/fluence/x/market/keeper"
	markettypes "github.com/go-fluence/fluence/x/market/types"
	"github.com/go-fluence/fluence/x/names"
	nameskeeper "github.com/go-fluence/fluence/x/names/keeper"
	namestypes "github.com/go-fluence/fluence/x/names/types"
	"github.com/go-fluence/fluence/x/perimeter"
	perimeterkeeper "github.com/go-fluence/fluence/x/perimeter/keeper"
	perimetertypes "github.com/go-fluence/fluence/x/perimeter/types"
	"github.com/go-fluence/fluence/x/trust"
	trustkeeper "github.com/go-fluence/fluence/x/trust/keeper"
	trusttypes "github.com/go-fluence/fluence/x/trust/types"
)

// ownModule says how one module under x/ joins the application. Its store key is its name.
type ownModule struct {
	basic    module.AppModuleBasic
	accounts map[string][]string // module accounts and their permissions
	proofs   []string            // type URLs of messages that only submit capacity proofs
	// build makes the keeper, keeps it in a and returns the module. The SDK's and the EVM's keepers exist.
	build func(a *App) module.AppModule
}

// ownModules lists the modules of this repository in the order in which they are built, begin and end a block,
// and read genesis. This is the only place that names them.
func ownModules() []ownModule {
	return []ownModule{{
		basic: epoch.AppModule{},
		build: func(a *App) module.AppModule {
			a.Epoch = epochkeeper.New(a.encoding.Codec, a.service(epochtypes.StoreKey), authority().String())
			return epoch.NewAppModule(a.Epoch)
		},
	}, {
		basic: trust.AppModule{},
		build: func(a *App) module.AppModule {
			a.Trust = trustkeeper.New(a.encoding.Codec, a.service(trusttypes.StoreKey), a.Account.AddressCodec(), a.Epoch, authority().String())
			return trust.NewAppModule(a.Trust)
		},
	}, {
		basic: beacon.AppModule{},
		build: func(a *App) module.AppModule {
			a.Beacon = beaconkeeper.New(a.encoding.Codec, a.service(beacontypes.StoreKey), a.Epoch, a.Staking, authority().String())
			return beacon.NewAppModule(a.Beacon)
		},
	}, {
		basic: market.AppModule{},
		build: func(a *App) module.AppModule {
			a.Market = marketkeeper.New(a.encoding.Codec, a.service(markettypes.StoreKey), a.Account.AddressCodec(), a.Epoch, authority().String())
			return market.NewAppModule(a.Market)
		},
	}, {
		basic:    capacity.AppModule{},
		accounts: map[string][]string{capacitytypes.ModuleName: nil, capacitytypes.RewardPoolName: nil},
		proofs: []string{
			sdk.MsgTypeURL(&capacitytypes.MsgSubmitProofs{}), sdk.MsgTypeURL(&capacitytypes.MsgCommitProofs{}),
			sdk.MsgTypeURL(&capacitytypes.MsgOpenProofs{}),
		},
		build: func(a *App) module.AppModule {
			a.Capacity = newCapacity(a)
			return capacity.NewAppModule(a.Capacity)
		},
	}, {
		basic:    deal.AppModule{},
		accounts: map[string][]string{dealtypes.ModuleName: nil},
		build: func(a *App) module.AppModule {
			a.Deal = dealkeeper.New(a.encoding.Codec, a.service(dealtypes.StoreKey), a.Account.AddressCodec(), a.Epoch, a.Beacon,
				a.Market, a.Capacity, a.Bank, a.Distr, authority().String())
			return deal.NewAppModule(a.Deal)
		},
	}, {
		basic: perimeter.AppModule{},
		build: func(a *App) module.AppModule {
			a.Perimeter = perimeterkeeper.New(a.encoding.Codec, a.service(perimetertypes.StoreKey), a.Account.AddressCodec(), owners{a}, authority().String())
			return perimeter.NewAppModule(a.Perimeter)
		},
	}, {
		basic: names.AppModule{},
		build: func(a *App) module.AppModule {
			a.Names = nameskeeper.New(a.encoding.Codec, a.service(namestypes.StoreKey), a.Account.AddressCodec(), a.Distr, authority().String())
			return names.NewAppModule(a.Names)
		},
	}}
}

func newCapacity(a *App) *capacitykeeper.Keeper {
	return capacitykeeper.New(a.encoding.Codec, a.service(capacitytypes.StoreKey), capacitykeeper.Deps{
		Addresses: a.Account.AddressCodec(), Epochs: a.Epoch, Beacon: a.Beacon, Market: a.Market,
		Bank: a.Bank, Community: a.Distr, Blocked: a.Bank.BlockedAddr,
		Collateral: authtypes.NewModuleAddress(capacitytypes.ModuleName), Rewards: authtypes.NewModuleAddress(capacitytypes.RewardPoolName),
	}, authority().String())
}

// setOwnHooks tells the modules of this repository of each other, once all keepers exist. The order of listeners
// is part of consensus.
func (a *App) setOwnHooks() {
	a.Epoch.SetJudge(a.Beacon)
	a.Market.SetHooks(markettypes.MultiUnitHooks{a.Capacity})
	a.Capacity.SetHooks(capacitytypes.MultiCommitmentHooks{a.Deal})
	a.Epoch.SetHooks(epochtypes.MultiHooks{a.Beacon, a.Capacity})
}

// OptionVRFKey names the option that holds this validator's VRF key, a beacontypes.Prover. Without it the
// validator proposes no outputs.
const OptionVRFKey = "beacon.vrf-key"

// systemSources returns the modules that speak in the system transaction.
func systemSources(a *App) []system.Registered {
	prover, _ := a.options.Get(OptionVRFKey).(beacontypes.Prover)
	return []system.Registered{{
		Kind: system.KindBeacon, MaxBytes: beaconkeeper.PayloadBytes, Source: beaconkeeper.NewSource(a.Beacon, prover),
	}, a.verdictSource()}
}

// ownPrecompiles returns the precompiles of this repository, built over the keepers of a. Their addresses start
// at 0x0F00; cosmos/evm's own end at 0x0807. It panics when an embedded ABI is broken, which only a build can cause.
func ownPrecompiles(a *App) map[common.Address]corevm.PrecompiledContract {
	epoch, err := epochcontract.New(a.Epoch)
	if err != nil {
		panic(err)
	}
	return map[common.Address]corevm.PrecompiledContract{epoch.Address(): epoch}
}

// ownPrecompileAddresses lists the addresses of ownPrecompiles that a new chain activates, sorted, with checksum.
func ownPrecompileAddresses() []string { return []string{epochcontract.Address} }
