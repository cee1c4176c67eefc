// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/proofs/trust"
	"github.com/go-fluence/fluence/x/trust/types"
)

// maxPage bounds a page of revocations.
const maxPage = 1000

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// peerKey returns enc(key) of a peer id.
func peerKey(field, id string) ([]byte, error) {
	k, err := trust.KeyOfPeer(id)
	if err != nil {
		return nil, types.ErrInvalidKey.Wrapf("%s: %v", field, err)
	}
	return k.Append(nil), nil
}

// found turns absence into the status that clients know.
func found(err error) error {
	if errors.Is(err, collections.ErrNotFound) {
		return status.Error(codes.NotFound, "nothing is recorded")
	}
	return err
}

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

// Revocation implements types.QueryServer.
func (s queryServer) Revocation(ctx context.Context, req *types.QueryRevocationRequest) (*types.QueryRevocationResponse, error) {
	revoked, err := peerKey("revoked", req.Revoked)
	if err != nil {
		return nil, err
	}
	by, err := peerKey("revoked_by", req.RevokedBy)
	if err != nil {
		return nil, err
	}
	r, a, err := s.k.Revocation(ctx, revoked, by)
	if err != nil {
		return nil, found(err)
	}
	return &types.QueryRevocationResponse{Revocation: r, Anchor: a, Revoked: a == nil || a.IssuedAt <= r.RevokedAt}, nil
}

// Revocations implements types.QueryServer.
func (s queryServer) Revocations(ctx context.Context, req *types.QueryRevocationsRequest) (*types.QueryRevocationsResponse, error) {
	revoked, err := peerKey("revoked", req.Revoked)
	if err != nil {
		return nil, err
	}
	page := req.Pagination
	if page != nil && page.Limit > maxPage {
		page.Limit = maxPage
	}
	rs, next, err := query.CollectionPaginate(ctx, s.k.revocations, page,
		func(_ pair, r types.Revocation) (types.Revocation, error) { return r, nil },
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](revoked))
	return &types.QueryRevocationsResponse{Revocations: rs, Pagination: next}, err
}

// Binding implements types.QueryServer.
func (s queryServer) Binding(ctx context.Context, req *types.QueryBindingRequest) (*types.QueryBindingResponse, error) {
	key, err := peerKey("peer", req.Peer)
	if err != nil {
		return nil, err
	}
	b, err := s.k.bindings.Get(ctx, key)
	if err != nil {
		return nil, found(err)
	}
	return &types.QueryBindingResponse{Binding: b}, nil
}
