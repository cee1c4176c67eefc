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
	cdc.RegisterConcrete(Params{}, "fluence/x/market/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgSetProvider{}, "fluence/x/market/MsgSetProvider")
	legacy.RegisterAminoMsg(cdc, &MsgRegisterOffer{}, "fluence/x/market/MsgRegisterOffer")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateOffer{}, "fluence/x/market/MsgUpdateOffer")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveOffer{}, "fluence/x/market/MsgRemoveOffer")
	legacy.RegisterAminoMsg(cdc, &MsgAddPeers{}, "fluence/x/market/MsgAddPeers")
	legacy.RegisterAminoMsg(cdc, &MsgRemovePeers{}, "fluence/x/market/MsgRemovePeers")
	legacy.RegisterAminoMsg(cdc, &MsgMovePeer{}, "fluence/x/market/MsgMovePeer")
	legacy.RegisterAminoMsg(cdc, &MsgAddUnits{}, "fluence/x/market/MsgAddUnits")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveUnits{}, "fluence/x/market/MsgRemoveUnits")
	legacy.RegisterAminoMsg(cdc, &MsgSetPeerResource{}, "fluence/x/market/MsgSetPeerResource")
	legacy.RegisterAminoMsg(cdc, &MsgRemovePeerResource{}, "fluence/x/market/MsgRemovePeerResource")
	legacy.RegisterAminoMsg(cdc, &MsgDrainPeer{}, "fluence/x/market/MsgDrainPeer")
	legacy.RegisterAminoMsg(cdc, &MsgSetMaintenance{}, "fluence/x/market/MsgSetMaintenance")
	legacy.RegisterAminoMsg(cdc, &MsgSetPeerOwner{}, "fluence/x/market/MsgSetPeerOwner")
	legacy.RegisterAminoMsg(cdc, &MsgSetPeerAddresses{}, "fluence/x/market/MsgSetPeerAddresses")
	legacy.RegisterAminoMsg(cdc, &MsgSignAttributes{}, "fluence/x/market/MsgSignAttributes")
	legacy.RegisterAminoMsg(cdc, &MsgDeleteAttributes{}, "fluence/x/market/MsgDeleteAttributes")
	registerAminoAuthority(cdc)
}

// registerAminoAuthority registers what only governance sends.
func registerAminoAuthority(cdc *codec.LegacyAmino) {
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "fluence/x/market/MsgUpdateParams")
	legacy.RegisterAminoMsg(cdc, &MsgRegisterResources{}, "fluence/x/market/MsgRegisterResources")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateResource{}, "fluence/x/market/MsgUpdateResource")
	legacy.RegisterAminoMsg(cdc, &MsgCreateDataCenters{}, "fluence/x/market/MsgCreateDataCenters")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateDataCenter{}, "fluence/x/market/MsgUpdateDataCenter")
	legacy.RegisterAminoMsg(cdc, &MsgSetEffectorInfo{}, "fluence/x/market/MsgSetEffectorInfo")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveEffectorInfo{}, "fluence/x/market/MsgRemoveEffectorInfo")
	legacy.RegisterAminoMsg(cdc, &MsgGrantAccess{}, "fluence/x/market/MsgGrantAccess")
	legacy.RegisterAminoMsg(cdc, &MsgRevokeAccess{}, "fluence/x/market/MsgRevokeAccess")
	legacy.RegisterAminoMsg(cdc, &MsgSetAuditors{}, "fluence/x/market/MsgSetAuditors")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil),
		&MsgSetProvider{}, &MsgRegisterOffer{}, &MsgUpdateOffer{}, &MsgRemoveOffer{},
		&MsgAddPeers{}, &MsgRemovePeers{}, &MsgMovePeer{}, &MsgAddUnits{}, &MsgRemoveUnits{},
		&MsgSetPeerResource{}, &MsgRemovePeerResource{}, &MsgDrainPeer{}, &MsgSetMaintenance{},
		&MsgSetPeerOwner{}, &MsgSetPeerAddresses{}, &MsgSignAttributes{}, &MsgDeleteAttributes{},
		&MsgUpdateParams{}, &MsgRegisterResources{}, &MsgUpdateResource{}, &MsgCreateDataCenters{},
		&MsgUpdateDataCenter{}, &MsgSetEffectorInfo{}, &MsgRemoveEffectorInfo{}, &MsgGrantAccess{},
		&MsgRevokeAccess{}, &MsgSetAuditors{})
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
