// SPDX-License-Identifier: Apache-2.0

package types

import "time"

// Bounds and defaults of the params.
const (
	// DefaultDuration is the epoch of a public network.
	DefaultDuration = 24 * time.Hour
	// LocalDuration is the epoch of a local network.
	LocalDuration = 15 * time.Second
	// MinDuration is the shortest epoch.
	MinDuration = time.Second
	// MaxDuration is the longest epoch.
	MaxDuration = 30 * 24 * time.Hour

	// DefaultMinBlocks is how many blocks keep an epoch from being void.
	DefaultMinBlocks = 3
	// MaxMinBlocks bounds min_blocks.
	MaxMinBlocks = 1000
)

// DefaultParams returns the params of a public network.
func DefaultParams() Params {
	return Params{Duration: DefaultDuration, MinBlocks: DefaultMinBlocks}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p Params) Validate() error {
	switch {
	case p.Duration < MinDuration || p.Duration > MaxDuration:
		return ErrInvalidParams.Wrapf("duration %s: want %s to %s", p.Duration, MinDuration, MaxDuration)
	case p.Duration%time.Second != 0:
		return ErrInvalidParams.Wrapf("duration %s: want whole seconds", p.Duration)
	case p.MinBlocks < 1 || p.MinBlocks > MaxMinBlocks:
		return ErrInvalidParams.Wrapf("min_blocks %d: want 1 to %d", p.MinBlocks, MaxMinBlocks)
	}
	return nil
}
