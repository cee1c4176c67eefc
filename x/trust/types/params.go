// SPDX-License-Identifier: Apache-2.0

package types

// Bounds of the params.
const (
	maxRevocationsPerEpoch = 1_000_000
	maxFutureSeconds       = 3600
	minSignatureGas        = 1_000
	maxSignatureGas        = 10_000_000
)

// DefaultParams returns the params of every network.
func DefaultParams() Params {
	return Params{RevocationsPerEpoch: 1000, FutureSeconds: 60, SignatureGas: 21_000}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p Params) Validate() error {
	switch {
	case p.RevocationsPerEpoch < 1 || p.RevocationsPerEpoch > maxRevocationsPerEpoch:
		return ErrInvalidParams.Wrapf("revocations_per_epoch %d: want 1 to %d", p.RevocationsPerEpoch, maxRevocationsPerEpoch)
	case p.FutureSeconds > maxFutureSeconds:
		return ErrInvalidParams.Wrapf("future_seconds %d: want 0 to %d", p.FutureSeconds, maxFutureSeconds)
	case p.SignatureGas < minSignatureGas || p.SignatureGas > maxSignatureGas:
		return ErrInvalidParams.Wrapf("signature_gas %d: want %d to %d", p.SignatureGas, minSignatureGas, maxSignatureGas)
	}
	return nil
}
