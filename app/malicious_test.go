// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/malicious"
)

func TestHonestValidatorsOutvoteAFaultyProposer(t *testing.T) {
	n := apptest.New(t, apptest.Config{Validators: 4})
	for _, fault := range malicious.ProposerFaults() {
		t.Run(string(fault), func(t *testing.T) {
			liar, err := malicious.New(n.Apps[n.Proposer()], fault, n.Height()+1)
			require.NoError(t, err)
			b, err := n.ProposeWith(liar, bankTx(t, n, 0, 1, n.Next(n.Accounts[0])))
			require.NoError(t, err)
			for i := range n.Apps {
				ok, err := n.Judge(i, b)
				require.NoError(t, err)
				require.False(t, ok, "validator %d accepts", i)
			}
			step(t, n) // the next round's proposer is honest
		})
	}
}

func TestFaultBeginsAtItsHeight(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	liar, err := malicious.New(n.Apps[0], malicious.Undecodable, n.Height()+2)
	require.NoError(t, err)
	b, err := n.ProposeWith(liar)
	require.NoError(t, err)
	ok, err := n.Judge(0, b)
	require.NoError(t, err)
	require.True(t, ok)
}

func TestFaultyVotersAndExecutors(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	fault := func(f malicious.Fault) *malicious.App {
		liar, err := malicious.New(n.Apps[0], f, 1)
		require.NoError(t, err)
		return liar
	}
	bad := &abci.RequestProcessProposal{Height: n.Height() + 1, Time: n.Time()}
	res, err := fault(malicious.AcceptAll).ProcessProposal(bad)
	require.NoError(t, err)
	require.True(t, res.IsAccepted())

	b, err := n.Propose()
	require.NoError(t, err)
	res, err = fault(malicious.RejectAll).ProcessProposal(&abci.RequestProcessProposal{Txs: b.Txs, Height: b.Height, Time: b.Time})
	require.NoError(t, err)
	require.False(t, res.IsAccepted())
	require.Panics(t, func() {
		_, _ = fault(malicious.Crash).PrepareProposal(&abci.RequestPrepareProposal{Height: n.Height() + 1})
	})

	done, err := fault(malicious.WrongHash).FinalizeBlock(b)
	require.NoError(t, err)
	_, err = n.Apps[0].Commit()
	require.NoError(t, err)
	require.NotEqual(t, n.AppHash(), done.AppHash)
}

func TestUnknownFaultIsRefused(t *testing.T) {
	_, err := malicious.New(&app.App{}, "kindness", 1)
	require.ErrorIs(t, err, malicious.ErrUnknownFault)
}
