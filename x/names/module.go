// SPDX-License-Identifier: Apache-2.0

// Package names is the chain module that keeps global names. It resolves nothing
// for anybody by itself: peers read it through their view of the chain. Its
// specification is x/names/README.md.
package names

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/grpc-ecosystem/grpc-gateway/runtime"

	"cosmossdk.io/core/appmodule"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"

	"github.com/go-fluence/fluence/x/names/keeper"
	"github.com/go-fluence/fluence/x/names/simulation"
	"github.com/go-fluence/fluence/x/names/types"
)

// ConsensusVersion grows when stored state changes its form.
const ConsensusVersion = 1

var (
	_ module.AppModuleBasic   = AppModule{}
	_ module.HasGenesis       = AppModule{}
	_ module.HasServices      = AppModule{}
	_ appmodule.AppModule     = AppModule{}
	_ appmodule.HasEndBlocker = AppModule{}
)

// AppModule joins the keeper to the application.
type AppModule struct{ keeper *keeper.Keeper }

// NewAppModule returns the module over its keeper.
func NewAppModule(k *keeper.Keeper) AppModule { return AppModule{k} }

// IsOnePerModuleType marks the module for the SDK.
func (AppModule) IsOnePerModuleType() {}

// IsAppModule marks the module for the SDK.
func (AppModule) IsAppModule() {}

// Name returns the module's name.
func (AppModule) Name() string { return types.ModuleName }

// ConsensusVersion implements module.HasConsensusVersion.
func (AppModule) ConsensusVersion() uint64 { return ConsensusVersion }

// RegisterLegacyAminoCodec implements module.AppModuleBasic.
func (AppModule) RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	types.RegisterLegacyAminoCodec(cdc)
}

// RegisterInterfaces implements module.AppModuleBasic.
func (AppModule) RegisterInterfaces(r cdctypes.InterfaceRegistry) { types.RegisterInterfaces(r) }

// RegisterGRPCGatewayRoutes implements module.AppModuleBasic.
func (AppModule) RegisterGRPCGatewayRoutes(c client.Context, mux *runtime.ServeMux) {
	if err := types.RegisterQueryHandlerClient(c.CmdContext, mux, types.NewQueryClient(c)); err != nil {
		panic(err)
	}
}

// DefaultGenesis implements module.HasGenesis.
func (AppModule) DefaultGenesis(cdc codec.JSONCodec) json.RawMessage {
	return cdc.MustMarshalJSON(types.DefaultGenesis())
}

// ValidateGenesis implements module.HasGenesis.
func (AppModule) ValidateGenesis(cdc codec.JSONCodec, _ client.TxEncodingConfig, bz json.RawMessage) error {
	var g types.GenesisState
	if err := cdc.UnmarshalJSON(bz, &g); err != nil {
		return fmt.Errorf("read genesis state of %s: %w", types.ModuleName, err)
	}
	return g.Validate()
}

// InitGenesis implements module.HasGenesis; a state that is refused halts the start.
func (am AppModule) InitGenesis(ctx sdk.Context, cdc codec.JSONCodec, bz json.RawMessage) {
	var g types.GenesisState
	cdc.MustUnmarshalJSON(bz, &g)
	if err := am.keeper.InitGenesis(ctx, g); err != nil {
		panic(err)
	}
}

// ExportGenesis implements module.HasGenesis.
func (am AppModule) ExportGenesis(ctx sdk.Context, cdc codec.JSONCodec) json.RawMessage {
	g, err := am.keeper.ExportGenesis(ctx)
	if err != nil {
		panic(err)
	}
	return cdc.MustMarshalJSON(g)
}

// RegisterServices implements module.HasServices.
func (am AppModule) RegisterServices(cfg module.Configurator) {
	types.RegisterMsgServer(cfg.MsgServer(), keeper.NewMsgServer(am.keeper))
	types.RegisterQueryServer(cfg.QueryServer(), keeper.NewQueryServer(am.keeper))
}

// EndBlock implements appmodule.HasEndBlocker.
func (am AppModule) EndBlock(ctx context.Context) error { return am.keeper.EndBlock(ctx) }

// GenerateGenesisState implements module.AppModuleSimulation.
func (AppModule) GenerateGenesisState(s *module.SimulationState) { simulation.GenesisState(s) }

// RegisterStoreDecoder implements module.AppModuleSimulation.
func (am AppModule) RegisterStoreDecoder(sdr simtypes.StoreDecoderRegistry) {
	sdr[types.StoreKey] = simtypes.NewStoreDecoderFuncFromCollectionsSchema(am.keeper.Schema())
}

// ProposalMsgsX offers the governance proposals of the module to simulations.
func (AppModule) ProposalMsgsX(w simsx.WeightSource, reg simsx.Registry) {
	reg.Add(w.Get("msg_update_names_params", 100), simulation.UpdateParams())
}
