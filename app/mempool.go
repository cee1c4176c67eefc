// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/log/v2"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cosmos/cosmos-sdk/client/flags"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	sdkmempool "github.com/cosmos/cosmos-sdk/types/mempool"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	evmmempool "github.com/cosmos/evm/mempool"
	evmserver "github.com/cosmos/evm/server"
	srvflags "github.com/cosmos/evm/server/flags"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/spf13/cast"

	"github.com/go-fluence/fluence/app/ante"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/system"
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
	// proposalTimeout is how long a proposer waits for the mempool to follow the last block, unless app.toml says
	// otherwise. Without any, a mempool that never follows would stop the chain.
	proposalTimeout = 250 * time.Millisecond
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
	check := ante.Guarded(a.AnteHandler(), func(cause any) {
		a.checkPanics.Inc()
		a.Logger().Error("panic while a transaction was checked", "cause", cause)
	})
	timeout := evmserver.GetPendingTxProposalTimeout(a.options, a.Logger())
	if timeout <= 0 {
		timeout = proposalTimeout
	}
	cfg := &evmmempool.Config{
		AnteHandler:              check,
		LegacyPoolConfig:         evmserver.GetLegacyPoolConfig(a.options, a.Logger()),
		BlockGasLimit:            gasLimit,
		MinTip:                   evmserver.GetMinTip(a.options, a.Logger()),
		PendingTxProposalTimeout: timeout,
		InsertQueueSize:          insertQueue,
		EnableTxTracker:          evmserver.GetMempoolEnableTxTracker(a.options),
	}
	encoder := evmmempool.NewTxEncoder(a.encoding.TxConfig)
	a.mempool = evmmempool.NewMempool(a.CreateQueryContext, a.Logger(), a.EVM, a.FeeMarket, a.encoding.TxConfig,
		evmmempool.NewTxRechecker(check, encoder), evmmempool.NewTxRechecker(check, encoder),
		cfg, maxCosmosTxs)

	a.SetInsertTxHandler(a.insertTx)
	a.SetReapTxsHandler(a.mempool.NewReapTxsHandler())
	a.SetCheckTxHandler(a.checkTx(evmserver.GetMempoolCheckTxTimeout(a.options, a.Logger())))
	a.SetMempool(indifferent{a.mempool, a.Logger()})
	a.SetPrepareCheckStater(func(sdk.Context) {
		if !a.mempool.HasEventBus() {
			a.mempool.NotifyNewBlock()
		}
	})
	return nil
}

// checkTx answers a client that sends a transaction through CometBFT. Bytes that are no transaction get a code
// like any other refusal.
func (a *App) checkTx(timeout time.Duration) sdk.CheckTxHandler {
	insert := a.mempool.NewCheckTxHandler(a.decode, timeout)
	return func(run sdk.RunTx, req *abci.RequestCheckTx) (*abci.ResponseCheckTx, error) {
		if _, err := a.outsideTx(req.Tx); err != nil {
			return evmmempool.ErrAsCheckTxResponse(err), nil
		}
		return insert(run, req)
	}
}

// insertTx takes a transaction that another validator passed on.
func (a *App) insertTx(req *abci.RequestInsertTx) (*abci.ResponseInsertTx, error) {
	tx, err := a.outsideTx(req.Tx)
	if err != nil {
		return &abci.ResponseInsertTx{Code: evmmempool.CodeTypeNoRetry}, nil
	}
	switch err := a.mempool.InsertAsync(tx); {
	case err == nil:
		return &abci.ResponseInsertTx{Code: abci.CodeTypeOK}, nil
	case errors.Is(err, evmmempool.ErrQueueFull):
		return &abci.ResponseInsertTx{Code: abci.CodeTypeRetry}, nil
	default:
		return &abci.ResponseInsertTx{Code: evmmempool.CodeTypeNoRetry}, nil
	}
}

// outsideTx decodes a transaction that came from outside. It refuses the system transaction, and an Ethereum
// transaction that is wrapped or attributed otherwise than its signature says: the mempool keeps the signed part
// only, so that whatever else the wrapper claims would be forgotten unseen.
func (a *App) outsideTx(raw []byte) (sdk.Tx, error) {
	tx, err := a.decode(raw)
	if err != nil {
		return nil, err
	}
	if _, ok := system.FromTx(tx); ok {
		return nil, system.ErrOutside
	}
	if laneOf(tx) != laneEVM {
		return tx, nil
	}
	msg, err := a.checkWrapper(tx, raw)
	if err != nil {
		return nil, err
	}
	if err := msg.VerifySender(a.evmSigner); err != nil {
		return nil, errorsmod.Wrap(sdkerrors.ErrorInvalidSigner, err.Error())
	}
	return tx, nil
}

// checkWrapper refuses an Ethereum transaction in any other wrapper than the one this program makes, so that one
// signed transaction has one encoding.
//
// Errors: ante.ErrDecode.
func (a *App) checkWrapper(tx sdk.Tx, raw []byte) (*evmtypes.MsgEthereumTx, error) {
	msgs := tx.GetMsgs()
	msg, ok := msgs[0].(*evmtypes.MsgEthereumTx)
	if !ok || len(msgs) != 1 || msg.Raw.Transaction == nil {
		return nil, ante.ErrDecode.Wrap("an Ethereum transaction stands alone")
	}
	wrapped, err := msg.BuildTx(a.encoding.TxConfig.NewTxBuilder(), params.BaseDenom)
	if err != nil {
		return nil, ante.ErrDecode.Wrap(err.Error())
	}
	want, err := a.encoding.TxConfig.TxEncoder()(wrapped)
	if err != nil {
		return nil, ante.ErrDecode.Wrap(err.Error())
	}
	if !bytes.Equal(want, raw) {
		return nil, ante.ErrDecode.Wrap("an Ethereum transaction in a wrapper of another form")
	}
	return msg, nil
}

// indifferent is the mempool as the execution of blocks sees it: whether a transaction could be removed is no
// concern of its result, which must not depend on what one validator's mempool holds.
type indifferent struct {
	*evmmempool.Mempool
	logger log.Logger
}

// Remove forgets an executed transaction.
func (i indifferent) Remove(tx sdk.Tx) error {
	return i.RemoveWithReason(context.Background(), tx, sdkmempool.RemoveReason{})
}

// RemoveWithReason forgets an executed transaction.
func (i indifferent) RemoveWithReason(ctx context.Context, tx sdk.Tx, reason sdkmempool.RemoveReason) error {
	if _, ok := system.FromTx(tx); ok {
		return nil // never was in the mempool
	}
	if err := i.Mempool.RemoveWithReason(ctx, tx, reason); err != nil && !errors.Is(err, sdkmempool.ErrTxNotFound) {
		i.logger.Error("transaction stays in the mempool", "err", err)
	}
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
