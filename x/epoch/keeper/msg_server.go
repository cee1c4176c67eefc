// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/epoch/types"
)

type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// UpdateParams changes the params from the next epoch on.
//
// Errors: ErrNotAuthority, ErrInvalidParams.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, msg.Authority); err != nil {
		return nil, types.ErrNotAuthority.Wrapf("authority %s: only governance changes params", msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	cur, err := s.k.current.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.k.next.Set(ctx, msg.Params); err != nil {
		return nil, err
	}
	from := cur.Number + 1
	return &types.MsgUpdateParamsResponse{FromEpoch: from}, emit(ctx, &types.EventParamsChanged{Params: msg.Params, FromEpoch: from})
}
