// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"time"

	"github.com/go-fluence/fluence/proofs/capacity"
)

// errRefused: the worker is well but cannot serve a request, for want of memory
// as a rule.
var errRefused = errors.New("worker refuses")

// process is one running worker, used by one goroutine.
type process struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	timeout time.Duration
	replies chan *reply   // closed by the reader
	gone    chan struct{} // closed by the reader, after err is set
	err     error         // why the reader ended
	quit    chan struct{} // closed by stop: nobody takes replies any more
	nextID  uint64
}

// start spawns a worker. The caller must call stop.
func start(ctx context.Context, cfg Config) (*process, error) {
	args := append(append([]string(nil), cfg.Command[1:]...),
		"--params", cfg.Params.Name(), "--caches", strconv.Itoa(cfg.Caches))
	cmd := exec.CommandContext(ctx, cfg.Command[0], args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	p := &process{
		cmd: cmd, in: in, timeout: cfg.Timeout,
		replies: make(chan *reply), gone: make(chan struct{}), quit: make(chan struct{}),
	}
	go p.read(out)
	return p, nil
}

// read passes replies on until the worker's output ends.
func (p *process) read(out io.Reader) {
	defer close(p.gone)
	buf := make([]byte, maxFrame)
	for {
		b, err := readFrame(out, buf)
		if err != nil {
			p.err = err
			return
		}
		r, err := parseReply(b)
		if err != nil {
			p.err = err
			return
		}
		select {
		case p.replies <- r:
		case <-p.quit:
			p.err = context.Canceled
			return
		}
	}
}

// stop ends the process and waits until it and the reader are gone.
func (p *process) stop() {
	close(p.quit)
	_ = p.in.Close()
	_ = p.cmd.Process.Kill()
	<-p.gone
	_ = p.cmd.Wait()
}

// next returns the next reply.
func (p *process) next(timeout <-chan time.Time) (*reply, error) {
	select {
	case r := <-p.replies:
		return r, nil
	case <-p.gone:
		return nil, fmt.Errorf("worker ended: %w", p.err)
	case <-timeout:
		return nil, errors.New("worker is silent")
	}
}

// hello waits for the worker's first reply.
func (p *process) hello(params string) error {
	t := time.NewTimer(p.timeout)
	defer t.Stop()
	r, err := p.next(t.C)
	if err != nil {
		return err
	}
	if r.kind != kindHello {
		return fmt.Errorf("%w: kind %d, want a hello", ErrFrame, r.kind)
	}
	if r.text != params {
		return fmt.Errorf("%w: %q, want %q", ErrParams, r.text, params)
	}
	return nil
}

// serve has the worker hash the nonces of claims and settles them one by one. A
// hash that is not the wanted one is computed again by the portable engine, and
// that one decides. On error serve returns the claims not settled, of which the
// first was being worked on.
func (p *process) serve(ctx context.Context, key [32]byte, claims []*claim) ([]*claim, error) {
	var doubted []*claim
	left, err := p.ask(ctx, key, claims, false, func(j *claim, hash [32]byte) {
		if hash == j.want {
			j.call.settle(j.index, capacity.Valid, nil)
		} else {
			doubted = append(doubted, j)
		}
	})
	if err != nil || len(doubted) == 0 {
		return append(left, doubted...), err
	}
	return p.ask(ctx, key, doubted, true, func(j *claim, hash [32]byte) {
		v := capacity.Invalid
		if hash == j.want {
			v = capacity.Valid
		}
		j.call.settle(j.index, v, nil)
	})
}

// ask sends one request and passes each hash on. On error it returns the claims
// whose hash did not come.
func (p *process) ask(ctx context.Context, key [32]byte, claims []*claim, portable bool, got func(*claim, [32]byte)) ([]*claim, error) {
	p.nextID++
	req := request{id: p.nextID, key: key, portable: portable}
	for _, j := range claims {
		req.nonces = append(req.nonces, j.nonce)
	}
	// A worker that does not read cannot block this for long: it is killed.
	guard := time.AfterFunc(p.timeout, func() { _ = p.cmd.Process.Kill() })
	err := writeFrame(p.in, req.encode())
	guard.Stop()
	if err != nil {
		return claims, fmt.Errorf("send request: %w", err)
	}
	t := time.NewTimer(p.timeout)
	defer t.Stop()
	for i, j := range claims {
		r, err := p.next(t.C)
		switch {
		case err != nil:
			return claims[i:], err
		case r.kind == kindRefusal && r.id == req.id:
			return claims[i:], fmt.Errorf("%w: %s", errRefused, r.text)
		case r.kind != kindHash || r.id != req.id || r.index != i:
			return claims[i:], fmt.Errorf("%w: kind %d, id %d, index %d; want hash %d of %d", ErrFrame, r.kind, r.id, r.index, i, req.id)
		}
		got(j, r.hash)
		t.Reset(p.timeout)
		if ctx.Err() != nil {
			return claims[i+1:], context.Cause(ctx)
		}
	}
	return nil, nil
}
