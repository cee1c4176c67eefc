// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"
	"errors"
	"fmt"

	servertypes "github.com/cosmos/cosmos-sdk/server/types"
	"github.com/cosmos/cosmos-sdk/x/staking"
)

// ErrZeroHeight says that an export for height zero was asked for, which rewrites history and is not offered.
var ErrZeroHeight = errors.New("export for height zero is not supported; export without --for-zero-height and set initial_height")

// ExportAppStateAndValidators returns the committed state as a genesis state that continues at the next height.
// modulesToExport limits it to the named modules; empty means all.
//
// Errors: ErrZeroHeight, and those of the modules.
func (a *App) ExportAppStateAndValidators(
	forZeroHeight bool, _ []string, modulesToExport []string,
) (servertypes.ExportedApp, error) {
	if forZeroHeight {
		return servertypes.ExportedApp{}, ErrZeroHeight
	}
	ctx := a.committedContext()
	genesis, err := a.modules.ExportGenesisForModules(ctx, a.encoding.Codec, modulesToExport)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export modules: %w", err)
	}
	state, err := json.MarshalIndent(genesis, "", "  ")
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("encode state: %w", err)
	}
	validators, err := staking.WriteValidators(ctx, a.Staking)
	if err != nil {
		return servertypes.ExportedApp{}, fmt.Errorf("export validators: %w", err)
	}
	return servertypes.ExportedApp{
		AppState:        state,
		Validators:      validators,
		Height:          a.LastBlockHeight() + 1,
		ConsensusParams: a.GetConsensusParams(ctx),
	}, nil
}
