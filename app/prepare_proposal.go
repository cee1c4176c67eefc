// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app/system"
)

// Bounds of the search for transactions that fit.
const (
	// maxMisfits is how many transactions in a row may find no room before the search for smaller ones ends.
	maxMisfits = 100
	// maxLaneMisfits is how many may do so because their lane is full: those of another lane may stand behind them.
	maxLaneMisfits = maxCosmosTxs
)

// prepareProposal makes a block: the system transaction, then what the mempool holds in its order, as far as the
// block has room. If the mempool fails, the block has the system transaction alone: the chain goes on.
func (a *App) prepareProposal(ctx sdk.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	msg, err := a.sources.Prepare(ctx)
	if err != nil {
		a.Logger().Error("system transaction is incomplete", "height", req.Height, "err", err)
	}
	first, err := system.Encode(a.encoding.TxConfig, msg)
	if err != nil {
		return nil, fmt.Errorf("encode system transaction: %w", err)
	}
	rest, err := a.selectTxs(ctx, req.MaxTxBytes-framed(first))
	if err != nil {
		a.Logger().Error("proposal holds the system transaction alone", "height", req.Height, "err", err)
		rest = nil
	}
	return &abci.ResponsePrepareProposal{Txs: append([][]byte{first}, rest...)}, nil
}

// selectTxs takes from the mempool what fits into maxBytes.
func (a *App) selectTxs(ctx sdk.Context, maxBytes int64) (txs [][]byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			txs, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	if a.LastBlockHeight() == 0 {
		return nil, nil // nothing could be checked before there was a state
	}
	j, err := a.newJudge(ctx, sdk.ExecModePrepareProposal, maxBytes)
	if err != nil {
		return nil, err
	}
	misfits, laneMisfits := 0, 0
	room := maxBytes
	a.mempool.SelectBy(ctx, nil, func(tx sdk.Tx) bool {
		raw, err := a.encoding.TxConfig.TxEncoder()(tx)
		if err != nil || framed(raw) > room {
			misfits++
			return misfits < maxMisfits
		}
		switch r := j.admit(raw, tx); {
		case r == nil:
			misfits, laneMisfits = 0, 0
			room -= framed(raw)
			txs = append(txs, raw)
			return true
		case r.Reason == ReasonLaneGas || r.Reason == ReasonLaneBytes:
			laneMisfits++
			return laneMisfits < maxLaneMisfits
		default:
			misfits++
			return misfits < maxMisfits
		}
	})
	return txs, nil
}

// framed is how many bytes a transaction takes in a block: itself, a tag and its length.
func framed(raw []byte) int64 {
	n := int64(len(raw))
	frame := int64(2)
	for rest := n; rest >= 0x80; rest >>= 7 {
		frame++
	}
	return n + frame
}
