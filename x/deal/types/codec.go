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
	cdc.RegisterConcrete(Params{}, "fluence/x/deal/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgCreateDeal{}, "fluence/x/deal/MsgCreateDeal")
	legacy.RegisterAminoMsg(cdc, &MsgFundDeal{}, "fluence/x/deal/MsgFundDeal")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawDeal{}, "fluence/x/deal/MsgWithdrawDeal")
	legacy.RegisterAminoMsg(cdc, &MsgMatchDeal{}, "fluence/x/deal/MsgMatchDeal")
	legacy.RegisterAminoMsg(cdc, &MsgActivateWorker{}, "fluence/x/deal/MsgActivateWorker")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveWorker{}, "fluence/x/deal/MsgRemoveWorker")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveStaleWorker{}, "fluence/x/deal/MsgRemoveStaleWorker")
	legacy.RegisterAminoMsg(cdc, &MsgStopDeal{}, "fluence/x/deal/MsgStopDeal")
	legacy.RegisterAminoMsg(cdc, &MsgSetAppCID{}, "fluence/x/deal/MsgSetAppCID")
	legacy.RegisterAminoMsg(cdc, &MsgSetAccess{}, "fluence/x/deal/MsgSetAccess")
	legacy.RegisterAminoMsg(cdc, &MsgSetStandingOrder{}, "fluence/x/deal/MsgSetStandingOrder")
	legacy.RegisterAminoMsg(cdc, &MsgSetAutoTopUp{}, "fluence/x/deal/MsgSetAutoTopUp")
	legacy.RegisterAminoMsg(cdc, &MsgGrantDeposit{}, "fluence/x/deal/MsgGrantDeposit")
	legacy.RegisterAminoMsg(cdc, &MsgRevokeDeposit{}, "fluence/x/deal/MsgRevokeDeposit")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawRewards{}, "fluence/x/deal/MsgWithdrawRewards")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "fluence/x/deal/MsgUpdateParams")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil),
		&MsgCreateDeal{}, &MsgFundDeal{}, &MsgWithdrawDeal{}, &MsgMatchDeal{}, &MsgActivateWorker{},
		&MsgRemoveWorker{}, &MsgRemoveStaleWorker{}, &MsgStopDeal{}, &MsgSetAppCID{}, &MsgSetAccess{},
		&MsgSetStandingOrder{}, &MsgSetAutoTopUp{}, &MsgGrantDeposit{}, &MsgRevokeDeposit{},
		&MsgWithdrawRewards{}, &MsgUpdateParams{})
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
