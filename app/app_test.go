// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"math/big"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app/apptest"
)

func step(t *testing.T, n *apptest.Network, txs ...[]byte) *abci.ResponseFinalizeBlock {
	t.Helper()
	res, err := n.Step(txs...)
	require.NoError(t, err)
	return res
}

func TestThreeValidatorsAgreeOverTwentyBlocks(t *testing.T) {
	n := apptest.New(t, apptest.Config{Validators: 3})
	alice, bob := n.Accounts[0], n.Accounts[1]
	before := n.Apps[0].Bank.GetBalance(n.Context(), bob.Address(), "uusd")
	for range 20 {
		send, err := n.Tx(alice, apptest.Send(alice, bob, apptest.USD(1)))
		require.NoError(t, err)
		to := n.Accounts[3].Ethereum()
		transfer, err := n.EVMTx(n.Accounts[2], &to, big.NewInt(7), 21_000, nil)
		require.NoError(t, err)
		res := step(t, n, send, transfer)
		for i, r := range res.TxResults {
			require.Zero(t, r.Code, "transaction %d: %s", i, r.Log)
		}
	}
	after := n.Apps[0].Bank.GetBalance(n.Context(), bob.Address(), "uusd")
	require.Equal(t, apptest.USD(20), after.Sub(before))
	require.EqualValues(t, 21, n.Height())
}
