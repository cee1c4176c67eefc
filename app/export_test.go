// SPDX-License-Identifier: Apache-2.0

package app

import (
	abci "github.com/cometbft/cometbft/abci/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// JudgeWithoutState judges a block over a context that has no stores.
func (a *App) JudgeWithoutState(req *abci.RequestProcessProposal) *abci.ResponseProcessProposal {
	res, err := a.processProposal(sdk.Context{}.WithBlockHeight(req.Height), req)
	if err != nil {
		panic(err)
	}
	return res
}
