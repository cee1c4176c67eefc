// SPDX-License-Identifier: Apache-2.0

// Package trust holds the signed edges of the trust graph, their chains and their
// revocations in the official byte forms, and verifies them. It is pure: time is
// an argument. It knows no graph and no weights; peer/trustgraph does.
//
// Source: trust-graph@e2d93ad, as docs/spec/trust.md says.
package trust

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mr-tron/base58"
)

// Errors of this package.
var (
	// ErrMalformed says that bytes or text are not what they should be.
	ErrMalformed = errors.New("malformed")
	// ErrKeyFormat names a key format that is not supported.
	ErrKeyFormat = errors.New("key format is not supported")
	// ErrSignature says that a signature is not of that key over those bytes.
	ErrSignature = errors.New("signature is incorrect")
	// ErrExpired says that a trust is no longer valid.
	ErrExpired = errors.New("trust is expired")
	// ErrChain says that the trusts of a certificate do not form a chain from a root.
	ErrChain = errors.New("not a chain")
)

// MaxChain is the longest chain that is read. Links beyond 16 carry no weight.
const MaxChain = 64

// Trust is the statement of an issuer that a key may be trusted. The issuer is
// not part of it: in a certificate it is the key of the trust before.
type Trust struct {
	IssuedFor Key
	ExpiresAt uint64 // seconds since 1970; valid up to and including it
	IssuedAt  uint64 // seconds since 1970
	Signature Signature
}

// SigningBytes returns what the issuer signs: the SHA-256 of
//
//	enc(issued for) ‖ u64le expires at ‖ u64le issued at
func (t Trust) SigningBytes() []byte {
	b := t.IssuedFor.Append(nil)
	b = binary.LittleEndian.AppendUint64(b, t.ExpiresAt)
	b = binary.LittleEndian.AppendUint64(b, t.IssuedAt)
	sum := sha256.Sum256(b)
	return sum[:]
}

// Verify checks a trust by its issuer's key at a time in seconds.
//
// Errors: ErrExpired, ErrSignature, ErrKeyFormat.
func (t Trust) Verify(issuer Key, now uint64) error {
	if t.ExpiresAt < now {
		return fmt.Errorf("%w at: '%ds', current time: '%ds'", ErrExpired, t.ExpiresAt, now)
	}
	return issuer.Verify(t.SigningBytes(), t.Signature)
}

// Append appends the binary form:
//
//	u8 len ‖ enc(issued for) ‖ u8 len ‖ enc(signature) ‖ u64le expires at ‖ u64le issued at
//
// It is 116 bytes with ed25519.
func (t Trust) Append(b []byte) []byte {
	b = appendShort(b, t.IssuedFor.Append(nil))
	b = appendShort(b, t.Signature.Append(nil))
	b = binary.LittleEndian.AppendUint64(b, t.ExpiresAt)
	return binary.LittleEndian.AppendUint64(b, t.IssuedAt)
}

func appendShort(b, s []byte) []byte { return append(append(b, byte(len(s))), s...) }

// DecodeTrust reads the binary form of one trust.
//
// Errors: ErrMalformed, ErrKeyFormat.
func DecodeTrust(b []byte) (Trust, error) {
	key, b, err := short(b)
	if err != nil {
		return Trust{}, err
	}
	sig, b, err := short(b)
	if err != nil {
		return Trust{}, err
	}
	if len(b) != 16 {
		return Trust{}, fmt.Errorf("%w: %d bytes for two times, want 16", ErrMalformed, len(b))
	}
	t := Trust{ExpiresAt: binary.LittleEndian.Uint64(b), IssuedAt: binary.LittleEndian.Uint64(b[8:])}
	if t.IssuedFor, err = DecodeKey(key); err != nil {
		return Trust{}, err
	}
	t.Signature, err = DecodeSignature(sig)
	return t, err
}

// short reads a length of one byte and as many bytes.
func short(b []byte) (head, rest []byte, err error) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return nil, nil, fmt.Errorf("%w: length beyond the end", ErrMalformed)
	}
	n := int(b[0]) + 1
	return b[1:n], b[n:], nil
}

// Revocation is the statement of a key that it no longer trusts another. It never
// expires.
type Revocation struct {
	Revoked   Key
	RevokedAt uint64 // seconds since 1970
	RevokedBy Key
	Signature Signature // of RevokedBy
}

// SigningBytes returns what the revoking key signs: the SHA-256 of
//
//	u8 len ‖ enc(revoked) ‖ u64le revoked at
func (r Revocation) SigningBytes() []byte {
	b := appendShort(nil, r.Revoked.Append(nil))
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64(b, r.RevokedAt))
	return sum[:]
}

// Verify checks the revocation's signature.
//
// Errors: ErrSignature, ErrKeyFormat.
func (r Revocation) Verify() error { return r.RevokedBy.Verify(r.SigningBytes(), r.Signature) }

// Certificate is a chain of trusts, the self-signed root first; each later one is
// issued by the key of the one before.
type Certificate struct{ Chain []Trust }

// certificateHead is format and version, both 0 and both ignored when read.
const certificateHead = 6

// Verify checks every link at a time in seconds.
//
// Errors: ErrChain, and those of Trust.Verify with the place of the link.
func (c Certificate) Verify(now uint64) error {
	if len(c.Chain) == 0 {
		return fmt.Errorf("%w: the certificate must have at least 1 trust", ErrChain)
	}
	issuer := c.Chain[0].IssuedFor
	for i, t := range c.Chain {
		if err := t.Verify(issuer, now); err != nil {
			return fmt.Errorf("trust %d in chain did not pass verification: %w", i, err)
		}
		issuer = t.IssuedFor
	}
	return nil
}

// Append appends the binary form:
//
//	u16 format ‖ u32 version ‖ u8 n ‖ n × (u8 len ‖ trust)
//
// Errors: ErrChain for more than 255 trusts.
func (c Certificate) Append(b []byte) ([]byte, error) {
	if len(c.Chain) > 255 {
		return nil, fmt.Errorf("%w: %d trusts, at most 255 can be written", ErrChain, len(c.Chain))
	}
	b = append(append(b, make([]byte, certificateHead)...), byte(len(c.Chain)))
	for _, t := range c.Chain {
		b = appendShort(b, t.Append(nil))
	}
	return b, nil
}

// DecodeCertificate reads the binary form: at least two trusts, at most MaxChain.
//
// Errors: ErrMalformed, ErrKeyFormat, ErrChain.
func DecodeCertificate(b []byte) (Certificate, error) {
	if len(b) <= certificateHead {
		return Certificate{}, fmt.Errorf("%w: certificate of %d bytes", ErrMalformed, len(b))
	}
	n := int(b[certificateHead])
	if n < 2 || n > MaxChain {
		return Certificate{}, fmt.Errorf("%w: %d trusts, want 2 to %d", ErrChain, n, MaxChain)
	}
	b = b[certificateHead+1:]
	var c Certificate
	for range n {
		one, rest, err := short(b)
		if err != nil {
			return Certificate{}, err
		}
		t, err := DecodeTrust(one)
		if err != nil {
			return Certificate{}, err
		}
		c.Chain, b = append(c.Chain, t), rest
	}
	if len(b) != 0 {
		return Certificate{}, fmt.Errorf("%w: %d bytes after the certificate", ErrMalformed, len(b))
	}
	return c, nil
}

func fromBase58(s string) ([]byte, error) {
	b, err := base58.Decode(s)
	if err != nil {
		return nil, fmt.Errorf("%w: base58: %w", ErrMalformed, err)
	}
	return b, nil
}
