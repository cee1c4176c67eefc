// SPDX-License-Identifier: Apache-2.0

// Package keeper holds the registry of revocations: who no longer trusts whom,
// which newer trust undid it, and which wallet speaks for which peer. Signatures
// are paid for before they are verified; nothing is iterated outside of queries.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/x/trust/types"
)

// pair is the key of what one key says of another: subject first.
type pair = collections.Pair[[]byte, []byte]

// Keeper reads and writes the registry.
type Keeper struct {
	authority string
	addresses address.Codec
	epochs    types.Epochs

	schema      collections.Schema
	params      collections.Item[types.Params]
	revocations collections.Map[pair, types.Revocation]
	anchors     collections.Map[pair, types.Anchor]
	bindings    collections.Map[[]byte, types.Binding]
	activity    collections.Map[[]byte, types.Activity]
}

// New returns a keeper over the module's store. The authority is the address that
// may change params. It panics when the store's schema is broken.
func New(cdc codec.BinaryCodec, service store.KVStoreService, addresses address.Codec, epochs types.Epochs, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	pairs := collections.PairKeyCodec(collections.BytesKey, collections.BytesKey)
	k := &Keeper{
		authority:   authority,
		addresses:   addresses,
		epochs:      epochs,
		params:      collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		revocations: collections.NewMap(sb, types.RevocationsKey, "revocations", pairs, codec.CollValue[types.Revocation](cdc)),
		anchors:     collections.NewMap(sb, types.AnchorsKey, "anchors", pairs, codec.CollValue[types.Anchor](cdc)),
		bindings:    collections.NewMap(sb, types.BindingsKey, "bindings", collections.BytesKey, codec.CollValue[types.Binding](cdc)),
		activity:    collections.NewMap(sb, types.ActivityKey, "activity", collections.BytesKey, codec.CollValue[types.Activity](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// Schema returns the schema of the module's store.
func (k *Keeper) Schema() collections.Schema { return k.schema }

// Params returns the params.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// Revocation returns what a key recorded against another, and the anchor that
// undid it, if any. It is absent with collections.ErrNotFound.
func (k *Keeper) Revocation(ctx context.Context, revoked, by []byte) (types.Revocation, *types.Anchor, error) {
	r, err := k.revocations.Get(ctx, collections.Join(revoked, by))
	if err != nil {
		return r, nil, err
	}
	a, err := k.anchors.Get(ctx, collections.Join(revoked, by))
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return r, nil, nil
	case err != nil:
		return r, nil, err
	}
	return r, &a, nil
}

// Revoked reports whether a recorded revocation of the pair stands: there is one,
// and no newer trust is anchored.
func (k *Keeper) Revoked(ctx context.Context, subject, by []byte) (bool, error) {
	r, a, err := k.Revocation(ctx, subject, by)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	return a == nil || a.IssuedAt <= r.RevokedAt, nil
}

// Wallet returns the wallet of a peer key in the form enc(key). It is absent with
// collections.ErrNotFound.
func (k *Keeper) Wallet(ctx context.Context, peerKey []byte) (string, error) {
	b, err := k.bindings.Get(ctx, peerKey)
	return b.Wallet, err
}

// count adds one to what a key had recorded in the running epoch, or refuses.
func (k *Keeper) count(ctx context.Context, key []byte, limit uint32) error {
	epoch, err := k.epochs.Number(ctx)
	if err != nil {
		return err
	}
	a, err := k.activity.Get(ctx, key)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return err
	}
	if err != nil || a.Epoch != epoch {
		a = types.Activity{Key: key, Epoch: epoch}
	}
	if a.Count >= limit {
		return types.ErrRateLimited.Wrapf("%d in epoch %d; the next begins soon", a.Count, epoch)
	}
	a.Count++
	return k.activity.Set(ctx, key, a)
}

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}
