// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/types"
)

// proofGas is what the verification of a proof of possession costs: about three
// ed25519 signatures.
const proofGas = 10_000

// epochsAhead is how many epochs lie between a registration and the first output:
// whoever chooses a key must not know what it will be mixed with.
const epochsAhead = 2

type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// RegisterKey registers or rotates the key of a validator. It counts from the second
// epoch after the running one; the one that counts now does so until then.
//
// Errors: ErrInvalidKey, ErrNotValidator.
func (s msgServer) RegisterKey(ctx context.Context, msg *types.MsgRegisterKey) (*types.MsgRegisterKeyResponse, error) {
	operator, err := operatorBytes(msg.Operator)
	if err != nil {
		return nil, err
	}
	switch _, err := s.k.staking.GetValidator(ctx, operator); {
	case errors.Is(err, stakingtypes.ErrNoValidatorFound):
		return nil, types.ErrNotValidator.Wrapf("operator %s: create the validator first", msg.Operator)
	case err != nil:
		return nil, err
	}
	sctx := sdk.UnwrapSDKContext(ctx)
	sctx.GasMeter().ConsumeGas(proofGas, "proof of possession")
	if _, err := beacon.Verify(msg.Key, beacon.PossessionAlpha(sctx.ChainID(), operator), msg.Proof); err != nil {
		return nil, types.ErrInvalidKey.Wrapf("key or proof: %v; make both with: fluenced node vrf", err)
	}
	cur, err := s.k.epochs.Current(ctx)
	if err != nil {
		return nil, err
	}
	r, err := s.k.registrations.Get(ctx, operator)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	from := cur.Number + epochsAhead
	r.Operator = msg.Operator
	if err := s.k.registrations.Set(ctx, operator, r.Rotate(msg.Key, cur.Number, from)); err != nil {
		return nil, err
	}
	return &types.MsgRegisterKeyResponse{FromEpoch: from},
		emit(ctx, &types.EventKeyRegistered{Operator: msg.Operator, Key: msg.Key, FromEpoch: from})
}

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
	cur, err := s.k.epochs.Current(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.k.params.Set(ctx, msg.Params); err != nil {
		return nil, err
	}
	from := cur.Number + 1
	return &types.MsgUpdateParamsResponse{FromEpoch: from}, emit(ctx, &types.EventParamsChanged{Params: msg.Params, FromEpoch: from})
}

// operatorBytes reads an operator's address.
//
// Errors: ErrNotValidator.
func operatorBytes(operator string) (sdk.ValAddress, error) {
	b, err := sdk.ValAddressFromBech32(operator)
	if err != nil {
		return nil, types.ErrNotValidator.Wrapf("operator %q: %v", operator, err)
	}
	return b, nil
}
