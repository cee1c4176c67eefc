// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"cmp"
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/perimeter/types"
)

// expirePerBlock bounds the versions that a block forgets. A version brings at most
// max_batch memberships and two policies with it.
const expirePerBlock = 16

// EndBlock forgets versions whose retention is over, oldest first, and what only
// they needed.
func (k *Keeper) EndBlock(ctx context.Context) error {
	due, err := k.due(ctx, uint64(sdk.UnwrapSDKContext(ctx).BlockHeight()))
	if err != nil {
		return err
	}
	for _, e := range due {
		if err := k.forget(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) due(ctx context.Context, height uint64) (due []expiry, err error) {
	it, err := k.expiries.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, it.Close()) }()
	for ; it.Valid() && len(due) < expirePerBlock; it.Next() {
		e, err := it.Key()
		if err != nil || e.K1() >= height {
			return due, err
		}
		due = append(due, e)
	}
	return due, nil
}

func (k *Keeper) forget(ctx context.Context, e expiry) error {
	id, version := e.K2(), e.K3()
	old, err := k.Version(ctx, id, version)
	if err != nil {
		return err
	}
	next, err := k.Version(ctx, id, version+1)
	if err != nil {
		return err
	}
	if err := cmp.Or(k.versions.Remove(ctx, collections.Join(id, version)), k.expiries.Remove(ctx, e)); err != nil {
		return err
	}
	if err := k.forgetSpans(ctx, id, version, next.Policy); err != nil {
		return err
	}
	if old.Policy != next.Policy {
		return k.forgetPolicy(ctx, id, old.Policy, next.Policy)
	}
	return nil
}

// forgetSpans removes the spans whose last version is gone.
func (k *Keeper) forgetSpans(ctx context.Context, id []byte, version, oldest uint64) error {
	it, err := k.ended.Iterate(ctx, collections.NewSuperPrefixedTripleRange[[]byte, uint64, []byte](id, version))
	if err != nil {
		return err
	}
	keys, err := it.Keys() // at most max_batch
	if err != nil {
		return err
	}
	for _, key := range keys {
		m, err := k.members.Get(ctx, collections.Join(id, key.K3()))
		if err != nil {
			return err
		}
		var gone []types.Span
		for len(m.Spans) > 0 && m.Spans[0].To != 0 && m.Spans[0].To <= version+1 {
			gone, m.Spans = append(gone, m.Spans[0]), m.Spans[1:]
		}
		if err := cmp.Or(k.ended.Remove(ctx, key), k.store(ctx, m)); err != nil {
			return err
		}
		for _, s := range gone {
			if err := k.use(ctx, id, s, -1); err != nil {
				return err
			}
			if s.Follow || s.Policy >= oldest {
				continue
			}
			if err := k.forgetPolicy(ctx, id, s.Policy, oldest); err != nil {
				return err
			}
		}
	}
	return nil
}

// forgetPolicy removes a policy that is older than that of the oldest version kept,
// unless a membership holds on to it.
func (k *Keeper) forgetPolicy(ctx context.Context, id []byte, number, oldest uint64) error {
	p, err := k.policies.Get(ctx, collections.Join(id, number))
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return nil
	case err != nil:
		return err
	case p.Uses > 0 || number >= oldest:
		return nil
	}
	return k.policies.Remove(ctx, collections.Join(id, number))
}
