// SPDX-License-Identifier: Apache-2.0

package spell

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/sync/errgroup"

	"github.com/go-fluence/fluence/peer/chain"
)

const (
	// maxQueue bounds events that wait; more are dropped and counted.
	maxQueue = 1024
	// flushEvery is how long a changed value may wait for the disk.
	flushEvery = 250 * time.Millisecond
	// flushAtOnce is how many spells are written side by side, so that they share a
	// sync.
	flushAtOnce = 64
)

// event is something that may run spells. One of its fields is set.
type event struct {
	peer  *peerEvent
	block *chain.Block
}

type peerEvent struct {
	id peer.ID
	up bool
}

// Peer tells that a peer or client connected, or is gone. It does not block.
func (s *Spells) Peer(id peer.ID, up bool) { s.push(event{peer: &peerEvent{id, up}}) }

// push queues an event; the oldest wait, the newest is dropped when full.
func (s *Spells) push(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.running, len(s.spells) == 0:
	case len(s.queue) >= maxQueue:
		s.metrics.skip("queue")
	default:
		s.queue = append(s.queue, e)
		s.ring()
	}
}

// Run works until ctx ends, then writes what changed. Run it once.
func (s *Spells) Run(ctx context.Context) error {
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	kept := make(chan error, 1)
	go func() { kept <- s.journal.Run(keep) }()

	s.setRunning(true)
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.work(gctx) })
	g.Go(func() error { return s.write(gctx) })
	if s.cfg.Events != nil {
		g.Go(func() error { return s.follow(gctx) })
	}
	err := g.Wait()
	s.setRunning(false)
	err = errors.Join(err, s.flush(keep))
	stopKeeping()
	return errors.Join(err, <-kept, s.records.Close())
}

func (s *Spells) setRunning(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = on
}

// work runs spells, one event after the other.
func (s *Spells) work(ctx context.Context) error {
	if s.cfg.Ready != nil {
		select {
		case <-ctx.Done():
			return nil
		case <-s.cfg.Ready:
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-s.wake:
		}
		timer.Reset(s.step())
	}
}

// step handles everything that is due and returns the time to the next.
func (s *Spells) step() time.Duration {
	now := s.cfg.Now()
	s.mu.Lock()
	list, wait := s.due(now)
	queue := s.queue
	s.queue = nil
	s.forgetFirings(now)
	s.mu.Unlock()
	for _, sp := range list {
		s.fireClock(sp, now)
	}
	for _, e := range queue {
		s.handle(e, now)
	}
	return min(wait, time.Second)
}

// handle runs the spells that an event is for.
func (s *Spells) handle(e event, now time.Time) {
	var cause cause
	wants := func(*spell) bool { return false }
	switch {
	case e.peer != nil:
		cause = causeOfPeer(*e.peer)
		wants = func(sp *spell) bool {
			c := sp.Trigger.Connections
			return (c.Connect && e.peer.up) || (c.Disconnect && !e.peer.up)
		}
	case e.block != nil:
		cause = causeOfBlock(*e.block)
		has := eventTypes(*e.block)
		wants = func(sp *spell) bool { return sp.Trigger.Blockchain.wants(e.block.Height.Number, has) }
	}
	var list []*spell
	s.mu.Lock()
	for _, sp := range s.spells {
		if wants(sp) {
			list = append(list, sp)
		}
	}
	s.mu.Unlock()
	for _, sp := range list {
		s.run(sp, cause, now)
	}
}

// fireClock runs a spell by its clock. That a single shot was fired is on disk
// before it is: it may be lost in a crash, it is never fired twice.
func (s *Spells) fireClock(sp *spell, now time.Time) {
	s.mu.Lock()
	once := sp.Trigger.Clock.PeriodSec == 0
	s.mu.Unlock()
	if once {
		s.change.Lock()
		err := s.edit(sp, func(r *record) { r.Fired = true })
		s.change.Unlock()
		if err != nil {
			s.cfg.Log.Error("spell not fired: its record cannot be written", "spell", sp.ID, "err", err)
			return
		}
	}
	s.run(sp, causeOfClock(now), now)
}

// follow hands blocks to spells, from the first moment that one wants them.
func (s *Spells) follow(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !s.wantsBlocks() {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	err := s.cfg.Events.Follow(ctx, 0, func(_ context.Context, b chain.Block) error {
		s.push(event{block: &b})
		return nil
	})
	if ctx.Err() != nil {
		return nil
	}
	s.cfg.Log.Error("spells hear of no more blocks", "err", err)
	return nil
}

func (s *Spells) wantsBlocks() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sp := range s.spells {
		if sp.Trigger.Blockchain.StartBlock != 0 {
			return true
		}
	}
	return false
}

// write writes changed values until ctx ends.
func (s *Spells) write(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.flush(ctx); err != nil && ctx.Err() == nil {
				s.cfg.Log.Error("values of spells not written", "err", err)
			}
		}
	}
}

// flush writes the values of all spells that changed.
func (s *Spells) flush(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(flushAtOnce)
	s.mu.Lock()
	var list []*spell
	for _, sp := range s.spells {
		if sp.dirty {
			list = append(list, sp)
		}
	}
	s.mu.Unlock()
	for _, sp := range list {
		g.Go(func() error { return s.flushOne(ctx, sp) })
	}
	return g.Wait()
}

func (s *Spells) flushOne(ctx context.Context, sp *spell) error {
	s.mu.Lock()
	if sp.gone {
		s.mu.Unlock()
		return nil
	}
	raw, err := sp.state.encode()
	sp.dirty = false
	s.mu.Unlock()
	if err == nil {
		err = s.journal.Put(ctx, sp.ID, raw, far())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		sp.dirty = true
	}
	if sp.gone {
		s.journal.Delete(sp.ID)
	}
	return err
}
