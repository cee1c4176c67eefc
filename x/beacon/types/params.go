// SPDX-License-Identifier: Apache-2.0

package types

// Bounds and defaults of the params.
const (
	// LocalWindow is the window of a local network: each of three validators once.
	LocalWindow = 3
	// LocalMinOutputs is how many outputs an epoch of a local network needs.
	LocalMinOutputs = 1
	// PublicWindow is the window of a public network: an honest proposer is in it
	// but for about three in 10^16 epochs when a third of the stake is hostile.
	PublicWindow = 32
	// PublicMinOutputs is half of PublicWindow: a third of the stake cannot void an epoch.
	PublicMinOutputs = 16
	// DefaultHistory is how many epochs back values are kept.
	DefaultHistory = 1000

	// MaxWindow bounds window.
	MaxWindow = 1000
	// MinHistory is the shortest history: what is sampled with the next epoch's value needs both.
	MinHistory = 2
	// MaxHistory bounds history.
	MaxHistory = 1_000_000
)

// DefaultParams returns the params of a local network.
func DefaultParams() Params {
	return Params{Window: LocalWindow, MinOutputs: LocalMinOutputs, History: DefaultHistory}
}

// PublicParams returns the params of a public network.
func PublicParams() Params {
	return Params{Window: PublicWindow, MinOutputs: PublicMinOutputs, History: DefaultHistory}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p Params) Validate() error {
	switch {
	case p.Window < 1 || p.Window > MaxWindow:
		return ErrInvalidParams.Wrapf("window %d: want 1 to %d", p.Window, MaxWindow)
	case p.MinOutputs < 1 || p.MinOutputs > p.Window:
		return ErrInvalidParams.Wrapf("min_outputs %d: want 1 to the window, %d", p.MinOutputs, p.Window)
	case p.History < MinHistory || p.History > MaxHistory:
		return ErrInvalidParams.Wrapf("history %d: want %d to %d", p.History, MinHistory, MaxHistory)
	}
	return nil
}
