// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-fluence/fluence/peer/chain"
)

// leadShare is which part of an epoch the lead may be at most.
const leadShare = 3

// submit hands proofs in when it is time, one transaction after the other.
func (l *loop) submit() {
	if l.sending || time.Now().Before(l.sendAfter) || !l.read {
		return
	}
	batch := l.due(l.now())
	if len(batch) == 0 {
		return
	}
	l.sending = true
	epoch, ctx := l.view.Epoch, l.ctx
	l.searches.Go(func() {
		_, err := l.cfg.Chain.SubmitProofs(ctx, epoch, batch)
		select {
		case l.events <- event{epoch: epoch, given: batch, err: err}:
		case <-l.done:
		}
	})
}

// due returns what is to be handed in now: once all units have what they need to
// succeed, once all have what counts, and everything near the epoch's end.
func (l *loop) due(now time.Time) []chain.Proof {
	end := l.view.End()
	if !l.view.Known || !now.Before(end) {
		return nil
	}
	if len(l.pieces) > 0 {
		return l.pieces[0]
	}
	urgent := !now.Before(end.Add(-min(l.cfg.Lead, l.view.Duration/leadShare)))
	enough, full, begun := true, true, false
	var waiting []chain.Proof
	for _, u := range l.sorted() {
		if u.chain.State != chain.UnitProving {
			continue
		}
		begun = begun || u.in() > 0
		enough = enough && u.kept() >= l.view.MinProofs
		full = full && u.kept() >= l.view.MaxProofs
		waiting = append(waiting, u.waiting()...)
	}
	if !urgent && !full && (!enough || begun) {
		return nil
	}
	most := l.view.MaxBatch
	if most <= 0 {
		most = DefaultMaxBatch
	}
	return waiting[:min(len(waiting), most)]
}

// settle takes the outcome of a submission over.
func (l *loop) settle(e event) {
	l.sending = false
	if e.epoch != l.view.Epoch {
		return // its records are gone
	}
	whole := len(l.pieces) == 0
	switch {
	case e.err == nil:
		l.sendFailures, l.sendFault = 0, nil
		l.close(e.given, sent, whole)
		l.cfg.Log.Info("proofs handed in", "epoch", e.epoch, "proofs", len(e.given))
	case errors.Is(e.err, chain.ErrEpochOver):
		l.pieces = nil
		l.pause(e.err)
	case errors.Is(e.err, chain.ErrProofKnown) && len(e.given) == 1:
		l.close(e.given, sent, whole) // before a crash, or by a transaction nobody saw confirmed
	case ofProofs(e.err) && len(e.given) == 1:
		l.close(e.given, refused, whole)
		l.cfg.Log.Error("proof refused", "unit", fmt.Sprintf("%x", e.given[0].Unit), "epoch", e.epoch, "err", e.err)
	case ofProofs(e.err):
		l.halve(e.given, whole)
	default:
		l.pause(e.err)
		l.cfg.Log.Error("proofs not handed in", "epoch", e.epoch, "proofs", len(e.given), "failures", l.sendFailures, "err", e.err)
	}
}

// ofProofs reports whether single proofs are at fault, and not the transaction.
func ofProofs(err error) bool {
	return errors.Is(err, chain.ErrProofKnown) || errors.Is(err, chain.ErrProofsEnough) || errors.Is(err, chain.ErrNotProving)
}

// close marks proofs that are done with.
func (l *loop) close(given []chain.Proof, f fate, whole bool) {
	if !whole {
		l.pieces = l.pieces[1:]
	}
	touched := map[[32]byte]*unit{}
	for _, p := range given {
		if u := l.units[p.Unit]; u != nil {
			u.mark(p.Nonce, f)
			touched[p.Unit] = u
		}
	}
	for _, u := range touched {
		l.write(u)
	}
}

// halve replaces a submission that was refused for some of its proofs by its halves:
// the chain takes all or none.
func (l *loop) halve(given []chain.Proof, whole bool) {
	rest := l.pieces
	if !whole {
		rest = rest[1:]
	}
	half := len(given) / 2
	l.pieces = append([][]chain.Proof{given[:half], given[half:]}, rest...)
}

// pause waits before the next submission, but not past what is left of the lead.
func (l *loop) pause(err error) {
	l.sendFailures++
	l.sendFault = err
	most := min(l.cfg.Lead, l.view.Duration/leadShare) / 4
	l.sendAfter = time.Now().Add(min(backoff(firstPause, l.sendFailures), max(most, firstPause)))
}
