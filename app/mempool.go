// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"path/filepath"

	"github.com/cosmos/cosmos-sdk/client/flags"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	evmmempool "github.com/cosmos/evm/mempool"
	evmserver "github.com/cosmos/evm/server"
	srvflags "github.com/cosmos/evm/server/flags"
	"github.com/spf13/cast"

	"github.com/go-fluence/fluence/app/ante"
)

// Bounds of the mempool.
const (
	// maxCosmosTxs is how many transactions other than Ethereum's wait; those are bounded by evm.mempool in
	// app.toml.
	maxCosmosTxs = 5000
	// insertQueue is how many transactions wait for their first check.
	insertQueue = 5000
	// rememberedSignatures is how many verified signatures are kept: several full blocks.
	rememberedSignatures = 1 << 16
)

func (a *App) newAnteHandler() sdk.AnteHandler {
	return ante.NewHandler(ante.Options{
		Account:        a.Account,
		Bank:           a.Bank,
		EVM:            a.EVM,
		FeeMarket:      a.FeeMarket,
		FeeGrant:       a.FeeGrant,
		TxConfig:       a.encoding.TxConfig,
		MaxTxGasWanted: cast.ToUint64(a.options.Get(srvflags.EVMMaxTxGasWanted)),
		PendingTx:      a.onPendingTx,
		Signatures:     a.signatures,
	})
}

// newMempool builds the mempool that JSON-RPC needs and lets it answer CheckTx, InsertTx and ReapTxs.
func (a *App) newMempool() error {
	gasLimit, err := a.genesisGasLimit()
	if err != nil {
		return err
	}
	if err := evmserver.ValidateReapBounds(a.options, gasLimit); err != nil {
		return err
	}
	cfg := &evmmempool.Config{
		AnteHandler:              a.AnteHandler(),
		LegacyPoolConfig:         evmserver.GetLegacyPoolConfig(a.options, a.Logger()),
		BlockGasLimit:            gasLimit,
		MinTip:                   evmserver.GetMinTip(a.options, a.Logger()),
		PendingTxProposalTimeout: evmserver.GetPendingTxProposalTimeout(a.options, a.Logger()),
		InsertQueueSize:          insertQueue,
		EnableTxTracker:          evmserver.GetMempoolEnableTxTracker(a.options),
	}
	encoder := evmmempool.NewTxEncoder(a.encoding.TxConfig)
	a.mempool = evmmempool.NewMempool(a.CreateQueryContext, a.Logger(), a.EVM, a.FeeMarket, a.encoding.TxConfig,
		evmmempool.NewTxRechecker(a.AnteHandler(), encoder), evmmempool.NewTxRechecker(a.AnteHandler(), encoder),
		cfg, maxCosmosTxs)

	a.SetInsertTxHandler(a.mempool.NewInsertTxHandler(a.TxDecode))
	a.SetReapTxsHandler(a.mempool.NewReapTxsHandler())
	a.SetCheckTxHandler(a.mempool.NewCheckTxHandler(a.TxDecode, evmserver.GetMempoolCheckTxTimeout(a.options, a.Logger())))
	a.SetMempool(a.mempool)
	a.SetPrepareCheckStater(func(sdk.Context) {
		if !a.mempool.HasEventBus() {
			a.mempool.NotifyNewBlock()
		}
	})
	return nil
}

// genesisGasLimit reads block.max_gas from the genesis file of the home folder, since the mempool is built
// before the state is read. Without a home, it is the default of a new chain.
func (a *App) genesisGasLimit() (uint64, error) {
	home := cast.ToString(a.options.Get(flags.FlagHome))
	if home == "" {
		return uint64(DefaultConsensusParams().Block.MaxGas), nil
	}
	file := filepath.Join(home, "config", "genesis.json")
	genesis, err := genutiltypes.AppGenesisFromFile(file)
	if err != nil {
		return 0, fmt.Errorf("read genesis: %w", err)
	}
	if genesis.Consensus == nil || genesis.Consensus.Params == nil || genesis.Consensus.Params.Block.MaxGas <= 0 {
		return 0, fmt.Errorf("%s: consensus.params.block.max_gas must be positive", file)
	}
	return uint64(genesis.Consensus.Params.Block.MaxGas), nil
}
