// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"context"
	"time"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/peer/prover/miner"
)

// unit is what the prover knows of one compute unit.
type unit struct {
	record
	chain  chain.Unit // as last read
	search *search    // nil when none runs

	rate      float64   // hashes per second, of the last report
	failures  int       // searches lost in a row
	notBefore time.Time // when the next search may begin
}

// kept is how many proofs of the epoch were found and not refused.
func (u *unit) kept() (n uint32) {
	for _, p := range u.proofs {
		if p.fate != refused {
			n++
		}
	}
	return n
}

// in is how many are in blocks.
func (u *unit) in() (n int) {
	for _, p := range u.proofs {
		if p.fate == sent {
			n++
		}
	}
	return n
}

// waiting returns the proofs that are not handed in.
func (u *unit) waiting() (list []chain.Proof) {
	for _, p := range u.proofs {
		if p.fate == found {
			list = append(list, chain.Proof{Unit: u.unit, Nonce: p.nonce, Hash: p.hash})
		}
	}
	return list
}

// add keeps a proof that was not known and reports whether it was new.
func (u *unit) add(nonce, hash [32]byte) bool {
	for _, p := range u.proofs {
		if p.nonce == nonce {
			return false
		}
	}
	u.proofs = append(u.proofs, proof{nonce, hash, found})
	return true
}

// mark sets what became of a proof.
func (u *unit) mark(nonce [32]byte, f fate) {
	for i := range u.proofs {
		if u.proofs[i].nonce == nonce {
			u.proofs[i].fate = f
		}
	}
}

// search is one running search.
type search struct {
	spec miner.Spec
	stop context.CancelFunc
}

// same reports whether a search looks for what the spec wants, wherever it began.
func (s *search) same(spec miner.Spec) bool {
	spec.Start = s.spec.Start
	return s.spec == spec
}

// event is something that happened beside the loop.
type event struct {
	unit   [32]byte
	search *search // whose event it is; nil for one of a submission

	nonce, hash [32]byte // of a proof
	proof       bool     // it is a proof

	hashes  uint64  // computed
	seconds float64 // in so long

	ended bool  // the search is over
	err   error // why, or why a submission failed

	epoch uint64        // of a submission
	given []chain.Proof // what was handed in
}

// listener turns what a search tells into events.
type listener struct {
	ctx    context.Context //nolint:containedctx // lives exactly as long as the search
	unit   [32]byte
	search *search
	events chan<- event
}

// Found implements miner.Listener.
func (l listener) Found(nonce, hash [32]byte) bool {
	return l.tell(event{unit: l.unit, search: l.search, proof: true, nonce: nonce, hash: hash})
}

// Hashed implements miner.Listener.
func (l listener) Hashed(hashes uint64, seconds float64) bool {
	return l.tell(event{unit: l.unit, search: l.search, hashes: hashes, seconds: seconds})
}

func (l listener) tell(e event) bool {
	select {
	case l.events <- e:
		return true
	case <-l.ctx.Done():
		return false
	}
}
