// SPDX-License-Identifier: Apache-2.0

package apptest

import (
	"context"
	"fmt"
	"math/big"

	sdkmath "cosmossdk.io/math"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	xauthsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/ethereum/go-ethereum/common"
	ethtypes "github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/params"
)

// GasPrice is what signed transactions pay per gas: ten times the least.
const GasPrice = 10 * app.MinGasPrice

// Sign says how a transaction is signed. The zero value is what a careful client sends.
type Sign struct {
	// ChainID of the signed document; "" means the local chain.
	ChainID string
	// Number and Sequence of the account.
	Number, Sequence uint64
	// Gas limit; 0 means 200 000 per message.
	Gas uint64
	// Fee; nil means Gas times GasPrice.
	Fee sdk.Coins
	// Memo is text that is kept with the transaction.
	Memo string
}

// Next returns how a's next transaction is signed, from committed state.
func (n *Network) Next(a Account) Sign {
	acc := n.Apps[0].Account.GetAccount(n.Context(), a.Address())
	if acc == nil {
		return Sign{}
	}
	return Sign{Number: acc.GetAccountNumber(), Sequence: acc.GetSequence()}
}

// Tx returns the bytes of a transaction of a with msgs, signed for its next sequence.
func (n *Network) Tx(a Account, msgs ...sdk.Msg) ([]byte, error) {
	return SignTx(n.Apps[0].Encoding(), a, n.Next(a), msgs...)
}

// SignTx returns the bytes of a transaction with one signature in SIGN_MODE_DIRECT.
func SignTx(encoding app.EncodingConfig, a Account, s Sign, msgs ...sdk.Msg) ([]byte, error) {
	if s.ChainID == "" {
		s.ChainID = params.ChainIDLocal
	}
	if s.Gas == 0 {
		s.Gas = 200_000 * uint64(max(len(msgs), 1))
	}
	if s.Fee == nil {
		s.Fee = sdk.NewCoins(sdk.NewCoin(params.BaseDenom, sdkmath.NewIntFromUint64(s.Gas).MulRaw(GasPrice)))
	}
	b := encoding.TxConfig.NewTxBuilder()
	if err := b.SetMsgs(msgs...); err != nil {
		return nil, fmt.Errorf("set messages: %w", err)
	}
	b.SetGasLimit(s.Gas)
	b.SetFeeAmount(s.Fee)
	b.SetMemo(s.Memo)
	empty := signing.SignatureV2{
		PubKey: a.Key.PubKey(), Sequence: s.Sequence,
		Data: &signing.SingleSignatureData{SignMode: signing.SignMode_SIGN_MODE_DIRECT},
	}
	if err := b.SetSignatures(empty); err != nil {
		return nil, fmt.Errorf("set signer: %w", err)
	}
	data := xauthsigning.SignerData{
		Address: a.Address().String(), ChainID: s.ChainID, AccountNumber: s.Number, Sequence: s.Sequence,
		PubKey: a.Key.PubKey(),
	}
	signature, err := tx.SignWithPrivKey(context.Background(), signing.SignMode_SIGN_MODE_DIRECT, data, b, a.Key,
		encoding.TxConfig, s.Sequence)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if err := b.SetSignatures(signature); err != nil {
		return nil, fmt.Errorf("set signature: %w", err)
	}
	return encoding.TxConfig.TxEncoder()(b.GetTx())
}

// Send returns a message that moves coins.
func Send(from, to Account, coins ...sdk.Coin) sdk.Msg {
	return banktypes.NewMsgSend(from.Address(), to.Address(), sdk.NewCoins(coins...))
}

// EVMTx returns the bytes, as CometBFT sees them, of a signed Ethereum transaction of a. A nil to deploys data.
func (n *Network) EVMTx(a Account, to *common.Address, wei *big.Int, gas uint64, data []byte) ([]byte, error) {
	return SignEVMTx(n.Apps[0].Encoding(), a, n.Next(a).Sequence, to, wei, gas, data)
}

// SignEVMTx is EVMTx with the nonce given.
func SignEVMTx(
	encoding app.EncodingConfig, a Account, nonce uint64, to *common.Address, wei *big.Int, gas uint64, data []byte,
) ([]byte, error) {
	key, err := crypto.ToECDSA(a.Key.Key)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	signer := ethtypes.LatestSignerForChainID(new(big.Int).SetUint64(params.EVMChainIDLocal))
	signed, err := ethtypes.SignNewTx(key, signer, &ethtypes.DynamicFeeTx{
		ChainID: new(big.Int).SetUint64(params.EVMChainIDLocal), Nonce: nonce, To: to, Value: wei, Gas: gas, Data: data,
		GasFeeCap: big.NewInt(GasPrice), GasTipCap: big.NewInt(app.MinGasPrice),
	})
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return WrapEVMTx(encoding, signed)
}

// WrapEVMTx returns the bytes, as CometBFT sees them, of a signed Ethereum transaction.
func WrapEVMTx(encoding app.EncodingConfig, signed *ethtypes.Transaction) ([]byte, error) {
	var msg evmtypes.MsgEthereumTx
	signer := ethtypes.LatestSignerForChainID(signed.ChainId())
	if err := msg.FromSignedEthereumTx(signed, signer); err != nil {
		return nil, fmt.Errorf("recover sender: %w", err)
	}
	wrapped, err := msg.BuildTx(encoding.TxConfig.NewTxBuilder(), params.BaseDenom)
	if err != nil {
		return nil, fmt.Errorf("wrap: %w", err)
	}
	return encoding.TxConfig.TxEncoder()(wrapped)
}
