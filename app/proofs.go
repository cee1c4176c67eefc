// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/go-fluence/fluence/app/system"
	"github.com/go-fluence/fluence/app/verdicts"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// OptionVerdicts names the option that holds this validator's *verdicts.Pool. Without it the application gives no
// verdict on capacity proofs and accepts none; it still executes blocks that were decided by others.
const OptionVerdicts = "capacity.verdicts"

// verdictSource returns how capacity proofs speak in the system transaction.
func (a *App) verdictSource() system.Registered {
	a.verdicts, _ = a.options.Get(OptionVerdicts).(*verdicts.Pool)
	return system.Registered{
		Kind: system.KindVerdicts, MaxBytes: capacitytypes.MaxVerdictBytes,
		Source: verdicts.NewSource(a.Capacity.Admission(), a.verdicts),
	}
}

// Commit commits the block and names the proofs that the next blocks need verdicts on.
func (a *App) Commit() (*abci.ResponseCommit, error) {
	res, err := a.BaseApp.Commit()
	if err == nil {
		a.followProofs()
	}
	return res, err
}

// followProofs has the queue of the committed state verified. What fails here is noticed by whoever needs a verdict.
func (a *App) followProofs() {
	if a.verdicts == nil || a.LastBlockHeight() == 0 {
		return
	}
	err := func() error {
		ctx, err := a.CreateQueryContext(0, false)
		if err != nil {
			return fmt.Errorf("read committed state: %w", err)
		}
		batches, err := a.Capacity.Admission().Upcoming(ctx, a.verdicts.Ahead())
		if err != nil {
			return fmt.Errorf("read the queue of proofs: %w", err)
		}
		a.verdicts.Follow(batches)
		return nil
	}()
	if err != nil {
		a.Logger().Error("proofs are not verified ahead", "height", a.LastBlockHeight(), "err", err)
	}
}
