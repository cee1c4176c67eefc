// SPDX-License-Identifier: Apache-2.0

// Package keeper holds the supply side of the market: providers, offers, compute
// peers and compute units, and who holds which unit. Units change hands through
// Take and Return only. Signatures are paid for before they are verified, and
// every iteration is bounded by a limit of its caller or a param.
package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"
	errorsmod "cosmossdk.io/errors"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/x/market/types"
)

type (
	pair         = collections.Pair[[]byte, []byte]
	resourcePair = collections.Pair[uint64, []byte]
	statement    = collections.Triple[[]byte, []byte, string]
)

// Keeper reads and writes the market's supply side.
type Keeper struct {
	authority string
	addresses address.Codec
	epochs    types.Epochs
	hooks     types.UnitHooks

	schema      collections.Schema
	params      collections.Item[types.Params]
	sequence    collections.Item[uint64]
	providers   collections.Map[[]byte, types.Provider]
	approved    collections.KeySet[[]byte]
	auditors    collections.Map[[]byte, types.Auditor]
	attributes  collections.Map[statement, types.Attribute]
	resources   collections.Map[uint64, types.Resource]
	dataCenters collections.Map[uint64, types.DataCenter]
	effectors   collections.Map[[]byte, types.EffectorInfo]
	offers      collections.Map[[]byte, types.Offer]
	byProvider  collections.KeySet[pair]         // provider, offer
	byResource  collections.KeySet[resourcePair] // resource, offer
	peers       collections.Map[[]byte, types.Peer]
	byOffer     collections.KeySet[pair] // offer, peer
	units       collections.Map[[]byte, types.Unit]
	byPeer      collections.KeySet[pair] // peer, unit
	holdings    collections.Map[pair, types.Holding]
}

// New returns a keeper over the module's store. The authority is the address that
// may change params and registers. It panics when the store's schema is broken.
func New(cdc codec.BinaryCodec, service store.KVStoreService, addresses address.Codec, epochs types.Epochs, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	raw, num := collections.BytesKey, collections.Uint64Key
	pairs := collections.PairKeyCodec(raw, raw)
	k := &Keeper{
		authority:   authority,
		addresses:   addresses,
		epochs:      epochs,
		hooks:       types.MultiUnitHooks{},
		params:      collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		sequence:    collections.NewItem(sb, types.OfferSequenceKey, "offer_sequence", collections.Uint64Value),
		providers:   collections.NewMap(sb, types.ProvidersKey, "providers", raw, codec.CollValue[types.Provider](cdc)),
		approved:    collections.NewKeySet(sb, types.ApprovedKey, "approved", raw),
		auditors:    collections.NewMap(sb, types.AuditorsKey, "auditors", raw, codec.CollValue[types.Auditor](cdc)),
		attributes:  collections.NewMap(sb, types.AttributesKey, "attributes", collections.TripleKeyCodec(raw, raw, collections.StringKey), codec.CollValue[types.Attribute](cdc)),
		resources:   collections.NewMap(sb, types.ResourcesKey, "resources", num, codec.CollValue[types.Resource](cdc)),
		dataCenters: collections.NewMap(sb, types.DataCentersKey, "data_centers", num, codec.CollValue[types.DataCenter](cdc)),
		effectors:   collections.NewMap(sb, types.EffectorsKey, "effectors", raw, codec.CollValue[types.EffectorInfo](cdc)),
		offers:      collections.NewMap(sb, types.OffersKey, "offers", raw, codec.CollValue[types.Offer](cdc)),
		byProvider:  collections.NewKeySet(sb, types.OffersByProviderKey, "offers_by_provider", pairs),
		byResource:  collections.NewKeySet(sb, types.OffersByResourceKey, "offers_by_resource", collections.PairKeyCodec(num, raw)),
		peers:       collections.NewMap(sb, types.PeersKey, "peers", raw, codec.CollValue[types.Peer](cdc)),
		byOffer:     collections.NewKeySet(sb, types.PeersByOfferKey, "peers_by_offer", pairs),
		units:       collections.NewMap(sb, types.UnitsKey, "units", raw, codec.CollValue[types.Unit](cdc)),
		byPeer:      collections.NewKeySet(sb, types.UnitsByPeerKey, "units_by_peer", pairs),
		holdings:    collections.NewMap(sb, types.HoldingsKey, "holdings", pairs, codec.CollValue[types.Holding](cdc)),
	}
	schema, err := sb.Build()
	if err != nil {
		panic(err)
	}
	k.schema = schema
	return k
}

// SetHooks names the listener of units that change hands. It is called once,
// while the application is wired.
func (k *Keeper) SetHooks(h types.UnitHooks) { k.hooks = h }

// Schema returns the schema of the module's store.
func (k *Keeper) Schema() collections.Schema { return k.schema }

// Params returns the params.
func (k *Keeper) Params(ctx context.Context) (types.Params, error) { return k.params.Get(ctx) }

// Provider returns a provider.
//
// Errors: ErrProviderNotFound, ErrInvalidField.
func (k *Keeper) Provider(ctx context.Context, account string) (types.Provider, error) {
	addr, err := k.address("provider", account)
	if err != nil {
		return types.Provider{}, err
	}
	return get(ctx, k.providers, addr, types.ErrProviderNotFound, account)
}

// Approved reports whether an account may make capacity commitments: the
// whitelist is off, or the authority put the account on it.
//
// Errors: ErrInvalidField.
func (k *Keeper) Approved(ctx context.Context, account string) (bool, error) {
	p, err := k.params.Get(ctx)
	if err != nil || !p.WhitelistEnabled {
		return err == nil, err
	}
	addr, err := k.address("provider", account)
	if err != nil {
		return false, err
	}
	return k.approved.Has(ctx, addr)
}

// Offer returns an offer.
//
// Errors: ErrOfferNotFound.
func (k *Keeper) Offer(ctx context.Context, id []byte) (types.Offer, error) {
	return get(ctx, k.offers, id, types.ErrOfferNotFound, id)
}

// Peer returns a compute peer by its raw ed25519 key.
//
// Errors: ErrPeerNotFound.
func (k *Keeper) Peer(ctx context.Context, id []byte) (types.Peer, error) {
	return get(ctx, k.peers, id, types.ErrPeerNotFound, id)
}

// Unit returns a compute unit.
//
// Errors: ErrUnitNotFound.
func (k *Keeper) Unit(ctx context.Context, id []byte) (types.Unit, error) {
	return get(ctx, k.units, id, types.ErrUnitNotFound, id)
}

// Resource returns a registered resource.
//
// Errors: ErrResourceNotFound.
func (k *Keeper) Resource(ctx context.Context, id uint64) (types.Resource, error) {
	return get(ctx, k.resources, id, types.ErrResourceNotFound, id)
}

// Units returns the compute units of a peer, ascending by id. Their number is
// bounded by the param max_units_per_peer.
//
// Errors: ErrPeerNotFound.
func (k *Keeper) Units(ctx context.Context, peer []byte) ([]types.Unit, error) {
	p, err := k.Peer(ctx, peer)
	if err != nil {
		return nil, err
	}
	units := make([]types.Unit, 0, p.UnitCount)
	err = k.byPeer.Walk(ctx, collections.NewPrefixedPairRange[[]byte, []byte](peer), func(key pair) (bool, error) {
		u, err := k.Unit(ctx, key.K2())
		units = append(units, u)
		return false, err
	})
	return units, err
}

// Holding returns what a worker holds of a peer.
//
// Errors: ErrUnitNotTaken.
func (k *Keeper) Holding(ctx context.Context, peer, worker []byte) (types.Holding, error) {
	return get(ctx, k.holdings, collections.Join(peer, worker), types.ErrUnitNotTaken, worker)
}

// kind tells the type of a resource.
func (k *Keeper) kind(ctx context.Context) func(uint64) (types.ResourceType, error) {
	return func(id uint64) (types.ResourceType, error) {
		r, err := k.Resource(ctx, id)
		return r.Type, err
	}
}

// address reads an account and names the field when it is none.
func (k *Keeper) address(field, account string) ([]byte, error) {
	addr, err := k.addresses.StringToBytes(account)
	if err != nil || len(addr) == 0 {
		return nil, types.ErrInvalidField.Wrapf("%s %q: want an account", field, account)
	}
	return addr, nil
}

// account spells an account in the one way the state has, whichever the sender used.
func (k *Keeper) account(field, account string) ([]byte, string, error) {
	addr, err := k.address(field, account)
	if err != nil {
		return nil, "", err
	}
	name, err := k.addresses.BytesToString(addr)
	return addr, name, err
}

// get reads an entry and turns absence into a typed error that names the key.
func get[K, V any](ctx context.Context, m collections.Map[K, V], key K, missing *errorsmod.Error, name any) (V, error) {
	v, err := m.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		if b, ok := name.([]byte); ok {
			return v, missing.Wrapf("%x", b)
		}
		return v, missing.Wrapf("%v", name)
	}
	return v, err
}

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}
