// SPDX-License-Identifier: Apache-2.0

package types

import "context"

// Hooks is what a module implements that reacts to epochs. The calls come from
// x/epoch's BeginBlock, before any transaction of the block; an error halts the
// chain. Every epoch is ended exactly once, in ascending order and without gaps.
type Hooks interface {
	// EpochsEnded tells that the epochs first to last are over. Either they are
	// one epoch that was live (void unset, first == last), or any number of void
	// ones: the work must not grow with their number.
	EpochsEnded(ctx context.Context, first, last uint64, void bool) error

	// EpochStarted tells that an epoch began with this block.
	EpochStarted(ctx context.Context, epoch uint64) error
}

// MultiHooks calls several listeners in their order and stops at the first error.
type MultiHooks []Hooks

var _ Hooks = MultiHooks{}

// EpochsEnded implements Hooks.
func (m MultiHooks) EpochsEnded(ctx context.Context, first, last uint64, void bool) error {
	for _, h := range m {
		if err := h.EpochsEnded(ctx, first, last, void); err != nil {
			return err
		}
	}
	return nil
}

// EpochStarted implements Hooks.
func (m MultiHooks) EpochStarted(ctx context.Context, epoch uint64) error {
	for _, h := range m {
		if err := h.EpochStarted(ctx, epoch); err != nil {
			return err
		}
	}
	return nil
}

// Judge has a say in whether an epoch that had blocks enough was live. It reads the
// state at the end of the epoch, and an error halts the chain.
type Judge interface {
	// Live reports whether the epoch may count.
	Live(ctx context.Context, epoch uint64) (bool, error)
}
