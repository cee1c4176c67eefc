// SPDX-License-Identifier: Apache-2.0

//go:build sim

package sim_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/sim"
)

// brokenAfter is how often a kind of operation may fail without ever succeeding.
const brokenAfter = 40

func TestSameSeedGivesTheSameChain(t *testing.T) {
	done := make(map[string]int)
	failed := make(map[string]int)
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			cfg := sim.Config{Seed: seed, Blocks: 250, Validators: 3, Accounts: 12}
			first := sim.Run(t, cfg)
			second := sim.Run(t, cfg)
			require.Equal(t, first.AppHash, second.AppHash)
			require.Equal(t, first.Done, second.Done)
			add(done, first.Done)
			add(failed, first.Failed)
		})
	}
	t.Logf("done %v, failed %v", done, failed)
	for name, n := range failed {
		if n >= brokenAfter { // some kinds need a state that few random chains reach
			require.NotZero(t, done[name], "%s failed %d times and never succeeded", name, n)
		}
	}
}

func add(to, from map[string]int) {
	for name, n := range from {
		to[name] += n
	}
}

func TestDifferentSeedsGiveDifferentChains(t *testing.T) {
	cfg := sim.Config{Seed: 1, Blocks: 20, Validators: 1, Accounts: 8}
	first := sim.Run(t, cfg)
	cfg.Seed = 2
	require.NotEqual(t, first.AppHash, sim.Run(t, cfg).AppHash)
}

func TestStateOfARandomChainSurvivesExport(t *testing.T) {
	r := sim.Run(t, sim.Config{Seed: 9, Blocks: 150, Validators: 3, Accounts: 12})
	exported, err := r.Network.Apps[0].ExportAppStateAndValidators(false, nil, nil)
	require.NoError(t, err)
	var hashes [2][]byte
	for i := range hashes {
		a, err := apptest.Restore(t, exported, r.Network.Time())
		require.NoError(t, err)
		hashes[i] = a.CommitMultiStore().LastCommitID().Hash
		again, err := a.ExportAppStateAndValidators(false, nil, nil)
		require.NoError(t, err)
		var want, got map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(exported.AppState, &want))
		require.NoError(t, json.Unmarshal(again.AppState, &got))
		for name := range want {
			require.JSONEq(t, string(want[name]), string(got[name]), name)
		}
	}
	require.Equal(t, hashes[0], hashes[1])
	imported, err := r.Network.Import(t, exported)
	require.NoError(t, err)
	_, err = imported.Step()
	require.NoError(t, err)
}
