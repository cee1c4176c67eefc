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
	cdc.RegisterConcrete(Params{}, "fluence/x/capacity/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgCreateCommitment{}, "fluence/x/capacity/MsgCreateCommitment")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveCommitment{}, "fluence/x/capacity/MsgRemoveCommitment")
	legacy.RegisterAminoMsg(cdc, &MsgDepositCollateral{}, "fluence/x/capacity/MsgDepositCollateral")
	legacy.RegisterAminoMsg(cdc, &MsgExitUnits{}, "fluence/x/capacity/MsgExitUnits")
	legacy.RegisterAminoMsg(cdc, &MsgFinishCommitment{}, "fluence/x/capacity/MsgFinishCommitment")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawCollateral{}, "fluence/x/capacity/MsgWithdrawCollateral")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawReward{}, "fluence/x/capacity/MsgWithdrawReward")
	legacy.RegisterAminoMsg(cdc, &MsgFundRewardPool{}, "fluence/x/capacity/MsgFundRewardPool")
	legacy.RegisterAminoMsg(cdc, &MsgSetPrice{}, "fluence/x/capacity/MsgSetPrice")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "fluence/x/capacity/MsgUpdateParams")
	legacy.RegisterAminoMsg(cdc, &MsgSubmitProofs{}, "fluence/x/capacity/MsgSubmitProofs")
	legacy.RegisterAminoMsg(cdc, &MsgCommitProofs{}, "fluence/x/capacity/MsgCommitProofs")
	legacy.RegisterAminoMsg(cdc, &MsgOpenProofs{}, "fluence/x/capacity/MsgOpenProofs")
	legacy.RegisterAminoMsg(cdc, &MsgChallengeLeaf{}, "fluence/x/capacity/MsgChallengeLeaf")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil),
		&MsgCreateCommitment{}, &MsgRemoveCommitment{}, &MsgDepositCollateral{}, &MsgExitUnits{}, &MsgFinishCommitment{},
		&MsgWithdrawCollateral{}, &MsgWithdrawReward{}, &MsgFundRewardPool{}, &MsgSetPrice{}, &MsgUpdateParams{},
		&MsgSubmitProofs{}, &MsgCommitProofs{}, &MsgOpenProofs{}, &MsgChallengeLeaf{})
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
