// SPDX-License-Identifier: Apache-2.0

package ante_test

import (
	"errors"
	"testing"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/cosmos/evm/encoding"
	"github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"

	"github.com/go-fluence/fluence/app/ante"
	"github.com/go-fluence/fluence/app/params"
)

func newDecoder(tb testing.TB) sdk.TxDecoder {
	tb.Helper()
	params.SetSDKConfig()
	c := encoding.MakeConfig(params.EVMChainIDLocal)
	banktypes.RegisterInterfaces(c.InterfaceRegistry)
	return ante.Decoder(c.TxConfig.TxDecoder())
}

// encoded returns a transaction with the parts that edit leaves in it.
func encoded(tb testing.TB, edit func(body *txtypes.TxBody, auth *txtypes.AuthInfo)) []byte {
	tb.Helper()
	msg, err := codectypes.NewAnyWithValue(&banktypes.MsgSend{FromAddress: "a", ToAddress: "b"})
	require.NoError(tb, err)
	body := &txtypes.TxBody{Messages: []*codectypes.Any{msg}}
	auth := &txtypes.AuthInfo{Fee: &txtypes.Fee{GasLimit: 1}}
	edit(body, auth)
	raw := &txtypes.TxRaw{}
	raw.BodyBytes, err = proto.Marshal(body)
	require.NoError(tb, err)
	raw.AuthInfoBytes, err = proto.Marshal(auth)
	require.NoError(tb, err)
	b, err := proto.Marshal(raw)
	require.NoError(tb, err)
	return b
}

func TestDecoderRefusesWhatAccessorsTakeForGranted(t *testing.T) {
	decode := newDecoder(t)
	tests := map[string]struct {
		edit func(body *txtypes.TxBody, auth *txtypes.AuthInfo)
		want error
	}{
		"complete": {func(*txtypes.TxBody, *txtypes.AuthInfo) {}, nil},
		"no fee":   {func(_ *txtypes.TxBody, a *txtypes.AuthInfo) { a.Fee = nil }, ante.ErrDecode},
		"large":    {func(b *txtypes.TxBody, _ *txtypes.AuthInfo) { b.Memo = string(make([]byte, ante.MaxTxBytes)) }, ante.ErrTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := decode(encoded(t, tt.edit))
			require.ErrorIs(t, err, tt.want)
		})
	}
	_, err := decode(nil)
	require.ErrorIs(t, err, ante.ErrDecode)
}

func FuzzDecode(f *testing.F) {
	decode := newDecoder(f)
	f.Add([]byte(nil))
	f.Add([]byte{0x0a, 0x02, 0x0a, 0x00})
	f.Add(encoded(f, func(*txtypes.TxBody, *txtypes.AuthInfo) {}))
	f.Add(encoded(f, func(b *txtypes.TxBody, _ *txtypes.AuthInfo) { b.Messages = append(b.Messages, b.Messages[0]) }))
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, err := decode(raw)
		if err != nil {
			if !errors.Is(err, ante.ErrDecode) && !errors.Is(err, ante.ErrTooDeep) && !errors.Is(err, ante.ErrTooLarge) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		tx.GetMsgs()
		fee := tx.(sdk.FeeTx)
		fee.GetGas()
		fee.GetFee()
	})
}
