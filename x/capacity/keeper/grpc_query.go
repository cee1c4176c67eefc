// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// maxPage bounds a page of commitments.
const maxPage = 100

type queryServer struct{ k *Keeper }

// NewQueryServer returns the query service. Every answer is as of the state it
// reads, with everything settled that can be.
func NewQueryServer(k *Keeper) types.QueryServer { return queryServer{k} }

// parseID reads an id in hexadecimal, with or without 0x.
func parseID(field, text string, size int) ([]byte, error) {
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil || len(b) != size {
		return nil, types.ErrInvalidID.Wrapf("%s %q: want %d bytes in hexadecimal", field, text, size)
	}
	return b, nil
}

// found turns absence into the status that clients know.
func found(err error) error {
	if errors.Is(err, types.ErrNotFound) || errors.Is(err, types.ErrNoCommitment) || errors.Is(err, collections.ErrNotFound) {
		return status.Error(codes.NotFound, err.Error())
	}
	return err
}

func (s queryServer) load(ctx context.Context, id string) (*view, uint64, error) {
	b, err := parseID("id", id, types.CommitmentIDSize)
	if err != nil {
		return nil, 0, err
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, 0, err
	}
	v, err := s.k.load(ctx, b)
	return v, now, found(err)
}

// Params implements types.QueryServer.
func (s queryServer) Params(ctx context.Context, _ *types.QueryParamsRequest) (*types.QueryParamsResponse, error) {
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.k.ParamsAt(ctx, now)
	if err != nil {
		return nil, err
	}
	next, err := s.k.ParamsAt(ctx, now+1)
	return &types.QueryParamsResponse{Params: p, Next: next}, err
}

// EpochParams implements types.QueryServer.
//
// Errors: ErrEpochNotBegun.
func (s queryServer) EpochParams(ctx context.Context, req *types.QueryEpochParamsRequest) (*types.QueryEpochParamsResponse, error) {
	epoch, err := s.epoch(ctx, req.Epoch)
	if err != nil {
		return nil, err
	}
	p, err := s.k.EpochParams(ctx, epoch)
	return &types.QueryEpochParamsResponse{Params: p}, err
}

// epoch returns the given epoch, the running one for 0.
func (s queryServer) epoch(ctx context.Context, epoch uint64) (uint64, error) {
	if epoch > 0 {
		return epoch, nil
	}
	return s.k.epochs.Number(ctx)
}

// Commitment implements types.QueryServer.
func (s queryServer) Commitment(ctx context.Context, req *types.QueryCommitmentRequest) (*types.QueryCommitmentResponse, error) {
	v, now, err := s.load(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	out, err := s.k.show(ctx, v, now)
	return &types.QueryCommitmentResponse{Commitment: out}, err
}

// PeerCommitment implements types.QueryServer.
func (s queryServer) PeerCommitment(ctx context.Context, req *types.QueryPeerCommitmentRequest) (*types.QueryPeerCommitmentResponse, error) {
	peer, err := parseID("peer", req.Peer, types.PeerIDSize)
	if err != nil {
		return nil, err
	}
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	v, err := s.k.ofPeer(ctx, peer)
	if err != nil {
		return nil, found(err)
	}
	out, err := s.k.show(ctx, v, now)
	return &types.QueryPeerCommitmentResponse{Commitment: out}, err
}

// Commitments implements types.QueryServer.
func (s queryServer) Commitments(ctx context.Context, req *types.QueryCommitmentsRequest) (*types.QueryCommitmentsResponse, error) {
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	page := req.Pagination
	if page == nil {
		page = &query.PageRequest{}
	}
	if page.Limit == 0 || page.Limit > maxPage {
		page.Limit = maxPage
	}
	one := func(id []byte) (types.CommitmentView, error) {
		v, err := s.k.load(ctx, id)
		if err != nil {
			return types.CommitmentView{}, err
		}
		return s.k.show(ctx, v, now)
	}
	var list []types.CommitmentView
	var next *query.PageResponse
	switch {
	case req.Provider != "" && req.Delegator != "":
		return nil, status.Error(codes.InvalidArgument, "provider, delegator: give at most one")
	case req.Provider != "":
		list, next, err = s.ofParty(ctx, s.k.byProvider, req.Provider, page, one)
	case req.Delegator != "":
		list, next, err = s.ofParty(ctx, s.k.byDelegator, req.Delegator, page, one)
	default:
		list, next, err = query.CollectionPaginate(ctx, s.k.commitments, page,
			func(id []byte, _ types.Commitment) (types.CommitmentView, error) { return one(id) })
	}
	return &types.QueryCommitmentsResponse{Commitments: list, Pagination: next}, err
}

func (s queryServer) ofParty(ctx context.Context, set collections.KeySet[collections.Pair[string, []byte]], party string, page *query.PageRequest, one func([]byte) (types.CommitmentView, error)) ([]types.CommitmentView, *query.PageResponse, error) {
	_, name, err := s.k.account("party", party)
	if err != nil {
		return nil, nil, err
	}
	return query.CollectionPaginate(ctx, set, page,
		func(key collections.Pair[string, []byte], _ collections.NoValue) (types.CommitmentView, error) {
			return one(key.K2())
		}, query.WithCollectionPaginationPairPrefix[string, []byte](name))
}

// show returns what people see of a commitment.
func (k *Keeper) show(ctx context.Context, v *view, now uint64) (types.CommitmentView, error) {
	next, err := k.nextFailure(ctx, v)
	if err != nil {
		return types.CommitmentView{}, err
	}
	active, joining, exited := v.counts(now)
	return types.CommitmentView{
		Commitment: v.c, Status: v.status(now), EndEpoch: v.c.EndEpoch(), Settled: v.b.Settled,
		TotalFails: v.b.TotalFails, MaxFails: v.c.MaxFails(), FailedEpoch: v.b.FailedEpoch, NextFailedEpoch: next,
		ActiveUnits: active, NextUnits: joining, ExitedUnits: exited,
		Collateral: v.c.Required(), Slashed: v.b.Slashed, CollateralWithdrawn: v.b.CollateralWithdrawn,
	}, nil
}

// Units implements types.QueryServer.
func (s queryServer) Units(ctx context.Context, req *types.QueryUnitsRequest) (*types.QueryUnitsResponse, error) {
	v, now, err := s.load(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	open, err := s.k.talliesOf(ctx, v.c.Id, v.b.Settled, now)
	if err != nil {
		return nil, err
	}
	out := &types.QueryUnitsResponse{Epoch: now}
	for i, u := range v.b.Units {
		uv := types.UnitView{
			UnitId: u.UnitId, State: v.unitState(u, now), ProofsTotal: u.Proofs,
			Successes: u.Successes, Failures: u.Fails, Slashed: u.Slashed, From: u.From,
		}
		for _, t := range open {
			uv.ProofsTotal += uint64(t.Proofs[i])
			if t.Epoch == now {
				uv.ProofsEpoch = t.Proofs[i]
			}
		}
		out.Units = append(out.Units, uv)
	}
	return out, nil
}

func (v *view) unitState(u types.UnitBook, now uint64) types.UnitState {
	switch {
	case u.Exited:
		return types.UnitExited
	case u.InDeal:
		return types.UnitInDeal
	case !v.running(now):
		return types.UnitFree
	case u.From > now:
		return types.UnitWaiting
	}
	return types.UnitProving
}

// Rewards implements types.QueryServer.
func (s queryServer) Rewards(ctx context.Context, req *types.QueryRewardsRequest) (*types.QueryRewardsResponse, error) {
	v, now, err := s.load(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	total, unlocked, err := s.k.owed(ctx, v, now)
	if err != nil {
		return nil, err
	}
	return &types.QueryRewardsResponse{
		Total: parted(total, v.c.RewardRate), Unlocked: parted(unlocked, v.c.RewardRate),
		Withdrawn: types.Share{Amount: v.b.Withdrawn, Provider: v.b.PaidProvider, Delegator: v.b.PaidDelegator},
	}, nil
}

func parted(amount math.Int, rate uint64) types.Share {
	p, d := types.Split(amount, rate)
	return types.Share{Amount: amount, Provider: p, Delegator: d}
}

// Pool implements types.QueryServer.
func (s queryServer) Pool(ctx context.Context, _ *types.QueryPoolRequest) (*types.QueryPoolResponse, error) {
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	rec, err := s.k.records.Get(ctx, now)
	if err != nil {
		return nil, err
	}
	t, err := s.k.totals.Get(ctx)
	return &types.QueryPoolResponse{
		Epoch: rec, Balance: s.k.bank.GetBalance(ctx, s.k.pool, types.Denom).Amount, Reserved: t.ReservedRewards, Totals: t,
	}, err
}

// Epoch implements types.QueryServer.
func (s queryServer) Epoch(ctx context.Context, req *types.QueryEpochRequest) (*types.QueryEpochResponse, error) {
	epoch, err := s.epoch(ctx, req.Epoch)
	if err != nil {
		return nil, err
	}
	rec, err := s.k.records.Get(ctx, epoch)
	return &types.QueryEpochResponse{Epoch: rec}, found(err)
}

// Price implements types.QueryServer.
func (s queryServer) Price(ctx context.Context, _ *types.QueryPriceRequest) (*types.QueryPriceResponse, error) {
	now, err := s.k.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.k.ParamsAt(ctx, now)
	if err != nil {
		return nil, err
	}
	rec, err := s.k.records.Get(ctx, now)
	if err != nil {
		return nil, err
	}
	out := &types.QueryPriceResponse{
		Price: rec.Price, Priced: rec.Priced, Expired: priceExpired(rec, p), CollateralPerUnit: types.CollateralPerUnit(p.UsdCollateralPerUnit, rec.Price),
	}
	for _, f := range p.Feeders {
		r, err := s.k.reports.Get(ctx, f)
		switch {
		case errors.Is(err, collections.ErrNotFound):
		case err != nil:
			return nil, err
		default:
			out.Reports = append(out.Reports, r)
		}
	}
	return out, nil
}
