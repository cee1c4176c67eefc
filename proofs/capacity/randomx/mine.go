// SPDX-License-Identifier: Apache-2.0

package randomx

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync/atomic"
	"time"
)

// NextNonce returns the local nonce that a prover tries after n: the first eight
// bytes, a little-endian number, are increased by one and wrap; the others stay.
//
// Source: market specification section 2.1, the rule of Fluence's capacity prover.
func NextNonce(n [32]byte) [32]byte {
	binary.LittleEndian.PutUint64(n[:8], binary.LittleEndian.Uint64(n[:8])+1)
	return n
}

// Below reports whether hash is less than difficulty, both read as big-endian
// numbers. A prover keeps a hash only when it is less; the chain also accepts
// the equal one.
func Below(hash, difficulty [HashSize]byte) bool {
	return bytes.Compare(hash[:], difficulty[:]) < 0
}

// Search is what Mine looks for.
type Search struct {
	Start      [32]byte       // first local nonce, random for each prover
	Difficulty [HashSize]byte // hashes must be Below it
	// Found is told each local nonce that fits, with its hash, in the order of
	// NextNonce. When it answers false the search ends.
	Found func(nonce, hash [32]byte) bool
	Meter *Meter // counts the hashes; may be nil and may be shared by searches
}

// Mine hashes one local nonce after another until ctx ends, which it notices
// within a millisecond or so, or Found answers false, which is no error. It
// returns the nonce to go on with.
//
// Errors: those of VM.Hash.
func Mine(ctx context.Context, vm *VM, s Search) (next [32]byte, err error) {
	nonce := s.Start
	for {
		hash, err := vm.Hash(ctx, nonce[:])
		if err != nil {
			return nonce, err
		}
		s.Meter.add()
		this := nonce
		nonce = NextNonce(nonce)
		if Below(hash, s.Difficulty) && !s.Found(this, hash) {
			return nonce, nil
		}
	}
}

// Meter counts hashes. Safe for concurrent use.
type Meter struct {
	started time.Time
	hashes  atomic.Uint64
}

// NewMeter returns a meter whose time starts now.
func NewMeter() *Meter { return &Meter{started: time.Now()} }

func (m *Meter) add() {
	if m != nil {
		m.hashes.Add(1)
	}
}

// Hashes returns the number of hashes since NewMeter.
func (m *Meter) Hashes() uint64 { return m.hashes.Load() }

// Rate returns the hashes per second since NewMeter.
func (m *Meter) Rate() float64 {
	s := time.Since(m.started).Seconds()
	if s <= 0 {
		return 0
	}
	return float64(m.Hashes()) / s
}
