// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and hooks of x/capacity. Its
// specification is x/capacity/README.md.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module and of the account that holds collateral.
	ModuleName = "capacity"

	// StoreKey names the module's store.
	StoreKey = ModuleName

	// RewardPoolName is the account from which rewards are paid.
	RewardPoolName = "capacity_rewards"

	// Denom is the coin of collateral and rewards, with 18 decimals.
	Denom = "aflt"
)

// Sizes of ids in bytes.
const (
	PeerIDSize       = 32
	UnitIDSize       = 32
	CommitmentIDSize = 32
)

// Keys of the module's store. Numbers in keys are big-endian; a text or an id
// that is not last is preceded by its length in one byte. Prefixes from 32 on
// are those of admission.
//
//	0x01 ‖ u64 epoch                          → Params        from that epoch on
//	0x02 ‖ u64 epoch                          → EpochRecord
//	0x03 ‖ commitment                         → Commitment
//	0x04 ‖ commitment                         → Book
//	0x05 ‖ peer                               → commitment
//	0x06 ‖ provider ‖ commitment              → nothing
//	0x07 ‖ delegator ‖ commitment             → nothing
//	0x08 ‖ commitment ‖ u64 epoch             → Tally         of an epoch not settled
//	0x09 ‖ commitment ‖ u64 first ‖ u64 terms → Vesting       terms = period << 32 | count
//	0x0a ‖ feeder                             → Report
//	0x0b                                      → Totals
//	0x0c ‖ u64 epoch ‖ commitment             → nothing       look at it once the epoch is settled
//	0x0d ‖ u64 epoch                          → u64           active units whose term is over in that epoch
var (
	HistoryKey     = collections.NewPrefix(1)
	EpochsKey      = collections.NewPrefix(2)
	CommitmentsKey = collections.NewPrefix(3)
	BooksKey       = collections.NewPrefix(4)
	ByPeerKey      = collections.NewPrefix(5)
	ByProviderKey  = collections.NewPrefix(6)
	ByDelegatorKey = collections.NewPrefix(7)
	TalliesKey     = collections.NewPrefix(8)
	VestingsKey    = collections.NewPrefix(9)
	ReportsKey     = collections.NewPrefix(10)
	TotalsKey      = collections.NewPrefix(11)
	ChecksKey      = collections.NewPrefix(12)
	EndingKey      = collections.NewPrefix(13)
)
