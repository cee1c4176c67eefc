// SPDX-License-Identifier: Apache-2.0

package network

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/cosmos/cosmos-sdk/types/module"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// CheckGenesis reads a genesis file and has every module check its part.
//
// Errors: home.ErrGenesis, params.ErrUnknownNetwork, app.ErrGenesis, each with the
// file, the key and a hint.
func CheckGenesis(path string) (*genutiltypes.AppGenesis, error) {
	g, err := home.ReadGenesis(path)
	if err != nil {
		return nil, err
	}
	if _, err := params.EVMChainID(g.ChainID); err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", path, err), "use the program the network publishes, or one of the networks this one knows")
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(g.AppState, &state); err != nil {
		return nil, fmt.Errorf("%w: %s: app_state: %w", home.ErrGenesis, path, err)
	}
	enc, basics := app.Encoding(), app.ModuleBasics()
	for _, name := range slices.Sorted(maps.Keys(basics)) {
		one := module.BasicManager{name: basics[name]}
		if err := one.ValidateGenesis(enc.Codec, enc.TxConfig, state); err != nil {
			return nil, term.Hint(fmt.Errorf("%w: %s: app_state.%s: %w", home.ErrGenesis, path, name, err), "correct the value named above; fluenced init writes each module's default")
		}
	}
	if err := app.ValidateGenesis(enc, state); err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", path, err), "correct the value named above; fluenced init writes each module's default")
	}
	return g, nil
}
