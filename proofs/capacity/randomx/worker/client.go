// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
	"golang.org/x/sync/errgroup"
)

// Config is what a Client needs. Zero fields get their defaults.
type Config struct {
	// Command is the program and arguments of a worker, without the options of
	// this package: {"fluenced", "randomx", "worker"}. Required.
	Command []string
	// Params is the parameter set. Required.
	Params randomx.Params
	// Workers is the number of processes; default 1. Each uses one processor.
	Workers int
	// Caches is the number of 256 MiB caches of one process; default 1.
	Caches int
	// Queue is the most proofs that may wait; default 4096.
	Queue int
	// Attempts is how many workers may be lost over one proof before it is given
	// up as capacity.Unknown; default 3.
	Attempts int
	// Timeout is how long a worker may be silent over one proof, or over a new
	// cache, before it is replaced; default one minute.
	Timeout time.Duration
	// Backoff is the pause before a lost worker is replaced; default 200 ms. It
	// doubles with each loss in a row, up to 64 times as long.
	Backoff time.Duration
	// Log gets a warning for each lost worker; default: nothing.
	Log *slog.Logger
}

func (c Config) withDefaults() (Config, error) {
	positive := func(v *int, def int, name string) error {
		if *v < 0 {
			return fmt.Errorf("%w: %s is negative", ErrConfig, name)
		}
		if *v == 0 {
			*v = def
		}
		return nil
	}
	if len(c.Command) == 0 || c.Command[0] == "" {
		return c, fmt.Errorf("%w: Command is empty, name the program of a worker", ErrConfig)
	}
	if c.Params.Name() == "" {
		return c, fmt.Errorf("%w: Params is empty, take randomx.Fluence or randomx.Stock", ErrConfig)
	}
	if c.Timeout < 0 || c.Backoff < 0 {
		return c, fmt.Errorf("%w: Timeout or Backoff is negative", ErrConfig)
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	if c.Backoff == 0 {
		c.Backoff = 200 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, errors.Join(
		positive(&c.Workers, 1, "Workers"), positive(&c.Caches, 1, "Caches"),
		positive(&c.Queue, 4096, "Queue"), positive(&c.Attempts, 3, "Attempts"),
	)
}

// Client is a capacity.Verifier over worker processes. Calls that wait at the
// same time are put together by key. Safe for concurrent use.
type Client struct {
	cfg   Config
	queue *queue
}

var _ capacity.Verifier = (*Client)(nil)

// New checks the configuration and starts nothing.
//
// Errors: ErrConfig.
func New(cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, queue: newQueue(cfg.Queue)}, nil
}

// Run keeps the workers running until ctx ends, then ends them and returns nil
// once all are gone. Calls that still wait get ErrStopped. Run once only.
func (c *Client) Run(ctx context.Context) error {
	defer c.queue.close()
	g, ctx := errgroup.WithContext(ctx)
	for i := range c.cfg.Workers {
		g.Go(func() error {
			c.keep(ctx, i)
			return nil
		})
	}
	return g.Wait()
}

// Verify implements capacity.Verifier. It waits for a worker, also for Run to be
// called. Beside the errors of the interface: ErrQueueFull and ErrStopped, both
// joined with capacity.ErrUnavailable.
func (c *Client) Verify(ctx context.Context, key [32]byte, nonces, want [][32]byte) ([]capacity.Verdict, error) {
	if len(nonces) != len(want) {
		return nil, capacity.ErrLengths
	}
	if len(nonces) == 0 {
		return []capacity.Verdict{}, nil
	}
	cl := &call{verdicts: make([]capacity.Verdict, len(nonces)), left: len(nonces), done: make(chan struct{})}
	claims := make([]*claim, len(nonces))
	for i := range nonces {
		claims[i] = &claim{call: cl, index: i, nonce: nonces[i], want: want[i]}
	}
	if err := c.queue.put(key, claims, false); err != nil {
		return make([]capacity.Verdict, len(nonces)), errors.Join(capacity.ErrUnavailable, err)
	}
	select {
	case <-cl.done:
		return cl.result()
	case <-ctx.Done():
		c.queue.forget(cl)
		verdicts, _ := cl.result()
		return verdicts, context.Cause(ctx)
	}
}

// keep runs worker number i, a new process whenever one is lost.
func (c *Client) keep(ctx context.Context, i int) {
	losses := 0
	for ctx.Err() == nil {
		worked, err := c.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if worked {
			losses = 0
		}
		c.cfg.Log.Warn("randomx worker lost", "worker", i, "err", err)
		pause := time.NewTimer(c.cfg.Backoff << min(losses, 6))
		losses++
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
		}
	}
}

// session is the life of one process. worked says that it finished a request.
func (c *Client) session(ctx context.Context) (worked bool, err error) {
	p, err := start(ctx, c.cfg)
	if err != nil {
		return false, err
	}
	defer p.stop()
	if err := p.hello(c.cfg.Params.Name()); err != nil {
		return false, fmt.Errorf("hello: %w", err)
	}
	var last [32]byte
	streak := 0 // batches of one key in a row
	for {
		key, claims, wait := c.queue.take(last, streak == 1)
		if claims == nil {
			select {
			case <-wait:
				continue
			case <-p.gone:
				return worked, errors.Join(errors.New("worker ended while idle"), p.err)
			case <-ctx.Done():
				return worked, context.Cause(ctx)
			}
		}
		if key == last {
			streak++
		} else {
			last, streak = key, 1
		}
		left, err := p.serve(ctx, key, claims)
		if err != nil {
			c.back(key, left, err)
			return worked, err
		}
		worked = true
	}
}

// back returns the claims of a lost worker to the queue, but not those over which
// too many were lost. A worker that crashes is lost over the claim it was at, one
// that refuses over all: they have the key in common.
func (c *Client) back(key [32]byte, claims []*claim, why error) {
	var again []*claim
	for i, j := range claims {
		if i == 0 || errors.Is(why, errRefused) {
			j.attempts++
		}
		if j.attempts < c.cfg.Attempts {
			again = append(again, j)
		} else {
			giveUp([]*claim{j}, why)
		}
	}
	if err := c.queue.put(key, again, true); len(again) > 0 && err != nil {
		giveUp(again, err)
	}
}
