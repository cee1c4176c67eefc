// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"

	"cosmossdk.io/collections"
	errorsmod "cosmossdk.io/errors"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// maxScheduled bounds how many batches one block schedules, whatever they cost.
const maxScheduled = 1024

// atProof names the proof of a message that an error is about.
func atProof(err error, i int) error { return errorsmod.Wrapf(err, "proofs[%d]", i) }

// enqueue gives batches their numbers and turns. A batch's turn is that of the
// batch scheduled last, or the cost of all its provider has in the queue later: so
// providers share the budget evenly, however much one of them sends.
func (a *Admission) enqueue(ctx context.Context, r *types.Round, m *types.Meter, batches []types.Batch) error {
	for _, b := range batches {
		f, ok, err := get(ctx, a.flows, b.Provider)
		if err != nil {
			return err
		}
		if !ok {
			f = types.Flow{Provider: b.Provider}
		}
		b.Seq, b.Turn = m.NextSeq, max(m.Turn, f.Turn)
		m.NextSeq++
		f.Turn = b.Turn + r.Params.Cost(b.Len())
		f.Batches++
		if err := a.flows.Set(ctx, b.Provider, f); err != nil {
			return err
		}
		if err := a.queue.Set(ctx, collections.Join(b.Turn, b.Seq), b); err != nil {
			return err
		}
		r.Batches++
	}
	return a.meter.Set(ctx, *m)
}

// schedule takes from the queue what the budget of this block pays for, and fixes
// the height at which it is due. What the budget leaves is kept while a batch
// waits that it did not pay for.
func (a *Admission) schedule(ctx context.Context, p types.AdmissionParams) error {
	m, err := item(ctx, a.meter)
	if err != nil {
		return err
	}
	head, err := walk(ctx, a.queue, nil, 1)
	if err != nil || len(head) == 0 {
		return err
	}
	budget := m.Credit + uint64(p.Budget)
	// The list is longer than the budget can pay for, or holds the whole queue.
	limit := int(min(budget/p.Cost(1)+2, maxScheduled))
	list, err := walk(ctx, a.queue, nil, limit)
	if err != nil {
		return err
	}
	due := uint64(sdk.UnwrapSDKContext(ctx).BlockHeight()) + uint64(p.Delay)
	m.Credit = 0
	for _, kv := range list {
		cost := p.Cost(kv.Value.Len())
		if cost > budget {
			m.Credit = budget
			break
		}
		budget -= cost
		if err := a.move(ctx, &m, kv.Key, kv.Value, due); err != nil {
			return err
		}
	}
	return a.meter.Set(ctx, m)
}

// move takes a batch from the queue to those that wait for a verdict.
func (a *Admission) move(ctx context.Context, m *types.Meter, at place, b types.Batch, due uint64) error {
	if err := a.queue.Remove(ctx, at); err != nil {
		return err
	}
	m.Turn = b.Turn
	if !b.Opened {
		r, ok, err := get(ctx, a.rounds, b.Epoch)
		if err != nil {
			return err
		}
		if ok { // its cost at admission, whatever the params say now
			m.Queued -= min(m.Queued, r.Params.Cost(b.Len()))
		}
	}
	f, ok, err := get(ctx, a.flows, b.Provider)
	if err != nil {
		return err
	}
	if ok {
		if f.Batches--; f.Batches == 0 {
			err = a.flows.Remove(ctx, b.Provider)
		} else {
			err = a.flows.Set(ctx, b.Provider, f)
		}
		if err != nil {
			return err
		}
	}
	b.Due = due
	return a.due.Set(ctx, collections.Join(due, b.Seq), b)
}

// Due returns up to limit batches that may have their verdicts in the block that
// ctx describes, in the order of due height and number.
func (a *Admission) Due(ctx context.Context, limit int) ([]types.Batch, error) {
	return batches(walk(ctx, a.due, upTo(uint64(sdk.UnwrapSDKContext(ctx).BlockHeight())), limit))
}

// Upcoming returns up to limit batches that will be due first: those that wait for
// their verdicts, then those at the head of the queue.
func (a *Admission) Upcoming(ctx context.Context, limit int) ([]types.Batch, error) {
	list, err := batches(walk(ctx, a.due, nil, limit))
	if err != nil || len(list) >= limit {
		return list, err
	}
	queued, err := batches(walk(ctx, a.queue, nil, limit-len(list)))
	return append(list, queued...), err
}

// upTo is the range of batches that are due at a height.
func upTo(height uint64) collections.Ranger[place] {
	return new(collections.Range[place]).EndExclusive(collections.Join(height+1, uint64(0)))
}

func batches(list []collections.KeyValue[place, types.Batch], err error) ([]types.Batch, error) {
	if err != nil {
		return nil, err
	}
	all := make([]types.Batch, len(list))
	for i, kv := range list {
		all[i] = kv.Value
	}
	return all, nil
}
