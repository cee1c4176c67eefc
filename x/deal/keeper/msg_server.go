// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/deal/types"
)

type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service. A refused message leaves nothing behind.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// owned changes a running deal of its owner.
func (s msgServer) owned(ctx context.Context, id []byte, owner string, f func(ctx context.Context, l *ledger) error) error {
	return atomically(ctx, func(ctx context.Context) error {
		l, err := s.k.openOwned(ctx, id, owner)
		if err != nil {
			return err
		}
		if err := f(ctx, l); err != nil {
			return err
		}
		return s.k.save(ctx, l)
	})
}

// served changes a deal and one of its workers on behalf of any account.
func (s msgServer) served(ctx context.Context, id, worker []byte, sender string, f func(ctx context.Context, l *ledger, w types.Worker, sender string) error) error {
	return atomically(ctx, func(ctx context.Context) error {
		_, name, err := s.k.account("sender", sender)
		if err != nil {
			return err
		}
		l, err := s.k.open(ctx, id)
		if err != nil {
			return err
		}
		w, err := s.k.Worker(ctx, id, worker)
		if err != nil {
			return err
		}
		if err := f(ctx, l, w, name); err != nil {
			return err
		}
		return s.k.save(ctx, l)
	})
}

// MatchDeal takes units for a deal: all that are named, or none.
//
// Errors: ErrNotOwner, ErrEnded, ErrInvalidSelection, ErrInsufficientFunds,
// ErrTooEarly, ErrTooManyWorkers, ErrNotEnoughWorkers, ErrPeerUsed, ErrMismatch,
// ErrAccessDenied, and those of the market.
func (s msgServer) MatchDeal(ctx context.Context, msg *types.MsgMatchDeal) (*types.MsgMatchDealResponse, error) {
	res := &types.MsgMatchDealResponse{}
	return res, s.owned(ctx, msg.DealId, msg.Owner, func(ctx context.Context, l *ledger) (err error) {
		res.WorkerIds, err = s.k.match(ctx, l, msg.Match)
		return err
	})
}

// ActivateWorker names the key of a worker, which is paid from the running epoch on.
//
// Errors: ErrDealNotFound, ErrWorkerNotFound, ErrEnded, ErrNotAllowed, ErrActivated,
// ErrWorkerFailed, ErrInvalidID, ErrInvalidSignature.
func (s msgServer) ActivateWorker(ctx context.Context, msg *types.MsgActivateWorker) (*types.MsgActivateWorkerResponse, error) {
	return &types.MsgActivateWorkerResponse{}, s.served(ctx, msg.DealId, msg.WorkerId, msg.Sender,
		func(ctx context.Context, l *ledger, w types.Worker, sender string) error {
			return s.k.activate(ctx, l, w, sender, msg.PeerKey, msg.Signature)
		})
}

// RemoveWorker ends a worker on behalf of the deal's owner, its provider or its peer.
//
// Errors: ErrDealNotFound, ErrWorkerNotFound, ErrNotAllowed.
func (s msgServer) RemoveWorker(ctx context.Context, msg *types.MsgRemoveWorker) (*types.MsgRemoveWorkerResponse, error) {
	return &types.MsgRemoveWorkerResponse{}, s.served(ctx, msg.DealId, msg.WorkerId, msg.Sender,
		func(ctx context.Context, l *ledger, w types.Worker, sender string) error {
			if sender == l.deal.Owner {
				return s.k.remove(ctx, l, w, byDeal)
			}
			switch ok, err := s.k.serves(ctx, w, sender); {
			case err != nil:
				return err
			case !ok:
				return types.ErrNotAllowed.Wrapf("sender %s: want the deal's owner, the provider %s or the peer's own account", sender, w.Provider)
			}
			if err := s.k.remove(ctx, l, w, byProvider); err != nil {
				return err
			}
			return s.k.wantAnother(ctx, l, w)
		})
}

// RemoveStaleWorker ends a worker that nobody needs to wait for.
//
// Errors: ErrDealNotFound, ErrWorkerNotFound, ErrNotStale.
func (s msgServer) RemoveStaleWorker(ctx context.Context, msg *types.MsgRemoveStaleWorker) (*types.MsgRemoveStaleWorkerResponse, error) {
	return &types.MsgRemoveStaleWorkerResponse{}, s.served(ctx, msg.DealId, msg.WorkerId, msg.Sender,
		func(ctx context.Context, l *ledger, w types.Worker, _ string) error {
			reason, err := s.k.staleFrom(l, w)
			if err != nil {
				return err
			}
			if err := s.k.remove(ctx, l, w, reason); err != nil {
				return err
			}
			if reason != stale {
				return nil
			}
			return s.k.wantAnother(ctx, l, w)
		})
}

// StopDeal ends a deal: the running epoch is paid if it cannot end void any more,
// the rest returns at once, the workers go.
//
// Errors: ErrDealNotFound, ErrNotOwner, ErrEnded.
func (s msgServer) StopDeal(ctx context.Context, msg *types.MsgStopDeal) (*types.MsgStopDealResponse, error) {
	return &types.MsgStopDealResponse{}, s.owned(ctx, msg.DealId, msg.Owner, s.k.stop)
}

// WithdrawRewards pays out what workers of one deal have earned.
//
// Errors: ErrDealNotFound, ErrWorkerNotFound, ErrInvalidSelection, ErrNotAllowed,
// ErrNothingToWithdraw.
func (s msgServer) WithdrawRewards(ctx context.Context, msg *types.MsgWithdrawRewards) (*types.MsgWithdrawRewardsResponse, error) {
	return &types.MsgWithdrawRewardsResponse{}, atomically(ctx, func(ctx context.Context) error {
		_, name, err := s.k.account("sender", msg.Sender)
		if err != nil {
			return err
		}
		l, err := s.k.open(ctx, msg.DealId)
		if err != nil {
			return err
		}
		if err := s.k.withdrawRewards(ctx, l, name, msg.WorkerIds); err != nil {
			return err
		}
		return s.k.save(ctx, l)
	})
}

// UpdateParams replaces the params.
//
// Errors: ErrNotAuthority, ErrInvalidParams.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, msg.Authority); err != nil {
		return nil, types.ErrNotAuthority.Wrapf("authority %s: only governance changes params", msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, s.k.params.Set(ctx, msg.Params)
}

// withdrawRewards pays out workers whose provider, peer or delegator asks.
func (k *Keeper) withdrawRewards(ctx context.Context, l *ledger, sender string, ids [][]byte) error {
	if n := len(ids); n == 0 || n > types.MaxWithdrawals {
		return types.ErrInvalidSelection.Wrapf("worker_ids: %d, want 1 to %d", n, types.MaxWithdrawals)
	}
	paid := false
	for _, id := range ids {
		w, err := k.Worker(ctx, l.deal.Id, id)
		if err != nil {
			return err
		}
		switch ok, err := k.mayWithdraw(ctx, w, sender); {
		case err != nil:
			return err
		case !ok:
			return types.ErrNotAllowed.Wrapf("sender %s: want the provider %s, the peer's own account or its delegator", sender, w.Provider)
		}
		w, gross, err := k.payWorker(ctx, l, w)
		if err != nil {
			return err
		}
		paid = paid || gross.IsPositive()
		if err := k.workers.Set(ctx, collections.Join(w.DealId, w.Id), w); err != nil {
			return err
		}
	}
	if !paid {
		return types.ErrNothingToWithdraw.Wrapf("deal %s: what epoch %d earns can be withdrawn after it", types.Hex(l.deal.Id), l.now.epoch)
	}
	return nil
}

// mayWithdraw reports whether an account has a part in what a worker earns.
func (k *Keeper) mayWithdraw(ctx context.Context, w types.Worker, account string) (bool, error) {
	if ok, err := k.serves(ctx, w, account); ok || err != nil {
		return ok, err
	}
	if w.State == types.WorkerFailed {
		return account == w.Delegator, nil
	}
	name, _, ok, err := k.capacity.Share(ctx, w.PeerId)
	return ok && name == account, err
}
