// SPDX-License-Identifier: Apache-2.0

package types

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// Pool takes fees: the community pool.
type Pool interface {
	FundCommunityPool(ctx context.Context, amount sdk.Coins, sender sdk.AccAddress) error
}
