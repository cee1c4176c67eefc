// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/names/types"
)

// maxPage bounds a page.
const maxPage = 1000

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// found turns absence into the status that clients know.
func found(err error) error {
	if errors.Is(err, types.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

// Resolve implements types.QueryServer.
func (s queryServer) Resolve(ctx context.Context, req *types.QueryResolveRequest) (*types.QueryResolveResponse, error) {
	n, expires, grace, err := s.k.Resolve(ctx, req.Name)
	if err != nil {
		return nil, found(err)
	}
	n.Records = n.Fresh()
	return &types.QueryResolveResponse{Name: n, ExpiresAt: expires, Grace: grace}, nil
}

// Available implements types.QueryServer.
func (s queryServer) Available(ctx context.Context, req *types.QueryAvailableRequest) (*types.QueryAvailableResponse, error) {
	if err := types.CheckName(req.Name); err != nil {
		return nil, err
	}
	if types.Parent(req.Name) != "" {
		return nil, types.ErrInvalidName.Wrapf("%s: names below are made by the owner of %s", req.Name, types.Parent(req.Name))
	}
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if req.Seconds > p.MaxPeriodSeconds {
		return nil, types.ErrPeriod.Wrapf("%d seconds, at most %d", req.Seconds, p.MaxPeriodSeconds)
	}
	_, premium, free, err := s.k.free(ctx, p, req.Name)
	return &types.QueryAvailableResponse{Available: free, Price: p.Price(req.Name, req.Seconds).Add(premium), Denom: p.Denom}, err
}

// Of implements types.QueryServer.
func (s queryServer) Of(ctx context.Context, req *types.QueryOfRequest) (*types.QueryOfResponse, error) {
	addr, err := s.k.addresses.StringToBytes(req.Account)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "account: %v", err)
	}
	if req.Pagination != nil && req.Pagination.Limit > maxPage {
		req.Pagination.Limit = maxPage
	}
	ns, next, err := query.CollectionPaginate(ctx, s.k.byOwner, req.Pagination,
		func(key owned, _ collections.NoValue) (types.Name, error) { return s.k.names.Get(ctx, key.K2()) },
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](addr))
	return &types.QueryOfResponse{Names: ns, Pagination: next}, err
}

// Reverse implements types.QueryServer. The name must still be the account's own.
func (s queryServer) Reverse(ctx context.Context, req *types.QueryReverseRequest) (*types.QueryReverseResponse, error) {
	addr, err := s.k.addresses.StringToBytes(req.Account)
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "account: %v", err)
	}
	p, err := s.k.primaries.Get(ctx, addr)
	if err != nil {
		return nil, status.Error(codes.NotFound, "the account has no primary name")
	}
	n, _, _, err := s.k.Resolve(ctx, p.Name)
	if err != nil || n.Owner != p.Account {
		return nil, status.Errorf(codes.NotFound, "%s is no longer the account's", p.Name)
	}
	return &types.QueryReverseResponse{Name: p.Name}, nil
}
