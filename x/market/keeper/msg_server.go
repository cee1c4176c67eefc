// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/market/types"
)

// msgServer checks everything first and writes afterwards, so that a refusal
// leaves the state as it was.
type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// SetProvider names the sender as a provider, or renames it.
//
// Errors: ErrInvalidField.
//
// Source: deal@b87aa6a6 src/core/modules/market/Offer.sol, setProviderInfo.
func (s msgServer) SetProvider(ctx context.Context, msg *types.MsgSetProvider) (*types.MsgSetProviderResponse, error) {
	addr, name, err := s.k.account("provider", msg.Provider)
	if err != nil {
		return nil, err
	}
	if err := types.CheckText("name", msg.Name, 1, types.MaxNameBytes); err != nil {
		return nil, err
	}
	if len(msg.Metadata) > 0 {
		if err := types.CheckCID("metadata", msg.Metadata); err != nil {
			return nil, err
		}
	}
	p, err := s.k.providers.Get(ctx, addr)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	p.Address, p.Name, p.Metadata = name, msg.Name, msg.Metadata
	if err := s.k.providers.Set(ctx, addr, p); err != nil {
		return nil, err
	}
	return &types.MsgSetProviderResponse{}, emit(ctx, &types.EventProviderInfoUpdated{Provider: name, Name: p.Name, Metadata: p.Metadata})
}

// provider returns the sender as a provider.
func (s msgServer) provider(ctx context.Context, account string) ([]byte, types.Provider, error) {
	addr, err := s.k.address("provider", account)
	if err != nil {
		return nil, types.Provider{}, err
	}
	p, err := get(ctx, s.k.providers, addr, types.ErrProviderNotFound, account)
	return addr, p, err
}

// ownOffer returns an offer of the sender.
func (s msgServer) ownOffer(ctx context.Context, account string, id []byte) ([]byte, types.Offer, error) {
	if err := types.CheckID("offer_id", id, types.IDSize); err != nil {
		return nil, types.Offer{}, err
	}
	o, err := s.k.Offer(ctx, id)
	if err != nil {
		return nil, o, err
	}
	addr, err := s.own(account, o.Provider)
	return addr, o, err
}

// ownPeer returns a peer of the sender.
func (s msgServer) ownPeer(ctx context.Context, account string, id []byte) ([]byte, types.Peer, error) {
	if err := types.CheckID("peer_id", id, types.IDSize); err != nil {
		return nil, types.Peer{}, err
	}
	p, err := s.k.Peer(ctx, id)
	if err != nil {
		return nil, p, err
	}
	addr, err := s.own(account, p.Provider)
	return addr, p, err
}

// own returns the sender's address when it is the provider's.
func (s msgServer) own(account, provider string) ([]byte, error) {
	addr, err := s.k.address("provider", account)
	if err != nil {
		return nil, err
	}
	want, err := s.k.address("provider", provider)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(addr, want) {
		return nil, types.ErrNotOwner.Wrapf("%s: only its provider %s may do this", account, provider)
	}
	return addr, nil
}

// authorized refuses anybody but governance.
func (s msgServer) authorized(ctx context.Context, authority string) error {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, authority); err != nil {
		return types.ErrNotAuthority.Wrapf("authority %s: only governance may do this", authority)
	}
	return nil
}

// batch refuses a list that is empty or over the limit of a message.
func batch(field string, n int) error {
	if n == 0 {
		return types.ErrInvalidField.Wrapf("%s: empty, want 1 to %d", field, types.MaxListPerMessage)
	}
	return atMost(field, n, types.MaxListPerMessage)
}

func atMost(field string, n, limit int) error {
	if n > limit {
		return types.ErrBatchTooLarge.Wrapf("%s: %d, want at most %d", field, n, limit)
	}
	return nil
}
