// SPDX-License-Identifier: Apache-2.0

// Package prover earns what a peer's idle compute units can: for each unit of which
// the chain wants proofs it keeps one search running, in a process of its own, keeps
// what that finds on disk, and hands it in before the epoch ends. It decides nothing
// about commitments or deals: a unit that a deal takes is simply no longer searched
// for. Its specification is docs/spec/prover.md.
package prover

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/prover/miner"
)

// ErrConfig reports a configuration that cannot work; it names the field.
var ErrConfig = errors.New("prover: bad configuration")

// Chain is what the prover needs of the chain.
type Chain interface {
	chain.Proving
	chain.Proofs
}

// Files keeps small named blobs; a write replaces the whole blob or nothing.
type Files interface {
	Get(name string) ([]byte, error)
	Put(name string, data []byte) error
	Delete(name string) error
	List(prefix string) ([]string, error)
}

// Defaults of Config.
const (
	// DefaultPoll is the pause between two looks at the chain when nothing else wakes
	// the prover.
	DefaultPoll = 2 * time.Second
	// DefaultLead is how long before an epoch's end everything found is handed in, as
	// upstream's peers do; never more than a third of the epoch.
	DefaultLead = 5 * time.Minute
	// DefaultMaxBatch bounds the proofs of one transaction where the chain does not.
	DefaultMaxBatch = 64
)

// Config is what a prover needs. Zero fields get their defaults.
type Config struct {
	Peer       [32]byte      // ed25519 key of the peer whose units are proven
	Chain      Chain         // required
	Files      Files         // required
	Miner      miner.Miner   // required
	Mode       Mode          // default Auto
	Processors []int         // unit i stays on processor i of the list; empty for no pinning
	Nice       int           // niceness of the searches, 0 to 19
	Poll       time.Duration // default DefaultPoll
	Lead       time.Duration // default DefaultLead
	Machine    Machine       // what fits; default is measured
	Log        *slog.Logger  // nil is silent
}

// complete fills defaults in.
func (c Config) complete() (Config, error) {
	switch {
	case c.Chain == nil:
		return c, fmt.Errorf("%w: Chain is nil", ErrConfig)
	case c.Files == nil:
		return c, fmt.Errorf("%w: Files is nil", ErrConfig)
	case c.Miner == nil:
		return c, fmt.Errorf("%w: Miner is nil", ErrConfig)
	case c.Poll < 0 || c.Lead < 0:
		return c, fmt.Errorf("%w: Poll or Lead is negative", ErrConfig)
	case c.Nice < 0 || c.Nice > 19:
		return c, fmt.Errorf("%w: Nice is %d: want 0 to 19", ErrConfig, c.Nice)
	}
	if err := c.Mode.validate(); err != nil {
		return c, err
	}
	if c.Poll == 0 {
		c.Poll = DefaultPoll
	}
	if c.Lead == 0 {
		c.Lead = DefaultLead
	}
	if c.Machine == nil {
		c.Machine = ThisMachine{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Prover proves the units of one peer. Safe for concurrent use.
type Prover struct {
	cfg  Config
	wake chan struct{}

	mu     sync.Mutex // guards status
	status Status
}

// New checks the configuration and starts nothing.
//
// Errors: ErrConfig.
func New(cfg Config) (*Prover, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	return &Prover{cfg: cfg, wake: make(chan struct{}, 1)}, nil
}

// Look makes the prover look at the chain at once, for example after a block that
// moved units. It never blocks.
func (p *Prover) Look() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run proves until ctx ends, and returns once every search has ended. What was found
// and not handed in is on disk. It may be called once.
func (p *Prover) Run(ctx context.Context) error {
	l := newLoop(ctx, p.cfg)
	defer l.end()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
			next.Reset(l.look())
		case <-p.wake:
			next.Reset(l.look())
		case e := <-l.events:
			l.take(e)
		}
		l.submit()
		p.publish(l.state())
	}
}

func (p *Prover) publish(s Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = s
}

// Status returns how the units stand.
func (p *Prover) Status() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// randomNonce is where a search begins.
func randomNonce() (n [32]byte) {
	_, _ = rand.Read(n[:]) // never fails
	return n
}

// Concerns reports whether a block tells of something that Look should see: a nonce,
// an epoch, units that a deal took or gave back, a commitment.
func Concerns(b chain.Block) bool {
	for _, e := range b.Events {
		for _, prefix := range []string{
			"fluence.beacon.v1.EventBeacon", "fluence.epoch.v1.EventEpochStarted",
			"fluence.market.v1.EventUnitsTaken", "fluence.market.v1.EventComputeUnitsRemovedFromDeal",
			"fluence.capacity.v1.EventCommitment", "fluence.capacity.v1.EventUnit",
		} {
			if strings.HasPrefix(e.Type, prefix) {
				return true
			}
		}
	}
	return false
}
