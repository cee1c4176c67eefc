// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	"errors"
	"fmt"
)

// Errors of fraud proofs.
var (
	// ErrNotInTree says that a fraud proof does not lead to the root.
	ErrNotInTree = errors.New("capacity: leaf is not in the tree")
	// ErrNoFault says that a fraud proof shows a leaf that is as it should be.
	ErrNoFault = errors.New("capacity: nothing is wrong with the leaf")
)

// Fault is what a published leaf shows to be wrong. Its numbers are part of the
// chain's wire formats.
type Fault uint8

// Faults that a leaf and its way to the root can show.
const (
	NoFault         Fault = 0
	FaultUnit       Fault = 1 // the leaf stands where another unit's belongs
	FaultDifficulty Fault = 2 // its hash is above the difficulty
	FaultOrder      Fault = 3 // two neighbours' ranges overlap or run backwards
	FaultRange      Fault = 4 // a node claims other keys than stand below it: a duplicate, or a leaf out of place
)

// String returns the fault in one word.
func (f Fault) String() string {
	names := []string{"none", "unit", "difficulty", "order", "range"}
	if int(f) < len(names) {
		return names[f]
	}
	return fmt.Sprintf("fault(%d)", uint8(f))
}

// Step is one level of a fraud proof: the range that the parent commits to for the
// own side, and the neighbour.
type Step struct {
	Min, Max uint64
	Sibling  Subtree
}

// stepSize is what a step takes on the wire: min and max as u64be, a node.
const stepSize = 16 + nodeSize

// Fraud shows one leaf of a tree with all that its ancestors claim. Anybody can make
// one of a leaf that its peer published: of two leaves with one key at least one
// shows a fault, since the ranges of an ancestor cannot be right for both.
type Fraud struct {
	Index uint64
	Leaf  Leaf
	Steps []Step
}

// Verify returns the first fault of the leaf. An honest tree has none, whatever is
// shown of it: each step is bound to the root by its hash.
//
// Errors: ErrIndices, ErrNotInTree, ErrNoFault.
func (f Fraud) Verify(l Layout, root, difficulty [32]byte) (Fault, error) {
	if f.Index >= l.Len() {
		return NoFault, fmt.Errorf("%w: index %d among %d leaves", ErrIndices, f.Index, l.Len())
	}
	hash, steps, at := f.Leaf.hash(), f.Steps, f.Index
	for width := l.Len(); width > 1; width, at = (width+1)/2, at/2 {
		if at^1 >= width {
			continue
		}
		if len(steps) == 0 {
			return NoFault, fmt.Errorf("%w: steps are missing", ErrNotInTree)
		}
		left, right := Subtree{steps[0].Min, steps[0].Max, hash}, steps[0].Sibling
		if at%2 == 1 {
			left, right = right, left
		}
		hash, steps = join(left, right).Hash, steps[1:]
	}
	if len(steps) != 0 || hash != root {
		return NoFault, fmt.Errorf("%w: it leads to another root", ErrNotInTree)
	}
	if fault := f.fault(l, difficulty); fault != NoFault {
		return fault, nil
	}
	return NoFault, ErrNoFault
}

func (f Fraud) fault(l Layout, difficulty [32]byte) Fault {
	ordinal := l.ordinal(f.Index)
	if l.units[ordinal] != f.Leaf.Unit {
		return FaultUnit
	}
	if !Meets(f.Leaf.Hash, difficulty) {
		return FaultDifficulty
	}
	lo := key(ordinal, f.Leaf.Nonce)
	hi, at, width := lo, f.Index, l.Len()
	for _, s := range f.Steps {
		for at^1 >= width { // moved up unchanged
			at, width = at/2, (width+1)/2
		}
		if s.Min != lo || s.Max != hi {
			return FaultRange
		}
		left, right := Subtree{Min: s.Min, Max: s.Max}, s.Sibling
		if at%2 == 1 {
			left, right = right, left
		}
		if left.Min > left.Max || left.Max >= right.Min || right.Min > right.Max {
			return FaultOrder
		}
		lo, hi, at, width = left.Min, right.Max, at/2, (width+1)/2
	}
	return NoFault
}

// Append appends the steps' wire form to b:
//
//	steps × (min u64be ‖ max u64be ‖ neighbour: min u64be ‖ max u64be ‖ hash (32))
func (f Fraud) Append(b []byte) []byte {
	for _, s := range f.Steps {
		b = Subtree{Min: s.Min, Max: s.Max}.append(b)
		b = s.Sibling.append(b[:len(b)-32])
	}
	return b
}

// ParseSteps reads the steps that Append writes, and nothing else.
//
// Errors: ErrNotInTree.
func ParseSteps(b []byte) ([]Step, error) {
	if len(b)%stepSize != 0 || len(b) > maxDepth*stepSize {
		return nil, fmt.Errorf("%w: %d bytes are no steps of %d each, at most %d", ErrNotInTree, len(b), stepSize, maxDepth)
	}
	steps := make([]Step, len(b)/stepSize)
	for i := range steps {
		own, _ := parseNode(b)
		steps[i].Min, steps[i].Max = own.Min, own.Max
		steps[i].Sibling, b = parseNode(b[16:])
	}
	return steps, nil
}
