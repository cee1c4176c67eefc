// SPDX-License-Identifier: Apache-2.0

package types

import "cosmossdk.io/collections"

// Keys of the part of the store that admission keeps. Numbers are u64be.
//
//	0x40                        → Meter
//	0x41 ‖ turn ‖ seq           → Batch in the queue
//	0x42 ‖ due ‖ seq            → Batch that waits for its verdict
//	0x43 ‖ epoch ‖ peer (32)    → Root
//	0x44 ‖ epoch                → Round
//	0x45 ‖ epoch ‖ unit (32)    → UnitNonces
//	0x46 ‖ provider             → Flow
//	0x47 ‖ epoch ‖ peer (32)    → set: peers that prove directly
var (
	MeterKey  = collections.NewPrefix(0x40)
	QueueKey  = collections.NewPrefix(0x41)
	DueKey    = collections.NewPrefix(0x42)
	RootsKey  = collections.NewPrefix(0x43)
	RoundsKey = collections.NewPrefix(0x44)
	NoncesKey = collections.NewPrefix(0x45)
	FlowsKey  = collections.NewPrefix(0x46)
	DirectKey = collections.NewPrefix(0x47)
)
