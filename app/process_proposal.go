// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// processProposal votes on a block: the system transaction first and once, every transaction decodable, payable
// and within its share. A panic is a vote against, never the end of the process.
func (a *App) processProposal(ctx sdk.Context, req *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	if r := a.judgeProposal(ctx, req); r != nil {
		a.rejected.WithLabelValues(string(r.Reason)).Inc()
		a.Logger().Error("proposal rejected", "height", req.Height, "reason", string(r.Reason), "index", r.Index, "err", r.Err)
		return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_REJECT}, nil
	}
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}

func (a *App) judgeProposal(ctx sdk.Context, req *abci.RequestProcessProposal) (r *Rejection) {
	defer func() {
		if p := recover(); p != nil {
			r = reject(ReasonPanic, fmt.Errorf("%v", p))
		}
	}()
	if len(req.Txs) == 0 {
		return reject(ReasonNoSystem, errors.New("the block is empty"))
	}
	j, err := a.newJudge(ctx, sdk.ExecModeProcessProposal, MaxBlockBytes)
	if err != nil {
		return reject(ReasonPanic, err)
	}
	if r := j.system(ctx, req.Txs[0]); r != nil {
		return r
	}
	for i, raw := range req.Txs[1:] {
		tx, err := a.decode(raw)
		if err != nil {
			return &Rejection{Reason: ReasonDecode, Index: i + 1, Err: err}
		}
		if r := j.admit(raw, tx); r != nil {
			r.Index = i + 1
			return r
		}
	}
	return nil
}
