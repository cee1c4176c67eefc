// SPDX-License-Identifier: Apache-2.0

// Package app wires the chain: the ABCI application that CometBFT drives, built by hand from the Cosmos SDK's
// modules, the EVM of cosmos/evm and the modules under x/. It never reads the particle peer: what it computes
// depends on blocks and state alone.
package app

import (
	"fmt"
	"io"
	"math/big"

	"cosmossdk.io/log/v2"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/runtime"
	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	"github.com/cosmos/cosmos-sdk/version"
	evmmempool "github.com/cosmos/evm/mempool"
	evmserver "github.com/cosmos/evm/server"
	srvflags "github.com/cosmos/evm/server/flags"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cast"

	"github.com/go-fluence/fluence/app/ante"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/system"
	"github.com/go-fluence/fluence/app/verdicts"
)

// AppName is the name the application reports and the prefix of its default home folder.
const AppName = "fluenced"

var (
	_ runtime.AppI          = (*App)(nil)
	_ evmserver.Application = (*App)(nil)
)

// App is the ABCI application. Its exported fields are for wiring, queries and tests; nothing outside a block
// may write through them.
type App struct {
	*baseapp.BaseApp
	Keepers

	encoding EncodingConfig
	options  servertypes.AppOptions

	storeKeys  map[string]*storetypes.KVStoreKey
	objectKeys map[string]*storetypes.ObjectStoreKey

	modules      *module.Manager
	basics       module.BasicManager
	configurator module.Configurator
	simulation   *module.SimulationManager
	vmModule     hydrator

	sources    *system.Sources
	verdicts   *verdicts.Pool // nil where nothing tells a verdict
	decode     sdk.TxDecoder
	signatures *ante.Signatures

	rejected    *prometheus.CounterVec
	checkPanics prometheus.Counter

	mempool            *evmmempool.Mempool
	evmSigner          ethtypes.Signer
	pendingTxListeners []ante.PendingListener
}

// New builds the application and panics where Open returns an error. It has the shape server commands expect;
// the writer for traces of stores is not used, since this version of the SDK has none.
func New(
	logger log.Logger, db dbm.DB, _ io.Writer, loadLatest bool,
	options servertypes.AppOptions, baseAppOptions ...func(*baseapp.BaseApp),
) *App {
	a, err := Open(logger, db, loadLatest, options, baseAppOptions...)
	if err != nil {
		panic(err)
	}
	return a
}

// Open builds the application over db. The chain id comes from baseapp.SetChainID among baseAppOptions or else
// from the option "chain-id". With loadLatest, the last committed state is loaded. Close it after use.
//
// Errors: params.ErrUnknownNetwork, params.ErrEVMChainIDMismatch, and those of loading the stores.
func Open(
	logger log.Logger, db dbm.DB, loadLatest bool,
	options servertypes.AppOptions, baseAppOptions ...func(*baseapp.BaseApp),
) (*App, error) {
	params.SetSDKConfig()
	a := &App{
		BaseApp: baseapp.NewBaseApp(AppName, logger, db, nil, baseAppOptions...), options: options,
		signatures: ante.NewSignatures(rememberedSignatures), rejected: newRejectedCounter(), checkPanics: newCheckPanicsCounter(),
	}
	evmChainID, err := a.evmChainID()
	if err != nil {
		return nil, err
	}
	a.encoding = encodingFor(evmChainID)
	a.evmSigner = ethtypes.LatestSignerForChainID(new(big.Int).SetUint64(evmChainID))
	a.setBase()
	a.newStores()
	a.newKeepers(evmChainID)
	a.newModules()
	a.setOrder()
	if err := a.registerServices(); err != nil {
		return nil, err
	}
	if err := a.setHandlers(); err != nil {
		return nil, err
	}
	if err := a.setUpgrades(); err != nil {
		return nil, err
	}
	if loadLatest {
		if err := a.load(); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *App) setBase() {
	a.SetVersion(version.Version)
	a.SetInterfaceRegistry(a.encoding.InterfaceRegistry)
	a.decode = ante.Decoder(a.encoding.TxConfig.TxDecoder())
	a.SetTxDecoder(a.decode)
	a.SetTxEncoder(a.encoding.TxConfig.TxEncoder())
	a.SetDisableBlockGasMeter(true) // quotas bound a block before it runs; the meter would do it twice
}

func (a *App) evmChainID() (uint64, error) {
	if a.ChainID() == "" {
		baseapp.SetChainID(cast.ToString(a.options.Get(flags.FlagChainID)))(a.BaseApp)
	}
	configured := cast.ToUint64(a.options.Get(srvflags.EVMChainID))
	if err := params.CheckEVMChainID(a.ChainID(), configured); err != nil {
		return 0, err
	}
	return params.EVMChainID(a.ChainID())
}

func (a *App) load() error {
	if err := a.LoadLatestVersion(); err != nil {
		return fmt.Errorf("load latest state: %w", err)
	}
	a.vmModule.HydrateGlobals(a.committedContext())
	if a.LastBlockHeight() > 0 {
		a.mempool.NotifyNewBlock() // it was built before there was a height, and follows from the next block on
	}
	a.followProofs()
	return nil
}

// Close stops the mempool and closes the stores. Calls after the first return an error and do no harm.
func (a *App) Close() error {
	if a.mempool != nil {
		if err := a.mempool.Close(); err != nil {
			return fmt.Errorf("close mempool: %w", err)
		}
		a.mempool = nil
	}
	return a.BaseApp.Close()
}
