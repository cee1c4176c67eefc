// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/epoch/types"
)

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	cur, err := s.k.Current(ctx)
	if err != nil {
		return nil, err
	}
	next, err := s.k.NextParams(ctx)
	return &types.QueryParamsResponse{Params: cur.Params, Next: next}, err
}

// Current implements types.QueryServer.
func (s queryServer) Current(ctx context.Context, _ *types.QueryCurrentRequest) (*types.QueryCurrentResponse, error) {
	cur, err := s.k.Current(ctx)
	return &types.QueryCurrentResponse{Current: cur, End: cur.Start.Add(cur.Params.Duration)}, err
}

// Epoch implements types.QueryServer.
//
// Errors: ErrEpochNotBegun.
func (s queryServer) Epoch(ctx context.Context, req *types.QueryEpochRequest) (*types.QueryEpochResponse, error) {
	era, err := s.k.EraOf(ctx, req.Number)
	if err != nil {
		return nil, err
	}
	running, err := s.k.Number(ctx)
	if err != nil {
		return nil, err
	}
	void, err := s.k.Void(ctx, req.Number)
	if err != nil {
		return nil, err
	}
	voids, err := s.k.VoidCount(ctx, req.Number)
	start := era.StartOf(req.Number)
	return &types.QueryEpochResponse{
		Number: req.Number, Start: start, End: start.Add(era.Duration),
		Ended: req.Number < running, Void: void, Voids: voids,
	}, err
}

// Voids implements types.QueryServer.
func (s queryServer) Voids(ctx context.Context, req *types.QueryVoidsRequest) (*types.QueryVoidsResponse, error) {
	page := req.Pagination
	if page != nil && page.Limit > types.MaxVoidsPage {
		page.Limit = types.MaxVoidsPage
	}
	voids, next, err := query.CollectionPaginate(ctx, s.k.voids, page,
		func(_ uint64, v types.VoidRange) (types.VoidRange, error) { return v, nil })
	return &types.QueryVoidsResponse{Voids: voids, Pagination: next}, err
}
