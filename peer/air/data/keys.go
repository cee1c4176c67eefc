// SPDX-License-Identifier: Apache-2.0

package data

import (
	"crypto/ed25519"

	"github.com/mr-tron/base58"
)

// KeyFormat is the first byte of public keys and signatures.
type KeyFormat uint8

// The key formats that have a number. Only Ed25519 may sign particle data.
//
// Source: aquavm@a600c173 crates/air-lib/interpreter-signatures/src/lib.rs.
const (
	Ed25519   KeyFormat = 0
	RSA       KeyFormat = 1
	Secp256k1 KeyFormat = 2
)

// peerIDPrefix is what stands before an Ed25519 key in the bytes of a peer id:
// identity multihash of 36 bytes, then the libp2p key record (type 1, 32 bytes).
const peerIDPrefix = "\x00\x24\x08\x01\x12\x20"

// PublicKey is a public key as on the wire: one byte of [KeyFormat], then the
// key, 32 bytes for Ed25519.
type PublicKey string

// PeerID is the libp2p peer id of k, base58.
//
// Errors: CodeSignatures if k is not an Ed25519 key.
func (k PublicKey) PeerID() (string, error) {
	if err := k.check(); err != nil {
		return "", err
	}
	return base58.FastBase58Encoding([]byte(peerIDPrefix + string(k[1:]))), nil
}

func (k PublicKey) check() error {
	switch {
	case len(k) == 0:
		return refuse(CodeSignatures, "malformed key: empty")
	case KeyFormat(k[0]) != Ed25519:
		return refuse(CodeSignatures, "malformed key: key format %d is not supported, only Ed25519 (0) is", k[0])
	case len(k) != 1+ed25519.PublicKeySize:
		return refuse(CodeSignatures, "malformed key: %d bytes, an Ed25519 key has %d", len(k)-1, ed25519.PublicKeySize)
	}
	return nil
}

// Signature is one peer's signature of its results in a trace. Bytes begins with
// one byte of [KeyFormat]; 64 bytes follow for Ed25519.
type Signature struct {
	Key   PublicKey
	Bytes string
}

// KeyPair signs particle data. It is safe for concurrent use.
type KeyPair struct {
	private ed25519.PrivateKey
	public  PublicKey
	peer    string
}

// NewKeyPair makes a key pair of 32 secret bytes.
//
// Errors: CodeKey for a format other than Ed25519 and for another length.
func NewKeyPair(format KeyFormat, secret []byte) (*KeyPair, error) {
	if format != Ed25519 {
		return nil, refuse(CodeKey, "malformed keypair format: key format %d is not supported, only Ed25519 (0) is", format)
	}
	if len(secret) != ed25519.SeedSize {
		return nil, refuse(CodeKey, "malformed keypair format: secret has %d bytes, an Ed25519 secret has %d", len(secret), ed25519.SeedSize)
	}
	k := &KeyPair{private: ed25519.NewKeyFromSeed(secret)}
	k.public = PublicKey("\x00" + string(k.private[ed25519.SeedSize:]))
	peer, err := k.public.PeerID()
	if err != nil {
		return nil, err
	}
	k.peer = peer
	return k, nil
}

// PublicKey is the key that verifies what k signs.
func (k *KeyPair) PublicKey() PublicKey { return k.public }

// PeerID is the libp2p peer id of k, base58.
func (k *KeyPair) PeerID() string { return k.peer }

// Sign signs the CIDs of the peer's call and canon results, duplicates included,
// in any order. The salt is the particle id.
func (k *KeyPair) Sign(cids []CID, salt string) Signature {
	return Signature{Key: k.public, Bytes: "\x00" + string(ed25519.Sign(k.private, message(cids, salt)))}
}
