// SPDX-License-Identifier: Apache-2.0

package types

import "github.com/go-fluence/fluence/proofs/trust"

// Key reads a key in the official form and names the field when it is none.
//
// Errors: ErrInvalidKey.
func Key(field string, enc []byte) (trust.Key, error) {
	k, err := trust.DecodeKey(enc)
	if err != nil {
		return k, ErrInvalidKey.Wrapf("%s: %v", field, err)
	}
	return k, nil
}

func signature(enc []byte) (trust.Signature, error) {
	s, err := trust.DecodeSignature(enc)
	if err != nil {
		return s, ErrInvalidSignature.Wrapf("signature: %v", err)
	}
	return s, nil
}

// Verify checks the form and the signature of a revocation.
//
// Errors: ErrInvalidKey, ErrInvalidSignature, ErrSelfRevocation.
func (r Revocation) Verify() error {
	revoked, err := Key("revoked", r.Revoked)
	if err != nil {
		return err
	}
	by, err := Key("revoked_by", r.RevokedBy)
	if err != nil {
		return err
	}
	sig, err := signature(r.Signature)
	if err != nil {
		return err
	}
	if revoked == by {
		return ErrSelfRevocation
	}
	signed := trust.Revocation{Revoked: revoked, RevokedAt: r.RevokedAt, RevokedBy: by, Signature: sig}
	if err := signed.Verify(); err != nil {
		return ErrInvalidSignature.Wrap(err.Error())
	}
	return nil
}

// Verify checks the form and the signature of an anchored trust, whatever the time.
//
// Errors: ErrInvalidKey, ErrInvalidSignature.
func (a Anchor) Verify() error {
	to, err := Key("issued_for", a.IssuedFor)
	if err != nil {
		return err
	}
	by, err := Key("issued_by", a.IssuedBy)
	if err != nil {
		return err
	}
	sig, err := signature(a.Signature)
	if err != nil {
		return err
	}
	signed := trust.Trust{IssuedFor: to, ExpiresAt: a.ExpiresAt, IssuedAt: a.IssuedAt, Signature: sig}
	if err := signed.Verify(by, 0); err != nil {
		return ErrInvalidSignature.Wrap(err.Error())
	}
	return nil
}
