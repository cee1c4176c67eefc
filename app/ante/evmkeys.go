// SPDX-License-Identifier: Apache-2.0

package ante

import (
	errorsmod "cosmossdk.io/errors"
	"github.com/cosmos/cosmos-sdk/crypto/types/multisig"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authante "github.com/cosmos/cosmos-sdk/x/auth/ante"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/evm/crypto/ethsecp256k1"
	evmtypes "github.com/cosmos/evm/x/vm/types"
	"github.com/ethereum/go-ethereum/common"
)

// The decorators of this file stand in for those of cosmos/evm's package ante, which does not compile without
// cgo: one of its dependencies calls the C library for secp256k1 directly.

// ethSignatureGas is what verifying a signature of an Ethereum key costs, as a plain transfer does in the EVM.
const ethSignatureGas = 21_000

// signatureGas charges for a signature by the type of its key. Members of a multisig are charged one by one.
func signatureGas(meter storetypes.GasMeter, sig signing.SignatureV2, p authtypes.Params) error {
	switch key := sig.PubKey.(type) {
	case *ethsecp256k1.PubKey:
		meter.ConsumeGas(ethSignatureGas, "ante verify: eth_secp256k1")
		return nil
	case multisig.PubKey:
		data, ok := sig.Data.(*signing.MultiSignatureData)
		if !ok {
			return errorsmod.Wrapf(sdkerrors.ErrInvalidPubKey, "signature of a multisig is %T", sig.Data)
		}
		keys, next := key.GetPubKeys(), 0
		if data.BitArray.Count() > len(keys) {
			return errorsmod.Wrapf(sdkerrors.ErrUnauthorized, "multisig of %d keys has %d bits", len(keys), data.BitArray.Count())
		}
		for i := range data.BitArray.Count() {
			if !data.BitArray.GetIndex(i) {
				continue
			}
			if next == len(data.Signatures) {
				return errorsmod.Wrapf(sdkerrors.ErrUnauthorized, "multisig has %d signatures, fewer than its bits", next)
			}
			member := signing.SignatureV2{PubKey: keys[i], Data: data.Signatures[next], Sequence: sig.Sequence}
			if err := signatureGas(meter, member, p); err != nil {
				return err
			}
			next++
		}
		return nil
	}
	return authante.DefaultSigVerificationGasConsumer(meter, sig, p)
}

// PendingListener is told the hash of an EVM transaction that passed in CheckTx.
type PendingListener func(common.Hash)

// tellPending tells a listener of new EVM transactions. It stands last in its chain.
type tellPending struct{ listener PendingListener }

// AnteHandle implements sdk.AnteDecorator.
func (d tellPending) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	if ctx.IsCheckTx() && !ctx.IsReCheckTx() && !simulate {
		for _, msg := range tx.GetMsgs() {
			if eth, ok := msg.(*evmtypes.MsgEthereumTx); ok {
				d.listener(eth.Hash())
			}
		}
	}
	return next(ctx, tx, simulate)
}
