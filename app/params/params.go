// SPDX-License-Identifier: Apache-2.0

// Package params holds the constants every part of the chain agrees on: names of networks, their EVM chain
// ids, denominations and the account prefix. It decides nothing and keeps no state.
package params

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	sdkmath "cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Names of networks and the EVM chain id that belongs to each.
const (
	// ChainIDLocal is the chain id of a network on one machine.
	ChainIDLocal = "fluence-local-1"
	// EVMChainIDLocal is the EVM chain id of ChainIDLocal, which Ethereum tools know as a local network.
	EVMChainIDLocal uint64 = 31337
)

// Denominations and the account prefix, the same on every network.
const (
	// Bech32Prefix starts every account address; validator addresses append "valoper", consensus addresses
	// "valcons".
	Bech32Prefix = "fluence"
	// BaseDenom is the smallest unit of FLT and the native coin of the EVM.
	BaseDenom = "aflt"
	// DisplayDenom is the unit people read: 10^BaseDecimals of BaseDenom.
	DisplayDenom = "FLT"
	// BaseDecimals is the number of decimals between BaseDenom and DisplayDenom.
	BaseDecimals = 18
	// StableDenom is the smallest unit of the local stable coin in which deals are paid.
	StableDenom = "uusd"
	// StableDisplayDenom is the unit people read: 10^StableDecimals of StableDenom.
	StableDisplayDenom = "USD"
	// StableDecimals is the number of decimals between StableDenom and StableDisplayDenom.
	StableDecimals = 6
	// CoinType is the BIP-44 coin type of derived account keys, that of Ethereum.
	CoinType = 60
)

// ErrUnknownNetwork says that a chain id names no network this program was built for.
var ErrUnknownNetwork = errors.New("unknown chain id")

// ErrEVMChainIDMismatch says that a configured EVM chain id is not the one of the network.
var ErrEVMChainIDMismatch = errors.New("EVM chain id does not belong to the network")

// EVMChainID returns the EVM chain id of the network named chainID.
//
// Errors: ErrUnknownNetwork.
func EVMChainID(chainID string) (uint64, error) {
	if id, ok := networks()[chainID]; ok {
		return id, nil
	}
	return 0, fmt.Errorf("chain_id %q: %w; known: %v", chainID, ErrUnknownNetwork, ChainIDs())
}

// CheckEVMChainID refuses a configured EVM chain id that is not the one of the network named chainID. Zero
// means "not configured" and passes.
//
// Errors: ErrUnknownNetwork, ErrEVMChainIDMismatch.
func CheckEVMChainID(chainID string, configured uint64) error {
	want, err := EVMChainID(chainID)
	if err != nil {
		return err
	}
	if configured != 0 && configured != want {
		return fmt.Errorf("evm.evm-chain-id is %d, network %s has %d: %w; set evm.evm-chain-id = %d in app.toml",
			configured, chainID, want, ErrEVMChainIDMismatch, want)
	}
	return nil
}

// ChainIDs returns the chain ids of all known networks, sorted.
func ChainIDs() []string {
	ids := make([]string, 0, len(networks()))
	for id := range networks() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func networks() map[string]uint64 {
	return map[string]uint64{ChainIDLocal: EVMChainIDLocal}
}

// SetSDKConfig sets the account prefixes, the coin type and the power reduction in the Cosmos SDK's process-wide
// configuration and seals it. Call it before anything prints or reads an address; more calls change nothing. It
// is safe for concurrent use.
func SetSDKConfig() { setSDKConfig() }

var setSDKConfig = sync.OnceFunc(func() {
	c := sdk.GetConfig()
	c.SetBech32PrefixForAccount(Bech32Prefix, Bech32Prefix+"pub")
	c.SetBech32PrefixForValidator(Bech32Prefix+"valoper", Bech32Prefix+"valoperpub")
	c.SetBech32PrefixForConsensusNode(Bech32Prefix+"valcons", Bech32Prefix+"valconspub")
	c.SetCoinType(CoinType)
	c.SetPurpose(44)
	sdk.DefaultPowerReduction = sdkmath.NewIntFromUint64(1e18)
	c.Seal()
})
