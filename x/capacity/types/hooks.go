// SPDX-License-Identifier: Apache-2.0

package types

import "context"

// CommitmentHooks is what a module implements that reacts to the end of commitments.
type CommitmentHooks interface {
	// CommitmentFailed tells that a peer's commitment failed in an epoch. It is
	// called in the block that records it, which is after that epoch. An error
	// undoes what the call wrote, is logged, and changes nothing else.
	CommitmentFailed(ctx context.Context, peer []byte, epoch uint64) error
	// UnitsExiting tells that units leave an ended commitment; deals that have
	// one give it back first. An error refuses the message.
	UnitsExiting(ctx context.Context, peer []byte, units [][]byte) error
}

// MultiCommitmentHooks calls several listeners in their order and stops at the first error.
type MultiCommitmentHooks []CommitmentHooks

var _ CommitmentHooks = MultiCommitmentHooks{}

// CommitmentFailed implements CommitmentHooks.
func (m MultiCommitmentHooks) CommitmentFailed(ctx context.Context, peer []byte, epoch uint64) error {
	for _, h := range m {
		if err := h.CommitmentFailed(ctx, peer, epoch); err != nil {
			return err
		}
	}
	return nil
}

// UnitsExiting implements CommitmentHooks.
func (m MultiCommitmentHooks) UnitsExiting(ctx context.Context, peer []byte, units [][]byte) error {
	for _, h := range m {
		if err := h.UnitsExiting(ctx, peer, units); err != nil {
			return err
		}
	}
	return nil
}
