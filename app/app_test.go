// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"math/big"
	"testing"

	"cosmossdk.io/log/v2"
	abci "github.com/cometbft/cometbft/abci/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/cosmos/cosmos-sdk/baseapp"
	simtestutil "github.com/cosmos/cosmos-sdk/testutil/sims"
	srvflags "github.com/cosmos/evm/server/flags"
	"github.com/ethereum/go-ethereum/common"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/params"
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
	before := n.Apps[0].Bank.GetBalance(n.Context(), bob.Address(), params.StableDenom)
	for range 20 {
		send, err := n.Tx(alice, apptest.Send(alice, bob, apptest.USD(1)))
		require.NoError(t, err)
		to := n.Accounts[3].Ethereum()
		transfer, err := n.EVMTx(n.Accounts[2], &to, big.NewInt(7), 21_000, nil)
		require.NoError(t, err)
		res := step(t, n, send, transfer)
		require.Len(t, res.TxResults, 3)
		for i, r := range res.TxResults {
			require.Zero(t, r.Code, "transaction %d: %s", i, r.Log)
		}
		require.EqualValues(t, 21_000, res.TxResults[2].GasUsed, "an Ethereum transfer is charged as on Ethereum")
	}
	after := n.Apps[0].Bank.GetBalance(n.Context(), bob.Address(), params.StableDenom)
	require.Equal(t, apptest.USD(20), after.Sub(before))
	require.EqualValues(t, 21, n.Height())
}

func TestChainGoesOnAfterRestart(t *testing.T) {
	db := dbm.NewMemDB()
	cfg := apptest.Config{Store: func(int) dbm.DB { return db }}
	n := apptest.New(t, cfg)
	step(t, n, bankTx(t, n, 0, 1, n.Next(n.Accounts[0])))
	hash := n.AppHash()

	n.Reopen(t, 0)
	require.Equal(t, hash, n.AppHash())
	step(t, n) // the mempool follows from the first block after the start
	raw := bankTx(t, n, 0, 1, n.Next(n.Accounts[0]))
	res, err := n.Apps[0].CheckTx(&abci.RequestCheckTx{Tx: raw})
	require.NoError(t, err)
	require.Zero(t, res.Code, res.Log)
	require.Len(t, step(t, n).TxResults, 2, "the mempool of a restarted application feeds its proposals")
}

func TestTransactionIsVerifiedOnce(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	a := n.Apps[0]
	to := n.Accounts[1].Ethereum()
	transfer, err := n.EVMTx(n.Accounts[2], &to, big.NewInt(1), 21_000, nil)
	require.NoError(t, err)
	for _, raw := range [][]byte{bankTx(t, n, 0, 1, n.Next(n.Accounts[0])), transfer} {
		b, err := n.Propose(raw)
		require.NoError(t, err)
		before, _ := a.VerifiedSignatures()
		ok, err := n.Judge(0, b)
		require.NoError(t, err)
		require.True(t, ok)
		_, err = n.Apply(b)
		require.NoError(t, err)
		after, _ := a.VerifiedSignatures()
		require.EqualValues(t, 1, after-before)
	}
	_, remembered := a.VerifiedSignatures()
	require.NotZero(t, remembered)
}

func TestMempoolTellsListenersOfEthereumTransactions(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	heard := make(chan common.Hash, 1)
	n.Apps[0].RegisterPendingTxListener(func(h common.Hash) {
		select {
		case heard <- h:
		default:
		}
	})
	to := n.Accounts[1].Ethereum()
	raw, err := n.EVMTx(n.Accounts[2], &to, big.NewInt(1), 21_000, nil)
	require.NoError(t, err)
	res, err := n.Apps[0].CheckTx(&abci.RequestCheckTx{Tx: raw})
	require.NoError(t, err)
	require.Zero(t, res.Code, res.Log)
	select {
	case h := <-heard:
		require.NotZero(t, h)
	case <-t.Context().Done():
	}
}

func TestWrongNetworkIsRefused(t *testing.T) {
	open := func(chainID string, options simtestutil.AppOptionsMap) error {
		_, err := app.Open(log.NewNopLogger(), dbm.NewMemDB(), true, options, baseapp.SetChainID(chainID))
		return err
	}
	require.ErrorIs(t, open("other-1", nil), params.ErrUnknownNetwork)
	require.ErrorIs(t, open("", nil), params.ErrUnknownNetwork)
	options := simtestutil.AppOptionsMap{srvflags.EVMChainID: uint64(262144)}
	require.ErrorIs(t, open(params.ChainIDLocal, options), params.ErrEVMChainIDMismatch)
}
