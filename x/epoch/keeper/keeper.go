// SPDX-License-Identifier: Apache-2.0

// Package keeper holds the state of x/epoch and moves it once per block. It
// reads block time only, and its work per block does not grow with the time
// that passed since the last one.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"

	"github.com/go-fluence/fluence/x/epoch/types"
)

// Keeper reads and moves the epoch.
type Keeper struct {
	authority string
	hooks     types.Hooks
	judge     types.Judge

	schema  collections.Schema
	next    collections.Item[types.Params]
	current collections.Item[types.Current]
	eras    collections.Map[uint64, types.Era]
	voids   collections.Map[uint64, types.VoidRange]
}

// New returns a keeper over the module's store. The authority is the address
// that may change params. It panics when the store's schema is broken.
func New(cdc codec.BinaryCodec, service store.KVStoreService, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	k := &Keeper{
		authority: authority,
		hooks:     types.MultiHooks{},
		next:      collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		current:   collections.NewItem(sb, types.CurrentKey, "current", codec.CollValue[types.Current](cdc)),
		eras:      collections.NewMap(sb, types.ErasKey, "eras", collections.Uint64Key, codec.CollValue[types.Era](cdc)),
		voids:     collections.NewMap(sb, types.VoidsKey, "voids", collections.Uint64Key, codec.CollValue[types.VoidRange](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// SetHooks names the listener of epoch changes. It is called once, while the
// application is wired.
func (k *Keeper) SetHooks(h types.Hooks) { k.hooks = h }

// SetJudge names who may void an epoch that had blocks enough. It is called once,
// while the application is wired; without a judge only blocks count.
func (k *Keeper) SetJudge(j types.Judge) { k.judge = j }

// Authority returns the address that may change params.
func (k *Keeper) Authority() string { return k.authority }

// Schema returns the schema of the module's store.
func (k *Keeper) Schema() collections.Schema { return k.schema }

// Current returns the running epoch.
func (k *Keeper) Current(ctx context.Context) (types.Current, error) { return k.current.Get(ctx) }

// Number returns the number of the running epoch.
func (k *Keeper) Number(ctx context.Context) (uint64, error) {
	c, err := k.current.Get(ctx)
	return c.Number, err
}

// NextParams returns the params from the next epoch on.
func (k *Keeper) NextParams(ctx context.Context) (types.Params, error) { return k.next.Get(ctx) }

// Void reports whether an epoch has ended void.
//
// Errors: ErrEpochNotBegun.
func (k *Keeper) Void(ctx context.Context, epoch uint64) (bool, error) {
	if err := k.begun(ctx, epoch); err != nil {
		return false, err
	}
	r, ok, err := k.voidsUpTo(ctx, epoch)
	return ok && epoch <= r.Last, err
}

// VoidCount returns the number of void epochs from epoch 1 up to and including
// the given one, in one look-up however many there are.
//
// Errors: ErrEpochNotBegun.
func (k *Keeper) VoidCount(ctx context.Context, epoch uint64) (uint64, error) {
	if err := k.begun(ctx, epoch); err != nil {
		return 0, err
	}
	r, ok, err := k.voidsUpTo(ctx, epoch)
	switch {
	case err != nil || !ok:
		return 0, err
	case epoch < r.Last:
		return r.Total - (r.Last - epoch), nil
	}
	return r.Total, nil
}

// EraOf returns the era of an epoch that has begun.
//
// Errors: ErrEpochNotBegun.
func (k *Keeper) EraOf(ctx context.Context, epoch uint64) (types.Era, error) {
	if err := k.begun(ctx, epoch); err != nil {
		return types.Era{}, err
	}
	e, ok, err := last(ctx, k.eras, epoch)
	if err == nil && !ok {
		err = types.ErrBrokenState.Wrapf("no era of epoch %d", epoch)
	}
	return e, err
}

// begun refuses epoch 0 and epochs after the running one.
func (k *Keeper) begun(ctx context.Context, epoch uint64) error {
	n, err := k.Number(ctx)
	if err != nil {
		return err
	}
	if epoch == 0 || epoch > n {
		return types.ErrEpochNotBegun.Wrapf("number %d: want 1 to %d", epoch, n)
	}
	return nil
}

// voidsUpTo returns the last range of void epochs that begins at or before the given one.
func (k *Keeper) voidsUpTo(ctx context.Context, epoch uint64) (types.VoidRange, bool, error) {
	return last(ctx, k.voids, epoch)
}

// last returns the value with the greatest key that is at most the given one.
func last[V any](ctx context.Context, m collections.Map[uint64, V], upTo uint64) (v V, ok bool, err error) {
	it, err := m.Iterate(ctx, new(collections.Range[uint64]).EndInclusive(upTo).Descending())
	if err != nil {
		return v, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Valid() {
		return v, false, nil
	}
	v, err = it.Value()
	return v, err == nil, err
}
