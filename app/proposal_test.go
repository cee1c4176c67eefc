// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"maps"
	"math/big"
	"slices"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/x/authz"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/system"
)

// hostileBlock is one way to spoil a good block.
type hostileBlock struct {
	spoil func(t *testing.T, n *apptest.Network, b *abci.RequestFinalizeBlock)
	want  app.Reason
}

func encodeSystem(t *testing.T, n *apptest.Network, m *system.MsgExecute) []byte {
	t.Helper()
	raw, err := system.Encode(n.Apps[0].TxConfig(), m)
	require.NoError(t, err)
	return raw
}

func bankTx(t *testing.T, n *apptest.Network, from, to int, s apptest.Sign) []byte {
	t.Helper()
	a := n.Accounts[from]
	raw, err := apptest.SignTx(n.Apps[0].Encoding(), a, s, apptest.Send(a, n.Accounts[to], apptest.USD(1)))
	require.NoError(t, err)
	return raw
}

// hostileSystems spoil the system transaction.
func hostileSystems() map[string]hostileBlock {
	type block = *abci.RequestFinalizeBlock
	replaceSystem := func(edit func(m *system.MsgExecute)) func(*testing.T, *apptest.Network, block) {
		return func(t *testing.T, n *apptest.Network, b block) {
			m := system.NewMsg(b.Height, nil)
			edit(m)
			b.Txs[0] = encodeSystem(t, n, m)
		}
	}
	return map[string]hostileBlock{
		"empty":         {func(_ *testing.T, _ *apptest.Network, b block) { b.Txs = nil }, app.ReasonNoSystem},
		"no system":     {func(_ *testing.T, _ *apptest.Network, b block) { b.Txs = b.Txs[1:] }, app.ReasonNoSystem},
		"system last":   {func(_ *testing.T, _ *apptest.Network, b block) { slices.Reverse(b.Txs) }, app.ReasonNoSystem},
		"garbage first": {func(_ *testing.T, _ *apptest.Network, b block) { b.Txs[0] = []byte("garbage") }, app.ReasonNoSystem},
		"system twice": {
			func(_ *testing.T, _ *apptest.Network, b block) { b.Txs = append(b.Txs, b.Txs[0]) },
			app.ReasonSystemAgain,
		},
		"wrong height":    {replaceSystem(func(m *system.MsgExecute) { m.Height++ }), app.ReasonSystem},
		"wrong authority": {replaceSystem(func(m *system.MsgExecute) { m.Authority = "fluence1" }), app.ReasonSystem},
		"unknown kind": {replaceSystem(func(m *system.MsgExecute) {
			m.Entries = []system.Entry{{Kind: 77, Payload: []byte{1}}}
		}), app.ReasonSystem},
		"system with memo": {func(t *testing.T, n *apptest.Network, b block) {
			cfg := n.Apps[0].TxConfig()
			builder := cfg.NewTxBuilder()
			require.NoError(t, builder.SetMsgs(system.NewMsg(b.Height, nil)))
			builder.SetMemo("hello")
			raw, err := cfg.TxEncoder()(builder.GetTx())
			require.NoError(t, err)
			b.Txs[0] = raw
		}, app.ReasonSystem},
		"system beside a send": {func(t *testing.T, n *apptest.Network, b block) {
			a := n.Accounts[1]
			raw, err := n.Tx(a, apptest.Send(a, a, apptest.USD(1)), system.NewMsg(b.Height, nil))
			require.NoError(t, err)
			b.Txs = append(b.Txs, raw)
		}, app.ReasonSystemAgain},
		"system inside authz": {func(t *testing.T, n *apptest.Network, b block) {
			a := n.Accounts[1]
			exec := authz.NewMsgExec(a.Address(), []sdk.Msg{system.NewMsg(b.Height, nil)})
			raw, err := n.Tx(a, &exec)
			require.NoError(t, err)
			b.Txs = append(b.Txs, raw)
		}, app.ReasonSystemAgain},
	}
}

// hostileRests spoil what follows the system transaction.
func hostileRests() map[string]hostileBlock {
	type block = *abci.RequestFinalizeBlock
	return map[string]hostileBlock{
		"undecodable": {
			func(_ *testing.T, _ *apptest.Network, b block) { b.Txs = append(b.Txs, []byte{0xff}) },
			app.ReasonDecode,
		},
		"too large": {
			func(_ *testing.T, _ *apptest.Network, b block) { b.Txs = append(b.Txs, make([]byte, 2<<20)) },
			app.ReasonDecode,
		},
		"duplicate": {
			func(_ *testing.T, _ *apptest.Network, b block) { b.Txs = append(b.Txs, b.Txs[1]) },
			app.ReasonDuplicate,
		},
		"wrong order": {func(t *testing.T, n *apptest.Network, b block) {
			s := n.Next(n.Accounts[1])
			first := bankTx(t, n, 1, 2, s)
			s.Sequence++
			b.Txs = append(b.Txs, bankTx(t, n, 1, 2, s), first)
		}, app.ReasonAnte},
		"too little fee": {func(t *testing.T, n *apptest.Network, b block) {
			s := n.Next(n.Accounts[1])
			s.Fee = sdk.NewCoins(sdk.NewInt64Coin("aflt", 1))
			b.Txs = append(b.Txs, bankTx(t, n, 1, 2, s))
		}, app.ReasonAnte},
		"more gas than a block": {func(t *testing.T, n *apptest.Network, b block) {
			s := n.Next(n.Accounts[1])
			s.Gas = app.MaxBlockGas + 1
			b.Txs = append(b.Txs, bankTx(t, n, 1, 2, s))
		}, app.ReasonBlockGas},
		"more gas than a lane": {func(t *testing.T, n *apptest.Network, b block) {
			s := n.Next(n.Accounts[1])
			s.Gas = app.MaxBlockGas * 5 / 6
			b.Txs = append(b.Txs, bankTx(t, n, 1, 2, s))
		}, app.ReasonLaneGas},
		"more bytes than a lane": {func(t *testing.T, n *apptest.Network, b block) {
			for i := range 4 {
				to := n.Accounts[0].Ethereum()
				raw, err := apptest.SignEVMTx(n.Apps[0].Encoding(), n.Accounts[1], uint64(i), &to, big.NewInt(0), 30_000_000,
					make([]byte, 720<<10))
				require.NoError(t, err)
				b.Txs = append(b.Txs, raw)
			}
		}, app.ReasonLaneBytes},
	}
}

func TestHostileBlockIsRejectedOnceForItsReason(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	blocks := hostileSystems()
	maps.Copy(blocks, hostileRests())
	for name, tt := range blocks {
		t.Run(name, func(t *testing.T) {
			good, err := n.Propose(bankTx(t, n, 0, 1, n.Next(n.Accounts[0])))
			require.NoError(t, err)
			ok, err := n.Judge(0, good)
			require.NoError(t, err)
			require.True(t, ok, "the block is good before it is spoilt")

			before := counts(n.Apps[0])
			tt.spoil(t, n, good)
			ok, err = n.Judge(0, good)
			require.NoError(t, err)
			require.False(t, ok)
			before[tt.want]++
			require.Equal(t, before, counts(n.Apps[0]))
		})
	}
	step(t, n)
}

func counts(a *app.App) map[app.Reason]uint64 {
	m := make(map[app.Reason]uint64)
	for _, r := range app.Reasons() {
		m[r] = a.Rejections(r)
	}
	return m
}

func TestPanicWhileJudgingIsARejection(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	b, err := n.Propose()
	require.NoError(t, err)
	// A context without stores makes the judge panic, whatever the block.
	res := n.Apps[0].JudgeWithoutState(&abci.RequestProcessProposal{Txs: b.Txs, Height: b.Height})
	require.Equal(t, abci.ResponseProcessProposal_REJECT, res.Status)
	require.EqualValues(t, 1, n.Apps[0].Rejections(app.ReasonPanic))
	step(t, n)
}

func TestEveryProposalIsAccepted(t *testing.T) {
	n := apptest.New(t, apptest.Config{Validators: 2, Accounts: 6})
	rapid.Check(t, func(rt *rapid.T) {
		for i, a := range n.Accounts {
			s := n.Next(a)
			for range rapid.IntRange(0, 3).Draw(rt, "transactions") {
				raw := anyTx(rt, n, i, s)
				for _, v := range n.Apps {
					_, err := v.CheckTx(&abci.RequestCheckTx{Tx: raw, Type: abci.CheckTxType_New})
					require.NoError(rt, err)
				}
				s.Sequence++
			}
		}
		_, err := n.Step()
		require.NoError(rt, err)
	})
}

// anyTx draws a transaction of account i, not always one that can be paid.
func anyTx(rt *rapid.T, n *apptest.Network, i int, s apptest.Sign) []byte {
	a, to := n.Accounts[i], n.Accounts[(i+1)%len(n.Accounts)]
	encoding := n.Apps[0].Encoding()
	var raw []byte
	var err error
	switch rapid.IntRange(0, 2).Draw(rt, "kind") {
	case 0:
		s.Gas = rapid.Uint64Range(1, app.MaxBlockGas).Draw(rt, "gas")
		raw, err = apptest.SignTx(encoding, a, s, apptest.Send(a, to, apptest.USD(1)))
	case 1:
		dest := to.Ethereum()
		raw, err = apptest.SignEVMTx(encoding, a, s.Sequence, &dest, big.NewInt(1),
			rapid.Uint64Range(21_000, 60_000_000).Draw(rt, "gas"), nil)
	default:
		msgs := slices.Repeat([]sdk.Msg{&banktypes.MsgSend{
			FromAddress: a.Address().String(), ToAddress: to.Address().String(), Amount: sdk.NewCoins(apptest.FLT(400_000)),
		}}, rapid.IntRange(1, 4).Draw(rt, "messages"))
		raw, err = apptest.SignTx(encoding, a, s, msgs...)
	}
	require.NoError(rt, err)
	return raw
}
