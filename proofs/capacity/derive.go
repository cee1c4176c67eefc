// SPDX-License-Identifier: Apache-2.0

package capacity

import (
	"bytes"

	"golang.org/x/crypto/sha3"
)

// UnitKey returns the RandomX key of a unit in an epoch: Keccak-256 (not SHA3) of
// the epoch's global nonce and the unit's id.
//
//	nonce (32) ‖ unit (32)
//
// Source: fluencelabs/deal@b87aa6a6:src/core/modules/capacity (facts only),
// capacity-commitment-prover@0a8fe3c.
func UnitKey(nonce, unit [32]byte) (key [32]byte) {
	h := sha3.NewLegacyKeccak256()
	h.Write(nonce[:])
	h.Write(unit[:])
	h.Sum(key[:0])
	return key
}

// Meets reports whether a hash is at or below the difficulty, both read as
// big-endian numbers. The prover's own rule is strict; the chain's is not.
func Meets(hash, difficulty [32]byte) bool { return bytes.Compare(hash[:], difficulty[:]) <= 0 }
