// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// InitGenesis writes a state that AdmissionState.Validate accepts.
func (a *Admission) InitGenesis(ctx context.Context, g types.AdmissionState) error {
	if g.Meter != (types.Meter{}) {
		if err := a.meter.Set(ctx, g.Meter); err != nil {
			return err
		}
	}
	for _, b := range g.Queue {
		if err := a.queue.Set(ctx, collections.Join(b.Turn, b.Seq), b); err != nil {
			return err
		}
	}
	for _, b := range g.Due {
		if err := a.due.Set(ctx, collections.Join(b.Due, b.Seq), b); err != nil {
			return err
		}
	}
	for _, r := range g.Roots {
		if err := a.roots.Set(ctx, collections.Join(r.Epoch, r.PeerId), r); err != nil {
			return err
		}
	}
	for _, r := range g.Rounds {
		if err := a.rounds.Set(ctx, r.Epoch, r); err != nil {
			return err
		}
	}
	for _, n := range g.Nonces {
		if err := a.nonces.Set(ctx, collections.Join(n.Epoch, n.UnitId), n); err != nil {
			return err
		}
	}
	for _, f := range g.Flows {
		if err := a.flows.Set(ctx, f.Provider, f); err != nil {
			return err
		}
	}
	for _, d := range g.Direct {
		if err := a.direct.Set(ctx, collections.Join(d.Epoch, d.PeerId)); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the whole state.
func (a *Admission) ExportGenesis(ctx context.Context) (g types.AdmissionState, err error) {
	if g.Meter, err = item(ctx, a.meter); err != nil {
		return g, err
	}
	if g.Queue, err = values(ctx, a.queue); err != nil {
		return g, err
	}
	if g.Due, err = values(ctx, a.due); err != nil {
		return g, err
	}
	if g.Roots, err = values(ctx, a.roots); err != nil {
		return g, err
	}
	if g.Rounds, err = values(ctx, a.rounds); err != nil {
		return g, err
	}
	if g.Nonces, err = values(ctx, a.nonces); err != nil {
		return g, err
	}
	if g.Flows, err = values(ctx, a.flows); err != nil {
		return g, err
	}
	err = a.direct.Walk(ctx, nil, func(key of) (bool, error) {
		g.Direct = append(g.Direct, types.PeerEpoch{Epoch: key.K1(), PeerId: key.K2()})
		return false, nil
	})
	return g, err
}

// values returns all values of m in the order of their keys.
func values[K, V any](ctx context.Context, m collections.Map[K, V]) ([]V, error) {
	it, err := m.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}

// CheckInvariants reports the first part of the state that contradicts another:
// rounds count their batches and roots, flows and the meter what is in the queue,
// roots their batches.
//
// Errors: ErrBrokenState.
func (a *Admission) CheckInvariants(ctx context.Context) error {
	g, err := a.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := g.Validate(); err != nil {
		return types.ErrBrokenState.Wrap(err.Error())
	}
	pending := func(r types.Root) (n uint32) {
		for _, list := range [][]types.Batch{g.Queue, g.Due} {
			for _, b := range list {
				if b.Opened && b.Epoch == r.Epoch && bytes.Equal(b.PeerId, r.PeerId) {
					n++
				}
			}
		}
		return n
	}
	for _, r := range g.Roots {
		if n := pending(r); n != r.Pending {
			return types.ErrBrokenState.Wrapf("root of peer %x in epoch %d: %d batches pending, %d wait", r.PeerId, r.Epoch, r.Pending, n)
		}
	}
	return nil
}
