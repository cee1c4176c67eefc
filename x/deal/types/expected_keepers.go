// SPDX-License-Identifier: Apache-2.0

package types

import (
	"context"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// Epochs tells the running epoch and how many were void.
type Epochs interface {
	Current(ctx context.Context) (epochtypes.Current, error)
	VoidCount(ctx context.Context, epoch uint64) (uint64, error)
}

// Judge tells whether the running epoch can still end void although it had blocks enough.
type Judge interface {
	Live(ctx context.Context, epoch uint64) (bool, error)
}

// Market is the supply side.
type Market interface {
	Params(ctx context.Context) (markettypes.Params, error)
	Offer(ctx context.Context, id []byte) (markettypes.Offer, error)
	Peer(ctx context.Context, id []byte) (markettypes.Peer, error)
	Unit(ctx context.Context, id []byte) (markettypes.Unit, error)
	CheckMatch(ctx context.Context, peer []byte, d markettypes.Demand) (markettypes.Match, error)
	CheckOffer(ctx context.Context, o markettypes.Offer, d markettypes.Demand) (math.Int, error)
	IterateOffers(ctx context.Context, after []byte, limit int, fn func(markettypes.Offer) (bool, error)) ([]byte, error)
	IteratePeers(ctx context.Context, offer, after []byte, limit int, fn func(markettypes.Peer) (bool, error)) ([]byte, error)
	Take(ctx context.Context, t markettypes.Taking) error
	Return(ctx context.Context, deal, worker, peer []byte, units [][]byte) error
}

// Capacity tells which peers prove capacity, and whose money stands for them.
type Capacity interface {
	// PeerActive reports whether a peer has an active commitment this epoch.
	PeerActive(ctx context.Context, peer []byte) (bool, error)
	// Share returns the delegator of a peer's commitment and its share of rewards over Precision.
	Share(ctx context.Context, peer []byte) (delegator string, rate uint64, ok bool, err error)
}

// Bank moves coins. SendCoins is used for payments out: an owner may be governance,
// whose account is closed to the module-to-account form.
type Bank interface {
	SendCoins(ctx context.Context, from, to sdk.AccAddress, amount sdk.Coins) error
	SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, module string, amount sdk.Coins) error
	GetBalance(ctx context.Context, addr sdk.AccAddress, denom string) sdk.Coin
}

// Pool is the community pool.
type Pool interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}
