// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	libp2phost "github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	multistream "github.com/multiformats/go-multistream"

	"github.com/go-fluence/fluence/peer/particle"
)

// Send writes p to peer to on a new stream. A connected peer is never dialled
// again; any other is dialled at the addresses known for it. Nil means that a
// peer of this kind took p; of any other, only that the bytes were written: the
// official protocol has no answer.
//
// Errors: ErrNotRunning, ErrSelf, ErrNotConnected, ErrBusy, ErrRefused,
// ErrTooLarge of package particle, those of ctx, the stream's.
func (h *Host) Send(ctx context.Context, to peer.ID, p *particle.Particle) error {
	err := h.send(ctx, to, p)
	h.cfg.Metrics.sent(p, err)
	if err != nil {
		return fmt.Errorf("send particle %s to %s: %w", p.ID, to, err)
	}
	return nil
}

func (h *Host) send(ctx context.Context, to peer.ID, p *particle.Particle) error {
	net, err := h.libp2p()
	if err != nil {
		return err
	}
	if to == h.id {
		return ErrSelf
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime+timeFor(len(p.Data)+len(p.Script)))
	defer cancel()
	release, err := h.slots.take(ctx, to)
	if err != nil {
		return err
	}
	defer release()
	frame, err := particle.AppendFrame(make([]byte, 0, particle.FrameSize(p)), p)
	if err != nil {
		return err
	}
	s, err := openStream(ctx, net, to)
	if err != nil {
		return err
	}
	if err := write(ctx, s, frame); err != nil {
		_ = s.Reset()
		return err
	}
	return nil
}

// openStream opens a stream to a peer, dialling it first if need be. Our own
// peers get the frame with the negotiation; any other must have agreed to the
// protocol before the frame and the reset are sent, since js-client loses a
// stream that is reset while it still negotiates.
func openStream(ctx context.Context, net libp2phost.Host, to peer.ID) (network.Stream, error) {
	if net.Network().Connectedness(to) != network.Connected {
		if len(net.Peerstore().Addrs(to)) == 0 {
			return nil, ErrNotConnected
		}
		if err := net.Connect(ctx, peer.AddrInfo{ID: to}); err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotConnected, err), ctx.Err())
		}
	}
	ctx = network.WithNoDial(ctx, "connected")
	own, err := net.Peerstore().SupportsProtocols(to, TakenProtocol)
	var s network.Stream
	if err == nil && len(own) > 0 {
		s, err = net.NewStream(ctx, to, TakenProtocol)
	} else {
		s, err = negotiated(ctx, net, to)
	}
	if err != nil {
		if net.Network().Connectedness(to) != network.Connected && ctx.Err() == nil {
			return nil, fmt.Errorf("%w: %w", ErrNotConnected, err)
		}
		return nil, fmt.Errorf("open stream: %w", errors.Join(err, ctx.Err()))
	}
	if err := s.Scope().SetService(serviceName); err != nil {
		_ = s.Reset()
		return nil, fmt.Errorf("join resource scope: %w", err)
	}
	return s, nil
}

// negotiated opens a stream on which the other side has answered.
func negotiated(ctx context.Context, net libp2phost.Host, to peer.ID) (network.Stream, error) {
	s, err := net.Network().NewStream(ctx, to)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	if err := s.SetDeadline(time.Now().Add(baseTime)); err != nil {
		_ = s.Reset()
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	if err := multistream.SelectProtoOrFail(ParticleProtocol, s); err != nil {
		_ = s.Reset()
		return nil, fmt.Errorf("negotiate protocol: %w", err)
	}
	if err := s.SetProtocol(ParticleProtocol); err != nil {
		_ = s.Reset()
		return nil, fmt.Errorf("set protocol: %w", err)
	}
	return s, nil
}

// write writes the frame and ends the stream such that the other side gets all
// of it, even if it never closes its own end.
//
// Over yamux the FIN of CloseWrite precedes the RST, so the reader keeps the
// bytes, and both sides forget the stream at once; js-client would keep it for
// ever after a mere Close and refuse the 1 001st. Over QUIC a reset discards
// bytes that are not acknowledged yet, so there the stream is closed.
func write(ctx context.Context, s network.Stream, frame []byte) error {
	deadline := time.Now().Add(timeFor(len(frame)))
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := s.SetWriteDeadline(deadline); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = s.Reset() })
	defer stop()
	if _, err := s.Write(frame); err != nil {
		return fmt.Errorf("write frame: %w", errors.Join(fault(s, err), ctx.Err()))
	}
	if err := s.CloseWrite(); err != nil {
		return fmt.Errorf("close stream: %w", fault(s, err))
	}
	switch {
	case s.Protocol() == TakenProtocol:
		return awaitTaken(s, deadline)
	case s.Conn().ConnState().Transport == "quic-v1":
		return s.Close()
	}
	return s.Reset()
}

// awaitTaken waits for the receiver's end of the stream.
func awaitTaken(s network.Stream, deadline time.Time) error {
	if err := s.SetReadDeadline(deadline); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	var one [1]byte
	switch _, err := io.ReadFull(s, one[:]); {
	case err == nil:
		return fmt.Errorf("%w: it answered on the stream", ErrRefused)
	case !errors.Is(err, io.EOF):
		return fault(s, err)
	}
	return s.Close()
}

// fault tells a receiver that refuses from one that is gone.
func fault(s network.Stream, err error) error {
	switch {
	case s.Conn().IsClosed():
		return fmt.Errorf("%w: %w", ErrNotConnected, err)
	case s.Protocol() == TakenProtocol && (isReset(err) || isTimeout(err)):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// slots bounds how many particles are written to one peer at once, and how many
// wait for that: a client that reads slowly holds up its own particles only.
type slots struct {
	sends, waiting int

	mu   sync.Mutex // guards the map and the counts in it
	used map[peer.ID]*slot
}

type slot struct {
	sem   chan struct{} // capacity sends; one element per particle being written
	users int           // particles being written or waiting
}

func newSlots(q Quotas) *slots {
	return &slots{sends: max(q.SendsPerPeer, 1), waiting: max(q.WaitingPerPeer, 0), used: make(map[peer.ID]*slot)}
}

// take waits for a turn; release gives it back.
func (s *slots) take(ctx context.Context, to peer.ID) (release func(), err error) {
	s.mu.Lock()
	have, ok := s.used[to]
	if !ok {
		have = &slot{sem: make(chan struct{}, s.sends)}
		s.used[to] = have
	}
	if have.users >= s.sends+s.waiting {
		s.mu.Unlock()
		return nil, ErrBusy
	}
	have.users++
	s.mu.Unlock()

	select {
	case have.sem <- struct{}{}:
		return func() { <-have.sem; s.leave(to, have) }, nil
	case <-ctx.Done():
		s.leave(to, have)
		return nil, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
}

func (s *slots) leave(to peer.ID, have *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if have.users--; have.users == 0 {
		delete(s.used, to)
	}
}
