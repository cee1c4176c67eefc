// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and keys of x/beacon. Its
// specification is x/beacon/README.md.
package types

import "cosmossdk.io/collections"

const (
	// ModuleName is the name of the module.
	ModuleName = "beacon"

	// StoreKey names the module's store.
	StoreKey = ModuleName
)

// MaxPage bounds a page of registrations in queries.
const MaxPage = 1000

// Keys of the module's store. Numbers in keys are big-endian.
//
//	0x01                → Params       from the next epoch on
//	0x02 ‖ address      → Registration of the operator with these address bytes
//	0x03 ‖ u64 epoch    → Beacon
//	0x04                → Window       of the running epoch
//	0x05                → u64          first epoch whose value was not pruned
var (
	ParamsKey        = collections.NewPrefix(1)
	RegistrationsKey = collections.NewPrefix(2)
	BeaconsKey       = collections.NewPrefix(3)
	WindowKey        = collections.NewPrefix(4)
	KeptFromKey      = collections.NewPrefix(5)
)

// BeaconKey returns the store key of an epoch's value, for proofs.
func BeaconKey(epoch uint64) []byte {
	key, err := collections.EncodeKeyWithPrefix(BeaconsKey, collections.Uint64Key, epoch)
	if err != nil {
		panic(err) // eight bytes always fit
	}
	return key
}
