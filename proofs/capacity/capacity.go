// SPDX-License-Identifier: Apache-2.0

// Package capacity is the pure code of capacity proofs: what a verdict is and
// who gives it. It never hashes with RandomX itself: that takes a 256 MiB cache
// and hundreds of milliseconds, so it stands behind Verifier. Specified in
// docs/spec/randomx.md.
package capacity

import (
	"context"
	"errors"
	"fmt"
)

// ErrLengths says that the nonces and hashes of one call differ in number.
// Remedy: pass one wanted hash for each nonce.
var ErrLengths = errors.New("capacity: nonces and hashes differ in number")

// ErrUnavailable says that no verdict could be reached: a worker was lost, ran
// out of time or was refused memory. It says nothing about the proofs; ask again.
var ErrUnavailable = errors.New("capacity: verifier unavailable")

// Verdict is what a verifier found about one proof. The zero value is no
// verdict, so that an answer that never came is never mistaken for "false".
type Verdict uint8

// The three verdicts. Their numbers are part of the chain's wire formats.
const (
	Unknown Verdict = 0 // not decided; ask again
	Valid   Verdict = 1 // RandomX(key, nonce) is the wanted hash
	Invalid Verdict = 2 // RandomX(key, nonce) is another hash
)

// String returns "unknown", "valid" or "invalid", and "verdict(n)" for a number
// that is none of them.
func (v Verdict) String() string {
	switch v {
	case Unknown:
		return "unknown"
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	default:
		return fmt.Sprintf("verdict(%d)", uint8(v))
	}
}

// Verifier decides whether RandomX, keyed with key, maps each nonce to the hash
// wanted at the same index. It compares hashes only; the difficulty is the
// caller's comparison. Proofs of one key belong in one call: the key costs as
// much as several hashes.
//
// The verdicts have the length of nonces. On error the ones reached so far may
// be filled in and the others are Unknown; a Valid or Invalid verdict is final
// whether or not an error came with it. Implementations are safe for concurrent
// use.
//
// Errors: ErrLengths, ErrUnavailable, the error of ctx.
type Verifier interface {
	Verify(ctx context.Context, key [32]byte, nonces, want [][32]byte) ([]Verdict, error)
}
