// SPDX-License-Identifier: Apache-2.0

package types

import "bytes"

// Validate checks that the parts of the state agree with each other.
//
// Errors: ErrInvalidGenesis, ErrInvalidParams.
func (g AdmissionState) Validate() error {
	rounds := make(map[uint64]*Round, len(g.Rounds))
	batches, roots := make(map[uint64]uint64), make(map[uint64]uint64)
	for i, r := range g.Rounds {
		if i > 0 && r.Epoch <= g.Rounds[i-1].Epoch || len(r.Nonce) != 32 || len(r.Difficulty) != 32 || r.Sampled != 0 && len(r.Beacon) != 32 {
			return ErrInvalidGenesis.Wrapf("admission.rounds[%d]: out of order, or nonce, difficulty or beacon not of 32 bytes", i)
		}
		if err := r.Params.Validate(); err != nil {
			return err
		}
		rounds[r.Epoch] = &g.Rounds[i]
	}
	if err := g.validateBatches(rounds, batches); err != nil {
		return err
	}
	for i, r := range g.Roots {
		if i > 0 && !less(g.Roots[i-1].Epoch, g.Roots[i-1].PeerId, r.Epoch, r.PeerId) || len(r.PeerId) != idBytes || len(r.Root) != 32 || rounds[r.Epoch] == nil {
			return ErrInvalidGenesis.Wrapf("admission.roots[%d]: out of order, without a round, or ids not of 32 bytes", i)
		}
		if _, err := r.Layout(); err != nil {
			return ErrInvalidGenesis.Wrapf("admission.roots[%d]: %v", i, err)
		}
		if !r.Settled {
			roots[r.Epoch]++
		}
	}
	for i, r := range g.Rounds {
		if r.Batches != batches[r.Epoch] || r.Roots != roots[r.Epoch] && !r.Done {
			return ErrInvalidGenesis.Wrapf("admission.rounds[%d]: counts %d batches and %d roots, there are %d and %d", i, r.Batches, r.Roots, batches[r.Epoch], roots[r.Epoch])
		}
	}
	for i, n := range g.Nonces {
		if i > 0 && !less(g.Nonces[i-1].Epoch, g.Nonces[i-1].UnitId, n.Epoch, n.UnitId) || len(n.UnitId) != idBytes || len(n.Tags) == 0 || len(n.Tags)%tagBytes != 0 {
			return ErrInvalidGenesis.Wrapf("admission.nonces[%d]: out of order or malformed", i)
		}
	}
	for i, d := range g.Direct {
		if i > 0 && !less(g.Direct[i-1].Epoch, g.Direct[i-1].PeerId, d.Epoch, d.PeerId) || len(d.PeerId) != idBytes {
			return ErrInvalidGenesis.Wrapf("admission.direct[%d]: out of order or malformed", i)
		}
	}
	return nil
}

// validateBatches checks queue, due batches, flows and meter, and counts batches by epoch.
func (g AdmissionState) validateBatches(rounds map[uint64]*Round, batches map[uint64]uint64) error {
	flows := make(map[string]uint64)
	var queued uint64
	for i, b := range g.Queue {
		if err := b.Validate(); err != nil {
			return err
		}
		if i > 0 && (b.Turn < g.Queue[i-1].Turn || b.Turn == g.Queue[i-1].Turn && b.Seq <= g.Queue[i-1].Seq) || b.Due != 0 || b.Seq >= g.Meter.NextSeq || rounds[b.Epoch] == nil {
			return ErrInvalidGenesis.Wrapf("admission.queue[%d]: out of order, due, or without a round", i)
		}
		if !b.Opened {
			queued += rounds[b.Epoch].Params.Cost(b.Len())
		}
		flows[b.Provider]++
		batches[b.Epoch]++
	}
	for i, b := range g.Due {
		if err := b.Validate(); err != nil {
			return err
		}
		if i > 0 && (b.Due < g.Due[i-1].Due || b.Due == g.Due[i-1].Due && b.Seq <= g.Due[i-1].Seq) || b.Due == 0 || b.Seq >= g.Meter.NextSeq || rounds[b.Epoch] == nil {
			return ErrInvalidGenesis.Wrapf("admission.due[%d]: out of order, not due, or without a round", i)
		}
		batches[b.Epoch]++
	}
	if queued != g.Meter.Queued {
		return ErrInvalidGenesis.Wrapf("admission.meter.queued %d: the queue costs %d", g.Meter.Queued, queued)
	}
	for i, f := range g.Flows {
		if i > 0 && f.Provider <= g.Flows[i-1].Provider || f.Batches != flows[f.Provider] || f.Batches == 0 {
			return ErrInvalidGenesis.Wrapf("admission.flows[%d]: out of order, or %d batches of %d", i, f.Batches, flows[f.Provider])
		}
	}
	if len(g.Flows) != len(flows) {
		return ErrInvalidGenesis.Wrapf("admission.flows: %d for %d providers in the queue", len(g.Flows), len(flows))
	}
	return nil
}

// less orders keys of an epoch and an id.
func less(e1 uint64, id1 []byte, e2 uint64, id2 []byte) bool {
	return e1 < e2 || e1 == e2 && bytes.Compare(id1, id2) < 0
}
