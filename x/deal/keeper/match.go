// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/deal/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// matchable refuses a deal that cannot be matched by its owner now.
//
// Errors: ErrInsufficientFunds, ErrTooEarly.
func (k *Keeper) matchable(l *ledger) error {
	if need := l.minimum(); l.acc.Balance.LT(need) {
		return types.ErrInsufficientFunds.Wrapf("deposit %s more: %s are needed, %s are there",
			l.coin(need.Sub(l.acc.Balance)), l.coin(need), l.coin(l.acc.Balance))
	}
	if k.status(l) == types.StatusInsufficientFunds {
		return types.ErrInsufficientFunds.Wrap("the balance does not pay for the running epoch")
	}
	if at := l.earliestMatch(); l.now.epoch < at {
		return types.ErrTooEarly.Wrapf("earliest epoch %d, now %d", at, l.now.epoch)
	}
	return nil
}

// earliestMatch returns the first epoch in which the owner may match the deal.
func (l *ledger) earliestMatch() uint64 {
	if l.deal.MatchedEpoch == 0 {
		return l.now.epoch
	}
	return l.deal.MatchedEpoch + l.params.MinRematchingEpochs + 1
}

// match takes all selected units for the deal and returns the new workers. The
// caller keeps what it wrote only when it succeeds.
//
// Errors: ErrInvalidSelection, ErrTooManyWorkers, ErrNotEnoughWorkers, those of
// matchable and join.
func (k *Keeper) match(ctx context.Context, l *ledger, selections []types.Selection) ([][]byte, error) {
	if n := len(selections); n == 0 || n > types.MaxSelections {
		return nil, types.ErrInvalidSelection.Wrapf("match: %d selections, want 1 to %d", n, types.MaxSelections)
	}
	if err := k.matchable(l); err != nil {
		return nil, err
	}
	if free := int(l.deal.Terms.TargetWorkers) - int(l.deal.WorkerCount); len(selections) > free {
		return nil, types.ErrTooManyWorkers.Wrapf("match: %d workers, target_workers leaves room for %d", len(selections), free)
	}
	ids := make([][]byte, 0, len(selections))
	for _, s := range selections {
		w, err := k.join(ctx, l, s, false)
		if err != nil {
			return nil, err
		}
		ids = append(ids, w.Id)
	}
	if l.deal.WorkerCount < l.deal.Terms.MinWorkers {
		return nil, types.ErrNotEnoughWorkers.Wrapf("match: %d workers, min_workers %d", l.deal.WorkerCount, l.deal.Terms.MinWorkers)
	}
	l.deal.MatchedEpoch = l.now.epoch
	return ids, nil
}

// join takes the selected units for a new worker of the deal.
//
// Errors: ErrInvalidID, ErrInvalidSelection, ErrPeerUsed, ErrMismatch,
// ErrAccessDenied, ErrTooManyWorkers, and those of the market's CheckMatch and Take.
func (k *Keeper) join(ctx context.Context, l *ledger, s types.Selection, standing bool) (types.Worker, error) {
	if err := s.Validate(l.deal.Terms.UnitsPerWorker); err != nil {
		return types.Worker{}, err
	}
	m, err := k.market.CheckMatch(ctx, s.PeerId, l.deal.Terms.Demand())
	if err != nil {
		return types.Worker{}, err
	}
	if !bytes.Equal(m.Offer.Id, s.OfferId) {
		return types.Worker{}, types.ErrMismatch.Wrapf("peer %s is under offer %s now, not %s", types.Hex(s.PeerId), types.Hex(m.Offer.Id), types.Hex(s.OfferId))
	}
	provider, err := k.admit(ctx, l, m)
	if err != nil {
		return types.Worker{}, err
	}
	w, err := k.newWorker(ctx, l, s, m.Offer.Provider)
	if err != nil {
		return types.Worker{}, err
	}
	if err := k.market.Take(ctx, markettypes.Taking{
		Deal: l.deal.Id, Worker: w.Id, Peer: s.PeerId, Units: s.UnitIds, Resources: l.deal.Terms.Resources,
	}); err != nil {
		return types.Worker{}, err
	}
	if err := k.addWorker(ctx, l, w, provider); err != nil {
		return types.Worker{}, err
	}
	return w, emit(ctx, &types.EventWorkerCreated{
		PeerId: w.PeerId, DealId: w.DealId, WorkerId: w.Id, UnitIds: w.UnitIds, AppCid: l.deal.Terms.AppCid,
		Provider: w.Provider, Standing: standing,
	})
}

// admit checks what a match depends on beside the market, and returns the
// provider's address.
func (k *Keeper) admit(ctx context.Context, l *ledger, m markettypes.Match) ([]byte, error) {
	provider, _, err := k.account("provider", m.Offer.Provider)
	if err != nil {
		return nil, err
	}
	switch used, err := k.byPeer.Has(ctx, collections.Join(m.Peer.Id, l.deal.Id)); {
	case err != nil:
		return nil, err
	case used:
		return nil, types.ErrPeerUsed.Wrapf("peer %s", types.Hex(m.Peer.Id))
	}
	switch ok, err := k.allowed(ctx, l.deal, provider); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, types.ErrAccessDenied.Wrapf("provider %s", m.Offer.Provider)
	}
	n, err := k.countOf(ctx, l.deal.Id, provider)
	if err != nil {
		return nil, err
	}
	if most := l.deal.Terms.PerProvider(); n >= most {
		return nil, types.ErrTooManyWorkers.Wrapf("provider %s has %d workers, max_workers_per_provider %d", m.Offer.Provider, n, most)
	}
	return provider, k.proves(ctx, l.deal.Access, m.Peer.Id)
}

// proves refuses a peer without an active commitment, unless the customer listed
// whom it trusts.
func (k *Keeper) proves(ctx context.Context, a types.Access, peer []byte) error {
	if a == types.AccessWhitelist {
		return nil
	}
	active, err := k.capacity.PeerActive(ctx, peer)
	if err == nil && !active {
		err = types.ErrMismatch.Wrapf("peer %s has no active capacity commitment", types.Hex(peer))
	}
	return err
}

// allowed reports whether the deal's access list lets a provider serve.
func (k *Keeper) allowed(ctx context.Context, d types.Deal, provider []byte) (bool, error) {
	if d.Access == types.AccessNone {
		return true, nil
	}
	listed, err := k.access.Has(ctx, collections.Join(d.Id, provider))
	return listed == (d.Access == types.AccessWhitelist), err
}

// countOf returns how many workers of a deal a provider has.
func (k *Keeper) countOf(ctx context.Context, deal, provider []byte) (uint64, error) {
	n, err := k.counts.Get(ctx, collections.Join(deal, provider))
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return n, err
}

func (k *Keeper) setCount(ctx context.Context, deal, provider []byte, n uint64) error {
	if n == 0 {
		return k.counts.Remove(ctx, collections.Join(deal, provider))
	}
	return k.counts.Set(ctx, collections.Join(deal, provider), n)
}

// newWorker makes a worker that has not joined yet, with the next id.
func (k *Keeper) newWorker(ctx context.Context, l *ledger, s types.Selection, provider string) (types.Worker, error) {
	n, err := k.sequence.Get(ctx)
	if err != nil {
		return types.Worker{}, err
	}
	w := types.Worker{
		Id: types.WorkerID(n + 1), DealId: l.deal.Id, PeerId: s.PeerId, Provider: provider, OfferId: s.OfferId,
		UnitIds: sorted(s.UnitIds), JoinedEpoch: l.now.epoch, PaidFrom: l.acc.Paid, Earned: math.ZeroInt(),
	}
	return w, k.sequence.Set(ctx, n+1)
}

// addWorker writes a new worker and its entries.
func (k *Keeper) addWorker(ctx context.Context, l *ledger, w types.Worker, provider []byte) error {
	if err := k.workers.Set(ctx, collections.Join(w.DealId, w.Id), w); err != nil {
		return err
	}
	if err := k.byPeer.Set(ctx, collections.Join(w.PeerId, w.DealId), w.Id); err != nil {
		return err
	}
	n, err := k.countOf(ctx, w.DealId, provider)
	if err != nil {
		return err
	}
	l.deal.WorkerCount++
	return k.setCount(ctx, w.DealId, provider, n+1)
}
