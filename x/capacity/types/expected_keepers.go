// SPDX-License-Identifier: Apache-2.0

package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// Epochs tells the running epoch and which epochs were void.
type Epochs interface {
	Number(ctx context.Context) (uint64, error)
	// VoidCount counts the void epochs from 1 up to and including an epoch that has begun.
	VoidCount(ctx context.Context, epoch uint64) (uint64, error)
}

// Market tells who owns peers and units, and keeps a peer's commitment.
type Market interface {
	Peer(ctx context.Context, id []byte) (markettypes.Peer, error)
	Unit(ctx context.Context, id []byte) (markettypes.Unit, error)
	Units(ctx context.Context, peer []byte) ([]markettypes.Unit, error)
	// Approved reports whether an account may make commitments.
	Approved(ctx context.Context, account string) (bool, error)
	// SetCommitment names a peer's commitment; nil clears it.
	SetCommitment(ctx context.Context, peer, commitment []byte) error
}

// Bank moves coins.
type Bank interface {
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amt sdk.Coins) error
	SendCoinsFromModuleToAccount(ctx context.Context, module string, to sdk.AccAddress, amt sdk.Coins) error
}

// Community takes what was slashed.
type Community interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}
