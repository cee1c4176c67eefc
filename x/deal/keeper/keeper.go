// SPDX-License-Identifier: Apache-2.0

// Package keeper holds deals, their money and their workers. Bills are lazy: an
// account is settled when it is read, and every view is exact at every height. The
// work per block is bounded by two budgets; every iteration by a limit or a param.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/x/deal/types"
)

type (
	pair     = collections.Pair[[]byte, []byte]
	duePair  = collections.Pair[uint64, []byte]
	grantKey = collections.Triple[[]byte, []byte, string]
)

// Keeper reads and writes deals.
type Keeper struct {
	authority string
	addresses address.Codec
	epochs    types.Epochs
	judge     types.Judge
	market    types.Market
	capacity  types.Capacity
	bank      types.Bank
	pool      types.Pool
	biller    types.Biller

	schema       collections.Schema
	params       collections.Item[types.Params]
	sequence     collections.Item[uint64]
	owners       collections.Map[[]byte, uint64]
	deals        collections.Map[[]byte, types.Deal]
	accounts     collections.Map[[]byte, types.Account]
	workers      collections.Map[pair, types.Worker] // deal, worker
	byOwner      collections.KeySet[pair]            // owner, deal
	byPeer       collections.Map[pair, []byte]       // peer, deal → worker
	counts       collections.Map[pair, uint64]       // deal, provider
	access       collections.KeySet[pair]            // deal, provider
	due          collections.KeySet[duePair]
	grants       collections.Map[grantKey, types.Grant] // grantee, granter, denom
	rematches    collections.Map[[]byte, types.Rematch]
	rematchAfter collections.Item[[]byte]
}

// New returns a keeper over the module's store that bills by time. The authority is
// the address that may change params. It panics when the store's schema is broken.
func New(
	cdc codec.BinaryCodec, service store.KVStoreService, addresses address.Codec, epochs types.Epochs, judge types.Judge,
	market types.Market, capacity types.Capacity, bank types.Bank, pool types.Pool, authority string,
) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	raw := collections.BytesKey
	pairs := collections.PairKeyCodec(raw, raw)
	k := &Keeper{
		authority: authority, addresses: addresses, epochs: epochs, judge: judge, market: market, capacity: capacity,
		bank: bank, pool: pool, biller: types.ByTime{},
		params:       collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		sequence:     collections.NewItem(sb, types.WorkerSequenceKey, "worker_sequence", collections.Uint64Value),
		owners:       collections.NewMap(sb, types.OwnerSequencesKey, "owner_sequences", raw, collections.Uint64Value),
		deals:        collections.NewMap(sb, types.DealsKey, "deals", raw, codec.CollValue[types.Deal](cdc)),
		accounts:     collections.NewMap(sb, types.AccountsKey, "accounts", raw, codec.CollValue[types.Account](cdc)),
		workers:      collections.NewMap(sb, types.WorkersKey, "workers", pairs, codec.CollValue[types.Worker](cdc)),
		byOwner:      collections.NewKeySet(sb, types.DealsByOwnerKey, "deals_by_owner", pairs),
		byPeer:       collections.NewMap(sb, types.WorkersByPeerKey, "workers_by_peer", pairs, collections.BytesValue),
		counts:       collections.NewMap(sb, types.ProviderCountsKey, "provider_counts", pairs, collections.Uint64Value),
		access:       collections.NewKeySet(sb, types.AccessKey, "access", pairs),
		due:          collections.NewKeySet(sb, types.DueKey, "due", collections.PairKeyCodec(collections.Uint64Key, raw)),
		grants:       collections.NewMap(sb, types.GrantsKey, "grants", collections.TripleKeyCodec(raw, raw, collections.StringKey), codec.CollValue[types.Grant](cdc)),
		rematches:    collections.NewMap(sb, types.RematchesKey, "rematches", raw, codec.CollValue[types.Rematch](cdc)),
		rematchAfter: collections.NewItem(sb, types.RematchAfterKey, "rematch_after", collections.BytesValue),
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

// Deal returns a deal.
//
// Errors: ErrInvalidID, ErrDealNotFound.
func (k *Keeper) Deal(ctx context.Context, id []byte) (types.Deal, error) {
	if err := types.CheckID("deal_id", id, types.DealIDBytes); err != nil {
		return types.Deal{}, err
	}
	d, err := k.deals.Get(ctx, id)
	if errors.Is(err, collections.ErrNotFound) {
		err = types.ErrDealNotFound.Wrap(types.Hex(id))
	}
	return d, err
}

// Worker returns a worker of a deal.
//
// Errors: ErrInvalidID, ErrWorkerNotFound.
func (k *Keeper) Worker(ctx context.Context, deal, id []byte) (types.Worker, error) {
	if err := types.CheckID("worker_id", id, types.WorkerIDBytes); err != nil {
		return types.Worker{}, err
	}
	w, err := k.workers.Get(ctx, collections.Join(deal, id))
	if errors.Is(err, collections.ErrNotFound) {
		err = types.ErrWorkerNotFound.Wrapf("deal %s has no worker %s", types.Hex(deal), types.Hex(id))
	}
	return w, err
}

// moment is a point in the time of deals.
type moment struct {
	epoch uint64 // running
	clock uint64 // live epochs that have ended
	live  bool   // the running epoch cannot end void any more
}

// now returns the running moment.
func (k *Keeper) now(ctx context.Context) (moment, error) {
	cur, err := k.epochs.Current(ctx)
	if err != nil {
		return moment{}, err
	}
	m := moment{epoch: cur.Number}
	if cur.Blocks >= uint64(cur.Params.MinBlocks) {
		if m.live, err = k.judge.Live(ctx, cur.Number); err != nil {
			return moment{}, err
		}
	}
	if cur.Number > 1 {
		voids, err := k.epochs.VoidCount(ctx, cur.Number-1)
		if err != nil {
			return moment{}, err
		}
		m.clock = cur.Number - 1 - voids
	}
	return m, nil
}

// epochOf returns the first ended epoch after which the clock showed the given
// number; 0 for 0. It takes as many reads as the running epoch has binary digits.
func (k *Keeper) epochOf(ctx context.Context, clock uint64, now moment) (uint64, error) {
	if clock == 0 {
		return 0, nil
	}
	low, high := uint64(1), max(now.epoch, 2)-1
	for low < high {
		mid := low + (high-low)/2
		voids, err := k.epochs.VoidCount(ctx, mid)
		if err != nil {
			return 0, err
		}
		if mid-voids >= clock {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low, nil
}

// account reads an account and spells it in the one way the state has, whichever
// the sender used.
//
// Errors: ErrInvalidAddress.
func (k *Keeper) account(field, account string) (sdk.AccAddress, string, error) {
	addr, err := k.addresses.StringToBytes(account)
	if err != nil || len(addr) == 0 || len(addr) > 255 {
		return nil, "", types.ErrInvalidAddress.Wrapf("%s %q: want an account", field, account)
	}
	name, err := k.addresses.BytesToString(addr)
	return addr, name, err
}

// holder is the account that holds the money of all deals.
func holder() sdk.AccAddress { return authtypes.NewModuleAddress(types.ModuleName) }

// atomically runs f and keeps what it wrote and announced only when it succeeds.
func atomically(ctx context.Context, f func(ctx context.Context) error) error {
	cached, write := sdk.UnwrapSDKContext(ctx).CacheContext()
	if err := f(cached); err != nil {
		return err
	}
	write()
	return nil
}

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}
