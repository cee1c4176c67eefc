// SPDX-License-Identifier: Apache-2.0

package types

import (
	"github.com/cosmos/cosmos-sdk/codec"
	"github.com/cosmos/cosmos-sdk/codec/legacy"
	cdctypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/msgservice"
)

// RegisterLegacyAminoCodec registers the names under which wallets that sign
// amino JSON, or EIP-712 made of it, know the messages.
func RegisterLegacyAminoCodec(cdc *codec.LegacyAmino) {
	cdc.RegisterConcrete(Params{}, "fluence/x/beacon/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgRegisterKey{}, "fluence/x/beacon/MsgRegisterKey")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "fluence/x/beacon/MsgUpdateParams")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil), &MsgRegisterKey{}, &MsgUpdateParams{})
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
