// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"math/big"
	"testing"

	abci "github.com/cometbft/cometbft/abci/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app/apptest"
)

// benchAccounts is how many accounts send in a benchmark: one transaction each.
const benchAccounts = 1000

func benchNetwork(b *testing.B) *apptest.Network {
	b.Helper()
	return apptest.New(b, apptest.Config{Accounts: benchAccounts})
}

// sends returns one bank send of each account, signed for its sequence plus ahead.
func sends(b *testing.B, n *apptest.Network, ahead uint64) [][]byte {
	b.Helper()
	txs := make([][]byte, len(n.Accounts))
	for i, a := range n.Accounts {
		s := n.Next(a)
		s.Sequence += ahead
		s.Gas = 120_000
		raw, err := apptest.SignTx(n.Apps[0].Encoding(), a, s, apptest.Send(a, n.Accounts[(i+1)%len(n.Accounts)], apptest.USD(1)))
		require.NoError(b, err)
		txs[i] = raw
	}
	return txs
}

// transfers returns one EVM transfer of each account.
func transfers(b *testing.B, n *apptest.Network) [][]byte {
	b.Helper()
	txs := make([][]byte, len(n.Accounts))
	for i, a := range n.Accounts {
		to := n.Accounts[(i+1)%len(n.Accounts)].Ethereum()
		raw, err := n.EVMTx(a, &to, big.NewInt(1), 21_000, nil)
		require.NoError(b, err)
		txs[i] = raw
	}
	return txs
}

func perTx(b *testing.B, txs int) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*txs), "ns/tx")
}

// BenchmarkDecode decodes one signed bank send.
func BenchmarkDecode(b *testing.B) {
	n := apptest.New(b, apptest.Config{})
	raw, err := n.Tx(n.Accounts[0], apptest.Send(n.Accounts[0], n.Accounts[1], apptest.USD(1)))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Apps[0].TxDecode(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignature verifies one eth_secp256k1 signature over the bytes a bank send signs.
func BenchmarkSignature(b *testing.B) {
	key := apptest.NewAccount("bench").Key
	msg := make([]byte, 300)
	sig, err := key.Sign(msg)
	require.NoError(b, err)
	public := key.PubKey()
	b.ReportAllocs()
	for b.Loop() {
		if !public.VerifySignature(msg, sig) {
			b.Fatal("signature does not verify")
		}
	}
}

// BenchmarkCheckTx has the mempool check and take one transaction of each of 1000 accounts.
func BenchmarkCheckTx(b *testing.B) {
	n := benchNetwork(b)
	b.ReportAllocs()
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		txs := sends(b, n, 0)
		rounds++
		b.StartTimer()
		for _, raw := range txs {
			res, err := n.Apps[0].CheckTx(&abci.RequestCheckTx{Tx: raw})
			if err != nil || res.Code != 0 {
				b.Fatal(res, err)
			}
		}
		b.StopTimer()
		if _, err := n.Step(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	perTx(b, benchAccounts)
}

// BenchmarkProposal measures the three parts of a block of 1000 sends apart: the vote, with signatures that the
// mempool has verified or has not, and execution with commit.
func BenchmarkProposal(b *testing.B) {
	for _, part := range []string{"vote/new", "vote/known", "finalize"} {
		b.Run(part, func(b *testing.B) {
			n := benchNetwork(b)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				block, err := n.Propose(sends(b, n, 0)...)
				require.NoError(b, err)
				vote := func() {
					if ok, err := n.Judge(0, block); err != nil || !ok {
						b.Fatal("vote against", err)
					}
				}
				if part == "vote/known" {
					vote()
				}
				if part == "finalize" {
					vote()
				} else {
					b.StartTimer()
					vote()
					b.StopTimer()
				}
				if part == "finalize" {
					b.StartTimer()
				}
				if _, err := n.Apply(block); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
			perTx(b, benchAccounts)
		})
	}
}

// BenchmarkFinalizeBlock executes and commits a block of 1000 transactions whose signatures nobody has verified.
func BenchmarkFinalizeBlock(b *testing.B) {
	for name, txs := range map[string]func(*testing.B, *apptest.Network) [][]byte{
		"sends":     func(b *testing.B, n *apptest.Network) [][]byte { return sends(b, n, 0) },
		"transfers": transfers,
	} {
		b.Run(name, func(b *testing.B) {
			n := benchNetwork(b)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				block, err := n.Propose(txs(b, n)...)
				require.NoError(b, err)
				b.StartTimer()
				res, err := n.Apply(block)
				if err != nil {
					b.Fatal(err)
				}
				for _, r := range res.TxResults {
					if r.Code != 0 {
						b.Fatal(r.Log)
					}
				}
			}
			perTx(b, benchAccounts)
		})
	}
}

// BenchmarkEmptyBlock proposes, votes on, executes and commits a block of the system transaction alone.
func BenchmarkEmptyBlock(b *testing.B) {
	n := apptest.New(b, apptest.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := n.Step(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkManyMessages executes one transaction with up to a hundred sends: what batching is worth.
func BenchmarkManyMessages(b *testing.B) {
	for _, count := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			n := apptest.New(b, apptest.Config{})
			a := n.Accounts[0]
			msgs := make([]sdk.Msg, count)
			for i := range msgs {
				msgs[i] = apptest.Send(a, n.Accounts[1], apptest.USD(1))
			}
			for b.Loop() {
				b.StopTimer()
				raw, err := n.Tx(a, msgs...)
				require.NoError(b, err)
				block, err := n.Propose(raw)
				require.NoError(b, err)
				b.StartTimer()
				if _, err := n.Apply(block); err != nil {
					b.Fatal(err)
				}
			}
			perTx(b, count)
		})
	}
}
