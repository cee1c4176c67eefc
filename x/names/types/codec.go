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
	cdc.RegisterConcrete(Params{}, "fluence/x/names/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgCommit{}, "fluence/x/names/MsgCommit")
	legacy.RegisterAminoMsg(cdc, &MsgRegister{}, "fluence/x/names/MsgRegister")
	legacy.RegisterAminoMsg(cdc, &MsgRenew{}, "fluence/x/names/MsgRenew")
	legacy.RegisterAminoMsg(cdc, &MsgTransfer{}, "fluence/x/names/MsgTransfer")
	legacy.RegisterAminoMsg(cdc, &MsgAcceptTransfer{}, "fluence/x/names/MsgAcceptTransfer")
	legacy.RegisterAminoMsg(cdc, &MsgSetController{}, "fluence/x/names/MsgSetController")
	legacy.RegisterAminoMsg(cdc, &MsgSetRecords{}, "fluence/x/names/MsgSetRecords")
	legacy.RegisterAminoMsg(cdc, &MsgSetSubname{}, "fluence/x/names/MsgSetSubname")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveSubname{}, "fluence/x/names/MsgRemoveSubname")
	legacy.RegisterAminoMsg(cdc, &MsgSetPrimary{}, "fluence/x/names/MsgSetPrimary")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "fluence/x/names/MsgUpdateParams")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil),
		&MsgCommit{}, &MsgRegister{}, &MsgRenew{}, &MsgTransfer{}, &MsgAcceptTransfer{}, &MsgSetController{}, &MsgSetRecords{}, &MsgSetSubname{}, &MsgRemoveSubname{}, &MsgSetPrimary{}, &MsgUpdateParams{},
	)
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
