// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/market/types"
)

// maxPage bounds a page of anything.
const maxPage = 1000

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// bounded returns a page request within the limit.
func bounded(p *query.PageRequest) *query.PageRequest {
	if p == nil {
		return nil
	}
	q := *p
	q.Limit = min(q.Limit, maxPage)
	return &q
}

// found turns our errors of absence into the status that clients know.
func found(err error) error {
	for _, e := range []error{types.ErrProviderNotFound, types.ErrOfferNotFound, types.ErrPeerNotFound, types.ErrUnitNotFound} {
		if errors.Is(err, e) {
			return status.Error(codes.NotFound, err.Error())
		}
	}
	return err
}

// page lists the values of a map.
func page[K, V any](ctx context.Context, m collections.Map[K, V], req *query.PageRequest, opts ...func(*query.CollectionsPaginateOptions[K])) ([]V, *query.PageResponse, error) {
	return query.CollectionPaginate(ctx, m, bounded(req), func(_ K, v V) (V, error) { return v, nil }, opts...)
}

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

// Provider implements types.QueryServer.
func (s queryServer) Provider(ctx context.Context, req *types.QueryProviderRequest) (*types.QueryProviderResponse, error) {
	p, err := s.k.Provider(ctx, req.Address)
	if err != nil {
		return nil, found(err)
	}
	ok, err := s.k.Approved(ctx, req.Address)
	return &types.QueryProviderResponse{Provider: p, Approved: ok}, err
}

// Providers implements types.QueryServer.
func (s queryServer) Providers(ctx context.Context, req *types.QueryProvidersRequest) (*types.QueryProvidersResponse, error) {
	vs, next, err := page(ctx, s.k.providers, req.Pagination)
	return &types.QueryProvidersResponse{Providers: vs, Pagination: next}, err
}

// Approved implements types.QueryServer.
func (s queryServer) Approved(ctx context.Context, req *types.QueryApprovedRequest) (*types.QueryApprovedResponse, error) {
	vs, next, err := query.CollectionPaginate(ctx, s.k.approved, bounded(req.Pagination),
		func(addr []byte, _ collections.NoValue) (string, error) { return s.k.addresses.BytesToString(addr) })
	return &types.QueryApprovedResponse{Accounts: vs, Pagination: next}, err
}

// Auditors implements types.QueryServer.
func (s queryServer) Auditors(ctx context.Context, req *types.QueryAuditorsRequest) (*types.QueryAuditorsResponse, error) {
	vs, next, err := page(ctx, s.k.auditors, req.Pagination)
	return &types.QueryAuditorsResponse{Auditors: vs, Pagination: next}, err
}

// Attributes implements types.QueryServer.
func (s queryServer) Attributes(ctx context.Context, req *types.QueryAttributesRequest) (*types.QueryAttributesResponse, error) {
	addr, err := s.k.address("provider", req.Provider)
	if err != nil {
		return nil, err
	}
	vs, next, err := page(ctx, s.k.attributes, req.Pagination, func(o *query.CollectionsPaginateOptions[statement]) {
		prefix := collections.TriplePrefix[[]byte, []byte, string](addr)
		o.Prefix = &prefix
	})
	return &types.QueryAttributesResponse{Attributes: vs, Pagination: next}, err
}

// Offer implements types.QueryServer.
func (s queryServer) Offer(ctx context.Context, req *types.QueryOfferRequest) (*types.QueryOfferResponse, error) {
	id, err := types.ParseID("offer_id", req.OfferId, types.IDSize)
	if err != nil {
		return nil, err
	}
	o, err := s.k.Offer(ctx, id)
	return &types.QueryOfferResponse{Offer: o}, found(err)
}

// Offers implements types.QueryServer.
func (s queryServer) Offers(ctx context.Context, req *types.QueryOffersRequest) (*types.QueryOffersResponse, error) {
	res := &types.QueryOffersResponse{}
	var err error
	switch {
	case req.Provider != "" && req.ResourceId != 0:
		return nil, types.ErrInvalidField.Wrap("provider, resource_id: want one filter at most")
	case req.Provider != "":
		addr, aerr := s.k.address("provider", req.Provider)
		if aerr != nil {
			return nil, aerr
		}
		res.Offers, res.Pagination, err = query.CollectionPaginate(ctx, s.k.byProvider, bounded(req.Pagination),
			func(key pair, _ collections.NoValue) (types.Offer, error) { return s.k.Offer(ctx, key.K2()) },
			query.WithCollectionPaginationPairPrefix[[]byte, []byte](addr))
	case req.ResourceId != 0:
		res.Offers, res.Pagination, err = query.CollectionPaginate(ctx, s.k.byResource, bounded(req.Pagination),
			func(key resourcePair, _ collections.NoValue) (types.Offer, error) { return s.k.Offer(ctx, key.K2()) },
			query.WithCollectionPaginationPairPrefix[uint64, []byte](req.ResourceId))
	default:
		res.Offers, res.Pagination, err = page(ctx, s.k.offers, req.Pagination)
	}
	return res, err
}

// Peer implements types.QueryServer.
func (s queryServer) Peer(ctx context.Context, req *types.QueryPeerRequest) (*types.QueryPeerResponse, error) {
	id, err := types.ParsePeer("peer_id", req.PeerId)
	if err != nil {
		return nil, err
	}
	p, err := s.k.Peer(ctx, id)
	return &types.QueryPeerResponse{Peer: p}, found(err)
}

// Peers implements types.QueryServer.
func (s queryServer) Peers(ctx context.Context, req *types.QueryPeersRequest) (*types.QueryPeersResponse, error) {
	if req.OfferId == "" {
		vs, next, err := page(ctx, s.k.peers, req.Pagination)
		return &types.QueryPeersResponse{Peers: vs, Pagination: next}, err
	}
	offer, err := types.ParseID("offer_id", req.OfferId, types.IDSize)
	if err != nil {
		return nil, err
	}
	vs, next, err := query.CollectionPaginate(ctx, s.k.byOffer, bounded(req.Pagination),
		func(key pair, _ collections.NoValue) (types.Peer, error) { return s.k.Peer(ctx, key.K2()) },
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](offer))
	return &types.QueryPeersResponse{Peers: vs, Pagination: next}, err
}

// Unit implements types.QueryServer.
func (s queryServer) Unit(ctx context.Context, req *types.QueryUnitRequest) (*types.QueryUnitResponse, error) {
	id, err := types.ParseID("unit_id", req.UnitId, types.IDSize)
	if err != nil {
		return nil, err
	}
	u, err := s.k.Unit(ctx, id)
	return &types.QueryUnitResponse{Unit: u}, found(err)
}

// Units implements types.QueryServer.
func (s queryServer) Units(ctx context.Context, req *types.QueryUnitsRequest) (*types.QueryUnitsResponse, error) {
	peer, err := types.ParsePeer("peer_id", req.PeerId)
	if err != nil {
		return nil, err
	}
	vs, next, err := query.CollectionPaginate(ctx, s.k.byPeer, bounded(req.Pagination),
		func(key pair, _ collections.NoValue) (types.Unit, error) { return s.k.Unit(ctx, key.K2()) },
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](peer))
	return &types.QueryUnitsResponse{Units: vs, Pagination: next}, err
}

// Resources implements types.QueryServer.
func (s queryServer) Resources(ctx context.Context, req *types.QueryResourcesRequest) (*types.QueryResourcesResponse, error) {
	vs, next, err := page(ctx, s.k.resources, req.Pagination)
	return &types.QueryResourcesResponse{Resources: vs, Pagination: next}, err
}

// DataCenters implements types.QueryServer.
func (s queryServer) DataCenters(ctx context.Context, req *types.QueryDataCentersRequest) (*types.QueryDataCentersResponse, error) {
	vs, next, err := page(ctx, s.k.dataCenters, req.Pagination)
	return &types.QueryDataCentersResponse{DataCenters: vs, Pagination: next}, err
}

// Effectors implements types.QueryServer.
func (s queryServer) Effectors(ctx context.Context, req *types.QueryEffectorsRequest) (*types.QueryEffectorsResponse, error) {
	vs, next, err := page(ctx, s.k.effectors, req.Pagination)
	return &types.QueryEffectorsResponse{Effectors: vs, Pagination: next}, err
}
