// SPDX-License-Identifier: Apache-2.0

package types

import "bytes"

// DefaultGenesis returns the empty registry.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks params, forms and the order of every list, and that anchors
// stand beside revocations. Signatures are not verified again: they were when
// they were recorded, and a genesis file is trusted as a whole.
//
// Errors: ErrInvalidParams, ErrInvalidGenesis, ErrInvalidKey.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	revoked := make(map[string]bool, len(g.Revocations))
	var last []byte
	for i, r := range g.Revocations {
		if err := keys(r.Revoked, r.RevokedBy); err != nil {
			return err
		}
		key := RevocationKey(r.Revoked, r.RevokedBy)
		if bytes.Compare(key, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("revocations[%d]: out of order", i)
		}
		last, revoked[string(key[1:])] = key, true
	}
	last = nil
	for i, a := range g.Anchors {
		if err := keys(a.IssuedFor, a.IssuedBy); err != nil {
			return err
		}
		key := AnchorKey(a.IssuedFor, a.IssuedBy)
		if bytes.Compare(key, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("anchors[%d]: out of order", i)
		}
		if !revoked[string(key[1:])] {
			return ErrInvalidGenesis.Wrapf("anchors[%d]: its pair has no revocation", i)
		}
		last = key
	}
	return g.validateKeyed()
}

// validateKeyed checks the lists that are keyed by one key.
func (g GenesisState) validateKeyed() error {
	var last []byte
	for i, b := range g.Bindings {
		if _, err := Key("peer_key", b.PeerKey); err != nil {
			return err
		}
		if b.Wallet == "" || bytes.Compare(b.PeerKey, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("bindings[%d]: out of order or without a wallet", i)
		}
		last = b.PeerKey
	}
	last = nil
	for i, a := range g.Activity {
		if _, err := Key("key", a.Key); err != nil {
			return err
		}
		if a.Count == 0 || bytes.Compare(a.Key, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("activity[%d]: out of order or empty", i)
		}
		last = a.Key
	}
	return nil
}

func keys(first, second []byte) error {
	if _, err := Key("first key", first); err != nil {
		return err
	}
	_, err := Key("second key", second)
	return err
}
