// SPDX-License-Identifier: Apache-2.0

package apptest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	sdkmath "cosmossdk.io/math"
	abci "github.com/cometbft/cometbft/abci/types"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/cosmos/gogoproto/proto"
	"github.com/ethereum/go-ethereum/common"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/proofs/beacon"
	beacontypes "github.com/go-fluence/fluence/x/beacon/types"
)

// Account is a funded account whose key the test holds.
type Account struct {
	Key *ethsecp256k1.PrivKey
}

// Address returns the account's address as the chain's modules see it.
func (a Account) Address() sdk.AccAddress { return sdk.AccAddress(a.Key.PubKey().Address()) }

// Ethereum returns the account's address as the EVM sees it.
func (a Account) Ethereum() common.Address { return common.BytesToAddress(a.Key.PubKey().Address()) }

// Validator is a member of the validator set whose consensus key the test holds.
type Validator struct {
	Key      cmted25519.PrivKey
	VRF      *beacon.Key
	Operator Account
	Power    int64
}

// ConsAddress returns the validator's consensus address.
func (v Validator) ConsAddress() sdk.ConsAddress { return sdk.ConsAddress(v.Key.PubKey().Address()) }

// NewAccount returns the account of a name. The same name always gives the same key.
func NewAccount(name string) Account {
	seed := sha256.Sum256([]byte("account " + name))
	return Account{Key: &ethsecp256k1.PrivKey{Key: seed[:]}}
}

// NewValidator returns the validator of a number. The same number always gives the same keys.
func NewValidator(i int) Validator {
	v := Validator{
		Key:      cmted25519.GenPrivKeyFromSecret([]byte(fmt.Sprintf("validator %d", i))),
		VRF:      vrfKey(fmt.Sprintf("VRF %d", i)),
		Operator: NewAccount(fmt.Sprintf("operator %d", i)),
		Power:    100,
	}
	if i == 0 {
		v.Power = 101 // as in a devnet: one may be lost, but not this one
	}
	return v
}

func vrfKey(name string) *beacon.Key {
	seed := sha256.Sum256([]byte(name))
	k, err := beacon.NewKey(seed[:])
	if err != nil {
		panic(err) // a seed of this size always gives a key
	}
	return k
}

// FLT returns n whole FLT.
func FLT(n int64) sdk.Coin {
	return sdk.NewCoin(params.BaseDenom, sdkmath.NewInt(n).Mul(sdkmath.NewIntFromUint64(1e18)))
}

// USD returns n whole units of the stable coin.
func USD(n int64) sdk.Coin { return sdk.NewInt64Coin(params.StableDenom, n*1e6) }

// Genesis returns the default genesis state with the given validators bonded and the accounts funded with a
// million FLT and a million of the stable coin each.
func Genesis(validators []Validator, accounts []Account) (map[string]json.RawMessage, error) {
	genesis := app.DefaultGenesis()
	g := builder{state: genesis, codec: app.Encoding()}
	for _, a := range accounts {
		g.fund(a, FLT(1_000_000), USD(1_000_000))
	}
	for _, v := range validators {
		g.fund(v.Operator, FLT(1_000))
		if err := g.bond(v); err != nil {
			return nil, err
		}
	}
	return genesis, g.write()
}

type builder struct {
	state       map[string]json.RawMessage
	codec       app.EncodingConfig
	accounts    []authtypes.GenesisAccount
	balances    []banktypes.Balance
	bonded      sdkmath.Int
	validators  []stakingtypes.Validator
	delegations []stakingtypes.Delegation
	signing     []slashingtypes.SigningInfo
	vrf         []beacontypes.Registration
}

func (g *builder) fund(a Account, coins ...sdk.Coin) {
	number := uint64(len(g.accounts))
	g.accounts = append(g.accounts, authtypes.NewBaseAccount(a.Address(), nil, number, 0))
	g.balances = append(g.balances, banktypes.Balance{Address: a.Address().String(), Coins: sdk.NewCoins(coins...)})
}

func (g *builder) bond(v Validator) error {
	key, err := codectypes.NewAnyWithValue(&ed25519.PubKey{Key: v.Key.PubKey().Bytes()})
	if err != nil {
		return fmt.Errorf("pack consensus key: %w", err)
	}
	tokens := sdk.DefaultPowerReduction.MulRaw(v.Power)
	operator := sdk.ValAddress(v.Operator.Address()).String()
	g.validators = append(g.validators, stakingtypes.Validator{
		OperatorAddress: operator, ConsensusPubkey: key, Status: stakingtypes.Bonded,
		Tokens: tokens, DelegatorShares: sdkmath.LegacyNewDecFromInt(tokens),
		Description: stakingtypes.Description{Moniker: "validator"},
		Commission: stakingtypes.NewCommission(sdkmath.LegacyNewDecWithPrec(5, 2), sdkmath.LegacyOneDec(),
			sdkmath.LegacyOneDec()),
		MinSelfDelegation: sdkmath.OneInt(), UnbondingTime: time.Unix(0, 0).UTC(),
	})
	g.delegations = append(g.delegations, stakingtypes.NewDelegation(v.Operator.Address().String(), operator,
		sdkmath.LegacyNewDecFromInt(tokens)))
	g.signing = append(g.signing, slashingtypes.SigningInfo{
		Address: v.ConsAddress().String(),
		ValidatorSigningInfo: slashingtypes.ValidatorSigningInfo{
			Address: v.ConsAddress().String(), JailedUntil: time.Unix(0, 0).UTC(),
		},
	})
	g.vrf = append(g.vrf, beacontypes.Registration{Operator: operator, Key: v.VRF.Public()})
	if g.bonded.IsNil() {
		g.bonded = sdkmath.ZeroInt()
	}
	g.bonded = g.bonded.Add(tokens)
	return nil
}

func (g *builder) write() error {
	auth := authtypes.NewGenesisState(authtypes.DefaultParams(), g.accounts)

	var bank banktypes.GenesisState
	g.read(banktypes.ModuleName, &bank)
	bank.Supply = nil // the sum of all balances
	bank.Balances = append(append(bank.Balances, g.balances...), banktypes.Balance{
		Address: authtypes.NewModuleAddress(stakingtypes.BondedPoolName).String(),
		Coins:   sdk.NewCoins(sdk.NewCoin(params.BaseDenom, g.bonded)),
	})

	var staking stakingtypes.GenesisState
	g.read(stakingtypes.ModuleName, &staking)
	staking.Validators, staking.Delegations = g.validators, g.delegations

	var slashing slashingtypes.GenesisState
	g.read(slashingtypes.ModuleName, &slashing)
	slashing.SigningInfos = g.signing

	var vrf beacontypes.GenesisState
	g.read(beacontypes.ModuleName, &vrf)
	vrf.Registrations = beacontypes.SortRegistrations(g.vrf)

	for _, m := range []struct {
		name  string
		state proto.Message
	}{
		{authtypes.ModuleName, auth},
		{banktypes.ModuleName, &bank},
		{stakingtypes.ModuleName, &staking},
		{slashingtypes.ModuleName, &slashing},
		{beacontypes.ModuleName, &vrf},
	} {
		raw, err := g.codec.Codec.MarshalJSON(m.state)
		if err != nil {
			return fmt.Errorf("encode genesis of %s: %w", m.name, err)
		}
		g.state[m.name] = raw
	}
	return nil
}

func (g *builder) read(name string, into proto.Message) {
	g.codec.Codec.MustUnmarshalJSON(g.state[name], into)
}

// abciValidator returns how v appears in last commits.
func (v Validator) abciValidator() abci.Validator {
	return abci.Validator{Address: v.ConsAddress(), Power: v.Power}
}
