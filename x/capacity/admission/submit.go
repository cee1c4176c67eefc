// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"context"

	"cosmossdk.io/collections"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/proofs/capacity"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// Gas for what a proof costs every validator beside the state it writes.
const (
	// KeyGas is charged for each new key, which takes a 256 MiB cache to use.
	KeyGas = 80_000
	// HashGas is charged for each hash to be computed.
	HashGas = 10_000
	// nodeGas is charged for each node of a tree that a message shows.
	nodeGas = 500
)

// group is what a message holds of one unit.
type group struct {
	proving types.Proving
	unit    []byte
	nonces  types.UnitNonces
	claims  []byte
}

// Submit admits proofs of the running epoch and queues them, all or none. Checks
// run cheapest first; nothing is written before the last one.
//
// Errors: ErrBatchSize, ErrProofForm, ErrWrongEpoch, ErrNonceUnknown,
// ErrProofAboveDifficulty, ErrNotOwner, ErrOtherPath, ErrDuplicateProof,
// ErrTooManyProofs, ErrQueueFull, and those of Record.RequireProving.
//
// Source: spec/market.md §1.8 (order of checks), §1.12.
func (a *Admission) Submit(ctx context.Context, msg *types.MsgSubmitProofs) (*types.MsgSubmitProofsResponse, error) {
	r, err := a.round(ctx, msg.Epoch)
	if err != nil {
		return nil, err
	}
	if n := len(msg.Proofs); n == 0 || n > int(r.Params.MaxBatch) {
		return nil, types.ErrBatchSize.Wrapf("proofs: %d, want 1 to %d; send several messages", n, r.Params.MaxBatch)
	}
	for i, p := range msg.Proofs {
		if err := checkProof(p, r.Difficulty); err != nil {
			return nil, atProof(err, i)
		}
	}
	groups, err := a.group(ctx, msg)
	if err != nil {
		return nil, err
	}
	return a.admit(ctx, r, groups)
}

// checkProof checks the form of a proof and its hash against the difficulty.
//
// Errors: ErrProofForm, ErrProofAboveDifficulty.
func checkProof(p types.CapacityProof, difficulty []byte) error {
	for _, f := range []struct {
		name string
		b    []byte
	}{{"unit_id", p.UnitId}, {"local_nonce", p.LocalNonce}, {"result_hash", p.ResultHash}} {
		if len(f.b) != 32 {
			return types.ErrProofForm.Wrapf("%s: %d bytes, want 32", f.name, len(f.b))
		}
	}
	if !capacity.Meets([32]byte(p.ResultHash), [32]byte(difficulty)) {
		return types.ErrProofAboveDifficulty.Wrapf("result_hash %x, difficulty %x", p.ResultHash, difficulty)
	}
	return nil
}

// group sorts the proofs of a message by unit, in the order in which the units come,
// and checks each unit and nonce.
func (a *Admission) group(ctx context.Context, msg *types.MsgSubmitProofs) ([]*group, error) {
	gas := sdk.UnwrapSDKContext(ctx).GasMeter()
	rules, err := a.record.EpochParams(ctx, msg.Epoch)
	if err != nil {
		return nil, err
	}
	var groups []*group
	byUnit := make(map[string]*group)
	for i, p := range msg.Proofs {
		g := byUnit[string(p.UnitId)]
		if g == nil {
			gas.ConsumeGas(KeyGas, "key of a unit")
			if g, err = a.newGroup(ctx, msg, p.UnitId); err != nil {
				return nil, atProof(err, i)
			}
			byUnit[string(p.UnitId)] = g
			groups = append(groups, g)
		}
		gas.ConsumeGas(HashGas, "hash of a proof")
		nonce := [32]byte(p.LocalNonce)
		if g.nonces.Has(nonce) {
			return nil, atProof(types.ErrDuplicateProof.Wrapf("unit %x, local_nonce %x", p.UnitId, p.LocalNonce), i)
		}
		if g.nonces.Len() >= int(rules.MaxProofs) {
			return nil, atProof(types.ErrTooManyProofs.Wrapf("unit %x: %d count in epoch %d", p.UnitId, rules.MaxProofs, msg.Epoch), i)
		}
		g.nonces.Add(nonce)
		g.claims = append(append(g.claims, p.LocalNonce...), p.ResultHash...)
	}
	return groups, nil
}

// newGroup checks that a unit may prove directly for the sender.
func (a *Admission) newGroup(ctx context.Context, msg *types.MsgSubmitProofs, unit []byte) (*group, error) {
	proving, err := a.record.RequireProving(ctx, unit, msg.Epoch)
	if err != nil {
		return nil, err
	}
	if proving.Owner != msg.Owner {
		return nil, types.ErrNotOwner.Wrapf("unit %x belongs to a peer of %s", unit, proving.Owner)
	}
	committed, err := a.roots.Has(ctx, collections.Join(msg.Epoch, proving.PeerId))
	if err != nil {
		return nil, err
	}
	if committed {
		return nil, types.ErrOtherPath.Wrapf("peer %x committed to its proofs of epoch %d", proving.PeerId, msg.Epoch)
	}
	nonces, ok, err := get(ctx, a.nonces, collections.Join(msg.Epoch, unit))
	if !ok {
		nonces = types.UnitNonces{Epoch: msg.Epoch, UnitId: unit}
	}
	return &group{proving: proving, unit: unit, nonces: nonces}, err
}

// admit queues groups whose proofs were checked.
//
// Errors: ErrQueueFull.
func (a *Admission) admit(ctx context.Context, r types.Round, groups []*group) (*types.MsgSubmitProofsResponse, error) {
	m, err := item(ctx, a.meter)
	if err != nil {
		return nil, err
	}
	var batches []types.Batch
	var cost uint64
	for _, g := range groups {
		for _, b := range split(r, g.unit, g.proving.PeerId, g.proving.Provider, g.claims) {
			batches = append(batches, b)
			cost += r.Params.Cost(b.Len())
		}
	}
	if m.Queued+cost > r.Params.QueueLimit {
		return nil, types.ErrQueueFull.Wrapf("cost %d over %d that wait, at most %d; send it again later", cost, m.Queued, r.Params.QueueLimit)
	}
	m.Queued += cost
	first := m.NextSeq
	if err := a.enqueue(ctx, &r, &m, batches); err != nil {
		return nil, err
	}
	for _, g := range groups {
		if err := a.nonces.Set(ctx, collections.Join(r.Epoch, g.unit), g.nonces); err != nil {
			return nil, err
		}
		if err := a.direct.Set(ctx, collections.Join(r.Epoch, g.proving.PeerId)); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventProofsQueued{PeerId: g.proving.PeerId, Epoch: r.Epoch, Proofs: uint32(len(g.claims) / 64)}); err != nil {
			return nil, err
		}
	}
	return &types.MsgSubmitProofsResponse{FirstSeq: first, Batches: uint32(len(batches)), Ahead: m.Queued}, a.rounds.Set(ctx, r.Epoch, r)
}

// split cuts the claims of a unit into batches that a block's budget pays for.
func split(r types.Round, unit, peer []byte, provider string, claims []byte) []types.Batch {
	key := capacity.UnitKey([32]byte(r.Nonce), [32]byte(unit))
	var batches []types.Batch
	for size := r.Params.PerBatch() * 64; len(claims) > 0; {
		n := min(size, len(claims))
		batches = append(batches, types.Batch{
			PeerId: peer, UnitId: unit, Epoch: r.Epoch, Key: bytes.Clone(key[:]), Claims: claims[:n:n], Provider: provider,
		})
		claims = claims[n:]
	}
	return batches
}
