// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// Hasher computes hashes inside a worker.
type Hasher interface {
	// Hash returns the hash of nonce under key; with portable, computed without
	// compiled code.
	Hash(ctx context.Context, key, nonce [32]byte, portable bool) ([32]byte, error)
}

// Serve answers requests from in on out, one after another, until in ends, which
// is no error. name is the parameter set it announces. When in ends or breaks
// while it hashes, it stops at once: nobody is there to read the answer. The
// goroutine that reads in ends when in does.
//
// Errors: ErrFrame, ErrFrameSize, those of in, out and ctx.
func Serve(ctx context.Context, name string, h Hasher, in io.Reader, out io.Writer) error {
	hello := reply{kind: kindHello, text: name}
	if err := writeFrame(out, hello.encode()); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	requests := make(chan *request, 1) // closed by the reader
	go func() {
		cancel(readRequests(ctx, in, requests))
		close(requests)
	}()
	for {
		select {
		case r, open := <-requests:
			if open {
				if err := answer(ctx, r, h, out); err != nil {
					cancel(err)
				}
				continue
			}
		case <-ctx.Done():
		}
		// The reader cancels before it closes, so there is a cause either way.
		if err := context.Cause(ctx); !errors.Is(err, io.EOF) {
			return err
		}
		return nil
	}
}

// readRequests passes requests on until in ends and returns why.
func readRequests(ctx context.Context, in io.Reader, to chan<- *request) error {
	buf := make([]byte, maxFrame)
	for {
		b, err := readFrame(in, buf)
		if err != nil {
			return err
		}
		r, err := parseRequest(b)
		if err != nil {
			return err
		}
		select {
		case to <- r:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// answer sends the hash of each nonce, or one refusal.
func answer(ctx context.Context, r *request, h Hasher, out io.Writer) error {
	for i, nonce := range r.nonces {
		hash, err := h.Hash(ctx, r.key, nonce, r.portable)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			refusal := reply{kind: kindRefusal, id: r.id, text: err.Error()}
			return writeFrame(out, refusal.encode())
		}
		one := reply{kind: kindHash, id: r.id, index: i, hash: hash}
		if err := writeFrame(out, one.encode()); err != nil {
			return fmt.Errorf("send hash: %w", err)
		}
	}
	return nil
}

// Engine is the Hasher that computes RandomX in light mode. It keeps a bounded
// number of caches. It serves one goroutine at a time and must be closed.
type Engine struct {
	pool     *randomx.Pool
	mem      randomx.Memory
	key      [32]byte
	portable bool
	vm       *randomx.VM // for key and portable; nil before the first hash
	release  func()
}

// NewEngine returns an engine that keeps at most caches caches, at least one,
// and takes its memory from m.
//
// Errors: randomx.ErrParams.
func NewEngine(p randomx.Params, caches int, m randomx.Memory) (*Engine, error) {
	pool, err := randomx.NewPool(p, caches, m)
	if err != nil {
		return nil, err
	}
	return &Engine{pool: pool, mem: m}, nil
}

// Hash implements Hasher.
func (e *Engine) Hash(ctx context.Context, key, nonce [32]byte, portable bool) ([32]byte, error) {
	if e.vm == nil || key != e.key || portable != e.portable {
		e.drop()
		cache, release, err := e.pool.Get(ctx, key[:])
		if err != nil {
			return [32]byte{}, err
		}
		newVM := randomx.NewVM
		if portable {
			newVM = randomx.NewPortableVM
		}
		vm, err := newVM(cache, e.mem)
		if err != nil {
			release()
			return [32]byte{}, err
		}
		e.key, e.portable, e.vm, e.release = key, portable, vm, release
	}
	return e.vm.Hash(ctx, nonce[:])
}

// drop gives the current VM and its cache back.
func (e *Engine) drop() {
	if e.vm != nil {
		_ = e.vm.Close()
		e.release()
		e.vm = nil
	}
}

// Close frees the caches.
func (e *Engine) Close() error {
	e.drop()
	return e.pool.Close()
}
