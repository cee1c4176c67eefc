// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and hooks of x/epoch. Its
// specification is x/epoch/README.md.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module.
	ModuleName = "epoch"

	// StoreKey names the module's store.
	StoreKey = ModuleName
)

// MaxVoidsPage bounds a page of void ranges in queries.
const MaxVoidsPage = 1000

// Keys of the module's store. Numbers in keys are big-endian.
//
//	0x01             → Params    of the next epoch
//	0x02             → Current   running epoch
//	0x03 ‖ u64 first → Era       epochs of one duration
//	0x04 ‖ u64 first → VoidRange neighbouring void epochs
var (
	ParamsKey  = collections.NewPrefix(1)
	CurrentKey = collections.NewPrefix(2)
	ErasKey    = collections.NewPrefix(3)
	VoidsKey   = collections.NewPrefix(4)
)
