// SPDX-License-Identifier: Apache-2.0

package types

import "context"

// UnitHooks is what a module implements that reacts to units changing hands.
// The calls come after all checks and before the market changes the units; an
// error refuses the change. Units are sorted and distinct.
type UnitHooks interface {
	// UnitsTaken tells that a deal is about to take free units of a peer.
	UnitsTaken(ctx context.Context, peer []byte, units [][]byte) error

	// UnitsReturned tells that a deal is about to give units of a peer back.
	UnitsReturned(ctx context.Context, peer []byte, units [][]byte) error
}

// MultiUnitHooks calls several listeners in their order and stops at the first error.
type MultiUnitHooks []UnitHooks

var _ UnitHooks = MultiUnitHooks{}

// UnitsTaken implements UnitHooks.
func (m MultiUnitHooks) UnitsTaken(ctx context.Context, peer []byte, units [][]byte) error {
	for _, h := range m {
		if err := h.UnitsTaken(ctx, peer, units); err != nil {
			return err
		}
	}
	return nil
}

// UnitsReturned implements UnitHooks.
func (m MultiUnitHooks) UnitsReturned(ctx context.Context, peer []byte, units [][]byte) error {
	for _, h := range m {
		if err := h.UnitsReturned(ctx, peer, units); err != nil {
			return err
		}
	}
	return nil
}
