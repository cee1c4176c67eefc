// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"sort"
)

// Bounds of one tree.
const (
	// MaxUnits is how many units one tree may have.
	MaxUnits = 1024
	// MaxLeaves is how many leaves one tree may have.
	MaxLeaves = 1 << 20
	// maxDepth is the depth of a tree of MaxLeaves.
	maxDepth = 20
)

// ErrLayout says that units and counts are no layout; the text names the field.
var ErrLayout = errors.New("capacity: bad layout")

// Layout says which leaf belongs to which unit: the leaves of a peer stand in the
// order of their units' ids, as many of each as the counts say. It is not changed
// after NewLayout.
type Layout struct {
	units [][32]byte
	ends  []uint64 // where the leaves of each unit end
}

// NewLayout returns the layout of units in strictly ascending order and the number
// of leaves of each, which may be 0.
//
// Errors: ErrLayout.
func NewLayout(units [][32]byte, counts []uint32) (Layout, error) {
	if len(units) == 0 || len(units) > MaxUnits {
		return Layout{}, fmt.Errorf("%w: %d units, want 1 to %d", ErrLayout, len(units), MaxUnits)
	}
	if len(units) != len(counts) {
		return Layout{}, fmt.Errorf("%w: counts: %d for %d units; give one for each", ErrLayout, len(counts), len(units))
	}
	l := Layout{units: units, ends: make([]uint64, len(units))}
	var n uint64
	for i := range units {
		if i > 0 && bytes.Compare(units[i-1][:], units[i][:]) >= 0 {
			return Layout{}, fmt.Errorf("%w: unit %d is not above the one before", ErrLayout, i)
		}
		n += uint64(counts[i])
		l.ends[i] = n
	}
	if n == 0 || n > MaxLeaves {
		return Layout{}, fmt.Errorf("%w: counts: %d leaves, want 1 to %d", ErrLayout, n, MaxLeaves)
	}
	return l, nil
}

// Len returns the number of leaves.
func (l Layout) Len() uint64 {
	if len(l.ends) == 0 {
		return 0
	}
	return l.ends[len(l.ends)-1]
}

// Unit returns the unit of the leaf at an index, which must be below Len.
func (l Layout) Unit(index uint64) [32]byte { return l.units[l.ordinal(index)] }

func (l Layout) ordinal(index uint64) int {
	return sort.Search(len(l.ends), func(i int) bool { return l.ends[i] > index })
}

// Tag is a short stand-in for a nonce: the first six bytes of its SHA-256. Nonces
// with different tags are different; that two of one unit and epoch share a tag is
// an accident of 1 in 2^48, which costs their prover one of the two.
func Tag(nonce [32]byte) uint64 {
	h := sha256.Sum256(nonce[:])
	return uint64(h[0])<<40 | uint64(h[1])<<32 | uint64(h[2])<<24 | uint64(h[3])<<16 | uint64(h[4])<<8 | uint64(h[5])
}

// key is what leaves are sorted by: the place of the unit, then the tag.
//
//	ordinal (16 bits) ‖ tag (48 bits)
func key(ordinal int, nonce [32]byte) uint64 { return uint64(ordinal)<<48 | Tag(nonce) }
