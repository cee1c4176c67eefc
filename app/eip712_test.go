// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"testing"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	xauthsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	"github.com/cosmos/evm/ethereum/eip712"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app/apptest"
	"github.com/go-fluence/fluence/app/params"
)

// typedTx returns a transaction whose signature is over the typed data (EIP-712) that a wallet would show.
func typedTx(t *testing.T, n *apptest.Network, a apptest.Account, mode signing.SignMode, msg sdk.Msg) []byte {
	t.Helper()
	encoding, s := n.Apps[0].Encoding(), n.Next(a)
	b := encoding.TxConfig.NewTxBuilder()
	require.NoError(t, b.SetMsgs(msg))
	b.SetGasLimit(300_000)
	b.SetFeeAmount(sdk.NewCoins(sdk.NewCoin(params.BaseDenom, sdkmath.NewInt(300_000*apptest.GasPrice))))
	sign := func(signature []byte) {
		require.NoError(t, b.SetSignatures(signing.SignatureV2{
			PubKey: a.Key.PubKey(), Sequence: s.Sequence, Data: &signing.SingleSignatureData{SignMode: mode, Signature: signature},
		}))
	}
	sign(nil)
	doc, err := xauthsigning.GetSignBytesAdapter(t.Context(), encoding.TxConfig.SignModeHandler(), mode, xauthsigning.SignerData{
		Address: a.Address().String(), ChainID: params.ChainIDLocal, AccountNumber: s.Number, Sequence: s.Sequence, PubKey: a.Key.PubKey(),
	}, b.GetTx())
	require.NoError(t, err)
	typed, err := eip712.GetEIP712BytesForMsg(doc)
	require.NoError(t, err)
	key, err := crypto.ToECDSA(a.Key.Key)
	require.NoError(t, err)
	signature, err := crypto.Sign(crypto.Keccak256(typed), key)
	require.NoError(t, err)
	sign(signature)
	raw, err := encoding.TxConfig.TxEncoder()(b.GetTx())
	require.NoError(t, err)
	return raw
}

func TestWalletsSignTypedData(t *testing.T) {
	n := apptest.New(t, apptest.Config{})
	alice, bob := n.Accounts[0], n.Accounts[1]
	for _, mode := range []signing.SignMode{signing.SignMode_SIGN_MODE_DIRECT, signing.SignMode_SIGN_MODE_LEGACY_AMINO_JSON} {
		raw := typedTx(t, n, alice, mode, apptest.Send(alice, bob, apptest.USD(1)))
		before := n.Apps[0].Bank.GetBalance(n.Context(), bob.Address(), params.StableDenom)
		res := step(t, n, raw)
		require.Zero(t, res.TxResults[len(res.TxResults)-1].Code, "%s: %s", mode, res.TxResults[len(res.TxResults)-1].Log)
		require.Equal(t, before.Add(apptest.USD(1)), n.Apps[0].Bank.GetBalance(n.Context(), bob.Address(), params.StableDenom))
	}
	foreign := typedTx(t, n, alice, signing.SignMode_SIGN_MODE_DIRECT, apptest.Send(bob, alice, apptest.USD(1)))
	_, err := n.Step(foreign)
	require.ErrorContains(t, err, "rejects block", "alice spends bob's coins")
}
