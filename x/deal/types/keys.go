// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and pure rules of x/deal. Its
// specification is x/deal/README.md.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module, and of the account that holds the money of all deals.
	ModuleName = "deal"

	// StoreKey names the module's store.
	StoreKey = ModuleName
)

// Keys of the module's store. Numbers are big-endian; deal ids have 20 bytes, peers
// and workers 32; a byte string that is not last in a key follows its length in a byte.
//
//	0x01                          → Params
//	0x02                          → u64 workers ever
//	0x03 ‖ owner                  → u64 deals ever
//	0x04 ‖ deal                   → Deal
//	0x05 ‖ deal                   → Account
//	0x06 ‖ deal ‖ worker          → Worker
//	0x07 ‖ owner ‖ deal           → ()
//	0x08 ‖ peer ‖ deal            → worker
//	0x09 ‖ deal ‖ provider        → u64 workers of the provider
//	0x0a ‖ deal ‖ provider        → ()    access list
//	0x0b ‖ u64 due ‖ deal         → ()    expiry queue
//	0x0c ‖ grantee ‖ granter ‖ denom → Grant
//	0x0d ‖ deal                   → Rematch
//	0x0e                          → deal whose turn of rematching it was last
var (
	ParamsKey         = collections.NewPrefix(1)
	WorkerSequenceKey = collections.NewPrefix(2)
	OwnerSequencesKey = collections.NewPrefix(3)
	DealsKey          = collections.NewPrefix(4)
	AccountsKey       = collections.NewPrefix(5)
	WorkersKey        = collections.NewPrefix(6)
	DealsByOwnerKey   = collections.NewPrefix(7)
	WorkersByPeerKey  = collections.NewPrefix(8)
	ProviderCountsKey = collections.NewPrefix(9)
	AccessKey         = collections.NewPrefix(10)
	DueKey            = collections.NewPrefix(11)
	GrantsKey         = collections.NewPrefix(12)
	RematchesKey      = collections.NewPrefix(13)
	RematchAfterKey   = collections.NewPrefix(14)
)
