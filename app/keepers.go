// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cosmossdk.io/core/store"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/server"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authkeeper "github.com/cosmos/cosmos-sdk/x/auth/keeper"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	authzkeeper "github.com/cosmos/cosmos-sdk/x/authz/keeper"
	bankkeeper "github.com/cosmos/cosmos-sdk/x/bank/keeper"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	consensuskeeper "github.com/cosmos/cosmos-sdk/x/consensus/keeper"
	consensustypes "github.com/cosmos/cosmos-sdk/x/consensus/types"
	distrkeeper "github.com/cosmos/cosmos-sdk/x/distribution/keeper"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	evidencekeeper "github.com/cosmos/cosmos-sdk/x/evidence/keeper"
	evidencetypes "github.com/cosmos/cosmos-sdk/x/evidence/types"
	"github.com/cosmos/cosmos-sdk/x/feegrant"
	feegrantkeeper "github.com/cosmos/cosmos-sdk/x/feegrant/keeper"
	govkeeper "github.com/cosmos/cosmos-sdk/x/gov/keeper"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	mintkeeper "github.com/cosmos/cosmos-sdk/x/mint/keeper"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	slashingkeeper "github.com/cosmos/cosmos-sdk/x/slashing/keeper"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingkeeper "github.com/cosmos/cosmos-sdk/x/staking/keeper"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	upgradekeeper "github.com/cosmos/cosmos-sdk/x/upgrade/keeper"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
	evmaddress "github.com/cosmos/evm/encoding/address"
	precompiles "github.com/cosmos/evm/precompiles/types"
	srvflags "github.com/cosmos/evm/server/flags"
	erc20keeper "github.com/cosmos/evm/x/erc20/keeper"
	erc20types "github.com/cosmos/evm/x/erc20/types"
	feemarketkeeper "github.com/cosmos/evm/x/feemarket/keeper"
	feemarkettypes "github.com/cosmos/evm/x/feemarket/types"
	evmkeeper "github.com/cosmos/evm/x/vm/keeper"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/ethereum/go-ethereum/common"
	corevm "github.com/ethereum/go-ethereum/core/vm"
	"github.com/spf13/cast"

	beaconkeeper "github.com/go-fluence/fluence/x/beacon/keeper"
	capacitykeeper "github.com/go-fluence/fluence/x/capacity/keeper"
	dealkeeper "github.com/go-fluence/fluence/x/deal/keeper"
	epochkeeper "github.com/go-fluence/fluence/x/epoch/keeper"
	marketkeeper "github.com/go-fluence/fluence/x/market/keeper"
	nameskeeper "github.com/go-fluence/fluence/x/names/keeper"
	perimeterkeeper "github.com/go-fluence/fluence/x/perimeter/keeper"
	trustkeeper "github.com/go-fluence/fluence/x/trust/keeper"
)

// Keepers are the state machines of all modules.
type Keepers struct {
	Account   authkeeper.AccountKeeper
	Bank      bankkeeper.Keeper
	Staking   *stakingkeeper.Keeper
	Slashing  slashingkeeper.Keeper
	Mint      mintkeeper.Keeper
	Distr     distrkeeper.Keeper
	Gov       *govkeeper.Keeper
	Upgrade   *upgradekeeper.Keeper
	Authz     authzkeeper.Keeper
	Evidence  *evidencekeeper.Keeper
	FeeGrant  feegrantkeeper.Keeper
	Consensus consensuskeeper.Keeper

	FeeMarket feemarketkeeper.Keeper
	EVM       *evmkeeper.Keeper
	ERC20     erc20keeper.Keeper

	Epoch     *epochkeeper.Keeper
	Market    *marketkeeper.Keeper
	Trust     *trustkeeper.Keeper
	Beacon    *beaconkeeper.Keeper
	Capacity  *capacitykeeper.Keeper
	Deal      *dealkeeper.Keeper
	Perimeter *perimeterkeeper.Keeper
	Names     *nameskeeper.Keeper
}

// newKeepers builds the keepers bottom up: accounts and coins, stake, governance, the EVM.
func (a *App) newKeepers(evmChainID uint64) {
	a.newAccountKeepers()
	a.newStakeKeepers()
	a.newGovernanceKeepers()
	a.newEVMKeepers(evmChainID)
}

func (a *App) service(storeKey string) store.KVStoreService {
	return runtime.NewKVStoreService(a.storeKeys[storeKey])
}

func (a *App) newAccountKeepers() {
	cdc, gov := a.encoding.Codec, authority().String()
	prefix := sdk.GetConfig().GetBech32AccountAddrPrefix()

	a.Consensus = consensuskeeper.NewKeeper(cdc, a.service(consensustypes.StoreKey), gov, runtime.EventService{})
	a.SetParamStore(a.Consensus.ParamsStore)

	a.Account = authkeeper.NewAccountKeeper(cdc, a.service(authtypes.StoreKey), authtypes.ProtoBaseAccount,
		moduleAccounts(), evmaddress.NewEvmCodec(prefix), prefix, gov)
	base := bankkeeper.NewBaseKeeper(cdc, a.service(banktypes.StoreKey), a.Account, blockedAddresses(), gov, a.Logger())
	a.Bank = base.WithObjStoreKey(a.objectKeys[banktypes.ObjectStoreKey])
	a.FeeGrant = feegrantkeeper.NewKeeper(cdc, a.service(feegrant.StoreKey), a.Account).SetBankKeeper(a.Bank)
	a.Authz = authzkeeper.NewKeeper(a.service(authzkeeper.StoreKey), cdc, a.MsgServiceRouter(), a.Account).
		SetBankKeeper(a.Bank)
}

func (a *App) newStakeKeepers() {
	cdc, gov, cfg := a.encoding.Codec, authority().String(), sdk.GetConfig()

	a.Staking = stakingkeeper.NewKeeper(cdc, a.service(stakingtypes.StoreKey), a.Account, a.Bank, gov,
		evmaddress.NewEvmCodec(cfg.GetBech32ValidatorAddrPrefix()),
		evmaddress.NewEvmCodec(cfg.GetBech32ConsensusAddrPrefix()))
	a.Mint = mintkeeper.NewKeeper(cdc, a.service(minttypes.StoreKey), a.Staking, a.Account, a.Bank,
		authtypes.FeeCollectorName, gov)
	a.Distr = distrkeeper.NewKeeper(cdc, a.service(distrtypes.StoreKey), a.Account, a.Bank, a.Staking,
		authtypes.FeeCollectorName, gov)
	a.Slashing = slashingkeeper.NewKeeper(cdc, a.encoding.Amino, a.service(slashingtypes.StoreKey), a.Staking, gov)
	a.Staking.SetHooks(stakingtypes.NewMultiStakingHooks(a.Distr.Hooks(), a.Slashing.Hooks()))
	a.Evidence = evidencekeeper.NewKeeper(cdc, a.service(evidencetypes.StoreKey), a.Staking, a.Slashing,
		a.Account.AddressCodec(), runtime.ProvideCometInfoService())
}

func (a *App) newGovernanceKeepers() {
	cdc, gov := a.encoding.Codec, authority().String()

	skip := make(map[int64]bool)
	for _, h := range cast.ToIntSlice(a.options.Get(server.FlagUnsafeSkipUpgrades)) {
		skip[int64(h)] = true
	}
	home := cast.ToString(a.options.Get(flags.FlagHome))
	a.Upgrade = upgradekeeper.NewKeeper(skip, a.service(upgradetypes.StoreKey), cdc, home, a.BaseApp, gov)
	a.Gov = govkeeper.NewKeeper(cdc, a.service(govtypes.StoreKey), a.Account, a.Bank, a.Distr,
		a.MsgServiceRouter(), govtypes.DefaultConfig(), gov,
		govkeeper.NewDefaultCalculateVoteResultsAndVotingPower(a.Staking))
}

// newEVMKeepers builds the EVM without IBC: its transfer keeper is nil and only read for coins named "ibc/…",
// which InitChainer refuses.
func (a *App) newEVMKeepers(evmChainID uint64) {
	cdc, gov := a.encoding.Codec, authority()

	a.FeeMarket = feemarketkeeper.NewKeeper(cdc, gov, a.storeKeys[feemarkettypes.StoreKey])
	a.EVM = evmkeeper.NewKeeper(cdc, a.storeKeys[evmtypes.StoreKey], a.objectKeys[evmtypes.ObjectKey], a.allStoreKeys(),
		gov, a.Account, a.Bank, a.Staking, a.FeeMarket, &a.Consensus, &a.ERC20, evmChainID,
		cast.ToString(a.options.Get(srvflags.EVMTracer))).
		WithStaticPrecompiles(a.staticPrecompiles())
	a.EVM.EnableVirtualFeeCollection()
	a.ERC20 = erc20keeper.NewKeeper(a.storeKeys[erc20types.StoreKey], cdc, gov, a.Account, a.Bank, a.EVM, a.Staking, nil)
}

// staticPrecompiles returns cosmos/evm's precompiles except those for IBC. Ours follow after their keepers.
func (a *App) staticPrecompiles() map[common.Address]corevm.PrecompiledContract {
	return precompiles.NewStaticPrecompiles().
		WithPraguePrecompiles().
		WithP256Precompile().
		WithBech32Precompile().
		WithStakingPrecompile(*a.Staking, a.Bank).
		WithDistributionPrecompile(a.Distr, *a.Staking, a.Bank).
		WithBankPrecompile(a.Bank, &a.ERC20).
		WithGovPrecompile(*a.Gov, a.Bank, a.encoding.Codec).
		WithSlashingPrecompile(a.Slashing, a.Bank)
}
