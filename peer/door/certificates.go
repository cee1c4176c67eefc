// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/trustgraph"
	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
)

// Bounds of certificates that particles bring along.
const (
	MaxPresented      = 8        // chains per particle
	MaxPresentedLinks = 16       // trusts per chain
	MaxPresentedBytes = 64 << 10 // of all of them, as JSON
	maxParticles      = 4096     // that have presented something
	maxVerified       = 16_384   // chains whose signatures are remembered
	maxSubjects       = 200_000  // keys whose revocations are remembered
)

// ErrPresented says that certificates are too many, too long or malformed.
var ErrPresented = errors.New("certificates not taken")

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// presented holds certificates by the signature of the particle that brought them.
type presented struct {
	mu   sync.Mutex // guards all below
	by   map[string]bundle
	good map[[32]byte]uint64 // chains with sound signatures, and when the first link ends
}

type bundle struct {
	certificates []trust.Certificate
	until        time.Time
}

func newPresented() *presented {
	return &presented{by: map[string]bundle{}, good: map[[32]byte]uint64{}}
}

// Present keeps certificates for the rest of a particle's life on this peer. raw is a
// list of certificates: the official JSON form, or text as a string. They are
// bounded before they are verified, and verified when they are needed.
//
// Errors: ErrPresented.
func (d *Door) Present(c pipeline.Call, raw json.RawMessage) error {
	if len(raw) > MaxPresentedBytes {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrPresented, len(raw), MaxPresentedBytes)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return fmt.Errorf("%w: a list of certificates is wanted", ErrPresented)
	}
	if len(items) == 0 || len(items) > MaxPresented {
		return fmt.Errorf("%w: %d chains, want 1 to %d", ErrPresented, len(items), MaxPresented)
	}
	list := make([]trust.Certificate, len(items))
	for i, item := range items {
		var text string
		var err error
		if json.Unmarshal(item, &text) == nil {
			err = list[i].UnmarshalText([]byte(text))
		} else {
			err = json.Unmarshal(item, &list[i])
		}
		if err != nil {
			return fmt.Errorf("%w: chain %d: %w", ErrPresented, i, err)
		}
		if n := len(list[i].Chain); n == 0 || n > MaxPresentedLinks {
			return fmt.Errorf("%w: chain %d has %d links, want 1 to %d", ErrPresented, i, n, MaxPresentedLinks)
		}
	}
	p, now := c.Particle, d.cfg.Now()
	until := time.UnixMilli(int64(min(p.Timestamp+uint64(p.TTL), 1<<62)))
	s := d.shown
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.by) >= maxParticles {
		for k, b := range s.by {
			if b.until.Before(now) {
				delete(s.by, k)
			}
		}
	}
	key := string(p.Signature)
	if _, have := s.by[key]; !have && len(s.by) >= maxParticles {
		return fmt.Errorf("%w: too many particles present certificates here now", ErrPresented)
	}
	s.by[key] = bundle{list, until}
	return nil
}

// of returns what a particle presented.
func (s *presented) of(signature []byte) []trust.Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[string(signature)].certificates
}

// chains returns the certificates for a call's initiator, verified now and at the
// height of the view: those of the particle and those of the trust graph.
func (d *Door) chains(ctx context.Context, c pipeline.Call, now time.Time) ([]perimeter.Chain, error) {
	initiator, err := trust.KeyOfPeer(c.Particle.InitPeerID)
	if err != nil {
		return nil, nil //nolint:nilerr // no key, no certificate
	}
	seconds := uint64(max(now.Unix(), 0))
	list := d.shown.of(c.Particle.Signature)
	more, _ := d.cfg.Graph.Certificates(initiator, nil, seconds)
	var out []perimeter.Chain
	for i, cert := range append(list[:len(list):len(list)], more...) {
		if n := len(cert.Chain); n == 0 || cert.Chain[n-1].IssuedFor != initiator {
			continue
		}
		fault := d.shown.fault(cert, seconds, i >= len(list))
		if fault == perimeter.Sound {
			revoked, err := d.revoked.any(ctx, cert)
			if err != nil {
				return out, err
			}
			if revoked {
				fault = perimeter.Revoked
			}
		}
		ch := perimeter.Chain{Fault: fault}
		for _, t := range cert.Chain {
			ch.Keys = append(ch.Keys, t.IssuedFor.PeerID())
		}
		out = append(out, ch)
	}
	return out, nil
}

// fault verifies a chain; sound signatures are remembered by the chain's hash.
// Those of the trust graph were verified when they were added.
func (s *presented) fault(c trust.Certificate, now uint64, verified bool) perimeter.Fault {
	ends := c.Chain[0].ExpiresAt
	for _, t := range c.Chain {
		ends = min(ends, t.ExpiresAt)
	}
	if ends < now {
		return perimeter.Expired
	}
	if verified {
		return perimeter.Sound
	}
	raw, err := c.Append(nil)
	if err != nil {
		return perimeter.BadSignature
	}
	hash := sha256.Sum256(raw)
	s.mu.Lock()
	_, good := s.good[hash]
	s.mu.Unlock()
	if good {
		return perimeter.Sound
	}
	if c.Verify(now) != nil {
		return perimeter.BadSignature
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.good) >= maxVerified {
		clear(s.good)
	}
	s.good[hash] = ends
	return perimeter.Sound
}

// revocations remembers what the chain says against keys that were asked for, until
// a block says something new of them.
type revocations struct {
	chain chain.Revocations
	graph *trustgraph.Graph

	mu   sync.Mutex // guards all below
	of   map[trust.Key][]trust.Key
	turn uint64 // grows whenever something is forgotten
}

func newRevocations(c chain.Revocations, g *trustgraph.Graph) *revocations {
	return &revocations{chain: c, graph: g, of: map[trust.Key][]trust.Key{}}
}

// reset forgets everything: blocks may have been missed.
func (r *revocations) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn++
	clear(r.of)
}

// block forgets what a block changed.
func (r *revocations) block(b chain.Block) {
	for _, e := range b.Events {
		field := map[string]string{chain.EventRevoked: "revoked", chain.EventAnchored: "issued_for"}[e.Type]
		if field == "" {
			continue
		}
		text, _ := e.Get(field)
		k, err := keyIn(text)
		if err != nil {
			r.reset() // of whom it speaks is not known
			continue
		}
		r.mu.Lock()
		r.turn++
		delete(r.of, k)
		r.mu.Unlock()
	}
}

// any reports whether a key of the chain revoked one that comes after it: on the
// chain of blocks, or in the trust graph here with a revocation newer than the trust.
func (r *revocations) any(ctx context.Context, c trust.Certificate) (bool, error) {
	before := map[trust.Key]bool{}
	for _, t := range c.Chain {
		if len(before) > 0 {
			revokers, err := r.against(ctx, t.IssuedFor)
			if err != nil {
				return false, err
			}
			for _, by := range revokers {
				if before[by] {
					return true, nil
				}
			}
			for by, at := range r.graph.RevokedHere(t.IssuedFor) {
				if before[by] && at >= t.IssuedAt {
					return true, nil
				}
			}
		}
		before[t.IssuedFor] = true
	}
	return false, nil
}

func (r *revocations) against(ctx context.Context, k trust.Key) ([]trust.Key, error) {
	r.mu.Lock()
	list, known := r.of[k]
	turn := r.turn
	r.mu.Unlock()
	if known {
		return list, nil
	}
	found, _, err := r.chain.RevocationsOf(ctx, k)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		list = append(list, f.RevokedBy)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.turn == turn { // nothing was said while it was read
		if len(r.of) >= maxSubjects {
			clear(r.of)
		}
		r.of[k] = list
	}
	return list, nil
}
