// SPDX-License-Identifier: Apache-2.0

// Package keeper holds global names: who owns them, until when, and what they stand
// for. All times are block time; fees go to the community pool. What expires is
// removed in end block, a bounded number at a time.
package keeper

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/names/types"
)

type (
	owned  = collections.Pair[[]byte, []byte]
	timely = collections.Pair[uint64, []byte]
)

// Keeper reads and writes names.
type Keeper struct {
	authority string
	addresses address.Codec
	pool      types.Pool

	schema      collections.Schema
	params      collections.Item[types.Params]
	names       collections.Map[[]byte, types.Name]
	commitments collections.Map[[]byte, types.Commitment]
	primaries   collections.Map[[]byte, types.Primary]
	expiries    collections.KeySet[timely] // seconds, hash of a commitment
	byOwner     collections.KeySet[owned]  // account, hash of a name
	terms       collections.Item[uint64]
}

// New returns a keeper over the module's store. The authority is the address that
// may change params. It panics when the store's schema is broken.
func New(cdc codec.BinaryCodec, service store.KVStoreService, addresses address.Codec, pool types.Pool, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	raw := collections.BytesKey
	k := &Keeper{
		authority:   authority,
		addresses:   addresses,
		pool:        pool,
		params:      collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		names:       collections.NewMap(sb, types.NamesKey, "names", raw, codec.CollValue[types.Name](cdc)),
		commitments: collections.NewMap(sb, types.CommitmentsKey, "commitments", raw, codec.CollValue[types.Commitment](cdc)),
		primaries:   collections.NewMap(sb, types.PrimariesKey, "primaries", raw, codec.CollValue[types.Primary](cdc)),
		expiries:    collections.NewKeySet(sb, types.ExpiriesKey, "expiries", collections.PairKeyCodec(collections.Uint64Key, raw)),
		byOwner:     collections.NewKeySet(sb, types.ByOwnerKey, "by_owner", collections.PairKeyCodec(raw, raw)),
		terms:       collections.NewItem(sb, types.TermsKey, "terms", collections.Uint64Value),
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

// seconds is block time.
func seconds(ctx context.Context) uint64 {
	return uint64(max(sdk.UnwrapSDKContext(ctx).BlockTime().Unix(), 0))
}

// get returns a name as it is stored; ok is false when nothing is.
func (k *Keeper) get(ctx context.Context, name string) (n types.Name, ok bool, err error) {
	n, err = k.names.Get(ctx, types.Hash(name))
	if errors.Is(err, collections.ErrNotFound) {
		return n, false, nil
	}
	return n, err == nil, err
}

// Resolve returns a name that counts now and when its first level expires; in the
// grace period it still counts, and grace is set.
//
// Errors: ErrInvalidName, ErrNotFound.
func (k *Keeper) Resolve(ctx context.Context, name string) (n types.Name, expires uint64, grace bool, err error) {
	if err := types.CheckName(name); err != nil {
		return n, 0, false, err
	}
	p, err := k.params.Get(ctx)
	if err != nil {
		return n, 0, false, err
	}
	top, ok, err := k.get(ctx, types.Top(name))
	now := seconds(ctx)
	if err != nil || !ok || now > top.ExpiresAt+p.GraceSeconds {
		return n, 0, false, cmp.Or(err, types.ErrNotFound.Wrapf("%s: its first level is not registered", name))
	}
	n = top
	for at := name; strings.Contains(at, "."); at = types.Parent(at) { // at most three levels
		sub, ok, err := k.get(ctx, at)
		if err != nil || !ok || sub.Term != top.Term {
			return n, 0, false, cmp.Or(err, types.ErrNotFound.Wrapf("%s", at))
		}
		if at == name {
			n = sub
		}
	}
	return n, top.ExpiresAt, now > top.ExpiresAt, nil
}

// change returns a name that its owner, and controller if that may, can change now.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner.
func (k *Keeper) change(ctx context.Context, name, sender string, controller bool) (types.Name, error) {
	n, _, grace, err := k.Resolve(ctx, name)
	if err != nil {
		return n, err
	}
	from, err := k.canonical(sender)
	switch {
	case err != nil:
		return n, err
	case grace:
		return n, types.ErrExpired.Wrapf("%s: renew %s first", name, types.Top(name))
	case from == n.Owner, controller && n.Controller != "" && from == n.Controller:
		return n, nil
	}
	return n, types.ErrNotOwner.Wrapf("%s is owned by %s", name, n.Owner)
}

// canonical returns the one spelling of an address.
func (k *Keeper) canonical(addr string) (string, error) {
	b, err := k.addresses.StringToBytes(addr)
	if err != nil {
		return "", err
	}
	return k.addresses.BytesToString(b)
}

// put stores a name and moves it in the index of owners.
func (k *Keeper) put(ctx context.Context, n types.Name) error {
	hash := types.Hash(n.Name)
	old, ok, err := k.get(ctx, n.Name)
	if err != nil {
		return err
	}
	if ok {
		if err := k.unlist(ctx, old, hash); err != nil {
			return err
		}
	}
	owner, err := k.addresses.StringToBytes(n.Owner)
	if err != nil {
		return err
	}
	return cmp.Or(k.names.Set(ctx, hash, n), k.byOwner.Set(ctx, collections.Join(owner, hash)))
}

func (k *Keeper) unlist(ctx context.Context, n types.Name, hash []byte) error {
	owner, err := k.addresses.StringToBytes(n.Owner)
	if err != nil {
		return err
	}
	return k.byOwner.Remove(ctx, collections.Join(owner, hash))
}

// pay moves a fee to the community pool.
func (k *Keeper) pay(ctx context.Context, p types.Params, from string, price, most math.Int) (paid string, err error) {
	if most.IsNil() || price.GT(most) {
		return "", types.ErrPrice.Wrapf("%s%s, max_price is %s", price, p.Denom, most)
	}
	if price.IsZero() {
		return "", nil
	}
	addr, err := k.addresses.StringToBytes(from)
	if err != nil {
		return "", err
	}
	coin := sdk.NewCoin(p.Denom, price)
	return coin.String(), k.pool.FundCommunityPool(ctx, sdk.NewCoins(coin), addr)
}

func emit(ctx context.Context, n types.Name, change, paid string) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(&types.EventName{Name: n.Name, Owner: n.Owner, Change: change, Paid: paid})
}
