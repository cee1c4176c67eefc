// SPDX-License-Identifier: Apache-2.0

package validator

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"cosmossdk.io/log/v2"
	cmtcfg "github.com/cometbft/cometbft/config"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"
	"github.com/spf13/viper"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/app/verdicts"
	"github.com/go-fluence/fluence/cmd/fluenced/home"
	capacitytypes "github.com/go-fluence/fluence/x/capacity/types"
)

// TestMain ends a process that the verifier started as its worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "randomx" {
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// provingNode returns a node on a home whose chain proves capacity, or does not.
func provingNode(t *testing.T, enabled bool, set map[string]any) *node {
	t.Helper()
	state := app.DefaultGenesis()
	var g capacitytypes.GenesisState
	cdc := app.Encoding().Codec
	cdc.MustUnmarshalJSON(state[capacitytypes.ModuleName], &g)
	g.Params.Enabled = enabled
	state[capacitytypes.ModuleName] = cdc.MustMarshalJSON(&g)
	raw, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	d := home.Dir(t.TempDir())
	if err := os.MkdirAll(d.Join("config"), 0o700); err != nil {
		t.Fatal(err)
	}
	genesis := genutiltypes.NewAppGenesisWithVersion(params.ChainIDLocal, raw)
	genesis.Consensus.Params = app.DefaultConsensusParams()
	if err := genesis.SaveAs(d.Genesis()); err != nil {
		t.Fatal(err)
	}
	v := viper.New()
	for key, value := range map[string]any{
		home.KeyVerifierWorkers: 1, home.KeyVerifierCaches: 1, home.KeyVerdictsKept: 2048, home.KeyVerdictWait: "1s",
	} {
		v.Set(key, value)
	}
	for key, value := range set {
		v.Set(key, value)
	}
	return &node{logger: log.NewNopLogger(), settings: &home.Settings{Home: d, Values: v, Comet: cmtcfg.DefaultConfig()}}
}

func TestAChainThatProvesCapacityNeedsAnEngine(t *testing.T) {
	for name, tt := range map[string]struct {
		enabled bool
		set     map[string]any
		want    error
	}{
		"no worker":             {true, map[string]any{home.KeyVerifierWorkers: 0}, ErrNoEngine},
		"fewer than none":       {true, map[string]any{home.KeyVerifierWorkers: -1}, ErrVerifier},
		"a thousand workers":    {true, map[string]any{home.KeyVerifierWorkers: 100_000}, ErrVerifier},
		"no cache":              {true, map[string]any{home.KeyVerifierCaches: 0}, ErrVerifier},
		"nothing kept":          {true, map[string]any{home.KeyVerdictsKept: 0}, ErrVerifier},
		"no wait":               {true, map[string]any{home.KeyVerdictWait: "0s"}, ErrVerifier},
		"nothing to verify":     {false, map[string]any{home.KeyVerifierWorkers: 0}, nil},
		"workers with defaults": {true, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			n := provingNode(t, tt.enabled, tt.set)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := n.runVerifier(ctx, cancel) // ready ends it
			if !errors.Is(err, tt.want) {
				t.Fatalf("runVerifier = %v, want %v", err, tt.want)
			}
			_, has := n.settings.Values.Get(app.OptionVerdicts).(*verdicts.Pool)
			if want := tt.want == nil && tt.set == nil; has != want {
				t.Errorf("the application gets a pool: %t, want %t", has, want)
			}
		})
	}
}
