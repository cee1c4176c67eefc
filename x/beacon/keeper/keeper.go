// SPDX-License-Identifier: Apache-2.0

// Package keeper holds the VRF keys of validators and turns their outputs into one
// value per epoch. It verifies at most one proof per block, never makes one except
// for the proposer, and prunes what it no longer keeps a few values at a time.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/proofs/beacon"
	"github.com/go-fluence/fluence/x/beacon/types"
)

// Keeper makes and reads the values of epochs.
type Keeper struct {
	authority string
	epochs    types.Epochs
	staking   types.Staking

	schema        collections.Schema
	params        collections.Item[types.Params]
	registrations collections.Map[[]byte, types.Registration]
	beacons       collections.Map[uint64, types.Beacon]
	window        collections.Item[types.Window]
	keptFrom      collections.Item[uint64]
}

// New returns a keeper over the module's store. The authority is the address that
// may change params. It panics when the store's schema is broken.
func New(cdc codec.BinaryCodec, service store.KVStoreService, epochs types.Epochs, staking types.Staking, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	k := &Keeper{
		authority: authority,
		epochs:    epochs,
		staking:   staking,
		params:    collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		registrations: collections.NewMap(sb, types.RegistrationsKey, "registrations", collections.BytesKey,
			codec.CollValue[types.Registration](cdc)),
		beacons:  collections.NewMap(sb, types.BeaconsKey, "beacons", collections.Uint64Key, codec.CollValue[types.Beacon](cdc)),
		window:   collections.NewItem(sb, types.WindowKey, "window", codec.CollValue[types.Window](cdc)),
		keptFrom: collections.NewItem(sb, types.KeptFromKey, "kept_from", collections.Uint64Value),
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

// Params returns the params from the next epoch on.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// Value returns R_e, the value of an epoch.
//
// Errors: ErrBeaconPending until the end of the block that closes the window,
// ErrVoid when it closed with too few outputs or never did, ErrPruned.
func (k *Keeper) Value(ctx context.Context, epoch uint64) ([32]byte, error) {
	b, err := k.Beacon(ctx, epoch)
	if err != nil {
		return [32]byte{}, err
	}
	return [32]byte(b.Value), nil
}

// Nonce returns the global nonce of an epoch.
//
// Errors: those of Value.
func (k *Keeper) Nonce(ctx context.Context, epoch uint64) ([32]byte, error) {
	value, err := k.Value(ctx, epoch)
	if err != nil {
		return [32]byte{}, err
	}
	return beacon.Nonce(sdk.UnwrapSDKContext(ctx).ChainID(), epoch, value), nil
}

// Beacon returns the value of an epoch with how it was made.
//
// Errors: those of Value.
func (k *Keeper) Beacon(ctx context.Context, epoch uint64) (types.Beacon, error) {
	b, err := k.beacons.Get(ctx, epoch)
	if err == nil || !errors.Is(err, collections.ErrNotFound) {
		return b, err
	}
	w, err := k.window.Get(ctx)
	if err != nil {
		return b, err
	}
	kept, err := k.kept(ctx)
	switch {
	case err != nil:
		return b, err
	case epoch > w.Epoch || (epoch == w.Epoch && !w.Closed):
		return b, types.ErrBeaconPending.Wrapf("epoch %d: the window of epoch %d is open", epoch, w.Epoch)
	case epoch < kept:
		return b, types.ErrPruned.Wrapf("epoch %d: values are kept from epoch %d on", epoch, kept)
	}
	return b, types.ErrVoid.Wrapf("epoch %d", epoch)
}

// Live implements the judge of x/epoch: an epoch counts if it has a value.
func (k *Keeper) Live(ctx context.Context, epoch uint64) (bool, error) {
	return k.beacons.Has(ctx, epoch)
}

// kept returns the first epoch whose value was not pruned, 0 before the first was.
func (k *Keeper) kept(ctx context.Context) (uint64, error) {
	kept, err := k.keptFrom.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return 0, nil
	}
	return kept, err
}

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}
