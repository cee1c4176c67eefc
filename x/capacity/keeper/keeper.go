// SPDX-License-Identifier: Apache-2.0

// Package keeper holds the capacity economy: commitments with their collateral,
// what their units proved and failed, rewards and their vesting, the reward
// pool and the price of FLT.
//
// Nothing is booked by walking over units at the end of an epoch. A commitment
// is settled when somebody touches it, or when its turn in a queue comes, and
// the result is the same whenever that happens: every view settles a copy.
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

	admit "github.com/go-fluence/fluence/x/capacity/admission"
	"github.com/go-fluence/fluence/x/capacity/types"
)

// byCommitment is a key that begins with a commitment's id.
type byCommitment = collections.Pair[[]byte, uint64]

// vestingKey is commitment, first unlock and terms.
type vestingKey = collections.Triple[[]byte, uint64, uint64]

// Keeper reads and moves the capacity economy.
type Keeper struct {
	authority string
	addresses address.Codec
	epochs    types.Epochs
	market    types.Market
	bank      types.Bank
	community types.Community
	holder    sdk.AccAddress // holds collateral
	pool      sdk.AccAddress // pays rewards
	blocked   func(sdk.AccAddress) bool
	hooks     types.CommitmentHooks
	hold      func(context.Context) (epoch uint64, ok bool, err error) // admission's oldest epoch with something pending

	schema      collections.Schema
	history     collections.Map[uint64, types.Params]
	records     collections.Map[uint64, types.EpochRecord]
	commitments collections.Map[[]byte, types.Commitment]
	books       collections.Map[[]byte, types.Book]
	byPeer      collections.Map[[]byte, []byte]
	byProvider  collections.KeySet[collections.Pair[string, []byte]]
	byDelegator collections.KeySet[collections.Pair[string, []byte]]
	tallies     collections.Map[byCommitment, types.Tally]
	vestings    collections.Map[vestingKey, types.Vesting]
	reports     collections.Map[string, types.Report]
	totals      collections.Item[types.Totals]
	checks      collections.KeySet[collections.Pair[uint64, []byte]]
	ending      collections.Map[uint64, uint64]

	admission *admit.Admission
}

// Deps are what the keeper calls.
type Deps struct {
	Addresses address.Codec
	Epochs    types.Epochs
	Beacon    admit.Beacon
	Market    types.Market
	Bank      types.Bank
	Community types.Community
	// Blocked reports whether an account, in bytes, must not receive coins.
	Blocked func(addr sdk.AccAddress) bool
	// Collateral and Rewards are the module accounts types.ModuleName and types.RewardPoolName.
	Collateral, Rewards sdk.AccAddress
}

// New returns a keeper over the module's store. The authority is the address that
// may change params. It panics when the store's schema is broken.
func New(cdc codec.BinaryCodec, service store.KVStoreService, d Deps, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	perParty := collections.PairKeyCodec(collections.StringKey, collections.BytesKey)
	k := &Keeper{
		authority: authority, addresses: d.Addresses, epochs: d.Epochs, market: d.Market, bank: d.Bank, community: d.Community,
		holder: d.Collateral, pool: d.Rewards, blocked: d.Blocked, hooks: types.MultiCommitmentHooks{},
		history:     collections.NewMap(sb, types.HistoryKey, "history", collections.Uint64Key, codec.CollValue[types.Params](cdc)),
		records:     collections.NewMap(sb, types.EpochsKey, "epochs", collections.Uint64Key, codec.CollValue[types.EpochRecord](cdc)),
		commitments: collections.NewMap(sb, types.CommitmentsKey, "commitments", collections.BytesKey, codec.CollValue[types.Commitment](cdc)),
		books:       collections.NewMap(sb, types.BooksKey, "books", collections.BytesKey, codec.CollValue[types.Book](cdc)),
		byPeer:      collections.NewMap(sb, types.ByPeerKey, "by_peer", collections.BytesKey, collections.BytesValue),
		byProvider:  collections.NewKeySet(sb, types.ByProviderKey, "by_provider", perParty),
		byDelegator: collections.NewKeySet(sb, types.ByDelegatorKey, "by_delegator", perParty),
		tallies:     collections.NewMap(sb, types.TalliesKey, "tallies", collections.PairKeyCodec(collections.BytesKey, collections.Uint64Key), codec.CollValue[types.Tally](cdc)),
		vestings:    collections.NewMap(sb, types.VestingsKey, "vestings", collections.TripleKeyCodec(collections.BytesKey, collections.Uint64Key, collections.Uint64Key), codec.CollValue[types.Vesting](cdc)),
		reports:     collections.NewMap(sb, types.ReportsKey, "reports", collections.StringKey, codec.CollValue[types.Report](cdc)),
		totals:      collections.NewItem(sb, types.TotalsKey, "totals", codec.CollValue[types.Totals](cdc)),
		checks:      collections.NewKeySet(sb, types.ChecksKey, "checks", collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey)),
		ending:      collections.NewMap(sb, types.EndingKey, "ending", collections.Uint64Key, collections.Uint64Value),
	}
	k.admission = admit.New(sb, cdc, k, d.Epochs, d.Beacon)
	k.hold = k.oldestPending
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// SetHooks names the listener of commitments. It is called once, while the
// application is wired.
func (k *Keeper) SetHooks(h types.CommitmentHooks) { k.hooks = h }

// Authority returns the address that may change params.
func (k *Keeper) Authority() string { return k.authority }

// Schema returns the schema of the module's store.
func (k *Keeper) Schema() collections.Schema { return k.schema }

// get returns the value of a key, or missing with the key's name.
func get[K, V any](ctx context.Context, m collections.Map[K, V], key K, missing error) (V, error) {
	v, err := m.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		err = missing
	}
	return v, err
}

// last returns the value with the greatest key that is at most the given one.
func last[V any](ctx context.Context, m collections.Map[uint64, V], upTo uint64) (key uint64, v V, ok bool, err error) {
	it, err := m.Iterate(ctx, new(collections.Range[uint64]).EndInclusive(upTo).Descending())
	if err != nil {
		return 0, v, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if !it.Valid() {
		return 0, v, false, nil
	}
	kv, err := it.KeyValue()
	return kv.Key, kv.Value, err == nil, err
}

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}

// apart runs f on a branch. What f wrote is undone when it fails, and its error is logged.
func (k *Keeper) apart(ctx context.Context, what string, f func(ctx context.Context) error) {
	sctx := sdk.UnwrapSDKContext(ctx)
	branch, write := sctx.CacheContext()
	if err := f(branch); err != nil {
		sctx.Logger().Error("capacity: "+what, "err", err)
		return
	}
	write()
}
