// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Errors of NewTree.
var (
	// ErrLeaves says that leaves do not fill a layout.
	ErrLeaves = errors.New("capacity: leaves do not match the layout")
	// ErrDuplicate says that two leaves of a unit have the same nonce, or the same tag.
	ErrDuplicate = errors.New("capacity: duplicate leaf")
)

// Leaf is one proof as a tree holds it.
type Leaf struct {
	// Unit is the id of the unit that was proven.
	Unit [32]byte
	// Nonce is the local nonce.
	Nonce [32]byte
	// Hash is RandomX of the nonce under the unit's key.
	Hash [32]byte
}

// Subtree is a node of a tree as its neighbours see it: the smallest and the largest
// key below it, and its hash.
type Subtree struct {
	Min, Max uint64
	Hash     [32]byte
}

// hash returns the hash of a leaf:
//
//	00 ‖ unit (32) ‖ nonce (32) ‖ hash (32)
func (l Leaf) hash() [32]byte {
	var b [97]byte
	copy(b[1:], l.Unit[:])
	copy(b[33:], l.Nonce[:])
	copy(b[65:], l.Hash[:])
	return sha256.Sum256(b[:])
}

// join returns the node above two others. Its hash commits to both their ranges:
//
//	01 ‖ min (8) ‖ max (8) ‖ hash (32) of the left ‖ the same of the right
func join(l, r Subtree) Subtree {
	b := make([]byte, 1, 1+2*nodeSize)
	b[0] = 1
	b = r.append(l.append(b))
	return Subtree{Min: l.Min, Max: r.Max, Hash: sha256.Sum256(b)}
}

// nodeSize is what a node takes on the wire: min and max as u64be, hash.
const nodeSize = 48

func (n Subtree) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, n.Min)
	b = binary.BigEndian.AppendUint64(b, n.Max)
	return append(b, n.Hash[:]...)
}

// Tree is a Merkle tree over all proofs of a peer in an epoch, in the shape of
// RFC 6962: full on the left, an odd node moves up unchanged. Its leaves ascend
// strictly by unit and tag, and each node commits to the keys below it, so that
// whoever opens some leaves proves them to be different.
type Tree struct {
	layout Layout
	leaves []Leaf
	levels [][]Subtree // from the leaves to the root
}

// NewTree sorts leaves and builds their tree; units are all units of the peer in
// ascending order.
//
// Errors: ErrLayout, ErrLeaves, ErrDuplicate.
func NewTree(units [][32]byte, leaves []Leaf) (*Tree, error) {
	if len(leaves) > MaxLeaves {
		return nil, fmt.Errorf("%w: %d leaves, at most %d", ErrLayout, len(leaves), MaxLeaves)
	}
	counts := make([]uint32, len(units))
	ordinals := make(map[[32]byte]int, len(units))
	for i, u := range units {
		ordinals[u] = i
	}
	type keyed struct {
		key  uint64
		leaf Leaf
	}
	sorted := make([]keyed, len(leaves))
	for i, l := range leaves {
		o, ok := ordinals[l.Unit]
		if !ok {
			return nil, fmt.Errorf("%w: unit %x is none of the peer's", ErrLeaves, l.Unit)
		}
		counts[o]++
		sorted[i] = keyed{key(o, l.Nonce), l}
	}
	layout, err := NewLayout(units, counts)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(sorted, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	t := &Tree{layout: layout, leaves: make([]Leaf, len(leaves))}
	level := make([]Subtree, len(leaves))
	for i, k := range sorted {
		if i > 0 && sorted[i-1].key == k.key {
			return nil, fmt.Errorf("%w: unit %x, nonce %x; drop one", ErrDuplicate, k.leaf.Unit, k.leaf.Nonce)
		}
		t.leaves[i] = k.leaf
		level[i] = Subtree{Min: k.key, Max: k.key, Hash: k.leaf.hash()}
	}
	t.grow(level)
	return t, nil
}

func (t *Tree) grow(level []Subtree) {
	for t.levels = [][]Subtree{level}; len(level) > 1; t.levels = append(t.levels, level) {
		next := make([]Subtree, 0, (len(level)+1)/2)
		for i := 0; i+1 < len(level); i += 2 {
			next = append(next, join(level[i], level[i+1]))
		}
		if len(level)%2 == 1 {
			next = append(next, level[len(level)-1])
		}
		level = next
	}
}

// Root returns the hash of the root.
func (t *Tree) Root() [32]byte { return t.levels[len(t.levels)-1][0].Hash }

// Layout returns which leaf belongs to which unit.
func (t *Tree) Layout() Layout { return t.layout }

// Counts returns how many leaves each unit has, in the order of the units.
func (t *Tree) Counts() []uint32 {
	counts := make([]uint32, len(t.layout.ends))
	var before uint64
	for i, end := range t.layout.ends {
		counts[i], before = uint32(end-before), end
	}
	return counts
}

// Leaves returns the leaves in their order. The caller must not change them.
func (t *Tree) Leaves() []Leaf { return t.leaves }
