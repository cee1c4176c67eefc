// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Bounds and sizes of openings.
const (
	// MaxOpened is how many leaves one opening may open.
	MaxOpened = 64
	// claimSize is what an opened leaf takes on the wire: nonce and hash; its unit
	// follows from its index.
	claimSize = 64
)

// Errors of openings.
var (
	// ErrOpening says that an opening is no proof of what it should open.
	ErrOpening = errors.New("capacity: opening does not fit")
	// ErrIndices says that indices are not ascending, or beyond the tree, or too many.
	ErrIndices = errors.New("capacity: bad indices")
	// ErrOrder says that an opening shows ranges that overlap: the tree holds a leaf
	// twice or out of place.
	ErrOrder = errors.New("capacity: leaves out of order")
)

// Claim is an opened leaf without its unit.
type Claim struct{ Nonce, Hash [32]byte }

// Opening shows some leaves of a tree with the nodes that join them to its root.
type Opening struct {
	// Claims are the leaves in the order of their indices.
	Claims []Claim
	// Path holds the missing neighbours, level by level from the leaves up, from left
	// to right.
	Path []Subtree
}

// Open shows the leaves at strictly ascending indices.
//
// Errors: ErrIndices.
func (t *Tree) Open(indices []uint64) (Opening, error) {
	if err := checkIndices(indices, t.layout.Len()); err != nil {
		return Opening{}, err
	}
	var o Opening
	for _, i := range indices {
		o.Claims = append(o.Claims, Claim{t.leaves[i].Nonce, t.leaves[i].Hash})
	}
	at := append([]uint64(nil), indices...)
	for _, level := range t.levels[:len(t.levels)-1] {
		next := at[:0]
		for j := 0; j < len(at); j++ {
			i := at[j]
			switch sibling := i ^ 1; {
			case sibling >= uint64(len(level)): // moves up unchanged
			case j+1 < len(at) && at[j+1] == sibling:
				j++
			default:
				o.Path = append(o.Path, level[sibling])
			}
			next = append(next, i/2)
		}
		at = next
	}
	return o, nil
}

func checkIndices(indices []uint64, n uint64) error {
	if len(indices) == 0 || len(indices) > MaxOpened {
		return fmt.Errorf("%w: %d of them, want 1 to %d", ErrIndices, len(indices), MaxOpened)
	}
	for i, x := range indices {
		if x >= n || i > 0 && indices[i-1] >= x {
			return fmt.Errorf("%w: index %d among %d leaves", ErrIndices, x, n)
		}
	}
	return nil
}

// placed is a node and its place in its level.
type placed struct {
	at   uint64
	node Subtree
}

// Verify checks that an opening shows the leaves at the given indices of the tree
// with that root, and that all ranges on the way are in order. It returns the
// leaves. Its work is bounded by MaxOpened and the depth of the layout.
//
// Errors: ErrIndices, ErrOpening, ErrOrder.
func (o Opening) Verify(l Layout, root [32]byte, indices []uint64) ([]Leaf, error) {
	if err := checkIndices(indices, l.Len()); err != nil {
		return nil, err
	}
	if len(o.Claims) != len(indices) {
		return nil, fmt.Errorf("%w: %d leaves for %d indices", ErrOpening, len(o.Claims), len(indices))
	}
	leaves := make([]Leaf, len(indices))
	level := make([]placed, len(indices))
	for i, x := range indices {
		ordinal := l.ordinal(x)
		leaves[i] = Leaf{Unit: l.units[ordinal], Nonce: o.Claims[i].Nonce, Hash: o.Claims[i].Hash}
		k := key(ordinal, leaves[i].Nonce)
		level[i] = placed{x, Subtree{Min: k, Max: k, Hash: leaves[i].hash()}}
	}
	path := o.Path
	for width := l.Len(); width > 1; width = (width + 1) / 2 {
		var err error
		if level, path, err = climb(level, path, width); err != nil {
			return nil, err
		}
	}
	if len(path) != 0 {
		return nil, fmt.Errorf("%w: %d nodes too many", ErrOpening, len(path))
	}
	if level[0].node.Hash != root {
		return nil, fmt.Errorf("%w: it leads to another root", ErrOpening)
	}
	return leaves, nil
}

// climb joins the nodes of a level of the given width with their neighbours.
func climb(level []placed, path []Subtree, width uint64) ([]placed, []Subtree, error) {
	next := level[:0]
	for j := 0; j < len(level); j++ {
		p := level[j]
		sibling := p.at ^ 1
		if sibling >= width {
			next = append(next, placed{p.at / 2, p.node})
			continue
		}
		left, right := p.node, Subtree{}
		switch {
		case j+1 < len(level) && level[j+1].at == sibling:
			right = level[j+1].node
			j++
		case len(path) == 0:
			return nil, nil, fmt.Errorf("%w: nodes are missing", ErrOpening)
		default:
			right, path = path[0], path[1:]
			if p.at%2 == 1 {
				left, right = right, left
			}
		}
		if left.Min > left.Max || left.Max >= right.Min || right.Min > right.Max {
			return nil, nil, fmt.Errorf("%w: ranges at place %d of a level of %d", ErrOrder, p.at, width)
		}
		next = append(next, placed{p.at / 2, join(left, right)})
	}
	return next, path, nil
}

// Append appends the opening's wire form to b:
//
//	u8 claims ‖ claims × (nonce (32) ‖ hash (32)) ‖ nodes × (min u64be ‖ max u64be ‖ hash (32))
func (o Opening) Append(b []byte) []byte {
	b = append(b, byte(len(o.Claims)))
	for _, c := range o.Claims {
		b = append(append(b, c.Nonce[:]...), c.Hash[:]...)
	}
	for _, n := range o.Path {
		b = n.append(b)
	}
	return b
}

// MaxOpeningBytes is more than any opening takes on the wire.
const MaxOpeningBytes = 1 + MaxOpened*(claimSize+maxDepth*nodeSize)

// ParseOpening reads what Append writes, and nothing else.
//
// Errors: ErrOpening.
func ParseOpening(b []byte) (Opening, error) {
	if len(b) == 0 || len(b) > MaxOpeningBytes {
		return Opening{}, fmt.Errorf("%w: %d bytes, want 1 to %d", ErrOpening, len(b), MaxOpeningBytes)
	}
	n, rest := int(b[0]), b[1:]
	if n == 0 || n > MaxOpened || len(rest) < n*claimSize || (len(rest)-n*claimSize)%nodeSize != 0 {
		return Opening{}, fmt.Errorf("%w: %d bytes cannot hold %d leaves and whole nodes", ErrOpening, len(b), n)
	}
	o := Opening{Claims: make([]Claim, n)}
	for i := range o.Claims {
		copy(o.Claims[i].Nonce[:], rest)
		copy(o.Claims[i].Hash[:], rest[32:])
		rest = rest[claimSize:]
	}
	for ; len(rest) > 0; rest = rest[nodeSize:] {
		node, _ := parseNode(rest)
		o.Path = append(o.Path, node)
	}
	return o, nil
}

func parseNode(b []byte) (n Subtree, rest []byte) {
	n.Min, n.Max = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	copy(n.Hash[:], b[16:])
	return n, b[nodeSize:]
}
