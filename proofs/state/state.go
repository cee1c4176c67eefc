// SPDX-License-Identifier: Apache-2.0

// Package state checks proofs that the chain's state holds a value under a key, or
// holds nothing there. It is pure: it reads no clock, network or file, and trusts
// only the app hash it is given. Where that hash comes from (a header signed by
// more than two thirds of the voting power) is the caller's concern.
//
// A proof has two steps (ICS-23). The first leads from key and value to the root of
// one module's store, an IAVL tree; the second from that root, under the store's
// name, to the app hash, a simple Merkle tree. The app hash over the state of height
// H stands in the header of height H+1.
package state

import (
	"bytes"
	"errors"
	"fmt"

	ics23 "github.com/cosmos/ics23/go"
)

// Errors of Root and Verify.
var (
	// ErrShape reports a proof that is not two known steps of bounded size.
	ErrShape = errors.New("proof has the wrong form")
	// ErrStore reports a proof for another store or another key than asked.
	ErrStore = errors.New("proof is for another store or key")
	// ErrValue reports a proof that does not lead from the key and value to a root.
	ErrValue = errors.New("proof does not cover the value")
	// ErrRoot reports a sound proof that leads to another app hash.
	ErrRoot = errors.New("proof leads to another app hash")
	// ErrEmpty reports an empty value, which a proof cannot tell from none.
	ErrEmpty = errors.New("an empty value cannot be proven")
)

// Types of the two steps, as CometBFT's abci_query names them.
const (
	TypeIAVL   = "ics23:iavl"
	TypeSimple = "ics23:simple"
)

// Bounds of a proof. A path in a tree of 2^64 leaves stays far below them.
const (
	maxOpBytes = 64 << 10
	maxPath    = 128
)

// HashBytes is the size of an app hash.
const HashBytes = 32

// Op is one step of a proof, as it travels.
type Op struct {
	Type string // TypeIAVL or TypeSimple
	Key  []byte // what the step proves: the key, then the store's name
	Data []byte // protobuf of an ics23.CommitmentProof
}

// Root returns the app hash that a proof leads to. A nil value proves that the key
// is absent.
//
// Errors: ErrShape, ErrStore, ErrValue, ErrEmpty.
func Root(ops []Op, store string, key, value []byte) ([HashBytes]byte, error) {
	var root [HashBytes]byte
	if len(ops) != 2 || ops[0].Type != TypeIAVL || ops[1].Type != TypeSimple {
		return root, fmt.Errorf("%w: want the steps %s and %s", ErrShape, TypeIAVL, TypeSimple)
	}
	if value != nil && len(value) == 0 {
		return root, ErrEmpty
	}
	if !bytes.Equal(ops[0].Key, key) || string(ops[1].Key) != store {
		return root, fmt.Errorf("%w: it covers key %X of store %q", ErrStore, clip(ops[0].Key), clip(ops[1].Key))
	}
	storeRoot, err := step(ops[0], ics23.IavlSpec, key, value)
	if err != nil {
		return root, fmt.Errorf("store %s: %w", store, err)
	}
	appHash, err := step(ops[1], ics23.TendermintSpec, []byte(store), storeRoot)
	if err != nil {
		return root, fmt.Errorf("app hash: %w", err)
	}
	if len(appHash) != HashBytes {
		return root, fmt.Errorf("%w: root of %d bytes", ErrShape, len(appHash))
	}
	copy(root[:], appHash)
	return root, nil
}

// Verify reports whether the state behind appHash holds value under key of store,
// or, with a nil value, holds nothing there. A nil error is yes.
//
// Errors: ErrShape, ErrStore, ErrValue, ErrEmpty, ErrRoot.
func Verify(appHash [HashBytes]byte, ops []Op, store string, key, value []byte) error {
	root, err := Root(ops, store, key, value)
	if err != nil {
		return err
	}
	if root != appHash {
		return fmt.Errorf("%w: %X, not %X", ErrRoot, root, appHash)
	}
	return nil
}

// step returns the root of one tree, after checking that the path to it is one the
// tree's spec allows.
func step(op Op, spec *ics23.ProofSpec, key, value []byte) ([]byte, error) {
	proof, err := decode(op.Data)
	if err != nil {
		return nil, err
	}
	var root []byte
	var fault error
	absence, presence := proof.GetNonexist(), proof.GetExist()
	switch {
	case (value == nil) != (absence != nil):
		return nil, fmt.Errorf("%w: it proves presence %t, asked for %t", ErrValue, presence != nil, value != nil)
	case absence != nil:
		if root, err = absence.Calculate(); err == nil {
			fault = absence.Verify(spec, root, key)
		}
	default:
		if root, err = presence.Calculate(); err == nil {
			fault = presence.Verify(spec, root, key, value)
		}
	}
	if err = errors.Join(err, fault); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	return root, nil
}

// decode reads one step and refuses what could make the checks below walk far or
// into nil: the library's own checks come later than its first reads.
func decode(data []byte) (*ics23.CommitmentProof, error) {
	if len(data) > maxOpBytes {
		return nil, fmt.Errorf("%w: step of %d bytes, at most %d", ErrShape, len(data), maxOpBytes)
	}
	var proof ics23.CommitmentProof
	if err := proof.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShape, err)
	}
	switch {
	case proof.GetExist() != nil:
		return &proof, sound(proof.GetExist())
	case proof.GetNonexist() != nil:
		n := proof.GetNonexist()
		if n.Left == nil && n.Right == nil {
			return nil, fmt.Errorf("%w: absence without neighbours", ErrShape)
		}
		return &proof, errors.Join(sound(n.Left), sound(n.Right))
	}
	return nil, fmt.Errorf("%w: neither presence nor absence", ErrShape)
}

// sound checks one path for missing parts. A nil path is one that is left out.
func sound(p *ics23.ExistenceProof) error {
	if p == nil {
		return nil
	}
	if p.Leaf == nil || len(p.Key) == 0 || len(p.Value) == 0 || len(p.Path) > maxPath {
		return fmt.Errorf("%w: path without leaf, key or value, or longer than %d", ErrShape, maxPath)
	}
	for _, inner := range p.Path {
		if inner == nil {
			return fmt.Errorf("%w: empty step in a path", ErrShape)
		}
	}
	return nil
}

// clip keeps foreign bytes in an error short.
func clip(b []byte) []byte { return b[:min(len(b), 64)] }
