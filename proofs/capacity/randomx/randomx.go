// SPDX-License-Identifier: Apache-2.0

// Package randomx computes RandomX hashes in Go, for the parameters of the
// reference library and for Fluence's. A Cache (256 MiB) belongs to one key; a
// VM computes hashes over a Cache (light mode) or over a Dataset built from one
// (fast mode). What it answers is a pure function of parameters, key and input,
// the same on every processor; floats, mapped memory and goroutines are used to
// get there. Nothing that executes a block may import it: verification belongs
// in worker processes (package worker). Specified in docs/spec/randomx.md.
package randomx

import "errors"

// Sizes in bytes that hold for every parameter set.
const (
	MaxKeySize  = 60        // longest key
	MaxInput    = 1 << 20   // longest input Hash accepts; proofs use 32 bytes
	HashSize    = 32        // a hash
	CacheSize   = 256 << 20 // a cache
	ItemSize    = 64        // a dataset item
	ScratchSize = 2 << 20   // the scratchpad of one VM
)

// Errors a caller may test for.
var (
	// ErrKey: the key is nil, empty or longer than MaxKeySize. Remedy: pass 1 to 60 bytes.
	ErrKey = errors.New("randomx: key must have 1 to 60 bytes")
	// ErrInput: the input is longer than MaxInput. Remedy: hash it first.
	ErrInput = errors.New("randomx: input longer than 1 MiB")
	// ErrParams: no parameter set has that name. Remedy: use "fluence" or "stock".
	ErrParams = errors.New(`randomx: unknown parameter set, want "fluence" or "stock"`)
	// ErrClosed: the cache, dataset or VM was closed. Remedy: make a new one.
	ErrClosed = errors.New("randomx: use after close")
	// ErrBusy: one VM was used by two goroutines at once. Remedy: one VM for each.
	ErrBusy = errors.New("randomx: VM is in use by another goroutine")
	// ErrNoMemory: the budget or the system refused memory. Remedy: close caches, or use light mode.
	ErrNoMemory = errors.New("randomx: memory refused")
	// ErrItem: the dataset has no item of that number. Remedy: stay below Params.Items.
	ErrItem = errors.New("randomx: dataset item out of range")
	// ErrNil: a Cache, Dataset or VM is nil. Remedy: make one with its constructor.
	ErrNil = errors.New("randomx: nil cache, dataset or VM")
	// ErrRounding: the processor's rounding mode was found changed after a hash, which
	// must never happen. Remedy: restart the process, and report it.
	ErrRounding = errors.New("randomx: rounding mode of the processor was changed")
	// ErrSelfTest: this machine computes a wrong hash. Remedy: do not validate on it.
	ErrSelfTest = errors.New("randomx: self test failed")
)
