// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/deal/types"
)

// Reasons why a worker goes, as EventWorkerRemoved tells them.
const (
	byDeal     = "deal"
	byProvider = "provider"
	stale      = "stale"
	dry        = "dry"
	ended      = "ended"
	exit       = "exit"
	replaced   = "replaced"
)

func sorted(ids [][]byte) [][]byte {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, bytes.Compare)
	return ids
}

// serves reports whether an account is the worker's provider or its peer's own.
func (k *Keeper) serves(ctx context.Context, w types.Worker, account string) (bool, error) {
	if account == w.Provider {
		return true, nil
	}
	p, err := k.market.Peer(ctx, w.PeerId)
	return err == nil && account == p.Owner, err
}

// activate names a worker's key; from the running epoch on it is paid.
//
// Errors: ErrEnded, ErrNotAllowed, ErrActivated, ErrWorkerFailed, ErrInvalidID,
// ErrInvalidSignature.
func (k *Keeper) activate(ctx context.Context, l *ledger, w types.Worker, sender string, key, signature []byte) error {
	if err := l.running(); err != nil {
		return err
	}
	switch ok, err := k.serves(ctx, w, sender); {
	case err != nil:
		return err
	case !ok:
		return types.ErrNotAllowed.Wrapf("sender %s: want the provider %s or the peer's own account", sender, w.Provider)
	}
	switch w.State {
	case types.WorkerActive:
		return types.ErrActivated.Wrapf("worker %s has key %s", types.Hex(w.Id), types.Hex(w.PeerKey))
	case types.WorkerFailed:
		return types.ErrWorkerFailed.Wrapf("worker %s: the commitment of its peer failed", types.Hex(w.Id))
	}
	if err := types.CheckID("peer_key", key, types.PeerKeyBytes); err != nil {
		return err
	}
	if err := types.CheckID("signature", signature, types.SignatureBytes); err != nil {
		return err
	}
	sctx := sdk.UnwrapSDKContext(ctx)
	sctx.GasMeter().ConsumeGas(l.params.SignatureGas, "signature of a worker")
	if !ed25519.Verify(key, types.ActivationBytes(sctx.ChainID(), w.DealId, w.Id, w.PeerId), signature) {
		return types.ErrInvalidSignature.Wrapf("signature: not of peer_key over chain %s, deal %s, worker %s and peer %s",
			sctx.ChainID(), types.Hex(w.DealId), types.Hex(w.Id), types.Hex(w.PeerId))
	}
	w.State, w.PeerKey, w.ActivatedEpoch, w.PaidFrom = types.WorkerActive, key, l.now.epoch, l.acc.Paid
	l.acc.PaidWorkers++
	if err := k.workers.Set(ctx, collections.Join(w.DealId, w.Id), w); err != nil {
		return err
	}
	return emit(ctx, &types.EventWorkerActivated{PeerId: w.PeerId, DealId: w.DealId, WorkerId: w.Id, PeerKey: key})
}

// remove pays a worker, gives its units back and forgets it. The running epoch is
// paid when the deal's side ends the worker and the epoch cannot end void any more.
func (k *Keeper) remove(ctx context.Context, l *ledger, w types.Worker, reason string) error {
	if w.State == types.WorkerActive && l.deal.EndedEpoch == 0 {
		if reason == byDeal && l.now.live {
			acc, extra := k.biller.AdvanceOne(l.deal.Terms, l.acc)
			l.acc, w.Earned = acc, w.Earned.Add(extra)
		}
		l.acc.PaidWorkers--
	}
	if _, _, err := k.payWorker(ctx, l, w); err != nil {
		return err
	}
	if err := k.workers.Remove(ctx, collections.Join(w.DealId, w.Id)); err != nil {
		return err
	}
	if err := k.byPeer.Remove(ctx, collections.Join(w.PeerId, w.DealId)); err != nil {
		return err
	}
	provider, _, err := k.account("provider", w.Provider)
	if err != nil {
		return err
	}
	n, err := k.countOf(ctx, w.DealId, provider)
	if err != nil {
		return err
	}
	if err := k.setCount(ctx, w.DealId, provider, n-1); err != nil {
		return err
	}
	l.deal.WorkerCount--
	// The units go back last: that may bring a failure of the peer's commitment to
	// light, and CommitmentFailed must not find this worker any more.
	if err := k.market.Return(ctx, w.DealId, w.Id, w.PeerId, w.UnitIds); err != nil {
		return err
	}
	return emit(ctx, &types.EventWorkerRemoved{PeerId: w.PeerId, DealId: w.DealId, WorkerId: w.Id, Reason: reason})
}

// staleFrom says why anybody may remove a worker, or from which epoch on.
//
// Errors: ErrNotStale.
func (k *Keeper) staleFrom(l *ledger, w types.Worker) (reason string, err error) {
	switch {
	case l.deal.EndedEpoch != 0:
		return ended, nil
	case l.drained():
		return dry, nil
	case w.State == types.WorkerFailed:
		return stale, nil
	case w.State == types.WorkerActive:
		return "", types.ErrNotStale.Wrapf("worker %s is active and paid", types.Hex(w.Id))
	}
	if at := w.JoinedEpoch + l.params.ActivationEpochs + 1; l.now.epoch < at {
		return "", types.ErrNotStale.Wrapf("worker %s may be activated until epoch %d; earliest epoch %d", types.Hex(w.Id), at-1, at)
	}
	return stale, nil
}

// firstWorkers returns up to limit workers of a deal in the order of their ids.
func (k *Keeper) firstWorkers(ctx context.Context, deal []byte, limit int) ([]types.Worker, error) {
	var ws []types.Worker
	err := k.workers.Walk(ctx, collections.NewPrefixedPairRange[[]byte, []byte](deal), func(_ pair, w types.Worker) (bool, error) {
		ws = append(ws, w)
		return len(ws) >= limit, nil
	})
	return ws, err
}
