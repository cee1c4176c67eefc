// SPDX-License-Identifier: Apache-2.0

//go:build upgradetest

package app

import (
	"context"
	"time"

	sdk "github.com/cosmos/cosmos-sdk/types"

	epochkeeper "github.com/go-fluence/fluence/x/epoch/keeper"
	epochtypes "github.com/go-fluence/fluence/x/epoch/types"
)

// nextStore is a store that the program before did not have.
const nextStore = "next"

// nextUpgrade is the plan "next" of the upgrade test: it adds a store, writes to it, and makes epochs a minute long.
func nextUpgrade() []plan {
	return []plan{{name: "next", added: []string{nextStore}, change: func(ctx context.Context, a *App) error {
		sdk.UnwrapSDKContext(ctx).KVStore(a.storeKeys[nextStore]).Set([]byte{1}, []byte("upgraded"))
		params := epochtypes.DefaultParams()
		params.Duration = time.Minute
		_, err := epochkeeper.NewMsgServer(a.Epoch).UpdateParams(ctx, &epochtypes.MsgUpdateParams{Authority: authority().String(), Params: params})
		return err
	}}}
}

// testStores returns the stores that no module keeps.
func testStores() []string { return []string{nextStore} }
