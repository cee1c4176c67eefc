// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// DefaultGenesis returns the state of a fresh local chain without keys.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks that the parts of the state agree with each other.
//
// Errors: ErrInvalidParams, ErrInvalidKey, ErrInvalidGenesis.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := validateRegistrations(g.Registrations); err != nil {
		return err
	}
	if g.Window == nil {
		if len(g.Beacons) > 0 || g.KeptFrom > 0 {
			return ErrInvalidGenesis.Wrap("window: absent beside beacons or kept_from; give it or empty both")
		}
		return nil
	}
	if err := g.Window.validate(); err != nil {
		return err
	}
	return validateBeacons(g.Beacons, *g.Window, g.KeptFrom)
}

func validateRegistrations(rs []Registration) error {
	var last []byte
	for i, r := range rs {
		operator, err := sdk.ValAddressFromBech32(r.Operator)
		if err != nil {
			return ErrInvalidGenesis.Wrapf("registrations[%d]: operator: %v", i, err)
		}
		if bytes.Compare(operator, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("registrations[%d]: %s is out of order or stands twice", i, r.Operator)
		}
		if err := r.Validate(); err != nil {
			return err
		}
		last = operator
	}
	return nil
}

func (w Window) validate() error {
	p := Params{Window: w.Blocks, MinOutputs: w.MinOutputs, History: MinHistory}
	if err := p.Validate(); err != nil {
		return ErrInvalidGenesis.Wrapf("window: %v", err)
	}
	switch {
	case w.Epoch == 0:
		return ErrInvalidGenesis.Wrap("window: epoch 0")
	case len(w.Mix) != valueSize:
		return ErrInvalidGenesis.Wrapf("window: mix of %d bytes, want %d", len(w.Mix), valueSize)
	case w.Outputs > w.Blocks:
		return ErrInvalidGenesis.Wrapf("window: %d outputs in %d blocks", w.Outputs, w.Blocks)
	case w.LastHeight < 0 || (w.Outputs == 0) != (w.LastHeight == 0):
		return ErrInvalidGenesis.Wrapf("window: %d outputs, the last at height %d", w.Outputs, w.LastHeight)
	}
	return nil
}

// valueSize is the size of a value and a mix in bytes.
const valueSize = 32

func validateBeacons(bs []Beacon, w Window, keptFrom uint64) error {
	last := uint64(0)
	for i, b := range bs {
		switch {
		case b.Epoch <= last || b.Epoch < keptFrom || b.Epoch > w.Epoch:
			return ErrInvalidGenesis.Wrapf("beacons[%d]: epoch %d is out of order, pruned or has not begun", i, b.Epoch)
		case len(b.Value) != valueSize || b.Outputs == 0:
			return ErrInvalidGenesis.Wrapf("beacons[%d]: value of %d bytes from %d outputs", i, len(b.Value), b.Outputs)
		}
		last = b.Epoch
	}
	valued := last == w.Epoch
	switch {
	case valued != (w.Closed && w.Outputs >= w.MinOutputs):
		return ErrInvalidGenesis.Wrapf("window: epoch %d, closed %t, %d outputs: does not agree with the last beacon", w.Epoch, w.Closed, w.Outputs)
	case valued && !bytes.Equal(bs[len(bs)-1].Value, w.Mix):
		return ErrInvalidGenesis.Wrapf("window: mix is not the value of epoch %d", w.Epoch)
	}
	return nil
}

// SortRegistrations returns rs in the order in which a genesis state lists them.
// Operators that are no addresses come first, for Validate to find.
func SortRegistrations(rs []Registration) []Registration {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, func(a, b Registration) int {
		x, _ := sdk.ValAddressFromBech32(a.Operator)
		y, _ := sdk.ValAddressFromBech32(b.Operator)
		return bytes.Compare(x, y)
	})
	return rs
}
