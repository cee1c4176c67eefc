// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/cosmos/cosmos-sdk/types/query"

	"github.com/go-fluence/fluence/peer/chain"
	dealtypes "github.com/go-fluence/fluence/x/deal/types"
)

var (
	_ chain.Deals     = (*Chain)(nil)
	_ chain.Activator = (*Chain)(nil)
)

// Bounds of what is read of deals.
const (
	dealsPage = 200
	maxDeals  = 10_000 // workers of one peer, or of one deal
)

// DealsOf implements chain.Deals.
func (c *Chain) DealsOf(ctx context.Context, peer [32]byte) (list []chain.PeerDeal, at chain.Height, err error) {
	page := &query.PageRequest{Limit: dealsPage}
	for {
		var res dealtypes.QueryDealsByPeerResponse
		at, err = c.query(ctx, "/fluence.deal.v1.Query/DealsByPeer", &dealtypes.QueryDealsByPeerRequest{PeerId: hex.EncodeToString(peer[:]), Pagination: page}, &res)
		if err != nil {
			return nil, at, err
		}
		for i := range res.Deals {
			w, err := dealWorker(&res.Deals[i].Worker)
			if err != nil {
				return nil, at, err
			}
			d, err := deal(&res.Deals[i].Deal, res.Deals[i].Status)
			if err != nil {
				return nil, at, err
			}
			list = append(list, chain.PeerDeal{Worker: w, Deal: d})
		}
		if page = nextPage(res.Pagination); page == nil || len(list) >= maxDeals {
			return list, at, nil
		}
	}
}

// Workers implements chain.Deals.
func (c *Chain) Workers(ctx context.Context, id chain.DealID) (list []chain.DealWorker, at chain.Height, err error) {
	page := &query.PageRequest{Limit: dealsPage}
	for {
		var res dealtypes.QueryWorkersResponse
		at, err = c.query(ctx, "/fluence.deal.v1.Query/Workers", &dealtypes.QueryWorkersRequest{DealId: id.String(), Pagination: page}, &res)
		var refused *queryError
		if errors.As(err, &refused) && strings.Contains(refused.log, dealtypes.ErrDealNotFound.Error()) {
			return nil, at, fmt.Errorf("%w: %s", chain.ErrNoDeal, id)
		}
		if err != nil {
			return nil, at, err
		}
		for i := range res.Workers {
			w, err := dealWorker(&res.Workers[i])
			if err != nil {
				return nil, at, err
			}
			list = append(list, w)
		}
		if page = nextPage(res.Pagination); page == nil || len(list) >= maxDeals {
			return list, at, nil
		}
	}
}

func nextPage(p *query.PageResponse) *query.PageRequest {
	if p == nil || len(p.NextKey) == 0 {
		return nil
	}
	return &query.PageRequest{Key: p.NextKey, Limit: dealsPage}
}

func deal(d *dealtypes.Deal, status dealtypes.Status) (out chain.Deal, err error) {
	names := map[dealtypes.Status]chain.DealStatus{
		dealtypes.StatusActive: chain.DealActive, dealtypes.StatusEnded: chain.DealEnded, dealtypes.StatusInsufficientFunds: chain.DealNoFunds,
		dealtypes.StatusNotEnoughWorkers: chain.DealNotEnoughWorkers, dealtypes.StatusSmallBalance: chain.DealSmallBalance,
	}
	out.Owner, out.App, out.Status = d.Owner, d.Terms.AppCid, names[status]
	if out.Status == "" {
		return out, fmt.Errorf("deal of %s has status %d, which this peer does not know", d.Owner, status)
	}
	return out, fixed(out.ID[:], "deal id", d.Id)
}

func dealWorker(w *dealtypes.Worker) (out chain.DealWorker, err error) {
	out.Provider, out.Key, out.Joined = w.Provider, w.PeerKey, w.JoinedEpoch
	out.Failed = w.State == dealtypes.WorkerFailed
	out.Units = make([][32]byte, len(w.UnitIds))
	for i, u := range w.UnitIds {
		err = errors.Join(err, fixed(out.Units[i][:], "unit id", u))
	}
	if len(out.Key) != 0 && len(out.Key) != dealtypes.PeerKeyBytes {
		err = errors.Join(err, fmt.Errorf("key of a worker has %d bytes", len(out.Key)))
	}
	return out, errors.Join(err, fixed(out.ID[:], "worker id", w.Id), fixed(out.Deal[:], "deal id", w.DealId), fixed(out.Peer[:], "peer id", w.PeerId))
}

// fixed copies an id that must have the length of dst.
func fixed(dst []byte, what string, id []byte) error {
	if len(id) != len(dst) {
		return fmt.Errorf("%s of %d bytes, want %d", what, len(id), len(dst))
	}
	copy(dst, id)
	return nil
}

// ActivateWorker implements chain.Activator.
func (c *Chain) ActivateWorker(ctx context.Context, a chain.Activation) (chain.Receipt, error) {
	msg := dealtypes.MsgActivateWorker{Sender: c.Account(), DealId: a.Deal[:], WorkerId: a.Worker[:], PeerKey: a.Key[:], Signature: a.Signature[:]}
	value, err := msg.Marshal()
	if err != nil {
		return chain.Receipt{}, err
	}
	return c.Submit(ctx, chain.Msg{TypeURL: "/fluence.deal.v1.MsgActivateWorker", Value: value})
}
