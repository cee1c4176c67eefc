// SPDX-License-Identifier: Apache-2.0

package types

// Precision is what rates are over: 0.2 is 2000000.
const Precision = 10_000_000

// Bounds of the params.
const (
	// MaxEpochs bounds every param and term that counts epochs.
	MaxEpochs = 10_000
	// MaxProtocolFee is half of what workers earn.
	MaxProtocolFee = Precision / 2
	// MaxWorkersBound bounds max_workers.
	MaxWorkersBound = 4096
	// MaxAccessBound bounds max_access.
	MaxAccessBound = 1024
	// MaxBudget bounds the work per block.
	MaxBudget = 10_000
	// MinSignatureGas and MaxSignatureGas bound signature_gas.
	MinSignatureGas = 1000
	// MaxSignatureGas bounds signature_gas from above.
	MaxSignatureGas = 10_000_000
)

// DefaultParams returns the params of a local network.
func DefaultParams() Params {
	return Params{
		MinDepositedEpochs:  2,
		MinRematchingEpochs: 2,
		MaxWorkers:          256,
		MaxAccess:           256,
		LowBalanceEpochs:    3,
		GraceEpochs:         2,
		ActivationEpochs:    20,
		ExpiryBudget:        32,
		RematchBudget:       32,
		SignatureGas:        21_000,
	}
}

// Validate checks every param against its bounds.
//
// Errors: ErrInvalidParams.
func (p Params) Validate() error {
	for _, c := range []struct {
		name           string
		v, least, most uint64
	}{
		{"min_deposited_epochs", p.MinDepositedEpochs, 1, MaxEpochs},
		{"min_rematching_epochs", p.MinRematchingEpochs, 0, MaxEpochs},
		{"protocol_fee", p.ProtocolFee, 0, MaxProtocolFee},
		{"max_workers", uint64(p.MaxWorkers), 1, MaxWorkersBound},
		{"max_access", uint64(p.MaxAccess), 0, MaxAccessBound},
		{"low_balance_epochs", p.LowBalanceEpochs, 0, MaxEpochs},
		{"grace_epochs", p.GraceEpochs, 0, MaxEpochs},
		{"activation_epochs", p.ActivationEpochs, 1, MaxEpochs},
		{"expiry_budget", uint64(p.ExpiryBudget), 1, MaxBudget},
		{"rematch_budget", uint64(p.RematchBudget), 1, MaxBudget},
		{"signature_gas", p.SignatureGas, MinSignatureGas, MaxSignatureGas},
	} {
		if c.v < c.least || c.v > c.most {
			return ErrInvalidParams.Wrapf("%s %d: want %d to %d", c.name, c.v, c.least, c.most)
		}
	}
	return nil
}
