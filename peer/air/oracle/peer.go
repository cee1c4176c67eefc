// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle

import (
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/mr-tron/base58"
)

// Peer is an identity for tests.
type Peer struct {
	Name string
	ID   string // libp2p peer id, base58
	Seed []byte // 32-byte Ed25519 seed
}

// NewPeer returns the peer whose seed is the SHA-256 of its name.
func NewPeer(name string) Peer {
	seed := sha256.Sum256([]byte(name))
	public := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	const identity = "\x00\x24\x08\x01\x12\x20" // identity multihash of a protobuf Ed25519 key
	return Peer{Name: name, ID: base58.Encode(append([]byte(identity), public...)), Seed: seed[:]}
}
