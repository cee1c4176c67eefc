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
	cdc.RegisterConcrete(Params{}, "fluence/x/perimeter/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgCreate{}, "fluence/perimeter/MsgCreate")
	legacy.RegisterAminoMsg(cdc, &MsgProposeMembers{}, "fluence/perimeter/MsgProposeMembers")
	legacy.RegisterAminoMsg(cdc, &MsgAcceptMembership{}, "fluence/perimeter/MsgAcceptMembership")
	legacy.RegisterAminoMsg(cdc, &MsgLeaveMembership{}, "fluence/perimeter/MsgLeaveMembership")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveMembers{}, "fluence/perimeter/MsgRemoveMembers")
	legacy.RegisterAminoMsg(cdc, &MsgSetRules{}, "fluence/perimeter/MsgSetRules")
	legacy.RegisterAminoMsg(cdc, &MsgSetRoots{}, "fluence/perimeter/MsgSetRoots")
	legacy.RegisterAminoMsg(cdc, &MsgSetScripts{}, "fluence/perimeter/MsgSetScripts")
	legacy.RegisterAminoMsg(cdc, &MsgSetBackends{}, "fluence/perimeter/MsgSetBackends")
	legacy.RegisterAminoMsg(cdc, &MsgFreeze{}, "fluence/perimeter/MsgFreeze")
	legacy.RegisterAminoMsg(cdc, &MsgUnfreeze{}, "fluence/perimeter/MsgUnfreeze")
	legacy.RegisterAminoMsg(cdc, &MsgTransferOwnership{}, "fluence/perimeter/MsgTransferOwnership")
	legacy.RegisterAminoMsg(cdc, &MsgAcceptOwnership{}, "fluence/perimeter/MsgAcceptOwnership")
	legacy.RegisterAminoMsg(cdc, &MsgDissolve{}, "fluence/perimeter/MsgDissolve")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "fluence/perimeter/MsgUpdateParams")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil),
		&MsgCreate{}, &MsgProposeMembers{}, &MsgAcceptMembership{}, &MsgLeaveMembership{}, &MsgRemoveMembers{},
		&MsgSetRules{}, &MsgSetRoots{}, &MsgSetScripts{}, &MsgSetBackends{}, &MsgFreeze{}, &MsgUnfreeze{},
		&MsgTransferOwnership{}, &MsgAcceptOwnership{}, &MsgDissolve{}, &MsgUpdateParams{},
	)
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
