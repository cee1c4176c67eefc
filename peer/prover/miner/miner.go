// SPDX-License-Identifier: Apache-2.0

// Package miner searches capacity proofs of one unit under one key: in a process of
// its own, pinned to a processor, whose memory is gone when it ends; or, for tests,
// in this one. It knows no chain and keeps nothing.
package miner

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// ErrSpec reports a search that cannot be begun; it names the field.
var ErrSpec = errors.New("miner: bad search")

// Spec says what to search, and how.
type Spec struct {
	Params     string   // RandomX parameter set: "fluence" or "stock"
	Key        [32]byte // of RandomX
	Difficulty [32]byte // big-endian; hashes below it are proofs
	Start      [32]byte // first local nonce, random for each search
	Fast       bool     // compute the dataset first: 2 or 4 GiB, minutes
	Builders   int      // goroutines that compute the dataset; 0 for one per processor
	Processor  int      // to stay on, from 0; NoProcessor for any
	Nice       int      // added to the process's niceness, 0 to 19
}

// NoProcessor leaves the choice to the system.
const NoProcessor = -1

// Bounds of a Spec.
const (
	maxProcessor = 1 << 12
	maxNice      = 19
)

// Validate checks the fields that are not any 32 bytes.
//
// Errors: ErrSpec.
func (s Spec) Validate() error {
	_, err := s.params()
	switch {
	case err != nil:
		return err
	case s.Processor < NoProcessor || s.Processor > maxProcessor:
		return fmt.Errorf("%w: processor %d: want %d to %d", ErrSpec, s.Processor, NoProcessor, maxProcessor)
	case s.Nice < 0 || s.Nice > maxNice:
		return fmt.Errorf("%w: nice %d: want 0 to %d", ErrSpec, s.Nice, maxNice)
	case s.Builders < 0 || s.Builders > maxProcessor:
		return fmt.Errorf("%w: builders %d: want 0 to %d", ErrSpec, s.Builders, maxProcessor)
	}
	return nil
}

func (s Spec) params() (randomx.Params, error) {
	switch s.Params {
	case randomx.Fluence().Name():
		return randomx.Fluence(), nil
	case randomx.Stock().Name():
		return randomx.Stock(), nil
	}
	return randomx.Params{}, fmt.Errorf("%w: params %q: want %q or %q", ErrSpec, s.Params, randomx.Fluence().Name(), randomx.Stock().Name())
}

// Listener hears of a search, on one goroutine. When an answer is false the search
// ends, which is no error.
type Listener interface {
	// Found tells of a local nonce and its hash, which is below the difficulty.
	Found(nonce, hash [32]byte) bool
	// Hashed tells, every second or two, how many hashes were computed since the last
	// time and in how many seconds. The first time, with 0 hashes, says that hashing
	// begins, and after how many seconds of preparation.
	Hashed(hashes uint64, seconds float64) bool
}

// Miner runs searches. Safe for concurrent use.
type Miner interface {
	// Mine searches until ctx ends or the listener does not go on, and returns once
	// everything is given back.
	//
	// Errors: ErrSpec, those of package randomx, and the loss of the process. Nil when
	// ctx ended.
	Mine(ctx context.Context, s Spec, l Listener) error
}
