// SPDX-License-Identifier: Apache-2.0

//go:build sim

package keeper

// operations is how often coins are touched to find a gain by rounding.
const operations = 1_000_000
