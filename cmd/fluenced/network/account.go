// SPDX-License-Identifier: Apache-2.0

package network

import (
	"encoding/hex"
	"fmt"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/evm/crypto/ethsecp256k1"
	"github.com/cosmos/evm/crypto/hd"

	"github.com/go-fluence/fluence/app/params"
)

// KnownMnemonic is the seed that Ethereum tools use on local networks. Everyone
// knows its keys: it must never hold anything of worth.
const KnownMnemonic = "test test test test test test test test test test test junk"

// Account is an account with its key, which signs as eth_secp256k1.
type Account struct {
	Name  string
	Key   *ethsecp256k1.PrivKey
	Coins sdk.Coins // what it owns in genesis
}

// KnownAccount returns the account that Ethereum tools call number index, at
// m/44'/60'/0'/0/index of KnownMnemonic.
func KnownAccount(name string, index uint32) (Account, error) {
	return Derive(name, KnownMnemonic, index)
}

// Derive returns account number index of the mnemonic.
func Derive(name, mnemonic string, index uint32) (Account, error) {
	secret, err := hd.EthSecp256k1.Derive()(mnemonic, "", fmt.Sprintf("m/44'/%d'/0'/0/%d", params.CoinType, index))
	if err != nil {
		return Account{}, fmt.Errorf("derive account %d: %w", index, err)
	}
	return Account{Name: name, Key: &ethsecp256k1.PrivKey{Key: secret}}, nil
}

// Funded returns a with flt whole FLT and usd whole USD of the local stable coin.
func (a Account) Funded(fltAmount, usd int64) Account {
	a.Coins = sdk.NewCoins(
		sdk.NewCoin(params.BaseDenom, flt(fltAmount)),
		sdk.NewCoin(params.StableDenom, sdkmath.NewInt(usd).Mul(sdkmath.NewIntWithDecimal(1, params.StableDecimals))),
	)
	return a
}

// Address returns the 20 bytes of the account's address.
func (a Account) Address() sdk.AccAddress { return sdk.AccAddress(a.Key.PubKey().Address()) }

// Bech32 returns the address as Cosmos tools write it.
func (a Account) Bech32() string {
	params.SetSDKConfig()
	return a.Address().String()
}

// Hex returns the address as Ethereum tools write it, in lower case.
func (a Account) Hex() string { return "0x" + hex.EncodeToString(a.Address()) }

// KeyHex returns the private key, 0x and 64 hex digits.
func (a Account) KeyHex() string { return "0x" + hex.EncodeToString(a.Key.Key) }
