// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/mr-tron/base58"
)

// Format is the kind of a key and its signatures.
type Format byte

// Formats. RSA keys are known by their peer ids only and are not supported, as in
// the official service.
const (
	Ed25519   Format = 0
	RSA       Format = 1
	Secp256k1 Format = 2
)

// String returns the name that the JSON form uses.
func (f Format) String() string {
	switch f {
	case Ed25519:
		return "ed25519"
	case RSA:
		return "rsa"
	case Secp256k1:
		return "secp256k1"
	}
	return fmt.Sprintf("format %d", byte(f))
}

// ParseFormat reads a name of the JSON form.
//
// Errors: ErrKeyFormat.
func ParseFormat(s string) (Format, error) {
	switch s {
	case "ed25519":
		return Ed25519, nil
	case "secp256k1":
		return Secp256k1, nil
	}
	return 0, fmt.Errorf("%w: %q", ErrKeyFormat, s)
}

// Key is a public key: 32 bytes of ed25519, or 33 of compressed secp256k1.
type Key struct {
	Format Format
	raw    string
}

// NewKey returns a key of its raw bytes.
//
// Errors: ErrKeyFormat, ErrMalformed.
func NewKey(f Format, raw []byte) (Key, error) {
	switch {
	case f == Ed25519 && len(raw) == ed25519.PublicKeySize:
	case f == Secp256k1 && len(raw) == secp256k1.PubKeyBytesLenCompressed:
		if _, err := secp256k1.ParsePubKey(raw); err != nil {
			return Key{}, fmt.Errorf("%w: secp256k1 key: %w", ErrMalformed, err)
		}
	case f != Ed25519 && f != Secp256k1:
		return Key{}, fmt.Errorf("%w: %s", ErrKeyFormat, f)
	default:
		return Key{}, fmt.Errorf("%w: %s key of %d bytes", ErrMalformed, f, len(raw))
	}
	return Key{f, string(raw)}, nil
}

// Raw returns the key without its format.
func (k Key) Raw() []byte { return []byte(k.raw) }

// Append appends enc(key): the format and the raw key.
func (k Key) Append(b []byte) []byte { return append(append(b, byte(k.Format)), k.raw...) }

// DecodeKey reads enc(key).
//
// Errors: ErrKeyFormat, ErrMalformed.
func DecodeKey(b []byte) (Key, error) {
	if len(b) == 0 {
		return Key{}, fmt.Errorf("%w: empty key", ErrMalformed)
	}
	return NewKey(Format(b[0]), b[1:])
}

// peerHeads begin the identity multihash of a key's protobuf form.
var peerHeads = map[Format]string{
	Ed25519:   "\x00\x24\x08\x01\x12\x20",
	Secp256k1: "\x00\x25\x08\x02\x12\x21",
}

// PeerID returns the libp2p peer id, in base58.
func (k Key) PeerID() string { return base58.Encode([]byte(peerHeads[k.Format] + k.raw)) }

// KeyOfPeer returns the key inside a peer id.
//
// Errors: ErrMalformed; also for ids that are only the hash of a key.
func KeyOfPeer(id string) (Key, error) {
	b, err := fromBase58(id)
	if err != nil {
		return Key{}, err
	}
	for _, f := range []Format{Ed25519, Secp256k1} {
		if raw, ok := bytes.CutPrefix(b, []byte(peerHeads[f])); ok {
			return NewKey(f, raw)
		}
	}
	return Key{}, fmt.Errorf("%w: public key is not inlined in peer id: %s", ErrMalformed, id)
}

// Signature is a signature: 64 bytes of ed25519, or DER of secp256k1.
type Signature struct {
	Format Format
	Raw    []byte
}

// maxSignature is the longest signature: DER of secp256k1.
const maxSignature = 72

// Append appends enc(signature): the format and the raw signature.
func (s Signature) Append(b []byte) []byte { return append(append(b, byte(s.Format)), s.Raw...) }

// DecodeSignature reads enc(signature). Whether it is one shows in Verify.
//
// Errors: ErrKeyFormat, ErrMalformed.
func DecodeSignature(b []byte) (Signature, error) {
	if len(b) == 0 || len(b) > maxSignature+1 {
		return Signature{}, fmt.Errorf("%w: signature of %d bytes", ErrMalformed, len(b))
	}
	if f := Format(b[0]); f != Ed25519 && f != Secp256k1 {
		return Signature{}, fmt.Errorf("%w: %s", ErrKeyFormat, f)
	}
	return Signature{Format(b[0]), bytes.Clone(b[1:])}, nil
}

// Verify checks a signature over a message: ed25519 over the message itself,
// secp256k1 over its SHA-256.
//
// Errors: ErrSignature, ErrKeyFormat.
func (k Key) Verify(message []byte, s Signature) error {
	if s.Format != k.Format {
		return fmt.Errorf("%w: %s signature for a key of %s", ErrSignature, s.Format, k.Format)
	}
	ok := false
	switch k.Format {
	case Ed25519:
		ok = len(s.Raw) == ed25519.SignatureSize && len(k.raw) == ed25519.PublicKeySize && ed25519.Verify([]byte(k.raw), message, s.Raw)
	case Secp256k1:
		pub, err := secp256k1.ParsePubKey([]byte(k.raw))
		sig, err2 := ecdsa.ParseDERSignature(s.Raw)
		if err == nil && err2 == nil {
			sum := sha256.Sum256(message)
			ok = sig.Verify(sum[:], pub)
		}
	default:
		return fmt.Errorf("%w: %s", ErrKeyFormat, k.Format)
	}
	if !ok {
		return fmt.Errorf("%w: %s with %s key %s", ErrSignature, base58.Encode(s.Raw), k.Format, base58.Encode([]byte(k.raw)))
	}
	return nil
}
