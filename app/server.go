// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"

	"cosmossdk.io/client/v2/autocli"
	"cosmossdk.io/core/appmodule"
	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/grpc/cmtservice"
	"github.com/cosmos/cosmos-sdk/client/grpc/node"
	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	runtimeservices "github.com/cosmos/cosmos-sdk/runtime/services"
	"github.com/cosmos/cosmos-sdk/server"
	"github.com/cosmos/cosmos-sdk/server/api"
	"github.com/cosmos/cosmos-sdk/server/config"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkmempool "github.com/cosmos/cosmos-sdk/types/mempool"
	"github.com/cosmos/cosmos-sdk/types/module"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	evmaddress "github.com/cosmos/evm/encoding/address"
	"github.com/ethereum/go-ethereum/common"
)

// Name returns AppName.
func (a *App) Name() string { return a.BaseApp.Name() }

// LoadHeight loads the committed state of a height that pruning left.
func (a *App) LoadHeight(height int64) error { return a.LoadVersion(height) }

// LegacyAmino returns the amino codec.
func (a *App) LegacyAmino() *codec.LegacyAmino { return a.encoding.Amino }

// AppCodec returns the protobuf codec.
func (a *App) AppCodec() codec.Codec { return a.encoding.Codec }

// InterfaceRegistry returns the registry of all message and account types.
func (a *App) InterfaceRegistry() codectypes.InterfaceRegistry { return a.encoding.InterfaceRegistry }

// TxConfig returns how transactions are encoded and signed.
func (a *App) TxConfig() client.TxConfig { return a.encoding.TxConfig }

// Encoding returns all codecs of the application.
func (a *App) Encoding() EncodingConfig { return a.encoding }

// Modules returns the module manager.
func (a *App) Modules() *module.Manager { return a.modules }

// SimulationManager returns the modules' random operations.
func (a *App) SimulationManager() *module.SimulationManager { return a.simulation }

// StoreKey returns the key of the store of that name, or nil.
func (a *App) StoreKey(name string) *storetypes.KVStoreKey { return a.storeKeys[name] }

// StoreKeys returns all store keys, sorted by name.
func (a *App) StoreKeys() []storetypes.StoreKey { return a.allStoreKeys() }

// DefaultGenesis returns the genesis state of a new local chain.
func (a *App) DefaultGenesis() map[string]json.RawMessage { return DefaultGenesis() }

// GetMempool returns the mempool that holds both EVM and other transactions. JSON-RPC needs it.
func (a *App) GetMempool() sdkmempool.ExtMempool {
	if a.mempool == nil {
		return nil
	}
	return a.mempool
}

// RegisterPendingTxListener adds a function that is called with the hash of each EVM transaction that enters the
// mempool. Call it before the server starts.
func (a *App) RegisterPendingTxListener(listener func(common.Hash)) {
	a.pendingTxListeners = append(a.pendingTxListeners, listener)
}

func (a *App) onPendingTx(hash common.Hash) {
	for _, listener := range a.pendingTxListeners {
		listener(hash)
	}
}

// RegisterAPIRoutes serves every module's queries as REST.
func (a *App) RegisterAPIRoutes(srv *api.Server, cfg config.APIConfig) {
	authtx.RegisterGRPCGatewayRoutes(srv.ClientCtx, srv.GRPCGatewayRouter)
	cmtservice.RegisterGRPCGatewayRoutes(srv.ClientCtx, srv.GRPCGatewayRouter)
	node.RegisterGRPCGatewayRoutes(srv.ClientCtx, srv.GRPCGatewayRouter)
	a.basics.RegisterGRPCGatewayRoutes(srv.ClientCtx, srv.GRPCGatewayRouter)
	if err := server.RegisterSwaggerAPI(srv.ClientCtx, srv.Router, cfg.Swagger); err != nil {
		panic(err)
	}
}

// RegisterTxService serves simulation, broadcast and look-up of transactions.
func (a *App) RegisterTxService(clientCtx client.Context) {
	authtx.RegisterTxService(a.GRPCQueryRouter(), clientCtx, a.Simulate, a.encoding.InterfaceRegistry)
}

// RegisterTendermintService serves blocks and validators.
func (a *App) RegisterTendermintService(clientCtx client.Context) {
	cmtservice.RegisterTendermintService(clientCtx, a.GRPCQueryRouter(), a.encoding.InterfaceRegistry, a.Query)
}

// RegisterNodeService serves the configuration and state of this process.
func (a *App) RegisterNodeService(clientCtx client.Context, cfg config.Config) {
	node.RegisterNodeService(clientCtx, a.GRPCQueryRouter(), cfg, func() int64 {
		return a.CommitMultiStore().EarliestVersion()
	})
}

// AutoCLI returns what the command line is generated from.
func (a *App) AutoCLI() autocli.AppOptions {
	modules := make(map[string]appmodule.AppModule)
	for name, m := range a.modules.Modules {
		if am, ok := m.(appmodule.AppModule); ok {
			modules[name] = am
		}
	}
	cfg := sdk.GetConfig()
	return autocli.AppOptions{
		Modules:               modules,
		ModuleOptions:         runtimeservices.ExtractAutoCLIOptions(a.modules.Modules),
		AddressCodec:          evmaddress.NewEvmCodec(cfg.GetBech32AccountAddrPrefix()),
		ValidatorAddressCodec: evmaddress.NewEvmCodec(cfg.GetBech32ValidatorAddrPrefix()),
		ConsensusAddressCodec: evmaddress.NewEvmCodec(cfg.GetBech32ConsensusAddrPrefix()),
	}
}
