// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// turn is the most that one deal takes of a block's budget for rematching, so that
// a deal that nobody fits does not keep others waiting.
const turn = 8

// rematch looks for replacements, deal after deal from the one after the last that
// had its turn, until the budget of peers is used up or all have had a turn.
func (k *Keeper) rematch(ctx context.Context, now moment, budget int) error {
	after, err := k.rematchAfter.Get(ctx)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	list, err := k.waiting(ctx, after, budget)
	if err != nil {
		return err
	}
	for _, r := range list {
		if budget <= 0 {
			break
		}
		after = r.DealId
		if r.NotBefore > now.epoch {
			budget--
			continue
		}
		used, err := k.replace(ctx, r, now, min(turn, budget))
		if err != nil {
			return err
		}
		budget -= max(used, 1)
	}
	if len(list) == 0 {
		return nil
	}
	return k.rematchAfter.Set(ctx, after)
}

// waiting returns up to limit deals that wait for a replacement, those after the
// given one first.
func (k *Keeper) waiting(ctx context.Context, after []byte, limit int) ([]types.Rematch, error) {
	var list []types.Rematch
	collect := func(_ []byte, r types.Rematch) (bool, error) {
		list = append(list, r)
		return len(list) >= limit, nil
	}
	first, rest := new(collections.Range[[]byte]), (*collections.Range[[]byte])(nil)
	if len(after) > 0 {
		first = first.StartExclusive(after)
		rest = new(collections.Range[[]byte]).EndInclusive(after)
	}
	if err := k.rematches.Walk(ctx, first, collect); err != nil || rest == nil || len(list) >= limit {
		return list, err
	}
	return list, k.rematches.Walk(ctx, rest, collect)
}

// replace looks at up to budget peers for one deal and takes the first that fits.
// It returns how many it looked at.
func (k *Keeper) replace(ctx context.Context, r types.Rematch, now moment, budget int) (int, error) {
	l, err := k.openAt(ctx, r.DealId, now)
	if err != nil {
		return 1, err
	}
	if !l.deal.StandingOrder.Covers(now.epoch) || l.deal.EndedEpoch != 0 || l.drained() {
		return 1, k.rematches.Remove(ctx, r.DealId)
	}
	if l.acc.Balance.LT(l.minimum()) {
		r.NotBefore = now.epoch + 1
		return 1, k.rematches.Set(ctx, r.DealId, r)
	}
	found, cursor, used, err := k.search(ctx, l, r.Cursor, budget, 1)
	if err != nil {
		return used, err
	}
	r.Cursor = cursor
	if len(cursor) == 0 {
		r.NotBefore = now.epoch + 1 // everybody was looked at
	}
	if len(found) == 0 {
		return used, k.rematches.Set(ctx, r.DealId, r)
	}
	k.substitute(ctx, l, &r, found[0])
	if r.Wanted == 0 {
		err = k.rematches.Remove(ctx, r.DealId)
	} else {
		r.NotBefore = now.epoch
		err = k.rematches.Set(ctx, r.DealId, r)
	}
	if err != nil {
		return used, err
	}
	return used, k.save(ctx, l)
}

// substitute ends the next failed worker and lets the selected peer join. A peer
// that refuses at the last moment leaves everything as it was.
func (k *Keeper) substitute(ctx context.Context, l *ledger, r *types.Rematch, s types.Selection) {
	before, wanted := *l, *r
	err := atomically(ctx, func(ctx context.Context) error {
		r.Wanted--
		if len(r.Failed) > 0 {
			id := r.Failed[0]
			r.Failed = r.Failed[1:]
			switch w, err := k.workers.Get(ctx, collections.Join(l.deal.Id, id)); {
			case err == nil:
				if err := k.remove(ctx, l, w, replaced); err != nil {
					return err
				}
			case !errors.Is(err, collections.ErrNotFound):
				return err
			}
		}
		if l.deal.WorkerCount >= l.deal.Terms.TargetWorkers {
			return nil
		}
		if _, err := k.join(ctx, l, s, true); err != nil {
			return err
		}
		l.deal.StandingOrder.Replacements--
		return emit(ctx, &types.EventStandingOrderChanged{DealId: l.deal.Id, StandingOrder: l.deal.StandingOrder})
	})
	if err != nil {
		*l, *r = before, wanted
	}
}

// wantAnother puts a deal with a standing order down for one more worker after w went.
func (k *Keeper) wantAnother(ctx context.Context, l *ledger, w types.Worker) error {
	r, err := k.rematches.Get(ctx, l.deal.Id)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return k.wantReplacement(ctx, l, nil)
	case err != nil:
		return err
	}
	if slices.ContainsFunc(r.Failed, func(id []byte) bool { return bytes.Equal(id, w.Id) }) {
		return nil // it was put down when it failed
	}
	return k.wantReplacement(ctx, l, nil)
}

// search looks at up to budget peers, from the cursor on, for such as the deal could
// be matched with, and stops when it has as many as wanted. The cursor it returns is
// where to look on, empty at the end. It changes nothing.
func (k *Keeper) search(ctx context.Context, l *ledger, cursor []byte, budget, wanted int) ([]types.Selection, []byte, int, error) {
	s := &searcher{k: k, l: l, demand: l.deal.Terms.Demand(), budget: budget, wanted: wanted, counts: map[string]uint64{}}
	var offer []byte
	if len(cursor) >= types.OfferIDBytes {
		offer = cursor[:types.OfferIDBytes]
		o, err := k.market.Offer(ctx, offer)
		if err == nil && len(cursor) > types.OfferIDBytes {
			err = s.offer(ctx, o, cursor[types.OfferIDBytes:])
		}
		if err != nil && !errors.Is(err, markettypes.ErrOfferNotFound) {
			return nil, nil, s.used, err
		}
	}
	if s.done() {
		return s.found, s.cursor, s.used, nil
	}
	_, err := k.market.IterateOffers(ctx, offer, s.budget-s.used+1, func(o markettypes.Offer) (bool, error) {
		err := s.offer(ctx, o, nil)
		return s.done(), err
	})
	if err != nil || s.done() {
		return s.found, s.cursor, s.used, err
	}
	return s.found, nil, s.used, nil
}

// searcher is a search that is going on.
type searcher struct {
	k      *Keeper
	l      *ledger
	demand markettypes.Demand
	budget int
	wanted int
	used   int
	found  []types.Selection
	cursor []byte
	counts map[string]uint64 // candidates per provider
}

func (s *searcher) done() bool { return s.used >= s.budget || len(s.found) >= s.wanted }

// offer looks at the peers of an offer after the given one.
func (s *searcher) offer(ctx context.Context, o markettypes.Offer, after []byte) error {
	s.used++
	s.cursor = o.Id
	if _, err := s.k.market.CheckOffer(ctx, o, s.demand); err != nil {
		return nil //nolint:nilerr // the offer does not fit
	}
	_, err := s.k.market.IteratePeers(ctx, o.Id, after, s.budget+1, func(p markettypes.Peer) (bool, error) {
		s.used += 1 + int(p.TakenCount/64)
		s.cursor = append(bytes.Clone(o.Id), p.Id...)
		err := s.peer(ctx, p)
		return s.done(), err
	})
	return err
}

// peer puts a peer on the list if it fits.
func (s *searcher) peer(ctx context.Context, p markettypes.Peer) error {
	m, err := s.k.market.CheckMatch(ctx, p.Id, s.demand)
	if err != nil {
		return nil //nolint:nilerr // the peer does not fit
	}
	provider, err := s.k.admit(ctx, s.l, m)
	if err != nil {
		return nil //nolint:nilerr // the deal does not take it
	}
	n, err := s.k.countOf(ctx, s.l.deal.Id, provider)
	if err != nil {
		return err
	}
	if n+s.counts[string(provider)] >= s.l.deal.Terms.PerProvider() {
		return nil
	}
	s.counts[string(provider)]++
	s.found = append(s.found, types.Selection{OfferId: m.Offer.Id, PeerId: p.Id, UnitIds: m.Units})
	return nil
}
