// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"

	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/x/auth"
	authsims "github.com/cosmos/cosmos-sdk/x/auth/simulation"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/auth/vesting"
	authzmodule "github.com/cosmos/cosmos-sdk/x/authz/module"
	"github.com/cosmos/cosmos-sdk/x/bank"
	"github.com/cosmos/cosmos-sdk/x/consensus"
	"github.com/cosmos/cosmos-sdk/x/distribution"
	"github.com/cosmos/cosmos-sdk/x/evidence"
	feegrantmodule "github.com/cosmos/cosmos-sdk/x/feegrant/module"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/cosmos/cosmos-sdk/x/gov"
	"github.com/cosmos/cosmos-sdk/x/mint"
	"github.com/cosmos/cosmos-sdk/x/slashing"
	"github.com/cosmos/cosmos-sdk/x/staking"
	"github.com/cosmos/cosmos-sdk/x/upgrade"
	"github.com/cosmos/evm/x/erc20"
	"github.com/cosmos/evm/x/feemarket"
	"github.com/cosmos/evm/x/vm"
)

// hydrator restores process-wide EVM configuration from committed state.
type hydrator interface {
	HydrateGlobals(ctx context.Context)
}

// sdkBasics returns the stateless parts of the modules that are used, not written, here.
func sdkBasics() []module.AppModuleBasic {
	return []module.AppModuleBasic{
		genutil.NewAppModuleBasic(genutiltypes.DefaultMessageValidator),
		auth.AppModuleBasic{},
		vesting.AppModuleBasic{},
		bank.AppModuleBasic{},
		staking.AppModuleBasic{},
		slashing.AppModuleBasic{},
		distribution.AppModuleBasic{},
		mint.AppModuleBasic{},
		gov.NewAppModuleBasic(nil),
		evidence.NewAppModuleBasic(),
		upgrade.AppModuleBasic{},
		feegrantmodule.AppModuleBasic{},
		authzmodule.AppModuleBasic{},
		consensus.AppModuleBasic{},
		vm.AppModuleBasic{},
		feemarket.AppModuleBasic{},
		erc20.AppModuleBasic{},
	}
}

// newModules wraps the keepers in modules and builds the modules of this repository, whose keepers need the
// SDK's and the EVM's.
func (a *App) newModules() {
	cdc, registry := a.encoding.Codec, a.encoding.InterfaceRegistry
	vmModule := vm.NewAppModule(a.EVM, a.Account, a.Bank, a.Account.AddressCodec())
	a.vmModule = vmModule
	modules := []module.AppModule{
		genutil.NewAppModule(a.Account, a.Staking, a, a.encoding.TxConfig),
		auth.NewAppModule(cdc, a.Account, authsims.RandomGenesisAccounts, nil),
		vesting.NewAppModule(a.Account, a.Bank),
		bank.NewAppModule(cdc, a.Bank, a.Account, nil),
		staking.NewAppModule(cdc, a.Staking, a.Account, a.Bank, nil),
		slashing.NewAppModule(cdc, a.Slashing, a.Account, a.Bank, a.Staking, nil, registry),
		distribution.NewAppModule(cdc, a.Distr, a.Account, a.Bank, a.Staking, nil),
		mint.NewAppModule(cdc, a.Mint, a.Account, nil, nil),
		gov.NewAppModule(cdc, a.Gov, a.Account, a.Bank, nil),
		evidence.NewAppModule(*a.Evidence),
		upgrade.NewAppModule(a.Upgrade, a.Account.AddressCodec()),
		feegrantmodule.NewAppModule(cdc, a.Account, a.Bank, a.FeeGrant, registry),
		authzmodule.NewAppModule(cdc, a.Authz, a.Account, a.Bank, registry),
		consensus.NewAppModule(cdc, a.Consensus),
		vmModule,
		feemarket.NewAppModule(a.FeeMarket),
		erc20.NewAppModule(a.ERC20, a.Account),
	}
	for _, m := range ownModules() {
		modules = append(modules, m.build(a))
	}
	a.setOwnHooks()
	for addr, p := range ownPrecompiles(a) {
		a.EVM.RegisterStaticPrecompile(addr, p)
	}
	a.modules = module.NewManager(modules...)
	a.basics = ModuleBasics()
	a.simulation = module.NewSimulationManagerFromAppModules(a.modules.Modules, map[string]module.AppModuleSimulation{
		authtypes.ModuleName: auth.NewAppModule(cdc, a.Account, authsims.RandomGenesisAccounts, nil),
	})
	a.simulation.RegisterStoreDecoders()
}
