// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/beacon/types"
)

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

// Beacon implements types.QueryServer.
//
// Errors: ErrBeaconPending, ErrVoid, ErrPruned.
func (s queryServer) Beacon(ctx context.Context, req *types.QueryBeaconRequest) (*types.QueryBeaconResponse, error) {
	if req.Epoch > 0 {
		b, err := s.k.Beacon(ctx, req.Epoch)
		return &types.QueryBeaconResponse{Beacon: b}, err
	}
	b, err := s.k.latest(ctx)
	if err == nil && b.Epoch == 0 {
		err = types.ErrBeaconPending.Wrap("no epoch has a value yet")
	}
	return &types.QueryBeaconResponse{Beacon: b}, err
}

// Nonce implements types.QueryServer.
//
// Errors: ErrBeaconPending, ErrVoid, ErrPruned.
func (s queryServer) Nonce(ctx context.Context, req *types.QueryNonceRequest) (*types.QueryNonceResponse, error) {
	epoch := req.Epoch
	if epoch == 0 {
		w, err := s.k.window.Get(ctx)
		if err != nil {
			return nil, err
		}
		epoch = w.Epoch
	}
	nonce, err := s.k.Nonce(ctx, epoch)
	return &types.QueryNonceResponse{Epoch: epoch, Nonce: nonce[:]}, err
}

// Window implements types.QueryServer.
func (s queryServer) Window(ctx context.Context, _ *types.QueryWindowRequest) (*types.QueryWindowResponse, error) {
	w, err := s.k.window.Get(ctx)
	return &types.QueryWindowResponse{Window: w}, err
}

// Key implements types.QueryServer.
//
// Errors: ErrNotValidator, ErrNoKey.
func (s queryServer) Key(ctx context.Context, req *types.QueryKeyRequest) (*types.QueryKeyResponse, error) {
	operator, err := operatorBytes(req.Operator)
	if err != nil {
		return nil, err
	}
	r, err := s.k.registrations.Get(ctx, operator)
	if errors.Is(err, collections.ErrNotFound) {
		err = types.ErrNoKey.Wrapf("%s registered none", req.Operator)
	}
	return &types.QueryKeyResponse{Registration: r}, err
}

// Keys implements types.QueryServer.
func (s queryServer) Keys(ctx context.Context, req *types.QueryKeysRequest) (*types.QueryKeysResponse, error) {
	page := req.Pagination
	if page != nil && page.Limit > types.MaxPage {
		page.Limit = types.MaxPage
	}
	rs, next, err := query.CollectionPaginate(ctx, s.k.registrations, page,
		func(_ []byte, r types.Registration) (types.Registration, error) { return r, nil })
	return &types.QueryKeysResponse{Registrations: rs, Pagination: next}, err
}
