// SPDX-License-Identifier: Apache-2.0

//go:build !upgradetest

package app

// nextUpgrade returns the upgrade that only the program of the upgrade test has.
func nextUpgrade() []plan { return nil }

// testStores returns the stores that only that program has.
func testStores() []string { return nil }
