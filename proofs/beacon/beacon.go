// SPDX-License-Identifier: Apache-2.0

// Package beacon holds what an epoch's random value is made of: the bytes that
// validators put into their VRFs, the check of what comes out, and how outputs
// become a value and a nonce. It is pure: it keeps no state and knows no blocks.
// Its specification is x/beacon/README.md.
//
// The VRF is ECVRF-EDWARDS25519-SHA512-ELL2 of RFC 9381 (suite 0x04), with the
// validation of keys that gives full uniqueness.
package beacon

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519"
	"github.com/oasisprotocol/curve25519-voi/primitives/ed25519/extra/ecvrf"
	"golang.org/x/crypto/sha3"
)

// Sizes in bytes.
const (
	// SeedSize is the size of a secret seed.
	SeedSize = ed25519.SeedSize
	// KeySize is the size of a public key.
	KeySize = ed25519.PublicKeySize
	// ProofSize is the size of a VRF proof.
	ProofSize = ecvrf.ProofSize
	// OutputSize is the size of a VRF output.
	OutputSize = ecvrf.OutputSize
)

// Domain strings: no bytes made for one purpose serve another.
const (
	outputDomain = "fluence/beacon/output/v1"
	keyDomain    = "fluence/beacon/key/v1"
	mixDomain    = "fluence/beacon/mix/v1"
	nonceDomain  = "fluence/nonce"
)

// Errors of this package.
var (
	// ErrKey says that bytes are no key whose outputs are unique.
	ErrKey = errors.New("not a VRF key")
	// ErrProof says that bytes are no proof of this key over these bytes.
	ErrProof = errors.New("not a proof of this key")
)

// Output is what a VRF gives for one input: 64 bytes that nobody can foresee
// without the secret, and of which there is only one.
type Output [OutputSize]byte

// OutputAlpha returns the VRF's input for the block at a height, which is at least 1:
//
//	"fluence/beacon/output/v1" ‖ u16be len ‖ chain id ‖ u64be height
func OutputAlpha(chainID string, height int64) []byte {
	return binary.BigEndian.AppendUint64(appendChain([]byte(outputDomain), chainID), uint64(height))
}

// PossessionAlpha returns the VRF's input by which a key proves that an operator
// holds its secret:
//
//	"fluence/beacon/key/v1" ‖ u16be len ‖ chain id ‖ u8 len ‖ operator's address bytes
func PossessionAlpha(chainID string, operator []byte) []byte {
	b := append(appendChain([]byte(keyDomain), chainID), byte(len(operator)))
	return append(b, operator...)
}

func appendChain(b []byte, chainID string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(chainID))), chainID...)
}

// ValidateKey checks that key is the canonical encoding of a point that is not of
// small order, as RFC 9381 §5.4.5 asks: outputs of any other key can be chosen.
//
// Errors: ErrKey.
func ValidateKey(key []byte) error {
	if len(key) != KeySize {
		return fmt.Errorf("%w: %d bytes, want %d", ErrKey, len(key), KeySize)
	}
	var enc curve.CompressedEdwardsY
	var point curve.EdwardsPoint
	if _, err := enc.SetBytes(key); err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	if !enc.IsCanonicalVartime() {
		return fmt.Errorf("%w: encoding is not canonical", ErrKey)
	}
	if _, err := point.SetCompressedY(&enc); err != nil {
		return fmt.Errorf("%w: not on the curve", ErrKey)
	}
	if point.IsSmallOrder() {
		return fmt.Errorf("%w: point of small order", ErrKey)
	}
	return nil
}

// Verify returns the output that proof shows for alpha under key. Any bytes are
// accepted as input and nothing else than the one output of the key is returned.
//
// Errors: ErrKey, ErrProof.
func Verify(key, alpha, proof []byte) (Output, error) {
	if err := ValidateKey(key); err != nil {
		return Output{}, err
	}
	if len(proof) != ProofSize {
		return Output{}, fmt.Errorf("%w: %d bytes, want %d", ErrProof, len(proof), ProofSize)
	}
	ok, out := ecvrf.Verify(key, proof, alpha)
	if !ok {
		return Output{}, ErrProof
	}
	return Output(out), nil
}

// Begin returns the mix before the first output of an epoch. The value of the last
// epoch that had one is in it, so that nobody can compute ahead:
//
//	sha256("fluence/beacon/mix/v1" ‖ u16be len ‖ chain id ‖ u64be epoch ‖ previous value)
func Begin(chainID string, epoch uint64, previous [32]byte) [32]byte {
	b := binary.BigEndian.AppendUint64(appendChain([]byte(mixDomain), chainID), epoch)
	return sha256.Sum256(append(b, previous[:]...))
}

// Mix returns the mix after the output of the block at a height:
//
//	sha256(mix ‖ u64be height ‖ output)
//
// The mix after the last output of the window is the epoch's value.
func Mix(mix [32]byte, height int64, out Output) [32]byte {
	b := binary.BigEndian.AppendUint64(mix[:], uint64(height))
	return sha256.Sum256(append(b, out[:]...))
}

// Nonce returns the global nonce of an epoch with a value:
//
//	keccak256("fluence/nonce" ‖ u16be len ‖ chain id ‖ u64be epoch ‖ value)
func Nonce(chainID string, epoch uint64, value [32]byte) [32]byte {
	b := binary.BigEndian.AppendUint64(appendChain([]byte(nonceDomain), chainID), epoch)
	h := sha3.NewLegacyKeccak256()
	_, _ = h.Write(append(b, value[:]...))
	return [32]byte(h.Sum(nil))
}
