// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"crypto/sha256"
	"strings"
)

// DefaultGenesis returns no names.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks params, forms, the order of every list and the counts of names
// below.
//
// Errors: ErrInvalidParams, ErrInvalidGenesis, ErrInvalidName, ErrInvalidRecord.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	names := make(map[string]*Name, len(g.Names))
	children := map[string]uint32{}
	var last []byte
	for i := range g.Names {
		n := &g.Names[i]
		if err := n.Validate(); err != nil {
			return err
		}
		hash := Hash(n.Name)
		if bytes.Compare(hash, last) <= 0 || n.Term > g.Terms {
			return ErrInvalidGenesis.Wrapf("names[%d]: out of order, or of a term that never was", i)
		}
		last, names[n.Name] = hash, n
	}
	for i := range g.Names {
		n := &g.Names[i]
		if up := names[Parent(n.Name)]; up != nil && up.Term == n.Term {
			children[up.Name]++
		}
		if top := names[Top(n.Name)]; top == nil || n.Term > top.Term {
			return ErrInvalidGenesis.Wrapf("names[%d]: its first level is missing", i)
		}
	}
	for i := range g.Names {
		if n := &g.Names[i]; n.Children != children[n.Name] {
			return ErrInvalidGenesis.Wrapf("names[%d]: %d names below, it says %d", i, children[n.Name], n.Children)
		}
	}
	last = nil
	for i, c := range g.Commitments {
		if len(c.Hash) != sha256.Size || bytes.Compare(c.Hash, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("commitments[%d]: out of order", i)
		}
		last = c.Hash
	}
	for i, p := range g.Primaries {
		if p.Account == "" || CheckName(p.Name) != nil {
			return ErrInvalidGenesis.Wrapf("primaries[%d]: account or name", i)
		}
	}
	return nil
}

// Validate checks one name by itself.
//
// Errors: ErrInvalidName, ErrInvalidRecord, ErrInvalidGenesis.
func (n *Name) Validate() error {
	if err := CheckName(n.Name); err != nil {
		return err
	}
	first := !strings.Contains(n.Name, ".")
	if n.Owner == "" || n.Term == 0 || n.OwnerEpoch == 0 || first != (n.ExpiresAt > 0) || first && n.Fixed {
		return ErrInvalidGenesis.Wrapf("name %s: owner, term, epoch, expiry", n.Name)
	}
	for i, r := range n.Records {
		if err := r.Validate(); err != nil {
			return err
		}
		if i > 0 && r.Compare(n.Records[i-1]) <= 0 || r.OwnerEpoch == 0 || r.OwnerEpoch > n.OwnerEpoch {
			return ErrInvalidGenesis.Wrapf("name %s: records[%d] out of order", n.Name, i)
		}
	}
	return nil
}
