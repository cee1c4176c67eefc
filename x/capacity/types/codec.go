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
	cdc.RegisterConcrete(Params{}, "fluence/capacity/Params", nil)
	legacy.RegisterAminoMsg(cdc, &MsgCreateCommitment{}, "fluence/capacity/MsgCreateCommitment")
	legacy.RegisterAminoMsg(cdc, &MsgRemoveCommitment{}, "fluence/capacity/MsgRemoveCommitment")
	legacy.RegisterAminoMsg(cdc, &MsgDepositCollateral{}, "fluence/capacity/MsgDepositCollateral")
	legacy.RegisterAminoMsg(cdc, &MsgExitUnits{}, "fluence/capacity/MsgExitUnits")
	legacy.RegisterAminoMsg(cdc, &MsgFinishCommitment{}, "fluence/capacity/MsgFinishCommitment")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawCollateral{}, "fluence/capacity/MsgWithdrawCollateral")
	legacy.RegisterAminoMsg(cdc, &MsgWithdrawReward{}, "fluence/capacity/MsgWithdrawReward")
	legacy.RegisterAminoMsg(cdc, &MsgFundRewardPool{}, "fluence/capacity/MsgFundRewardPool")
	legacy.RegisterAminoMsg(cdc, &MsgSetPrice{}, "fluence/capacity/MsgSetPrice")
	legacy.RegisterAminoMsg(cdc, &MsgUpdateParams{}, "fluence/capacity/MsgUpdateParams")
	legacy.RegisterAminoMsg(cdc, &MsgSubmitProofs{}, "fluence/capacity/MsgSubmitProofs")
	legacy.RegisterAminoMsg(cdc, &MsgCommitProofs{}, "fluence/capacity/MsgCommitProofs")
	legacy.RegisterAminoMsg(cdc, &MsgOpenProofs{}, "fluence/capacity/MsgOpenProofs")
	legacy.RegisterAminoMsg(cdc, &MsgChallengeLeaf{}, "fluence/capacity/MsgChallengeLeaf")
}

// RegisterInterfaces registers the messages.
func RegisterInterfaces(r cdctypes.InterfaceRegistry) {
	r.RegisterImplementations((*sdk.Msg)(nil),
		&MsgCreateCommitment{}, &MsgRemoveCommitment{}, &MsgDepositCollateral{}, &MsgExitUnits{}, &MsgFinishCommitment{},
		&MsgWithdrawCollateral{}, &MsgWithdrawReward{}, &MsgFundRewardPool{}, &MsgSetPrice{}, &MsgUpdateParams{},
		&MsgSubmitProofs{}, &MsgCommitProofs{}, &MsgOpenProofs{}, &MsgChallengeLeaf{})
	msgservice.RegisterMsgServiceDesc(r, &_Msg_serviceDesc)
}
