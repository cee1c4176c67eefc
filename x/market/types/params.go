// SPDX-License-Identifier: Apache-2.0

package types

import (
	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Bounds of the params.
const (
	maxUnitsPerProvider    = 10_000_000
	maxUnitsPerPeer        = 4096
	minSignatureGas        = 1_000
	maxSignatureGas        = 10_000_000
	maxMaintenanceInterval = 1_000_000_000
)

// DefaultParams returns the params of the local network.
func DefaultParams() Params {
	return Params{
		PaymentDenoms:        []string{"uusd"},
		MinProtocolVersion:   1,
		MaxProtocolVersion:   2,
		MaxUnitsPerProvider:  100_000,
		MaxUnitsPerPeer:      1024,
		SignatureGas:         21_000,
		MaxMaintenanceEpochs: 4,
		MaintenanceInterval:  100,
	}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p Params) Validate() error {
	if len(p.PaymentDenoms) == 0 || len(p.PaymentDenoms) > MaxPaymentDenoms {
		return ErrInvalidParams.Wrapf("payment_denoms: %d of them, want 1 to %d", len(p.PaymentDenoms), MaxPaymentDenoms)
	}
	for i, d := range p.PaymentDenoms {
		if err := sdk.ValidateDenom(d); err != nil {
			return ErrInvalidParams.Wrapf("payment_denoms[%d]: %v", i, err)
		}
		if i > 0 && p.PaymentDenoms[i-1] >= d {
			return ErrInvalidParams.Wrapf("payment_denoms[%d]: want them ascending", i)
		}
	}
	switch {
	case p.MinProtocolVersion < 1 || p.MinProtocolVersion > p.MaxProtocolVersion:
		return ErrInvalidParams.Wrapf("min_protocol_version %d: want 1 to max_protocol_version %d", p.MinProtocolVersion, p.MaxProtocolVersion)
	case p.MaxUnitsPerProvider < 1 || p.MaxUnitsPerProvider > maxUnitsPerProvider:
		return ErrInvalidParams.Wrapf("max_units_per_provider %d: want 1 to %d", p.MaxUnitsPerProvider, maxUnitsPerProvider)
	case p.MaxUnitsPerPeer < 1 || p.MaxUnitsPerPeer > maxUnitsPerPeer:
		return ErrInvalidParams.Wrapf("max_units_per_peer %d: want 1 to %d", p.MaxUnitsPerPeer, maxUnitsPerPeer)
	case p.SignatureGas < minSignatureGas || p.SignatureGas > maxSignatureGas:
		return ErrInvalidParams.Wrapf("signature_gas %d: want %d to %d", p.SignatureGas, minSignatureGas, maxSignatureGas)
	case p.MaintenanceInterval < 1 || p.MaintenanceInterval > maxMaintenanceInterval:
		return ErrInvalidParams.Wrapf("maintenance_interval %d: want 1 to %d", p.MaintenanceInterval, maxMaintenanceInterval)
	case p.MaxMaintenanceEpochs > p.MaintenanceInterval:
		return ErrInvalidParams.Wrapf("max_maintenance_epochs %d: want at most maintenance_interval %d", p.MaxMaintenanceEpochs, p.MaintenanceInterval)
	}
	return nil
}

// Pays reports whether offers may ask for a denom.
func (p Params) Pays(denom string) bool {
	for _, d := range p.PaymentDenoms {
		if d == denom {
			return true
		}
	}
	return false
}
