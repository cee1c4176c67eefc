// SPDX-License-Identifier: Apache-2.0

package procnet

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Link is the connection between two validators: TCP proxies, one per direction of
// dialing, that can delay or cut. Safe for concurrent use.
type Link struct {
	mu    sync.Mutex // guards all below
	delay time.Duration
	cut   bool
	conns map[net.Conn]struct{}
}

func newLink() *Link { return &Link{conns: map[net.Conn]struct{}{}} }

// SetDelay holds every byte back for d, in each direction.
func (l *Link) SetDelay(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.delay = d
}

// Cut breaks every connection and lets no new one through.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for c := range l.conns {
		_ = c.Close()
	}
}

// Heal lets connections through again.
func (l *Link) Heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}

// forward listens on a port of its own and passes connections on to addr until the
// test ends.
func (l *Link) forward(t testing.TB, addr string) (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = ln.Close()
		l.Cut()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { l.pass(c, addr) })
		}
	})
	return ln.Addr().String(), nil
}

// pass carries one connection until either side closes it.
func (l *Link) pass(in net.Conn, addr string) {
	defer func() { _ = in.Close() }()
	if !l.add(in) {
		return
	}
	defer l.remove(in)
	out, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	if !l.add(out) {
		return
	}
	defer l.remove(out)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.carry(out, in)
		_ = in.Close()
		_ = out.Close()
	}()
	l.carry(in, out)
	_ = in.Close()
	_ = out.Close()
	<-done
}

// chunk is some bytes and when they may go on.
type chunk struct {
	data []byte
	due  time.Time
}

// carry copies from src to dst, each chunk as late as the link says. Chunks wait
// in a queue, so that a delay costs latency and not throughput.
func (l *Link) carry(src, dst net.Conn) {
	queue := make(chan chunk, 1024)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for c := range queue {
			if wait := time.Until(c.due); wait > 0 {
				<-time.After(wait)
			}
			if _, err := dst.Write(c.data); err != nil {
				_ = src.Close()
			}
		}
	}()
	for {
		buf := make([]byte, 32<<10)
		n, err := src.Read(buf)
		if n > 0 {
			queue <- chunk{buf[:n], time.Now().Add(l.currentDelay())}
		}
		if err != nil {
			break
		}
	}
	close(queue)
	<-done
}

func (l *Link) currentDelay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.delay
}

func (l *Link) add(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false
	}
	l.conns[c] = struct{}{}
	return true
}

func (l *Link) remove(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}
