// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and keys of x/perimeter. Its
// specification is x/perimeter/README.md.
package types

import (
	"crypto/sha256"
	"encoding/binary"

	"cosmossdk.io/collections"
)

const (
	// ModuleName is the name of the module.
	ModuleName = "perimeter"

	// StoreKey names the module's store.
	StoreKey = ModuleName

	// IDBytes is the size of a perimeter's id.
	IDBytes = 32
)

// Keys of the module's store. id is 32 bytes, after its length in one byte; member
// is a kind (1 peer, 2 deal), the subject's bytes and the service's name.
//
//	0x01                                          → Params
//	0x02 ‖ id                                     → u64be current version
//	0x03 ‖ 0x20 ‖ id ‖ u64be version              → Version
//	0x04 ‖ 0x20 ‖ id ‖ member                     → Member
//	0x05 ‖ 0x20 ‖ id ‖ u64be number               → NumberedPolicy
//	0x06 ‖ u8 len ‖ subject ‖ id ‖ member         memberships of a subject
//	0x07 ‖ u64be height ‖ 0x20 ‖ id ‖ u64be version   what expires after height
//	0x08 ‖ 0x20 ‖ id ‖ u64be version ‖ member     spans whose last version it is
var (
	ParamsKey    = collections.NewPrefix(1)
	CurrentKey   = collections.NewPrefix(2)
	VersionsKey  = collections.NewPrefix(3)
	MembersKey   = collections.NewPrefix(4)
	PoliciesKey  = collections.NewPrefix(5)
	BySubjectKey = collections.NewPrefix(6)
	ExpiriesKey  = collections.NewPrefix(7)
	EndedKey     = collections.NewPrefix(8)
)

// VersionKey returns the store key of one version, for a proof of what it was.
func VersionKey(id []byte, version uint64) []byte {
	return binary.BigEndian.AppendUint64(prefixed(3, id), version)
}

// MemberKey returns the store key of one membership, for a proof of its presence
// or absence: its spans say in which versions the service was a member.
func MemberKey(id []byte, subject Subject, service string) []byte {
	return append(prefixed(4, id), MemberID(subject, service)...)
}

// PolicyKey returns the store key of one policy.
func PolicyKey(id []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(prefixed(5, id), number)
}

func prefixed(prefix byte, id []byte) []byte {
	return append([]byte{prefix, byte(len(id))}, id...)
}

// Key returns a subject's kind and bytes.
func (s Subject) Key() []byte {
	if len(s.Deal) > 0 {
		return append([]byte{2}, s.Deal...)
	}
	return append([]byte{1}, s.Peer...)
}

// MemberID returns a subject's key and the service's name.
func MemberID(subject Subject, service string) []byte { return append(subject.Key(), service...) }

// idDomain begins what ids are made of.
const idDomain = "fluence/perimeter/v1"

// NewID returns the id of a creator's perimeter: the SHA-256 of
//
//	"fluence/perimeter/v1" ‖ u16be len ‖ chain id ‖ u8 len ‖ creator's address ‖ u64be nonce
func NewID(chainID string, creator []byte, nonce uint64) []byte {
	b := binary.BigEndian.AppendUint16([]byte(idDomain), uint16(len(chainID)))
	b = append(append(b, chainID...), byte(len(creator)))
	b = binary.BigEndian.AppendUint64(append(b, creator...), nonce)
	sum := sha256.Sum256(b)
	return sum[:]
}
