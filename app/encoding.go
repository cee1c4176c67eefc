// SPDX-License-Identifier: Apache-2.0

package app

import (
	"sync"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	evmencoding "github.com/cosmos/evm/encoding"
	evmtypes "github.com/cosmos/evm/x/vm/types"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/system"
)

// EncodingConfig holds the codecs of the application: protobuf, amino and transactions.
type EncodingConfig struct {
	InterfaceRegistry codectypes.InterfaceRegistry
	Codec             codec.Codec
	TxConfig          client.TxConfig
	Amino             *codec.LegacyAmino
}

// Encoding returns the codecs with every module's types registered, for the local network. It needs no
// application, so commands may call it before anything else.
func Encoding() EncodingConfig { return encodingFor(params.EVMChainIDLocal) }

// encodingFor returns the codecs of the network with this EVM chain id, to whose domain typed-data (EIP-712)
// signatures are bound.
func encodingFor(evmChainID uint64) EncodingConfig {
	params.SetSDKConfig()
	evmGlobals()
	c := evmencoding.MakeConfig(evmChainID)
	e := EncodingConfig{InterfaceRegistry: c.InterfaceRegistry, Codec: c.Codec, TxConfig: c.TxConfig, Amino: c.Amino}
	basics := ModuleBasics()
	basics.RegisterLegacyAminoCodec(e.Amino)
	basics.RegisterInterfaces(e.InterfaceRegistry)
	system.RegisterInterfaces(e.InterfaceRegistry)
	return e
}

// ModuleBasics returns the parts of all modules that need no state: codecs, default genesis, genesis validation
// and command-line descriptions.
func ModuleBasics() module.BasicManager {
	basics := make(module.BasicManager)
	for _, b := range sdkBasics() {
		basics[b.Name()] = b
	}
	for _, m := range ownModules() {
		basics[m.basic.Name()] = m.basic
	}
	return basics
}

// evmGlobals fills the process-wide configuration of x/vm before an application reads it. x/vm would fill it
// from state in the first block, which is too late for a transaction that arrives right after a restart, and
// refuses to do it twice, which several applications in one test process need.
var evmGlobals = sync.OnceFunc(func() {
	// x/vm accepts a second keeper in one process only while the first one's chain id is the default.
	evmtypes.DefaultEVMChainID = params.EVMChainIDLocal
	err := evmtypes.NewEVMConfigurator().
		WithExtendedEips(evmtypes.DefaultCosmosEVMActivators).
		WithEVMCoinInfo(evmtypes.EvmCoinInfo{
			Denom:         params.BaseDenom,
			ExtendedDenom: params.BaseDenom,
			DisplayDenom:  params.DisplayDenom,
			Decimals:      params.BaseDecimals,
		}).
		Configure()
	if err != nil {
		panic(err)
	}
	// Each application's first block registers this map again; go-ethereum refuses duplicates.
	evmtypes.DefaultCosmosEVMActivators = nil
})
