// SPDX-License-Identifier: Apache-2.0

// Package particle is the message of a running script: its fields, its wire
// form, its signature, its expiry and the ids that bind all of these together.
// It never touches a network, a file or a clock: times come in as arguments.
// Its spec is docs/spec/particle.md.
package particle

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// Particle is one message of a running script. Everything but Data is set by the
// initiator and stays as it is on every hop.
type Particle struct {
	ID         string // names the particle; signed
	InitPeerID string // base58 peer id of the initiator, whose key signed
	Timestamp  uint64 // Unix time in milliseconds by the initiator's clock
	TTL        uint32 // lifetime from Timestamp in milliseconds
	Script     string // AIR source text
	Signature  []byte // over SignedBytes by the initiator's key
	Data       []byte // what the interpreter carries from hop to hop; not signed here
}

// Deadline returns the last millisecond of Unix time at which p is alive; ok is
// false when timestamp + TTL does not fit 64 bits, which counts as expired.
func (p *Particle) Deadline() (ms uint64, ok bool) {
	ms = p.Timestamp + uint64(p.TTL)
	return ms, ms >= p.Timestamp
}

// DeadlineTime is Deadline as a time; the zero time when there is none, and the
// year 9999 at most, so that it can be used in a context or a timer.
func (p *Particle) DeadlineTime() time.Time {
	const year9999 = 253402300799000
	ms, ok := p.Deadline()
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(int64(min(ms, year9999)))
}

// Expired reports whether p's life is over at now. A particle is alive up to
// and including its deadline.
//
// Source: nox@b349812f0:particle-protocol/src/particle.rs, is_expired.
func (p *Particle) Expired(now time.Time) bool {
	ms, ok := p.Deadline()
	return !ok || millis(now) > ms
}

// WithData returns a copy of p that carries data; everything signed is shared.
func (p *Particle) WithData(data []byte) *Particle {
	q := *p
	q.Data = data
	return &q
}

// Draft is what an initiator decides about a particle before it exists.
type Draft struct {
	Script  string
	TTL     time.Duration // whole milliseconds, above 0, at most 2^32-1 ms
	MaxHops uint16        // 1 to MaxHopsLimit; 0 means DefaultMaxHops
	Time    time.Time     // becomes the timestamp
	Nonce   io.Reader     // 16 bytes are read; crypto/rand.Reader outside tests
	Data    []byte        // usually nil
}

// New makes a particle with a bound id from d, signed by key.
//
// Errors: ErrTTL, ErrTimestamp, ErrBoundID for a draft out of range; what the
// nonce reader or the key returned.
func New(key crypto.PrivKey, d Draft) (*Particle, error) {
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("initiator of the key: %w", err)
	}
	ttl := d.TTL.Milliseconds()
	if ttl < 1 || ttl > math.MaxUint32 {
		return nil, refuse(ErrTTL, "ttl", "%v is not 1ms to 2^32-1ms; choose a shorter time", d.TTL)
	}
	if d.Time.UnixMilli() < 1 {
		return nil, refuse(ErrTimestamp, "timestamp", "%v is before 1970; set the clock", d.Time)
	}
	hops := d.MaxHops
	if hops == 0 {
		hops = DefaultMaxHops
	}
	var nonce [NonceSize]byte
	if _, err := io.ReadFull(d.Nonce, nonce[:]); err != nil {
		return nil, fmt.Errorf("read nonce: %w", err)
	}
	p := &Particle{
		InitPeerID: id.String(),
		Timestamp:  uint64(d.Time.UnixMilli()),
		TTL:        uint32(ttl),
		Script:     d.Script,
		Data:       d.Data,
	}
	if p.ID, err = BindID(p, hops, nonce); err != nil {
		return nil, err
	}
	if err := p.Sign(key); err != nil {
		return nil, err
	}
	return p, nil
}

// millis is t in Unix milliseconds; 0 before 1970.
func millis(t time.Time) uint64 { return uint64(max(t.UnixMilli(), 0)) }
