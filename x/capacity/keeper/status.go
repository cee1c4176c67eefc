// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// Status returns the status of a commitment as it is now.
//
// Errors: ErrNotFound, ErrInvalidID.
func (k *Keeper) Status(ctx context.Context, commitment []byte) (types.Status, error) {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return 0, err
	}
	v, err := k.load(ctx, commitment)
	if err != nil {
		return 0, err
	}
	return v.status(now), nil
}

// PeerActive reports whether a peer has a commitment that is active in the
// running epoch: begun, neither failed nor beyond its term.
func (k *Keeper) PeerActive(ctx context.Context, peer []byte) (bool, error) {
	now, err := k.epochs.Number(ctx)
	if err != nil {
		return false, err
	}
	v, err := k.ofPeer(ctx, peer)
	if errors.Is(err, types.ErrNoCommitment) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return v.status(now) == types.StatusActive && v.running(now), nil
}

// Share returns the delegator of a peer's commitment and its share of what the
// peer earns, scaled by types.Precision. It is not ok without a commitment whose
// collateral lies with the module.
func (k *Keeper) Share(ctx context.Context, peer []byte) (delegator string, rate uint64, ok bool, err error) {
	v, err := k.ofPeer(ctx, peer)
	if errors.Is(err, types.ErrNoCommitment) {
		return "", 0, false, nil
	}
	if err != nil || v.c.StartEpoch == 0 || v.b.CollateralWithdrawn {
		return "", 0, false, err
	}
	return v.c.Delegator, v.c.RewardRate, true, nil
}
