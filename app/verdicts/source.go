// SPDX-License-Identifier: Apache-2.0

package verdicts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// Reasons why a validator votes against a block for the verdicts it lists.
var (
	// ErrNoEngine says that this process has nothing that could tell a verdict.
	ErrNoEngine = errors.New("verdicts: no engine")
	// ErrNoVerdict says that this validator has no verdict of its own in time.
	ErrNoVerdict = errors.New("verdicts: no verdict in time")
	// ErrContradiction says that a listed verdict is not the one this validator found.
	ErrContradiction = errors.New("verdicts: verdict is wrong")
)

// Proofs is the chain's queue of proofs, as the state of a context has it.
type Proofs interface {
	// Due returns up to limit batches that may have verdicts in the context's block.
	Due(ctx context.Context, limit int) ([]types.Batch, error)
	// Upcoming returns up to limit batches in the order in which they will be due.
	Upcoming(ctx context.Context, limit int) ([]types.Batch, error)
	// Listed returns the batches that a payload decides, with their verdicts.
	Listed(ctx context.Context, payload []byte) ([]types.Batch, []types.BatchVerdict, error)
	// Apply books the verdicts of a payload.
	Apply(ctx context.Context, payload []byte) error
}

// Source speaks for capacity proofs in the system transaction.
type Source struct {
	proofs Proofs
	pool   *Pool // nil in processes that neither propose nor vote

	mu     *sync.Mutex // guards judged
	judged *int64      // the height of the block judged last
}

// NewSource returns the source over the chain's queue. Without a pool it proposes
// nothing and accepts no verdict.
func NewSource(proofs Proofs, pool *Pool) Source {
	return Source{proofs: proofs, pool: pool, mu: new(sync.Mutex), judged: new(int64)}
}

// Prepare lists the verdicts that this validator has on due batches; what it has
// none on stays due. When a block of the same height was judged before, a round has
// failed, and none is listed: verdicts must not keep the chain from going on.
func (s Source) Prepare(ctx sdk.Context, limit int) ([]byte, error) {
	if s.pool == nil || s.failedRound(ctx.BlockHeight()) {
		return nil, nil
	}
	due, err := s.proofs.Due(ctx, types.MaxVerdicts)
	if err != nil {
		return nil, err
	}
	var list []types.BatchVerdict
	size := 0
	for _, b := range due {
		v, ok := s.pool.Lookup(b)
		if !ok {
			continue
		}
		entry := types.BatchVerdict{Due: b.Due, Seq: b.Seq, Verdicts: v}
		if size += entry.Bytes(); size > limit {
			break
		}
		list = append(list, entry)
	}
	return types.AppendVerdicts(nil, list), nil
}

func (s Source) failedRound(height int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.judged >= height
}

// Check compares each listed verdict with this validator's own, and waits a bounded
// time for those it has not. No payload is always accepted.
//
// Errors: ErrNoEngine, ErrNoVerdict, ErrContradiction, types.ErrVerdictForm, types.ErrNotDue.
func (s Source) Check(ctx sdk.Context, payload []byte) error {
	s.mu.Lock()
	*s.judged = max(*s.judged, ctx.BlockHeight())
	s.mu.Unlock()
	if payload == nil {
		return nil
	}
	batches, listed, err := s.proofs.Listed(ctx, payload)
	if err != nil {
		return err
	}
	if s.pool == nil {
		return ErrNoEngine
	}
	wait, cancel := context.WithTimeout(ctx, s.pool.cfg.Wait)
	defer cancel()
	for i, own := range s.pool.Await(wait, batches) {
		switch {
		case own == nil:
			return fmt.Errorf("%w: batch %d", ErrNoVerdict, batches[i].Seq)
		case !slices.Equal(own, listed[i].Verdicts):
			return fmt.Errorf("%w: batch %d: listed %v, found %v", ErrContradiction, batches[i].Seq, listed[i].Verdicts, own)
		}
	}
	return nil
}

// Execute books the verdicts that a block carries. It reads only.
//
// Errors: types.ErrVerdictForm, types.ErrNotDue.
func (s Source) Execute(ctx sdk.Context, payload []byte) error { return s.proofs.Apply(ctx, payload) }
