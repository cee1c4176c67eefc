// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and keys of x/trust. Its
// specification is x/trust/README.md.
package types

import (
	"encoding/binary"

	"cosmossdk.io/collections"
)

const (
	// ModuleName is the name of the module.
	ModuleName = "trust"

	// StoreKey names the module's store.
	StoreKey = ModuleName
)

// Keys of the module's store. enc(key) is a format byte and the raw key; the
// length before it is one byte, since no key is longer than 33.
//
//	0x01                                              → Params
//	0x02 ‖ u8 len ‖ enc(revoked) ‖ enc(revoked by)    → Revocation
//	0x03 ‖ u8 len ‖ enc(issued for) ‖ enc(issued by)  → Anchor
//	0x04 ‖ enc(peer key)                              → Binding
//	0x05 ‖ enc(key)                                   → Activity
var (
	ParamsKey      = collections.NewPrefix(1)
	RevocationsKey = collections.NewPrefix(2)
	AnchorsKey     = collections.NewPrefix(3)
	BindingsKey    = collections.NewPrefix(4)
	ActivityKey    = collections.NewPrefix(5)
)

// RevocationKey returns the store key of a pair's revocation, for proofs of its
// presence or absence. Both keys are in the form enc(key).
func RevocationKey(revoked, revokedBy []byte) []byte { return pairKey(2, revoked, revokedBy) }

// AnchorKey returns the store key of a pair's anchor.
func AnchorKey(issuedFor, issuedBy []byte) []byte { return pairKey(3, issuedFor, issuedBy) }

func pairKey(prefix byte, first, second []byte) []byte {
	b := append([]byte{prefix, byte(len(first))}, first...)
	return append(b, second...)
}

// bindDomain begins what a peer signs to be bound to a wallet.
const bindDomain = "fluence/bind-peer/v1"

// BindBytes returns what a peer signs to be bound to a wallet:
//
//	"fluence/bind-peer/v1" ‖ u16be len ‖ chain id ‖ u8 len ‖ wallet address
func BindBytes(chainID string, wallet []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte(bindDomain), uint16(len(chainID)))
	b = append(append(b, chainID...), byte(len(wallet)))
	return append(b, wallet...)
}
