// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/deal/types"
)

// CommitmentFailed ends the pay of a peer's workers from the running epoch on; what
// they earned before stays theirs. Deals that list whom they trust go on. Workers of
// a standing order are put down for replacement. The work grows with the number of
// the peer's workers, which its units bound.
func (k *Keeper) CommitmentFailed(ctx context.Context, peer []byte, epoch uint64) error {
	return k.eachOfPeer(ctx, peer, func(l *ledger, w types.Worker) error {
		if w.State == types.WorkerFailed || l.deal.EndedEpoch != 0 || l.deal.Access == types.AccessWhitelist {
			return nil
		}
		name, rate, ok, err := k.capacity.Share(ctx, peer)
		if err != nil {
			return err
		}
		if ok {
			w.Delegator, w.DelegatorShare = name, rate
		}
		if w.State == types.WorkerActive {
			w.Earned, w.PaidFrom = k.biller.Earned(l.deal.Terms, l.acc, w), l.acc.Paid
			l.acc.PaidWorkers--
		}
		w.State = types.WorkerFailed
		if err := k.workers.Set(ctx, collections.Join(w.DealId, w.Id), w); err != nil {
			return err
		}
		if err := k.wantReplacement(ctx, l, w.Id); err != nil {
			return err
		}
		return emit(ctx, &types.EventWorkerFailed{PeerId: peer, DealId: w.DealId, WorkerId: w.Id, Epoch: epoch})
	})
}

// UnitsExiting ends the workers that hold any of a peer's units, so that the units
// can leave their commitment.
func (k *Keeper) UnitsExiting(ctx context.Context, peer []byte, units [][]byte) error {
	leaving := make(map[string]bool, len(units))
	for _, id := range units {
		u, err := k.market.Unit(ctx, id)
		if err != nil {
			return err
		}
		if bytes.Equal(u.PeerId, peer) && len(u.WorkerId) > 0 {
			leaving[string(u.WorkerId)] = true
		}
	}
	if len(leaving) == 0 {
		return nil
	}
	return k.eachOfPeer(ctx, peer, func(l *ledger, w types.Worker) error {
		if !leaving[string(w.Id)] {
			return nil
		}
		if err := k.remove(ctx, l, w, exit); err != nil {
			return err
		}
		return k.wantReplacement(ctx, l, nil)
	})
}

// eachOfPeer changes the deals that a peer serves, in the order of their ids.
func (k *Keeper) eachOfPeer(ctx context.Context, peer []byte, f func(*ledger, types.Worker) error) error {
	type entry struct{ deal, worker []byte }
	var list []entry
	err := k.byPeer.Walk(ctx, collections.NewPrefixedPairRange[[]byte, []byte](peer), func(key pair, worker []byte) (bool, error) {
		list = append(list, entry{key.K2(), worker})
		return false, nil
	})
	if err != nil {
		return err
	}
	for _, e := range list {
		l, err := k.open(ctx, e.deal)
		if err != nil {
			return err
		}
		w, err := k.Worker(ctx, e.deal, e.worker)
		if err != nil {
			return err
		}
		if err := f(l, w); err != nil {
			return err
		}
		if err := k.save(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// wantReplacement puts a deal with a standing order down for one more worker. The
// failed worker, if any, keeps its units until then.
func (k *Keeper) wantReplacement(ctx context.Context, l *ledger, failed []byte) error {
	if !l.deal.StandingOrder.Covers(l.now.epoch) || l.deal.EndedEpoch != 0 {
		return nil
	}
	r, err := k.rematches.Get(ctx, l.deal.Id)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		r = types.Rematch{DealId: l.deal.Id}
	case err != nil:
		return err
	}
	r.Wanted++
	r.NotBefore = l.now.epoch
	if failed != nil {
		r.Failed = append(r.Failed, failed)
	}
	return k.rematches.Set(ctx, l.deal.Id, r)
}
