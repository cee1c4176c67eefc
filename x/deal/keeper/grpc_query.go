// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/deal/types"
)

const (
	// maxPage bounds a page of any list.
	maxPage = 1000
	// maxLookedAt bounds the peers that one MatchCandidates examines.
	maxLookedAt = 2000
)

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// found turns absence into the status that clients know.
func found(err error) error {
	if errors.Is(err, types.ErrDealNotFound) || errors.Is(err, collections.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}

func bounded(p *query.PageRequest) *query.PageRequest {
	if p != nil && p.Limit > maxPage {
		p.Limit = maxPage
	}
	return p
}

// open settles a copy of a deal: nothing of it is written.
func (s queryServer) open(ctx context.Context, id string) (*ledger, error) {
	raw, err := types.ParseDealID(id)
	if err != nil {
		return nil, err
	}
	l, err := s.k.open(ctx, raw)
	return l, found(err)
}

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	p, err := s.k.params.Get(ctx)
	return &types.QueryParamsResponse{Params: p}, err
}

// Deal implements types.QueryServer.
func (s queryServer) Deal(ctx context.Context, req *types.QueryDealRequest) (*types.QueryDealResponse, error) {
	l, err := s.open(ctx, req.DealId)
	if err != nil {
		return nil, err
	}
	res := &types.QueryDealResponse{Deal: l.deal, Status: s.k.status(l)}
	err = s.k.access.Walk(ctx, collections.NewPrefixedPairRange[[]byte, []byte](l.deal.Id), func(key pair) (bool, error) {
		name, err := s.k.addresses.BytesToString(key.K2())
		res.AccessList = append(res.AccessList, name)
		return false, err
	})
	return res, err
}

// Deals implements types.QueryServer.
func (s queryServer) Deals(ctx context.Context, req *types.QueryDealsRequest) (*types.QueryDealsResponse, error) {
	deals, next, err := query.CollectionPaginate(ctx, s.k.deals, bounded(req.Pagination),
		func(id []byte, _ types.Deal) (types.DealStatus, error) { return s.dealStatus(ctx, id) })
	return &types.QueryDealsResponse{Deals: deals, Pagination: next}, err
}

func (s queryServer) dealStatus(ctx context.Context, id []byte) (types.DealStatus, error) {
	l, err := s.k.open(ctx, id)
	if err != nil {
		return types.DealStatus{}, err
	}
	return types.DealStatus{Deal: l.deal, Status: s.k.status(l)}, nil
}

// DealsByOwner implements types.QueryServer.
func (s queryServer) DealsByOwner(ctx context.Context, req *types.QueryDealsByOwnerRequest) (*types.QueryDealsResponse, error) {
	owner, _, err := s.k.account("owner", req.Owner)
	if err != nil {
		return nil, err
	}
	deals, next, err := query.CollectionPaginate(ctx, s.k.byOwner, bounded(req.Pagination),
		func(key pair, _ collections.NoValue) (types.DealStatus, error) { return s.dealStatus(ctx, key.K2()) },
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](owner))
	return &types.QueryDealsResponse{Deals: deals, Pagination: next}, err
}

// DealsByPeer implements types.QueryServer.
func (s queryServer) DealsByPeer(ctx context.Context, req *types.QueryDealsByPeerRequest) (*types.QueryDealsByPeerResponse, error) {
	peer, err := types.ParsePeerID(req.PeerId)
	if err != nil {
		return nil, err
	}
	deals, next, err := query.CollectionPaginate(ctx, s.k.byPeer, bounded(req.Pagination),
		func(key pair, worker []byte) (types.PeerDeal, error) {
			w, err := s.k.Worker(ctx, key.K2(), worker)
			if err != nil {
				return types.PeerDeal{}, err
			}
			d, err := s.dealStatus(ctx, key.K2())
			return types.PeerDeal{Worker: w, Deal: d.Deal, Status: d.Status}, err
		}, query.WithCollectionPaginationPairPrefix[[]byte, []byte](peer))
	return &types.QueryDealsByPeerResponse{Deals: deals, Pagination: next}, err
}

// Workers implements types.QueryServer.
func (s queryServer) Workers(ctx context.Context, req *types.QueryWorkersRequest) (*types.QueryWorkersResponse, error) {
	l, err := s.open(ctx, req.DealId)
	if err != nil {
		return nil, err
	}
	ws, next, err := query.CollectionPaginate(ctx, s.k.workers, bounded(req.Pagination),
		func(_ pair, w types.Worker) (types.Worker, error) { return w, nil },
		query.WithCollectionPaginationPairPrefix[[]byte, []byte](l.deal.Id))
	return &types.QueryWorkersResponse{Workers: ws, Pagination: next}, err
}

// Balance implements types.QueryServer.
func (s queryServer) Balance(ctx context.Context, req *types.QueryBalanceRequest) (*types.QueryBalanceResponse, error) {
	l, err := s.open(ctx, req.DealId)
	if err != nil {
		return nil, err
	}
	last, err := s.k.maxPaidEpoch(ctx, l)
	if err != nil {
		return nil, err
	}
	minimum, perEpoch := l.minimum(), l.deal.Terms.Price.Mul(math.NewIntFromUint64(uint64(l.acc.PaidWorkers)))
	if l.deal.EndedEpoch != 0 {
		minimum = math.ZeroInt()
	}
	return &types.QueryBalanceResponse{
		Balance: l.coin(l.acc.Balance), Locked: l.coin(l.acc.Locked), Withdrawable: l.coin(l.withdrawable()),
		PerEpoch: l.coin(perEpoch), MaxPaidEpoch: last, Sponsors: l.acc.Sponsors, Minimum: l.coin(minimum), Epoch: l.now.epoch,
	}, nil
}

// Rewards implements types.QueryServer.
func (s queryServer) Rewards(ctx context.Context, req *types.QueryRewardsRequest) (*types.QueryRewardsResponse, error) {
	l, err := s.open(ctx, req.DealId)
	if err != nil {
		return nil, err
	}
	rewards, next, err := query.CollectionPaginate(ctx, s.k.workers, bounded(req.Pagination),
		func(_ pair, w types.Worker) (types.Reward, error) {
			p, err := s.k.split(ctx, l, w, s.k.biller.Earned(l.deal.Terms, l.acc, w))
			if err != nil {
				return types.Reward{}, err
			}
			return types.Reward{
				WorkerId: w.Id, Provider: w.Provider, ProviderReward: l.coin(p.provider),
				Delegator: p.delegatorName, DelegatorReward: l.coin(p.delegator), ProtocolFee: l.coin(p.fee),
			}, nil
		}, query.WithCollectionPaginationPairPrefix[[]byte, []byte](l.deal.Id))
	return &types.QueryRewardsResponse{Rewards: rewards, Pagination: next}, err
}

// MatchCandidates implements types.QueryServer. Of terms without a deal, the access
// list is checked as that of a deal.
func (s queryServer) MatchCandidates(ctx context.Context, req *types.QueryMatchCandidatesRequest) (*types.QueryMatchCandidatesResponse, error) {
	cached, _ := sdk.UnwrapSDKContext(ctx).CacheContext() // a deal of mere terms is forgotten
	l, err := s.candidatesFor(cached, req)
	if err != nil {
		return nil, err
	}
	wanted := int(req.Limit)
	if wanted == 0 {
		wanted = int(l.deal.Terms.TargetWorkers) - int(l.deal.WorkerCount)
	}
	res := &types.QueryMatchCandidatesResponse{EarliestEpoch: l.earliestMatch()}
	if wanted = min(wanted, types.MaxSelections); wanted <= 0 {
		return res, nil
	}
	var used int
	res.Candidates, res.Cursor, used, err = s.k.search(cached, l, req.Cursor, maxLookedAt, wanted)
	res.LookedAt = uint64(used)
	return res, err
}

// candidatesFor opens the deal, or makes one of the terms under an id that no deal has.
func (s queryServer) candidatesFor(ctx context.Context, req *types.QueryMatchCandidatesRequest) (*ledger, error) {
	if req.DealId != "" {
		return s.open(ctx, req.DealId)
	}
	if req.Terms == nil {
		return nil, types.ErrInvalidTerms.Wrap("deal_id, terms: want one of them")
	}
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.k.checkTerms(ctx, *req.Terms, p); err != nil {
		return nil, err
	}
	now, err := s.k.now(ctx)
	if err != nil {
		return nil, err
	}
	l := &ledger{deal: types.Deal{Id: make([]byte, types.DealIDBytes), Terms: *req.Terms}, now: now, params: p}
	return l, s.k.setAccess(ctx, l, req.Access, req.AccessList)
}

// Grants implements types.QueryServer.
func (s queryServer) Grants(ctx context.Context, req *types.QueryGrantsRequest) (*types.QueryGrantsResponse, error) {
	grantee, _, err := s.k.account("grantee", req.Grantee)
	if err != nil {
		return nil, err
	}
	grants, next, err := query.CollectionPaginate(ctx, s.k.grants, bounded(req.Pagination),
		func(_ grantKey, g types.Grant) (types.Grant, error) { return g, nil },
		func(o *query.CollectionsPaginateOptions[grantKey]) {
			prefix := collections.TriplePrefix[[]byte, []byte, string](grantee)
			o.Prefix = &prefix
		})
	return &types.QueryGrantsResponse{Grants: grants, Pagination: next}, err
}

// NextDealId implements types.QueryServer.
//
//nolint:revive // the name is generated
func (s queryServer) NextDealId(ctx context.Context, req *types.QueryNextDealIdRequest) (*types.QueryNextDealIdResponse, error) {
	owner, _, err := s.k.account("owner", req.Owner)
	if err != nil {
		return nil, err
	}
	id, err := s.k.nextDealID(ctx, owner, false)
	return &types.QueryNextDealIdResponse{DealId: id}, err
}
