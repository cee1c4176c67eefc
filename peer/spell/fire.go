// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	libp2pcrypto "github.com/libp2p/go-libp2p/core/crypto"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/particle"
)

// Keys of a spell's values that its firing sets.
const (
	keyCounter = "hw_counter"
	keyTrigger = "hw_trigger"
)

// shortestTTL is the least life of a spell's particle; one with a short period
// lives no longer than it must, so that particles do not pile up.
const shortestTTL = 15 * time.Second

// cause is why a spell runs, as its script sees it. Options are arrays of at most
// one element, as Aqua has them; block and http are ours.
type cause struct {
	Timer []timerCause `json:"timer"`
	Peer  []peerCause  `json:"peer"`
	Block []blockCause `json:"block,omitempty"`
	HTTP  []httpCause  `json:"http,omitempty"`

	kind    string
	request *request
}

type timerCause struct {
	Timestamp int64 `json:"timestamp"` // Unix seconds
}

type peerCause struct {
	PeerID    string `json:"peer_id"`
	Connected bool   `json:"connected"`
}

type blockCause struct {
	Number    uint64       `json:"number"`
	Timestamp int64        `json:"timestamp"` // Unix seconds, of the block
	Events    []eventCause `json:"events"`
}

type eventCause struct {
	Type       string      `json:"type"`
	Attributes [][2]string `json:"attributes"`
}

type httpCause struct {
	Timestamp int64 `json:"timestamp"` // Unix seconds
}

func causeOfClock(now time.Time) cause {
	return cause{kind: "clock", Timer: []timerCause{{now.Unix()}}, Peer: []peerCause{}}
}

func causeOfPeer(e peerEvent) cause {
	return cause{kind: "connection", Timer: []timerCause{}, Peer: []peerCause{{e.id.String(), e.up}}}
}

func causeOfHTTP(r *request, now time.Time) cause {
	return cause{kind: "http", Timer: []timerCause{}, Peer: []peerCause{}, HTTP: []httpCause{{now.Unix()}}, request: r}
}

// maxBlockEvents and maxBlockBytes bound what a spell is told of a block.
const (
	maxBlockEvents = 64
	maxBlockBytes  = 16 << 10
)

func causeOfBlock(b chain.Block) cause {
	out := blockCause{Number: b.Height.Number, Timestamp: b.Height.Time.Unix(), Events: []eventCause{}}
	bytes := 0
	for _, e := range b.Events {
		c := eventCause{Type: e.Type, Attributes: [][2]string{}}
		bytes += len(e.Type)
		for _, a := range e.Attributes {
			bytes += len(a.Key) + len(a.Value)
			c.Attributes = append(c.Attributes, [2]string{a.Key, a.Value})
		}
		if len(out.Events) == maxBlockEvents || bytes > maxBlockBytes {
			break
		}
		out.Events = append(out.Events, c)
	}
	return cause{kind: "block", Timer: []timerCause{}, Peer: []peerCause{}, Block: []blockCause{out}}
}

func eventTypes(b chain.Block) func(string) bool {
	types := map[string]bool{}
	for _, e := range b.Events {
		types[e.Type] = true
	}
	return func(t string) bool { return types[t] }
}

// firing is a particle of a spell that is alive.
type firing struct {
	spell    *spell
	deadline time.Time
	request  *request // nil but for HTTP
}

// forgetFirings drops those whose particle is over, once a second; s.mu is held.
func (s *Spells) forgetFirings(now time.Time) {
	if now.Sub(s.swept) < time.Second {
		return
	}
	s.swept = now
	for id, f := range s.fired {
		if now.After(f.deadline) {
			delete(s.fired, id)
		}
	}
}

// run fires a spell, or counts why not.
func (s *Spells) run(sp *spell, why cause, now time.Time) {
	if err := s.fire(sp, why, now); err != nil {
		s.cfg.Log.Debug("spell not fired", "spell", sp.ID, "err", err)
	}
}

// fire makes the particle of a spell and hands it to the pipeline.
//
// Errors: ErrBusy, ErrNoKey, ErrNotFound, ErrNotRunning, ErrQuota, those of Inject.
func (s *Spells) fire(sp *spell, why cause, now time.Time) error {
	if err := s.admit(sp, now); err != nil {
		return err
	}
	seed, ok := s.cfg.Keys.Seed(sp.scope, sp.scope.String())
	if !ok {
		s.metrics.skip("inactive")
		return fmt.Errorf("%s: %w", sp.scope, ErrNoKey)
	}
	key, err := libp2pcrypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return err
	}
	script, ttl, err := s.begin(sp, why)
	if err != nil {
		s.metrics.skip("quota")
		return err
	}
	p, err := particle.New(key, particle.Draft{Script: script, TTL: ttl, Time: now, Nonce: rand.Reader})
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.fired[p.ID] = &firing{spell: sp, deadline: p.DeadlineTime(), request: why.request}
	if why.request != nil {
		why.request.particle = p.ID
	}
	s.mu.Unlock()
	if err := s.cfg.Inject(p); err != nil {
		s.mu.Lock()
		delete(s.fired, p.ID)
		s.mu.Unlock()
		s.metrics.skip("pipeline")
		return err
	}
	s.metrics.fire(why.kind)
	return nil
}

// admit takes a token of the scope and one of the peer.
func (s *Spells) admit(sp *spell, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case sp.gone:
		return ErrNotFound
	case !s.running:
		return ErrNotRunning
	}
	rate := s.limits.Rate * float64(s.times(sp.scope))
	wait, ok := s.scopeOf(sp.scope).bucket.take(now, rate, int(2*rate))
	if ok {
		wait, ok = s.bucket.take(now, s.limits.PeerRate, int(2*s.limits.PeerRate))
	}
	if !ok {
		s.metrics.skip("rate")
		return fmt.Errorf("%w: next in %v", ErrBusy, wait.Round(time.Millisecond))
	}
	return nil
}

// begin counts a firing in the spell's values.
func (s *Spells) begin(sp *spell, why cause) (script string, ttl time.Duration, err error) {
	raw, err := json.Marshal(why)
	if err != nil {
		return "", 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	count, _ := sp.state.num(keyCounter)
	if err := sp.state.setNum(keyCounter, count+1, s.limit(sp)); err != nil {
		return "", 0, err
	}
	if err := sp.state.setText(keyTrigger, string(raw), s.limit(sp)); err != nil {
		return "", 0, err
	}
	sp.dirty = true
	ttl = s.limits.TTL
	if period := sp.Trigger.Clock.PeriodSec; why.kind == "clock" && period > 0 {
		ttl = min(ttl, max(time.Duration(period)*time.Second, shortestTTL))
	}
	return sp.Script, ttl, nil
}
