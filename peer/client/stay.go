// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/particle"
)

// stay is the time one particle spends at this client: one run of the
// interpreter at a time, over everything that came since the last. Its fields
// below head are guarded by the client's mutex.
type stay struct {
	head      *particle.Particle // without data
	functions map[string]Function
	done      chan reply    // nil for foreign particles
	left      chan struct{} // closed when the relay got the particle, or nothing is to be sent

	arrived  [][]byte
	results  map[uint32]air.Result
	prev     []byte
	working  bool
	pending  int // calls under way
	gone     bool
	sent     sync.Once
	lastSend error
	expiry   *time.Timer
	ctx      context.Context //nolint:containedctx // the particle's life
	cancel   context.CancelFunc
}

func parallelRuns() int { return max(runtime.GOMAXPROCS(0), 2) }

// accept takes a particle from the relay; the host has checked it.
func (c *Client) accept(_ context.Context, from peer.ID, p *particle.Particle) error {
	if from != c.relay.ID {
		return fmt.Errorf("particle from %s, which is not the relay", from)
	}
	c.mu.Lock()
	c.traffic.Received++
	c.traffic.ReceivedBytes += particle.FrameSize(p)
	c.mu.Unlock()
	_, err := c.admit(p, nil, nil)
	return err
}

// admit gives p to the interpreter: as a new stay, or as an arrival to the one
// its signature has already.
func (c *Client) admit(p *particle.Particle, functions map[string]Function, done chan reply) (*stay, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.Err() != nil {
		return nil, ErrNotRunning
	}
	if c.dataBytes+len(p.Data) > maxDataBytes {
		return nil, fmt.Errorf("%w: %d bytes of data are kept", ErrBusy, c.dataBytes)
	}
	s, ok := c.stays[string(p.Signature)]
	if !ok {
		if len(c.stays) >= maxParticles {
			return nil, fmt.Errorf("%w: %d are alive", ErrBusy, len(c.stays))
		}
		s = c.open(p, functions, done)
	}
	if len(s.arrived) >= maxArrivals {
		return nil, fmt.Errorf("%w: %d arrivals of particle %s wait", ErrBusy, len(s.arrived), p.ID)
	}
	s.arrived = append(s.arrived, p.Data)
	c.dataBytes += len(p.Data)
	c.wake(s)
	return s, nil
}

// open makes the stay of a particle and sets its end. c.mu is held.
func (c *Client) open(p *particle.Particle, functions map[string]Function, done chan reply) *stay {
	s := &stay{
		head: p.WithData(nil), functions: functions, done: done,
		left: make(chan struct{}), results: make(map[uint32]air.Result),
	}
	s.ctx, s.cancel = context.WithDeadline(c.life, p.DeadlineTime())
	s.expiry = time.AfterFunc(time.Until(p.DeadlineTime()), func() { c.expire(s) })
	c.stays[string(p.Signature)] = s
	return s
}

// expire ends a stay whose particle's life is over.
func (c *Client) expire(s *stay) {
	c.mu.Lock()
	last := s.lastSend
	c.drop(s)
	c.mu.Unlock()
	if s.done != nil {
		err := fmt.Errorf("particle %s: %w after %d ms", s.head.ID, ErrTimeout, s.head.TTL)
		if last != nil {
			err = errors.Join(err, last)
		}
		finish(s.done, reply{err: err})
	}
}

// forget lets go of what belongs to one Execute: the particle stays until its
// end, for callbacks that come later, but its response is no longer awaited.
func (c *Client) forget(s *stay) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.life == nil || c.life.Err() != nil {
		c.drop(s)
	}
}

// drop removes a stay. c.mu is held.
func (c *Client) drop(s *stay) {
	if s.gone {
		return
	}
	s.gone = true
	s.expiry.Stop()
	s.cancel()
	for _, data := range s.arrived {
		c.dataBytes -= len(data)
	}
	c.dataBytes -= len(s.prev)
	s.arrived, s.prev, s.results = nil, nil, nil
	delete(c.stays, string(s.head.Signature))
}

func (c *Client) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.stays {
		if s.done != nil {
			finish(s.done, reply{err: ErrNotRunning})
		}
		c.drop(s)
	}
}

// wake starts the work on s unless it is under way. c.mu is held.
func (c *Client) wake(s *stay) {
	if s.working || s.gone {
		return
	}
	s.working = true
	c.work.Go(func() { c.run(s) })
}

// take returns what the next run works on; ok is false when nothing waits.
func (c *Client) take(s *stay) (prev, data []byte, results map[uint32]air.Result, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.gone || len(s.arrived) == 0 && len(s.results) == 0 {
		s.working = false
		return nil, nil, nil, false
	}
	if len(s.arrived) > 0 {
		data = s.arrived[0]
		s.arrived = s.arrived[1:]
		c.dataBytes -= len(data)
	}
	results = maps.Clone(s.results)
	clear(s.results)
	return s.prev, data, results, true
}

// run works until nothing waits for s.
func (c *Client) run(s *stay) {
	for {
		prev, data, results, ok := c.take(s)
		if !ok {
			return
		}
		select {
		case c.runs <- struct{}{}:
		case <-s.ctx.Done():
			continue
		}
		out, err := c.cfg.Interpreter.Invoke(s.ctx, c.input(s, prev, data, results))
		<-c.runs
		if err != nil {
			continue // the particle's life is over
		}
		c.act(s, out)
	}
}

func (c *Client) input(s *stay, prev, data []byte, results map[uint32]air.Result) air.Input {
	return air.Input{
		Script: s.head.Script, Prev: prev, Data: data, Results: results,
		Params: air.Params{
			InitPeerID: s.head.InitPeerID, CurrentPeerID: c.id.String(), Timestamp: s.head.Timestamp, TTL: s.head.TTL,
			KeyFormat: air.KeyEd25519, SecretKey: c.seed, ParticleID: s.head.ID,
		},
	}
}

// act does what a run asks for: keep the data, answer calls, send to the relay.
func (c *Client) act(s *stay, out air.Outcome) {
	c.mu.Lock()
	if s.gone {
		c.mu.Unlock()
		return
	}
	c.dataBytes += len(out.Data) - len(s.prev)
	s.prev = out.Data
	s.pending += len(out.Calls)
	settled := s.pending == 0 && len(out.Next) == 0
	for id, call := range out.Calls {
		c.work.Go(func() { c.perform(s, id, call) })
	}
	if len(out.Next) > 0 {
		c.work.Go(func() { c.deliver(s, s.head.WithData(out.Data)) })
	}
	c.mu.Unlock()
	if settled {
		s.sent.Do(func() { close(s.left) }) // the script ends here, or waits for others
	}
	if out.Code != 0 && out.Code != air.CodeUnusedResults && s.done != nil {
		finish(s.done, reply{err: &InterpreterError{Code: out.Code, Message: out.Message}})
	}
}

// perform answers one call and brings its result to the next run.
func (c *Client) perform(s *stay, id uint32, call air.Call) {
	select {
	case c.calls <- struct{}{}:
	case <-s.ctx.Done():
		return
	}
	res := c.answer(s.ctx, s, call)
	<-c.calls
	c.mu.Lock()
	defer c.mu.Unlock()
	s.pending--
	if !s.gone {
		s.results[id] = res
		c.wake(s)
	}
}

// deliver sends the particle and remembers the first success and the last error.
func (c *Client) deliver(s *stay, p *particle.Particle) {
	err := c.send(s.ctx, p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		s.lastSend = err
		return
	}
	c.traffic.Sent++
	c.traffic.SentBytes += particle.FrameSize(p)
	s.sent.Do(func() { close(s.left) })
}
