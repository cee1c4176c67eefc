// SPDX-License-Identifier: Apache-2.0

package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
)

// Epochs is what the module asks of x/epoch.
type Epochs interface {
	// Current returns the running epoch.
	Current(ctx context.Context) (epochtypes.Current, error)
	// Place returns the epoch of the block that ctx describes and which block of it
	// that is, from 1, where ctx has the state before the block.
	Place(ctx context.Context) (epoch, block uint64, err error)
}

// Staking is what the module asks of x/staking.
type Staking interface {
	// GetValidator returns the validator of an operator.
	GetValidator(ctx context.Context, operator sdk.ValAddress) (stakingtypes.Validator, error)
	// GetValidatorByConsAddr returns the validator with a consensus address.
	GetValidatorByConsAddr(ctx context.Context, consensus sdk.ConsAddress) (stakingtypes.Validator, error)
}

// Prover is the VRF key of the validator that runs this process. It is safe for
// concurrent use.
type Prover interface {
	// Public returns the public key, 32 bytes.
	Public() []byte
	// Prove returns the proof of the key's output for alpha, 80 bytes.
	Prove(alpha []byte) []byte
}
