// SPDX-License-Identifier: Apache-2.0

// Package types holds the messages, state, errors and keys of x/names. Its
// specification is x/names/README.md.
package types

import (
	"crypto/sha256"
	"strings"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"
)

const (
	// ModuleName is the name of the module.
	ModuleName = "names"

	// StoreKey names the module's store.
	StoreKey = ModuleName
)

// Keys of the module's store.
//
//	0x01                            → Params
//	0x02 ‖ hash                     → Name
//	0x03 ‖ hash                     → Commitment
//	0x04 ‖ account                  → Primary
//	0x05 ‖ u64be seconds ‖ hash       what commitment expires when
//	0x06 ‖ u8 len ‖ account ‖ hash    names of an account
//	0x07                            → u64be number of registrations
var (
	ParamsKey      = collections.NewPrefix(1)
	NamesKey       = collections.NewPrefix(2)
	CommitmentsKey = collections.NewPrefix(3)
	PrimariesKey   = collections.NewPrefix(4)
	ExpiriesKey    = collections.NewPrefix(5)
	ByOwnerKey     = collections.NewPrefix(6)
	TermsKey       = collections.NewPrefix(7)
)

// NameKey returns the store key of a name, for proofs of presence or absence.
//
// Errors: ErrInvalidName.
func NameKey(name string) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return append([]byte{2}, Hash(name)...), nil
}

// Bounds of names.
const (
	maxLevels = 4
	maxLabel  = 63
	MaxName   = maxLevels*maxLabel + maxLevels - 1
	MinSalt   = 8
	MaxSalt   = 64
)

// CheckName reports why a text is no name: one to four labels joined by dots, each
// of 1 to 63 of a-z, 0-9 and hyphen, not beginning or ending with a hyphen, without
// hyphens at both its third and fourth place.
//
// Errors: ErrInvalidName.
func CheckName(name string) error {
	if len(name) > MaxName {
		return ErrInvalidName.Wrapf("%d characters, at most %d", len(name), MaxName)
	}
	labels := strings.Split(name, ".")
	if len(labels) > maxLevels {
		return ErrInvalidName.Wrapf("%q: %d levels, at most %d", name, len(labels), maxLevels)
	}
	for _, l := range labels {
		ok := l != "" && len(l) <= maxLabel && l[0] != '-' && l[len(l)-1] != '-' && (len(l) < 4 || l[2:4] != "--")
		for i := 0; ok && i < len(l); i++ {
			c := l[i]
			ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
		}
		if !ok {
			return ErrInvalidName.Wrapf("label %q: want 1 to %d of a-z, 0-9 and inner hyphens, none at places 3 and 4 together", l, maxLabel)
		}
	}
	return nil
}

// Hash returns the hash of a name: h("") is 32 zero bytes, and
//
//	h(label.rest) = SHA-256(h(rest) ‖ SHA-256(label))
func Hash(name string) []byte {
	h := make([]byte, sha256.Size)
	labels := strings.Split(name, ".")
	for i := len(labels) - 1; i >= 0 && name != ""; i-- {
		label := sha256.Sum256([]byte(labels[i]))
		sum := sha256.Sum256(append(h, label[:]...))
		h = sum[:]
	}
	return h
}

// Parent returns the name above, or "" for the first level.
func Parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

// Top returns the first level of a name.
func Top(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// commitDomain begins what commitments hash.
const commitDomain = "fluence/name/v1"

// CommitmentHash hides a registration until it is made: the SHA-256 of
//
//	"fluence/name/v1" ‖ u8 len ‖ name ‖ u8 len ‖ owner's address ‖ u8 len ‖ salt ‖ u8 len ‖ max price in decimal
func CommitmentHash(name string, owner, salt []byte, maxPrice math.Int) []byte {
	b := []byte(commitDomain)
	for _, part := range [][]byte{[]byte(name), owner, salt, []byte(maxPrice.String())} {
		b = append(append(b, byte(len(part))), part...)
	}
	sum := sha256.Sum256(b)
	return sum[:]
}

// dhtDomain begins what the keys of the DHT hash.
const dhtDomain = "fluence-dht:v1:"

// DHTKey returns the multihash under which a challenge is found in the DHT.
func DHTKey(challenge []byte) []byte {
	sum := sha256.Sum256(append([]byte(dhtDomain), challenge...))
	return append([]byte{0x12, 0x20}, sum[:]...)
}
