// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// Domains of what is derived from a beacon.
const (
	drawDomain   = "fluence/draw/v1"
	sampleDomain = "fluence/sample/v1"
)

// Lot is what decides about the openings of a peer: the beacon of the epoch after,
// the peer and the epoch of its commitment.
type Lot struct {
	Beacon [32]byte
	Peer   [32]byte
	Epoch  uint64
}

// number returns a number of the lot:
//
//	first 8 bytes of SHA-256(domain ‖ beacon ‖ peer ‖ u64be epoch ‖ u32be j), big endian
func (l Lot) number(domain string, j uint32) uint64 {
	b := append([]byte(domain), l.Beacon[:]...)
	b = append(b, l.Peer[:]...)
	b = binary.BigEndian.AppendUint64(b, l.Epoch)
	b = binary.BigEndian.AppendUint32(b, j)
	h := sha256.Sum256(b)
	return binary.BigEndian.Uint64(h[:])
}

// Drawn reports whether a peer of that many units must open leaves: with
// probability min(1, units/every). every must not be 0.
func (l Lot) Drawn(units, every uint32) bool {
	return units >= every || l.number(drawDomain, 0)%uint64(every) < uint64(units)
}

// Scale returns by how much a penalty grows because a peer of that many units is
// seldom drawn: every/units rounded up, at least 1. Neither may be 0.
func Scale(units, every uint32) uint32 {
	if units >= every {
		return 1
	}
	return (every + units - 1) / units
}

// Sample returns min(k, n) different indices below n, ascending. k is at most
// MaxOpened.
func (l Lot) Sample(n uint64, k uint32) []uint64 {
	k = uint32(min(uint64(min(k, MaxOpened)), n))
	indices := make([]uint64, 0, k)
	moved := make(map[uint64]uint64, k) // a shuffle of 0 … n-1, as far as it went
	at := func(i uint64) uint64 {
		if m, ok := moved[i]; ok {
			return m
		}
		return i
	}
	for j := range uint64(k) {
		r := j + l.number(sampleDomain, uint32(j))%(n-j)
		indices = append(indices, at(r))
		moved[r] = at(j)
	}
	slices.Sort(indices)
	return indices
}
