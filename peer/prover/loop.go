// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/prover/miner"
	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/proofs/capacity/randomx"
)

// Waits of the loop.
const (
	// lookWithin bounds one look at the chain.
	lookWithin = 5 * time.Second
	// slowest bounds every back-off.
	slowest = 30 * time.Second
	// firstPause is the first back-off of a search or a submission.
	firstPause = 500 * time.Millisecond
)

// loop is the state of a running prover. One goroutine owns it.
type loop struct {
	cfg Config

	view                                         chain.Capacity
	read                                         bool          // view was read at least once
	ahead                                        time.Duration // by how much the chain's clock was ahead of ours
	failures                                     int           // looks that failed in a row
	readFault, sendFault, searchFault, diskFault error         // of the last look, submission, search and write; nil when all is well

	units map[[32]byte]*unit
	fast  bool
	why   string

	events   chan event
	done     chan struct{} // closed when the loop is over
	searches sync.WaitGroup
	stopAll  context.CancelFunc
	ctx      context.Context //nolint:containedctx // that of Run, for the searches it starts

	sending      bool
	sendFailures int
	sendAfter    time.Time
	pieces       [][]chain.Proof // of a submission that was refused as a whole
}

func newLoop(ctx context.Context, cfg Config) *loop {
	ctx, stop := context.WithCancel(ctx)
	return &loop{
		cfg: cfg, units: map[[32]byte]*unit{}, events: make(chan event), done: make(chan struct{}), ctx: ctx, stopAll: stop,
	}
}

// end stops every search and submission and waits for them.
func (l *loop) end() {
	l.stopAll()
	close(l.done)
	l.searches.Wait()
}

// backoff doubles with each failure in a row.
func backoff(first time.Duration, failures int) time.Duration {
	return min(first<<min(max(failures-1, 0), 10), slowest)
}

// now is the chain's time as far as this machine can tell.
func (l *loop) now() time.Time { return time.Now().Add(l.ahead) }

// look reads the chain and starts and stops searches. It returns when to look again.
func (l *loop) look() time.Duration {
	begun := time.Now()
	reading, cancel := context.WithTimeout(l.ctx, lookWithin)
	view, err := l.cfg.Chain.Capacity(reading, l.cfg.Peer)
	cancel()
	switch {
	case l.ctx.Err() != nil:
		return slowest
	case errors.Is(err, chain.ErrNoCommitment):
		l.failures, l.readFault, l.why = 0, nil, "the peer has no capacity commitment"
		l.read, l.view = false, chain.Capacity{}
		l.release(nil)
		return min(5*l.cfg.Poll, slowest)
	case err != nil:
		l.failures++
		l.readFault = err
		l.cfg.Log.Debug("chain not read", "err", err)
		return backoff(l.cfg.Poll, l.failures)
	}
	l.failures, l.readFault = 0, nil
	l.ahead = max(0, view.Height.Time.Sub(begun))
	l.follow(view)
	return l.cfg.Poll
}

// follow takes over what the chain says.
func (l *loop) follow(view chain.Capacity) {
	if !l.read || view.Epoch != l.view.Epoch || view.Nonce != l.view.Nonce {
		l.turn(view)
	}
	l.view, l.read = view, true
	proving := make(map[[32]byte]bool)
	for i, u := range view.Units {
		known := l.unit(u.ID)
		known.chain = u
		if u.State != chain.UnitProving || !view.Known || view.Void {
			continue
		}
		proving[u.ID] = true
		l.seek(known, i)
	}
	l.release(proving)
}

// turn drops what belongs to another epoch or nonce, and decides how to hash.
func (l *loop) turn(view chain.Capacity) {
	l.release(nil)
	l.units, l.pieces = map[[32]byte]*unit{}, nil
	l.sweep(view.Epoch)
	if !view.Known {
		return
	}
	n := 0
	for _, u := range view.Units {
		if u.State == chain.UnitProving {
			n++
		}
	}
	set := randomx.Fluence()
	if view.Params == randomx.Stock().Name() {
		set = randomx.Stock()
	}
	fast, why := decide(l.cfg.Mode, set, n, view.Duration, l.cfg.Machine)
	if fast != l.fast || why != l.why {
		l.cfg.Log.Info("how proofs are searched", "fast", fast, "why", why)
	}
	l.fast, l.why = fast, why
}

// unit returns what is known of a unit, from disk if the prover was started anew.
func (l *loop) unit(id [32]byte) *unit {
	if u := l.units[id]; u != nil {
		return u
	}
	u := &unit{record: record{epoch: l.view.Epoch, unit: id, nonce: l.view.Nonce}}
	l.units[id] = u
	text, err := l.cfg.Files.Get(recordName(l.view.Epoch, id))
	if err != nil {
		return u
	}
	kept, err := decodeRecord(text)
	switch {
	case err != nil:
		l.cfg.Log.Error("proofs on disk not read", "unit", fmt.Sprintf("%x", id), "err", err)
	case kept.epoch == u.epoch && kept.unit == id && kept.nonce == u.nonce:
		u.proofs = kept.proofs
	}
	return u
}

// seek has a search running for a unit that has not all its proofs.
func (l *loop) seek(u *unit, ordinal int) {
	if u.kept() >= l.view.MaxProofs {
		l.stop(u)
		return
	}
	spec := miner.Spec{
		Params: l.view.Params, Key: capacity.UnitKey(l.view.Nonce, u.unit), Difficulty: l.view.Difficulty,
		Fast: l.fast, Processor: miner.NoProcessor, Nice: l.cfg.Nice,
	}
	if n := len(l.cfg.Processors); n > 0 {
		spec.Processor = l.cfg.Processors[ordinal%n]
	}
	if u.search != nil {
		if u.search.same(spec) {
			return
		}
		l.stop(u)
	}
	if time.Now().Before(u.notBefore) {
		return
	}
	spec.Start = randomNonce()
	ctx, stop := context.WithCancel(l.ctx)
	s := &search{spec: spec, stop: stop}
	u.search = s
	l.searches.Go(func() {
		defer stop()
		err := l.cfg.Miner.Mine(ctx, spec, listener{ctx, u.unit, s, l.events})
		select {
		case l.events <- event{unit: u.unit, search: s, ended: true, err: err}:
		case <-ctx.Done():
		case <-l.done:
		}
	})
	l.cfg.Log.Debug("search begins", "unit", fmt.Sprintf("%x", u.unit), "epoch", l.view.Epoch)
}

// stop ends the search of a unit.
func (l *loop) stop(u *unit) {
	if u.search != nil {
		u.search.stop()
		u.search, u.rate = nil, 0
	}
}

// release ends the searches of all units but those given.
func (l *loop) release(but map[[32]byte]bool) {
	for id, u := range l.units {
		if !but[id] {
			l.stop(u)
		}
	}
}

// take handles one event.
func (l *loop) take(e event) {
	if e.search == nil {
		l.settle(e)
		return
	}
	u := l.units[e.unit]
	if u == nil || u.search != e.search {
		return // of a search that was stopped
	}
	switch {
	case e.ended:
		l.lost(u, e.err)
	case e.proof:
		l.keep(u, e.nonce, e.hash)
	case e.hashes > 0 && e.seconds > 0:
		u.rate, l.searchFault = float64(e.hashes)/e.seconds, nil
	}
}

// lost notes the end of a search that nobody stopped.
func (l *loop) lost(u *unit, err error) {
	u.search, u.rate = nil, 0
	u.failures++
	u.notBefore = time.Now().Add(backoff(firstPause, u.failures))
	l.searchFault = err
	l.cfg.Log.Error("search lost", "unit", fmt.Sprintf("%x", u.unit), "failures", u.failures, "err", err)
}

// keep writes a proof down, and ends the search with the last that counts.
func (l *loop) keep(u *unit, nonce, hash [32]byte) {
	if u.kept() >= l.view.MaxProofs || len(u.proofs) >= maxProofs || !u.add(nonce, hash) {
		return
	}
	u.failures = 0
	l.write(u)
	if u.kept() >= l.view.MaxProofs {
		l.stop(u)
	}
}

// write puts a unit's proofs on disk. A disk that fails loses them only to a crash.
func (l *loop) write(u *unit) {
	text, err := u.encode()
	if err == nil {
		err = l.cfg.Files.Put(recordName(u.epoch, u.unit), text)
	}
	if l.diskFault = err; err != nil {
		l.cfg.Log.Error("proofs not written", "unit", fmt.Sprintf("%x", u.unit), "err", err)
	}
}

// sweep removes the records of other epochs.
func (l *loop) sweep(epoch uint64) {
	names, err := l.cfg.Files.List("")
	if err != nil {
		l.cfg.Log.Error("proofs on disk not listed", "err", err)
		return
	}
	for _, name := range names {
		if e, ok := recordEpoch(name); ok && e != epoch {
			if err := l.cfg.Files.Delete(name); err != nil {
				l.cfg.Log.Error("old proofs not removed", "name", name, "err", err)
			}
		}
	}
}

// sorted returns the units in the order of their ids.
func (l *loop) sorted() []*unit {
	list := make([]*unit, 0, len(l.units))
	for _, u := range l.units {
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b *unit) int { return slices.Compare(a.unit[:], b.unit[:]) })
	return list
}
