// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"slices"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	"github.com/cosmos/cosmos-sdk/types/module"
	upgradetypes "github.com/cosmos/cosmos-sdk/x/upgrade/types"
)

// plan is what a version of this program changes when governance's plan of the same name comes due. At its height
// the old program stops; the new one begins with the change.
type plan struct {
	name           string   // of the plan
	added, removed []string // stores
	// change runs after the migrations of the modules; nil for none.
	change func(ctx context.Context, a *App) error
}

// upgrades lists the upgrades that this program can begin with, oldest first. A plan without an entry stops the chain
// at its height until a program that has one takes over.
func upgrades() []plan { return nextUpgrade() }

// setUpgrades registers the upgrades and has stores added or removed if the newest plan is about to be applied.
func (a *App) setUpgrades() error {
	for _, u := range upgrades() {
		a.Upgrade.SetUpgradeHandler(u.name, func(ctx context.Context, _ upgradetypes.Plan, from module.VersionMap) (module.VersionMap, error) {
			to, err := a.modules.RunMigrations(ctx, a.configurator, from)
			if err != nil {
				return nil, fmt.Errorf("upgrade %s: %w", u.name, err)
			}
			if u.change == nil {
				return to, nil
			}
			return to, u.change(ctx, a)
		})
	}
	due, err := a.Upgrade.ReadUpgradeInfoFromDisk()
	if err != nil {
		return fmt.Errorf("read upgrade-info.json of the data folder: %w", err)
	}
	i := slices.IndexFunc(upgrades(), func(u plan) bool { return u.name == due.Name })
	if i < 0 || a.Upgrade.IsSkipHeight(due.Height) {
		return nil
	}
	u := upgrades()[i]
	a.SetStoreLoader(upgradetypes.UpgradeStoreLoader(due.Height, &storetypes.StoreUpgrades{Added: u.added, Deleted: u.removed}))
	return nil
}
