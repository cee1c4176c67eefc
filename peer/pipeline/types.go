// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"encoding/json"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
)

// Scope says as whom a particle runs here.
type Scope struct {
	Host peer.ID // this peer
	Peer peer.ID // Host, or one of its workers
}

// Worker reports whether the scope is a worker's and not the peer's own.
func (s Scope) Worker() bool { return s.Peer != s.Host }

// Call is one call of a service that a run asked for. It is shared between the
// door and the service; neither may change it.
type Call struct {
	Scope      Scope
	Particle   *particle.Particle // as it arrived; Data is nil
	Service    string
	Function   string
	Args       []json.RawMessage
	Tetraplets [][]air.Tetraplet
	Origins    [][]air.Origin
	Gas        uint64 // what the particle has left to spend on calls
	// Statements are the verified results that the run visited; nil unless Deps.Statements asks for them.
	Statements []air.Statement
}

// Result is the answer of a service: Code 0 and the value as JSON text, or any
// other code and an error as JSON text. Gas is what the call consumed; it is
// charged to the particle.
type Result struct {
	Code int32
	JSON []byte
	Gas  uint64
}

// Services runs calls. An error that is not a Result (nil Result, non-nil error)
// becomes code 1 with the error's text as a JSON string. ctx ends with the
// particle's life. Safe for concurrent use.
type Services interface {
	Call(ctx context.Context, c Call) (Result, error)
}

// Door judges a call before anything of the service runs: nil, or a Denial whose
// text the script sees. Safe for concurrent use.
type Door interface {
	Admit(ctx context.Context, c Call) error
}

// Explainer is implemented by doors that can say step by step how they judge a call.
// It is asked for the trace only.
type Explainer interface {
	// Steps returns JSON, or nil where there is nothing to say.
	Steps(ctx context.Context, c Call) json.RawMessage
}

// Kind says what a call may do, so that the pipeline knows what it must wait for.
type Kind uint8

// The kinds of call.
const (
	// Effect is any call that may change something or be seen from outside. The
	// particle's data is durable before it starts.
	Effect Kind = iota
	// Pure calls read their arguments, the clock, or what this peer knows, and
	// change nothing. They run at once; nothing is stored for their sake.
	Pure
	// Wait calls only let time pass. They hold no place among the working calls.
	Wait
)

// Kinder is implemented by Services that know the kind of their functions. Other
// services count as Effect.
type Kinder interface {
	Kind(service, function string) Kind
}

// Sender brings particles to other peers. Safe for concurrent use.
type Sender interface {
	// Connected reports whether to can be reached without a look-up.
	Connected(to peer.ID) bool
	// Send hands p to a connection with to, making one if it must. It returns when
	// the bytes are with the transport; there is no acknowledgement.
	Send(ctx context.Context, to peer.ID, p *particle.Particle) error
}

// Keys tells which identities live here and what they sign with. Safe for
// concurrent use.
type Keys interface {
	// Seed returns the 32-byte Ed25519 seed of id; ok is false when id is neither
	// this peer nor one of its workers that takes particles of initiator now.
	Seed(id peer.ID, initiator string) (seed []byte, ok bool)
}

// Journal keeps particle data until it expires; *store.Journal is one. Safe for
// concurrent use.
type Journal interface {
	// Put returns once the value is durable.
	Put(ctx context.Context, key string, data []byte, expiry time.Time) error
	// Get returns the newest value, or store.ErrNotFound.
	Get(key string) ([]byte, error)
	// Delete forgets the value.
	Delete(key string)
	// Since is the moment from which nothing was forgotten.
	Since() time.Time
}

// Interpreter runs a script; air.Invoke is one. It must be pure.
type Interpreter func(ctx context.Context, in air.Input) (air.Outcome, error)
