// SPDX-License-Identifier: Apache-2.0

package beacon

import (
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/ecvrf"
)

// Key is a secret VRF key. It is safe for concurrent use.
type Key struct{ secret ed25519.PrivateKey }

// NewKey returns the key of a secret seed of SeedSize random bytes.
//
// Errors: ErrKey.
func NewKey(seed []byte) (*Key, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("%w: seed of %d bytes, want %d", ErrKey, len(seed), SeedSize)
	}
	return &Key{secret: ed25519.NewKeyFromSeed(seed)}, nil
}

// Public returns the public key, KeySize bytes.
func (k *Key) Public() []byte { return append([]byte(nil), k.secret[SeedSize:]...) }

// Prove returns the proof of the key's output for alpha, ProofSize bytes. The same
// key and input always give the same proof.
func (k *Key) Prove(alpha []byte) []byte { return ecvrf.Prove(k.secret, alpha) }

// String keeps the secret out of logs.
func (k *Key) String() string { return fmt.Sprintf("VRF key %x", k.secret[SeedSize:]) }
