// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/perimeter/types"
)

// maxPage bounds a page.
const maxPage = 1000

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// idOf reads the hex of an id.
func idOf(text string) ([]byte, error) {
	id, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil || len(id) != types.IDBytes {
		return nil, status.Errorf(codes.InvalidArgument, "id: want %d hex digits", 2*types.IDBytes)
	}
	return id, nil
}

// found turns absence into the status that clients know.
func found(err error) error {
	if errors.Is(err, types.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}

func page(p *query.PageRequest) *query.PageRequest {
	if p != nil && p.Limit > maxPage {
		p.Limit = maxPage
	}
	return p
}

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

// Perimeter implements types.QueryServer.
func (s queryServer) Perimeter(ctx context.Context, req *types.QueryPerimeterRequest) (*types.QueryPerimeterResponse, error) {
	id, err := idOf(req.Id)
	if err != nil {
		return nil, err
	}
	var v types.Version
	if req.Version == 0 {
		v, err = s.k.Current(ctx, id)
	} else {
		v, err = s.k.Version(ctx, id, req.Version)
	}
	if err != nil {
		return nil, found(err)
	}
	p, err := s.k.Policy(ctx, id, v.Policy)
	if err != nil {
		return nil, found(err)
	}
	return &types.QueryPerimeterResponse{Version: v, Policy: p.Policy}, nil
}

// Perimeters implements types.QueryServer.
func (s queryServer) Perimeters(ctx context.Context, req *types.QueryPerimetersRequest) (*types.QueryPerimetersResponse, error) {
	vs, next, err := query.CollectionPaginate(ctx, s.k.current, page(req.Pagination),
		func(id []byte, n uint64) (types.Version, error) { return s.k.Version(ctx, id, n) })
	return &types.QueryPerimetersResponse{Perimeters: vs, Pagination: next}, err
}

// Members implements types.QueryServer.
func (s queryServer) Members(ctx context.Context, req *types.QueryMembersRequest) (*types.QueryMembersResponse, error) {
	id, err := idOf(req.Id)
	if err != nil {
		return nil, err
	}
	ms, next, err := query.CollectionPaginate(ctx, s.k.members, page(req.Pagination),
		func(_ named, m types.Member) (types.Member, error) { return m, nil },
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](id))
	return &types.QueryMembersResponse{Members: ms, Pagination: next}, err
}

// Policy implements types.QueryServer.
func (s queryServer) Policy(ctx context.Context, req *types.QueryPolicyRequest) (*types.QueryPolicyResponse, error) {
	id, err := idOf(req.Id)
	if err != nil {
		return nil, err
	}
	p, err := s.k.Policy(ctx, id, req.Number)
	if err != nil {
		return nil, found(err)
	}
	return &types.QueryPolicyResponse{Policy: p}, nil
}

// Of implements types.QueryServer.
func (s queryServer) Of(ctx context.Context, req *types.QueryOfRequest) (*types.QueryOfResponse, error) {
	subject, err := types.ParseSubject(req.Subject)
	if err != nil {
		return nil, err
	}
	ms, next, err := query.CollectionPaginate(ctx, s.k.bySubject, page(req.Pagination),
		func(key named, _ collections.NoValue) (types.Member, error) {
			id := key.K2()
			return s.k.members.Get(ctx, collections.Join(id[:types.IDBytes], id[types.IDBytes:]))
		},
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](subject.Key()))
	return &types.QueryOfResponse{Members: ms, Pagination: next}, err
}
