// SPDX-License-Identifier: Apache-2.0

package prover

import (
	"cmp"
	"encoding/hex"

	"github.com/go-fluence/fluence/peer/chain"
)

// Status is how the prover stands.
type Status struct {
	Epoch     uint64       `json:"epoch"`
	Known     bool         `json:"known"` // the epoch has its nonce
	Void      bool         `json:"void"`  // nothing is due in it
	Fast      bool         `json:"fast"`
	Why       string       `json:"why"` // fast or not, or nothing to prove
	MinProofs uint32       `json:"min_proofs"`
	MaxProofs uint32       `json:"max_proofs"`
	Units     []UnitStatus `json:"units"` // ascending by id
	Fault     string       `json:"fault"` // of the last look, search or submission; "" when all is well
}

// UnitStatus is how one unit stands.
type UnitStatus struct {
	ID        string          `json:"unit_id"` // 64 hex digits
	State     chain.UnitState `json:"state"`
	Searching bool            `json:"searching"`
	Rate      float64         `json:"hashes_per_second"`
	Found     uint32          `json:"found"` // in this epoch
	Sent      int             `json:"sent"`  // in blocks
	Verified  uint32          `json:"verified"`
}

func (l *loop) state() Status {
	s := Status{
		Epoch: l.view.Epoch, Known: l.view.Known, Void: l.view.Void, Fast: l.fast, Why: l.why,
		MinProofs: l.view.MinProofs, MaxProofs: l.view.MaxProofs, Units: []UnitStatus{},
	}
	if err := cmp.Or(l.readFault, l.searchFault, l.sendFault, l.diskFault); err != nil {
		s.Fault = err.Error()
	}
	for _, u := range l.sorted() {
		s.Units = append(s.Units, UnitStatus{
			ID: hex.EncodeToString(u.unit[:]), State: u.chain.State, Searching: u.search != nil, Rate: u.rate,
			Found: u.kept(), Sent: u.in(), Verified: u.chain.Proofs,
		})
	}
	return s
}
