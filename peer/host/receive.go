// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/go-fluence/fluence/peer/particle"
)

// errTrailing is a stream on which more than one frame was written. The first
// particle counts; the rest is not read.
var errTrailing = fmt.Errorf("%w after the frame", particle.ErrTrailing)

// streamHandler returns the handler of the particle protocol: one frame is
// read, checked and handed on; nothing is ever answered on the stream.
func (h *Host) streamHandler(ctx context.Context, running *sync.WaitGroup) network.StreamHandler {
	return func(s network.Stream) {
		running.Add(1)
		defer running.Done()
		defer func() {
			if r := recover(); r != nil {
				h.cfg.Metrics.refuse("panic")
				_ = s.Reset()
				h.cfg.Log.Error("particle stream handler panicked", "peer", s.Conn().RemotePeer(), "err", r, "stack", string(debug.Stack()))
			}
		}()
		if err := h.serve(ctx, s); err != nil {
			h.cfg.Metrics.refuse(reason(err)) // first, so that who sees the reset can see the count
			_ = s.Reset()
			h.cfg.Log.Debug("particle refused", "peer", s.Conn().RemotePeer(), "err", err)
		}
	}
}

func (h *Host) serve(ctx context.Context, s network.Stream) error {
	if err := s.Scope().SetService(serviceName); err != nil {
		return fmt.Errorf("join resource scope: %w", err)
	}
	if h.cfg.Handler == nil {
		return ErrNoHandler
	}
	now, pay := h.cfg.Now(), h.quotas.payer(s.Conn())
	if err := pay.particle(now, 1); err != nil {
		return err
	}
	r := bufio.NewReaderSize(s, 512)
	p, err := h.receive(s, r, pay)
	if err != nil {
		if !errors.Is(err, ErrQuota) {
			pay.fine(now, refusalCost-1)
		}
		return err
	}
	from := s.Conn().RemotePeer()
	if err := h.cfg.Handler(ctx, from, p); err != nil {
		return fmt.Errorf("particle %s: %w", p.ID, err)
	}
	h.cfg.Metrics.received(p)
	h.value(from)
	return h.drain(s, r)
}

// receive reads one frame within its time, memory and quota and checks the
// particle in it.
func (h *Host) receive(s network.Stream, r *bufio.Reader, pay payer) (*particle.Particle, error) {
	memory, err := newMemory(s)
	if err != nil {
		return nil, err
	}
	defer memory.done()
	begin := time.Now() // deadlines follow the sockets' clock
	if err := s.SetReadDeadline(begin.Add(baseTime)); err != nil {
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	size := 0
	body, err := particle.ReadFrame(r, h.cfg.Limits.Frame, func(n int) error {
		size += n
		if err := pay.bytes(h.cfg.Now(), n); err != nil {
			return err
		}
		if err := memory.reserve(n * memoryPerByte); err != nil {
			return err
		}
		return s.SetReadDeadline(begin.Add(timeFor(size)))
	})
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: field frame: stream ended without one", particle.ErrTruncated)
	}
	if err != nil {
		return nil, err
	}
	p, err := particle.Decode(body)
	if err != nil {
		return nil, err
	}
	return p, h.cfg.Limits.Check(p, h.cfg.Now())
}

// timeFor is how long size bytes may take.
func timeFor(size int) time.Duration {
	return baseTime + time.Duration(size)*time.Second/minRate
}

// drain closes our end, which tells peers of this kind that the particle was
// taken, and waits shortly for the sender's: js-client keeps a stream until both
// ends are closed.
func (h *Host) drain(s network.Stream, r *bufio.Reader) error {
	if err := s.CloseWrite(); err != nil {
		return s.Reset() // the sender reset its end already
	}
	if err := s.SetReadDeadline(time.Now().Add(drainTime)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	_, err := r.ReadByte()
	if err == nil {
		return errTrailing
	}
	if errors.Is(err, io.EOF) {
		return s.Close()
	}
	return s.Reset()
}

// memory is what one stream has reserved.
type memory struct {
	scope network.ResourceScopeSpan
}

func newMemory(s network.Stream) (*memory, error) {
	span, err := s.Scope().BeginSpan()
	if err != nil {
		return nil, fmt.Errorf("reserve memory: %w", err)
	}
	return &memory{scope: span}, nil
}

func (m *memory) reserve(n int) error {
	return m.scope.ReserveMemory(n, network.ReservationPriorityAlways)
}

func (m *memory) done() { m.scope.Done() }
