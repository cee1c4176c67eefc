// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// maxCounted bounds what one query counts.
const maxCounted = 10_000

// Queue measures what waits for a verdict.
func (a *Admission) Queue(ctx context.Context) (*types.QueryQueueResponse, error) {
	m, err := item(ctx, a.meter)
	if err != nil {
		return nil, err
	}
	now, err := a.epochs.Number(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.record.AdmissionParams(ctx, now)
	if err != nil {
		return nil, err
	}
	due, err := walk(ctx, a.due, nil, maxCounted)
	if err != nil {
		return nil, err
	}
	rounds, err := walk(ctx, a.rounds, nil, maxRounds)
	if err != nil {
		return nil, err
	}
	res := &types.QueryQueueResponse{Meter: m, Params: p, Due: uint64(len(due))}
	for _, kv := range rounds {
		res.Rounds = append(res.Rounds, kv.Value)
	}
	return res, nil
}

// PeerProofs tells how a peer's proofs of an epoch stand, and which leaves it must
// open.
func (a *Admission) PeerProofs(ctx context.Context, peer []byte, epoch uint64) (*types.QueryPeerProofsResponse, error) {
	direct, err := a.direct.Has(ctx, collections.Join(epoch, peer))
	if err != nil {
		return nil, err
	}
	res := &types.QueryPeerProofsResponse{Direct: direct}
	root, ok, err := get(ctx, a.roots, collections.Join(epoch, peer))
	if err != nil || !ok {
		return res, err
	}
	res.Root = &root
	r, ok, err := get(ctx, a.rounds, epoch)
	if err != nil || !ok || r.Sampled == 0 {
		return res, err
	}
	res.Sampled, res.Left = true, r.Left
	if !r.Lot(peer).Drawn(root.UnitCount(), r.Params.SampleUnits) {
		return res, nil
	}
	layout, err := root.Layout()
	if err != nil {
		return nil, err
	}
	res.Indices = r.Lot(peer).Sample(layout.Len(), r.Params.Openings)
	return res, nil
}
