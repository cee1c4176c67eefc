// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"fmt"

	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
	reflectionv1 "cosmossdk.io/api/cosmos/reflection/v1"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	"github.com/cosmos/cosmos-sdk/baseapp/txnrunner"
	runtimeservices "github.com/cosmos/cosmos-sdk/runtime/services"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	vmrunner "github.com/cosmos/evm/x/vm/runner"

	"github.com/go-fluence/fluence/app/system"
)

// registerServices routes messages and queries to the modules.
func (a *App) registerServices() error {
	a.configurator = module.NewConfigurator(a.encoding.Codec, a.MsgServiceRouter(), a.GRPCQueryRouter())
	if err := a.modules.RegisterServices(a.configurator); err != nil {
		return fmt.Errorf("register services: %w", err)
	}
	sources, err := system.NewSources(systemSources(a)...)
	if err != nil {
		return fmt.Errorf("system transaction: %w", err)
	}
	a.sources = sources
	system.RegisterMsgServer(a.MsgServiceRouter(), system.NewServer(sources))
	autocliv1.RegisterQueryServer(a.GRPCQueryRouter(), runtimeservices.NewAutoCLIQueryService(a.modules.Modules))
	reflection, err := runtimeservices.NewReflectionService()
	if err != nil {
		return fmt.Errorf("register reflection: %w", err)
	}
	reflectionv1.RegisterReflectionServiceServer(a.GRPCQueryRouter(), reflection)
	return nil
}

// setHandlers says what each ABCI call runs.
func (a *App) setHandlers() error {
	a.SetInitChainer(a.InitChainer)
	a.SetPreBlocker(a.PreBlocker)
	a.SetBeginBlocker(a.BeginBlocker)
	a.SetEndBlocker(a.EndBlocker)
	a.SetAnteHandler(a.newAnteHandler())
	a.SetPrepareProposal(a.prepareProposal)
	a.SetProcessProposal(a.processProposal)
	if err := a.newMempool(); err != nil {
		return err
	}
	vmrunner.SetRunner(a.BaseApp, txnrunner.NewDefaultRunner(a.decode))
	return nil
}

// InitChainer writes the genesis state.
func (a *App) InitChainer(ctx sdk.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	var genesis map[string]json.RawMessage
	if err := json.Unmarshal(req.AppStateBytes, &genesis); err != nil {
		return nil, fmt.Errorf("app_state: %w", err)
	}
	if err := a.ValidateGenesis(genesis); err != nil {
		return nil, err
	}
	if err := a.Upgrade.SetModuleVersionMap(ctx, a.modules.GetVersionMap()); err != nil {
		return nil, fmt.Errorf("store module versions: %w", err)
	}
	return a.modules.InitGenesis(ctx, a.encoding.Codec, genesis)
}

// PreBlocker runs what must precede the first module: upgrades, EVM configuration from state, and whether the block
// leaves room for proofs.
func (a *App) PreBlocker(ctx sdk.Context, req *abci.RequestFinalizeBlock) (*sdk.ResponsePreBlock, error) {
	res, err := a.modules.PreBlock(ctx)
	if err != nil {
		return nil, err
	}
	return res, a.Capacity.Admission().SetFull(ctx, a.leavesNoRoom(ctx, req.Txs))
}

// BeginBlocker runs before the transactions of a block.
func (a *App) BeginBlocker(ctx sdk.Context) (sdk.BeginBlock, error) { return a.modules.BeginBlock(ctx) }

// EndBlocker runs after the transactions of a block.
func (a *App) EndBlocker(ctx sdk.Context) (sdk.EndBlock, error) { return a.modules.EndBlock(ctx) }

// committedContext returns a context that reads the last committed state.
func (a *App) committedContext() sdk.Context {
	return a.NewContextLegacy(true, cmtproto.Header{Height: a.LastBlockHeight(), ChainID: a.ChainID()})
}
