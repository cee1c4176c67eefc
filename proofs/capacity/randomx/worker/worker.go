// SPDX-License-Identifier: Apache-2.0

// Package worker verifies capacity proofs in child processes, so that a crash,
// a stall or the memory of RandomX never reaches the process that asks. Client
// is a capacity.Verifier that spawns, watches and restarts the processes; Serve
// is what runs inside one. They speak length-prefixed frames over the child's
// standard input and output. A lost worker delays a verdict and never makes one
// up. The frames are specified in docs/spec/randomx.md.
package worker

import "errors"

// Errors a caller may test for.
var (
	// ErrFrame: bytes that are no frame of the protocol. The worker is replaced.
	ErrFrame = errors.New("worker: malformed frame")
	// ErrFrameSize: a frame announces more than it may hold. The worker is replaced.
	ErrFrameSize = errors.New("worker: frame too large")
	// ErrQueueFull: too many proofs wait. Remedy: ask again later, or add workers.
	ErrQueueFull = errors.New("worker: queue is full")
	// ErrConfig: a field of Config cannot be used; the text names it.
	ErrConfig = errors.New("worker: bad configuration")
	// ErrStopped: Run has ended. Remedy: make a new client.
	ErrStopped = errors.New("worker: client is stopped")
	// ErrParams: the worker computes with other parameters than the client wants.
	ErrParams = errors.New("worker: other parameter set")
)
