// SPDX-License-Identifier: Apache-2.0

package ante

import (
	errorsmod "cosmossdk.io/errors"
	sdk "github.com/cosmos/cosmos-sdk/types"
	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
	"github.com/cosmos/cosmos-sdk/types/tx/signing"
	authsigning "github.com/cosmos/cosmos-sdk/x/auth/signing"
	"github.com/cosmos/evm/crypto/ethsecp256k1"
)

// signatureForm refuses signatures of Ethereum keys whose last byte is not one that wallets write. Verification
// cuts that byte off unseen; without this check anybody could give a passing transaction 256 identities.
//
//	64 bytes   R (32) | S (32)
//	65 bytes   R (32) | S (32) | V, which is 0, 1, 27 or 28
type signatureForm struct{}

// AnteHandle implements sdk.AnteDecorator.
func (signatureForm) AnteHandle(ctx sdk.Context, tx sdk.Tx, simulate bool, next sdk.AnteHandler) (sdk.Context, error) {
	signed, ok := tx.(authsigning.Tx)
	if !ok {
		return ctx, errorsmod.Wrapf(sdkerrors.ErrTxDecode, "transaction of type %T has no signatures", tx)
	}
	signatures, err := signed.GetSignaturesV2()
	if err != nil {
		return ctx, err
	}
	for i, s := range signatures {
		if simulate {
			break
		}
		if err := checkForm(s); err != nil {
			return ctx, errorsmod.Wrapf(err, "signature %d", i)
		}
	}
	return next(ctx, tx, simulate)
}

func checkForm(s signing.SignatureV2) error {
	data, single := s.Data.(*signing.SingleSignatureData)
	if _, ethereum := s.PubKey.(*ethsecp256k1.PubKey); !single || !ethereum {
		return nil
	}
	switch len(data.Signature) {
	case 64:
		return nil
	case 65:
		switch v := data.Signature[64]; v {
		case 0, 1, 27, 28:
			return nil
		default:
			return ErrSignatureForm.Wrapf("last byte is %d; want 0, 1, 27 or 28", v)
		}
	default:
		return ErrSignatureForm.Wrapf("%d bytes; want 64 or 65", len(data.Signature))
	}
}
