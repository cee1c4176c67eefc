// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	govtypes "github.com/cosmos/cosmos-sdk/x/gov/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
)

// storeAnswer deploys a contract that returns 42 and stores it: the init code writes slot 0 and returns ten bytes
// of code, PUSH1 42 PUSH1 0 MSTORE PUSH1 32 PUSH1 0 RETURN.
func storeAnswer() []byte {
	return []byte{
		0x60, 42, 0x60, 0, 0x55, // SSTORE(0, 42)
		0x69, 0x60, 42, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3, // PUSH10 code
		0x60, 0, 0x52, 0x60, 10, 0x60, 22, 0xf3, // MSTORE(0, code), RETURN(22, 10)
	}
}

// busy makes a chain on which every kind of state exists: a contract, a grant, a proposal with a vote, a
// delegation.
func busy(t *testing.T, cfg apptest.Config) *apptest.Network {
	t.Helper()
	n := apptest.New(t, cfg)
	a, b := n.Accounts[0], n.Accounts[1]
	until := n.Time().AddDate(1, 0, 0)
	grant, err := authz.NewMsgGrant(a.Address(), b.Address(), authz.NewGenericAuthorization(sdk.MsgTypeURL(&banktypes.MsgSend{})), &until)
	require.NoError(t, err)
	change := &epochtypes.MsgUpdateParams{
		Authority: authtypes.NewModuleAddress(govtypes.ModuleName).String(),
		Params:    epochtypes.Params{Duration: 20 * time.Second, MinBlocks: 3},
	}
	proposal, err := govv1.NewMsgSubmitProposal([]sdk.Msg{change}, sdk.NewCoins(apptest.FLT(10)), a.Address().String(), "", "title", "summary", false)
	require.NoError(t, err)
	validator := sdk.ValAddress(n.Validators[0].Operator.Address()).String()
	for _, msgs := range [][]sdk.Msg{
		{apptest.Send(a, b, apptest.USD(3)), grant},
		{proposal},
		{govv1.NewMsgVote(a.Address(), 1, govv1.OptionYes, "")},
		{stakingtypes.NewMsgDelegate(a.Address().String(), validator, apptest.FLT(5))},
	} {
		raw, err := n.Tx(a, msgs...)
		require.NoError(t, err)
		deploy, err := n.EVMTx(b, nil, big.NewInt(0), 500_000, storeAnswer())
		require.NoError(t, err)
		for i, r := range step(t, n, raw, deploy).TxResults {
			require.Zero(t, r.Code, "transaction %d: %s", i, r.Log)
		}
	}
	return n
}

func TestTwoRunsEndInTheSameState(t *testing.T) {
	first, second := busy(t, apptest.Config{}), busy(t, apptest.Config{Validators: 1})
	require.Equal(t, first.AppHash(), second.AppHash())
}

func TestExportThenImportKeepsTheState(t *testing.T) {
	n := busy(t, apptest.Config{Validators: 2})
	exported, err := n.Apps[0].ExportAppStateAndValidators(false, nil, nil)
	require.NoError(t, err)
	require.Len(t, exported.Validators, 2)

	var hashes, restored [2][]byte
	for i := range hashes {
		a, err := apptest.Restore(t, exported, n.Time())
		require.NoError(t, err)
		restored[i] = a.CommitMultiStore().LastCommitID().Hash
		again, err := a.ExportAppStateAndValidators(false, nil, nil)
		require.NoError(t, err)
		sameState(t, exported.AppState, again.AppState)

		imported, err := n.Import(t, exported)
		require.NoError(t, err)
		hashes[i] = imported.AppHash()
		require.Equal(t, n.Height()+1, imported.Height())
	}
	require.Equal(t, restored[0], restored[1])
	require.Equal(t, hashes[0], hashes[1])
}

// sameState compares two exported states module by module.
func sameState(t *testing.T, want, got json.RawMessage) {
	t.Helper()
	var w, g map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(want, &w))
	require.NoError(t, json.Unmarshal(got, &g))
	for name := range w {
		require.JSONEq(t, string(w[name]), string(g[name]), name)
	}
	require.Len(t, g, len(w))
}

func TestExportForZeroHeightIsRefused(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	_, err := n.Apps[0].ExportAppStateAndValidators(true, nil, nil)
	require.ErrorIs(t, err, app.ErrZeroHeight)
}

func TestGenesisThatThisProgramCannotRunIsRefused(t *testing.T) {
	encoding := app.Encoding()
	tests := map[string]func(g map[string]json.RawMessage){
		"unknown module":     func(g map[string]json.RawMessage) { g["ibc"] = json.RawMessage(`{}`) },
		"other EVM coin":     replaceIn("evm", `"aflt"`, `"uusd"`),
		"IBC precompile":     replaceIn("evm", `0000000000000000000000000000000000000801`, `0000000000000000000000000000000000000802`),
		"malformed module":   func(g map[string]json.RawMessage) { g["bank"] = json.RawMessage(`{"params":7}`) },
		"epoch of no length": replaceIn("epoch", `"15s"`, `"0s"`),
		"IBC coin": replaceIn("erc20", `"token_pairs":[]`, `"token_pairs":[{"erc20_address":"0x0000000000000000000000000000000000000F80",`+
			`"denom":"ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2","enabled":true,"contract_owner":"OWNER_MODULE"}]`),
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			genesis := app.DefaultGenesis()
			require.NoError(t, app.ValidateGenesis(encoding, genesis))
			edit(genesis)
			require.ErrorIs(t, app.ValidateGenesis(encoding, genesis), app.ErrGenesis)
		})
	}
}

func replaceIn(module, old, with string) func(map[string]json.RawMessage) {
	return func(g map[string]json.RawMessage) {
		edited := strings.Replace(string(g[module]), old, with, 1)
		if edited == string(g[module]) {
			panic("nothing to replace in " + module + ": " + edited)
		}
		g[module] = json.RawMessage(edited)
	}
}
