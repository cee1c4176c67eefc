// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	sdkmath "cosmossdk.io/math"
	cmttypes "github.com/cometbft/cometbft/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	minttypes "github.com/cosmos/cosmos-sdk/x/mint/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	erc20types "github.com/cosmos/evm/x/erc20/types"
	feemarkettypes "github.com/cosmos/evm/x/feemarket/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/app/params"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
)

// Defaults of a new local chain that differ from the modules' own.
const (
	// LocalVotingPeriod is how long a proposal is voted on.
	LocalVotingPeriod = 30 * time.Second
	// LocalExpeditedVotingPeriod is how long an expedited proposal is voted on.
	LocalExpeditedVotingPeriod = 15 * time.Second
	// LocalRewards is how many FLT lie ready for providers who prove capacity.
	LocalRewards = 1_000_000
	// MaxBlockBytes is how many bytes one block may have.
	MaxBlockBytes = 4 << 20
	// MaxBlockGas is how much gas the transactions of one block may ask for: about 2 000 bank sends.
	MaxBlockGas = 200_000_000
	// MinGasPrice is the least price of one unit of gas, in BaseDenom.
	MinGasPrice = 1_000_000_000
)

// ErrGenesis says that a genesis state was refused; the error names the module.
var ErrGenesis = errors.New("invalid genesis")

// DefaultConsensusParams returns the consensus parameters of a new chain.
func DefaultConsensusParams() *cmttypes.ConsensusParams {
	p := cmttypes.DefaultConsensusParams()
	p.Block.MaxBytes = MaxBlockBytes
	p.Block.MaxGas = MaxBlockGas
	return p
}

// DefaultGenesis returns the genesis state of a new local chain without accounts or validators: every module's
// default with this chain's coins.
func DefaultGenesis() map[string]json.RawMessage {
	cdc := Encoding().Codec
	genesis := ModuleBasics().DefaultGenesis(cdc)
	set := func(module string, state proto.Message) { genesis[module] = cdc.MustMarshalJSON(state) }

	set(banktypes.ModuleName, bankGenesis())
	set(stakingtypes.ModuleName, stakingGenesis())
	set(minttypes.ModuleName, mintGenesis())
	set(govtypes.ModuleName, govGenesis())
	set(evmtypes.ModuleName, evmGenesis())
	set(feemarkettypes.ModuleName, feeMarketGenesis())
	set(erc20types.ModuleName, erc20types.DefaultGenesisState())
	set(epochtypes.ModuleName, epochGenesis())
	return genesis
}

func bankGenesis() *banktypes.GenesisState {
	g := banktypes.DefaultGenesisState()
	g.DenomMetadata = []banktypes.Metadata{{
		Description: "The coin of the chain: stake, fees and collateral",
		DenomUnits: []*banktypes.DenomUnit{
			{Denom: params.BaseDenom},
			{Denom: params.DisplayDenom, Exponent: params.BaseDecimals},
		},
		Base: params.BaseDenom, Display: params.DisplayDenom, Name: "Fluence", Symbol: params.DisplayDenom,
	}, {
		Description: "A stable coin that pays for deals on a local chain",
		DenomUnits: []*banktypes.DenomUnit{
			{Denom: params.StableDenom},
			{Denom: params.StableDisplayDenom, Exponent: params.StableDecimals},
		},
		Base: params.StableDenom, Display: params.StableDisplayDenom, Name: "US dollar (local)",
		Symbol: params.StableDisplayDenom,
	}}
	rewards := sdk.NewCoins(sdk.NewCoin(params.BaseDenom, sdkmath.NewIntFromUint64(1e18).MulRaw(LocalRewards)))
	g.Balances = []banktypes.Balance{{Address: authtypes.NewModuleAddress(capacitytypes.RewardPoolName).String(), Coins: rewards}}
	g.Supply = rewards
	return g
}

func stakingGenesis() *stakingtypes.GenesisState {
	g := stakingtypes.DefaultGenesisState()
	g.Params.BondDenom = params.BaseDenom
	return g
}

func mintGenesis() *minttypes.GenesisState {
	g := minttypes.DefaultGenesisState()
	g.Params.MintDenom = params.BaseDenom
	g.Params.BlocksPerYear = uint64(365 * 24 * time.Hour / time.Second) // one block a second
	return g
}

func govGenesis() *govv1.GenesisState {
	g := govv1.DefaultGenesisState()
	flt := sdkmath.NewIntFromUint64(1e18)
	voting, expedited := LocalVotingPeriod, LocalExpeditedVotingPeriod
	g.Params.MinDeposit = sdk.NewCoins(sdk.NewCoin(params.BaseDenom, flt.MulRaw(10)))
	g.Params.ExpeditedMinDeposit = sdk.NewCoins(sdk.NewCoin(params.BaseDenom, flt.MulRaw(50)))
	g.Params.VotingPeriod, g.Params.MaxDepositPeriod = &voting, &voting
	g.Params.ExpeditedVotingPeriod = &expedited
	return g
}

func evmGenesis() *evmtypes.GenesisState {
	g := evmtypes.DefaultGenesisState()
	g.Params.EvmDenom = params.BaseDenom
	g.Params.ExtendedDenomOptions = &evmtypes.ExtendedDenomOptions{ExtendedDenom: params.BaseDenom}
	g.Params.ActiveStaticPrecompiles = activePrecompiles()
	g.Preinstalls = evmtypes.DefaultPreinstalls
	return g
}

func feeMarketGenesis() *feemarkettypes.GenesisState {
	g := feemarkettypes.DefaultGenesisState()
	g.Params.MinGasPrice = sdkmath.LegacyNewDec(MinGasPrice)
	g.Params.BaseFee = sdkmath.LegacyNewDec(MinGasPrice)
	g.Params.MinGasMultiplier = sdkmath.LegacyZeroDec() // charge the gas that was used, as Ethereum does
	return g
}

func epochGenesis() *epochtypes.GenesisState {
	p := epochtypes.DefaultParams()
	p.Duration = epochtypes.LocalDuration
	return epochtypes.DefaultGenesis(p)
}

// activePrecompiles lists the addresses of the precompiles a new chain activates, sorted, with checksum. Those
// for IBC are absent from this program: activating one by governance would stop the chain.
func activePrecompiles() []string {
	list := append([]string{
		evmtypes.P256PrecompileAddress,
		evmtypes.Bech32PrecompileAddress,
		evmtypes.StakingPrecompileAddress,
		evmtypes.DistributionPrecompileAddress,
		evmtypes.BankPrecompileAddress,
		evmtypes.GovPrecompileAddress,
		evmtypes.SlashingPrecompileAddress,
	}, ownPrecompileAddresses()...)
	slices.Sort(list)
	return list
}

// ValidateGenesis refuses a genesis state that this program cannot run.
//
// Errors: ErrGenesis.
func (a *App) ValidateGenesis(genesis map[string]json.RawMessage) error {
	return ValidateGenesis(a.encoding, genesis)
}

// ValidateGenesis refuses a genesis state that this program cannot run, naming the module at fault.
//
// Errors: ErrGenesis.
func ValidateGenesis(encoding EncodingConfig, genesis map[string]json.RawMessage) error {
	basics := ModuleBasics()
	for _, name := range slices.Sorted(maps.Keys(genesis)) {
		if _, known := basics[name]; !known {
			return fmt.Errorf("app_state.%s: %w: this program has no such module", name, ErrGenesis)
		}
	}
	if err := basics.ValidateGenesis(encoding.Codec, encoding.TxConfig, genesis); err != nil {
		return fmt.Errorf("app_state: %w: %w", ErrGenesis, err)
	}
	return checkEVMGenesis(encoding, genesis)
}

// checkEVMGenesis refuses coins and precompiles that need IBC or are not in this program.
func checkEVMGenesis(encoding EncodingConfig, genesis map[string]json.RawMessage) error {
	var vm evmtypes.GenesisState
	if err := encoding.Codec.UnmarshalJSON(genesis[evmtypes.ModuleName], &vm); err != nil {
		return fmt.Errorf("app_state.%s: %w: %w", evmtypes.ModuleName, ErrGenesis, err)
	}
	if vm.Params.EvmDenom != params.BaseDenom {
		return fmt.Errorf("app_state.evm.params.evm_denom: %w: %q, must be %q", ErrGenesis, vm.Params.EvmDenom, params.BaseDenom)
	}
	known := activePrecompiles()
	for _, addr := range vm.Params.ActiveStaticPrecompiles {
		if !slices.Contains(known, addr) {
			return fmt.Errorf("app_state.evm.params.active_static_precompiles: %w: %s is not in this program", ErrGenesis, addr)
		}
	}
	var erc20 erc20types.GenesisState
	if err := encoding.Codec.UnmarshalJSON(genesis[erc20types.ModuleName], &erc20); err != nil {
		return fmt.Errorf("app_state.%s: %w: %w", erc20types.ModuleName, ErrGenesis, err)
	}
	for _, pair := range erc20.TokenPairs {
		if strings.HasPrefix(pair.Denom, "ibc/") {
			return fmt.Errorf("app_state.erc20.token_pairs: %w: %s needs IBC, which this program has not", ErrGenesis, pair.Denom)
		}
	}
	return nil
}
