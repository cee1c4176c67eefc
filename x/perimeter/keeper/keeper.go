// SPDX-License-Identifier: Apache-2.0

// Package keeper holds security perimeters: their versions, members and policies.
// Every change makes a version, and old ones stay readable for a while. It judges
// no call; proofs/perimeter does, at every peer. What expires is removed in end
// block, a bounded number at a time.
package keeper

import (
	"context"
	"crypto/sha256"
	"errors"

	"cosmossdk.io/collections"
	"cosmossdk.io/core/address"
	"cosmossdk.io/core/store"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/x/perimeter/types"
)

type (
	numbered = collections.Pair[[]byte, uint64]
	named    = collections.Pair[[]byte, []byte]
	expiry   = collections.Triple[uint64, []byte, uint64]
	ending   = collections.Triple[[]byte, uint64, []byte]
)

// Keeper reads and writes perimeters.
type Keeper struct {
	authority string
	addresses address.Codec
	owners    types.Owners
	cdc       codec.BinaryCodec

	schema    collections.Schema
	params    collections.Item[types.Params]
	current   collections.Map[[]byte, uint64]
	versions  collections.Map[numbered, types.Version]
	members   collections.Map[named, types.Member]
	policies  collections.Map[numbered, types.NumberedPolicy]
	bySubject collections.KeySet[named]  // subject, id ‖ member
	expiries  collections.KeySet[expiry] // height, id, version
	ended     collections.KeySet[ending] // id, last version, member
}

// New returns a keeper over the module's store. The authority is the address that
// may change params. It panics when the store's schema is broken.
func New(cdc codec.BinaryCodec, service store.KVStoreService, addresses address.Codec, owners types.Owners, authority string) *Keeper {
	sb := collections.NewSchemaBuilder(service)
	raw, num := collections.BytesKey, collections.Uint64Key
	k := &Keeper{
		authority: authority,
		addresses: addresses,
		owners:    owners,
		cdc:       cdc,
		params:    collections.NewItem(sb, types.ParamsKey, "params", codec.CollValue[types.Params](cdc)),
		current:   collections.NewMap(sb, types.CurrentKey, "current", raw, collections.Uint64Value),
		versions:  collections.NewMap(sb, types.VersionsKey, "versions", collections.PairKeyCodec(raw, num), codec.CollValue[types.Version](cdc)),
		members:   collections.NewMap(sb, types.MembersKey, "members", collections.PairKeyCodec(raw, raw), codec.CollValue[types.Member](cdc)),
		policies:  collections.NewMap(sb, types.PoliciesKey, "policies", collections.PairKeyCodec(raw, num), codec.CollValue[types.NumberedPolicy](cdc)),
		bySubject: collections.NewKeySet(sb, types.BySubjectKey, "by_subject", collections.PairKeyCodec(raw, raw)),
		expiries:  collections.NewKeySet(sb, types.ExpiriesKey, "expiries", collections.TripleKeyCodec(num, raw, num)),
		ended:     collections.NewKeySet(sb, types.EndedKey, "ended", collections.TripleKeyCodec(raw, num, raw)),
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

// Current returns the current version of a perimeter.
//
// Errors: ErrNotFound.
func (k *Keeper) Current(ctx context.Context, id []byte) (types.Version, error) {
	n, err := k.current.Get(ctx, id)
	if err != nil {
		return types.Version{}, absent(err, "perimeter %x", id)
	}
	return k.Version(ctx, id, n)
}

// Version returns one version of a perimeter.
//
// Errors: ErrNotFound; also when it is no longer kept.
func (k *Keeper) Version(ctx context.Context, id []byte, version uint64) (types.Version, error) {
	v, err := k.versions.Get(ctx, collections.Join(id, version))
	return v, absent(err, "version %d of perimeter %x", version, id)
}

// Policy returns a policy by its number.
//
// Errors: ErrNotFound.
func (k *Keeper) Policy(ctx context.Context, id []byte, number uint64) (types.NumberedPolicy, error) {
	p, err := k.policies.Get(ctx, collections.Join(id, number))
	return p, absent(err, "policy %d of perimeter %x", number, id)
}

// Member returns a membership, running or not, or a proposal.
//
// Errors: ErrNotMember.
func (k *Keeper) Member(ctx context.Context, id []byte, subject types.Subject, service string) (types.Member, error) {
	m, err := k.members.Get(ctx, collections.Join(id, types.MemberID(subject, service)))
	if errors.Is(err, collections.ErrNotFound) {
		return m, types.ErrNotMember.Wrapf("%s of %s in perimeter %x", service, subject.Text(), id)
	}
	return m, err
}

// absent turns an absent record into the module's error.
func absent(err error, format string, args ...any) error {
	if errors.Is(err, collections.ErrNotFound) {
		return types.ErrNotFound.Wrapf(format, args...)
	}
	return err
}

// change is one message's way from the current version to the next.
type change struct {
	*Keeper
	params types.Params
	old    types.Version
	next   types.Version
}

// begin reads what a change starts from. A dissolved perimeter takes none.
//
// Errors: ErrNotFound, ErrState.
func (k *Keeper) begin(ctx context.Context, id []byte) (*change, error) {
	p, err := k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	v, err := k.Current(ctx, id)
	if err != nil {
		return nil, err
	}
	if v.State == types.STATE_DISSOLVED {
		return nil, types.ErrState.Wrapf("perimeter %x is dissolved", id)
	}
	c := &change{Keeper: k, params: p, old: v, next: v}
	c.next.Version++
	c.next.Height = sdk.UnwrapSDKContext(ctx).BlockHeight()
	return c, nil
}

// owned is begin for its owner only.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner.
func (k *Keeper) owned(ctx context.Context, id []byte, sender string) (*change, error) {
	c, err := k.begin(ctx, id)
	if err != nil {
		return nil, err
	}
	from, err := k.canonical(sender)
	if err != nil {
		return nil, err
	}
	if from != c.old.Owner {
		return nil, types.ErrNotOwner.Wrapf("perimeter %x is owned by %s", id, c.old.Owner)
	}
	return c, nil
}

// canonical returns the one spelling of an address.
func (k *Keeper) canonical(addr string) (string, error) {
	b, err := k.addresses.StringToBytes(addr)
	if err != nil {
		return "", err
	}
	return k.addresses.BytesToString(b)
}

// commit writes the next version and lets the old one expire after the retention,
// never before the one before it.
func (c *change) commit(ctx context.Context, what string) (uint64, error) {
	until := c.next.Height + int64(c.params.RetentionBlocks)
	if before, err := c.versions.Get(ctx, collections.Join(c.old.Id, c.old.Version-1)); err == nil {
		until = max(until, before.RetainedUntil)
	} else if !errors.Is(err, collections.ErrNotFound) {
		return 0, err
	}
	c.old.RetainedUntil = until
	for _, v := range []types.Version{c.old, c.next} {
		if err := c.versions.Set(ctx, collections.Join(v.Id, v.Version), v); err != nil {
			return 0, err
		}
	}
	if err := c.expiries.Set(ctx, collections.Join3(uint64(until), c.old.Id, c.old.Version)); err != nil {
		return 0, err
	}
	if err := c.current.Set(ctx, c.next.Id, c.next.Version); err != nil {
		return 0, err
	}
	return c.next.Version, emit(ctx, &types.EventVersion{Id: c.next.Id, Version: c.next.Version, State: c.next.State, Change: what})
}

// setPolicy checks a policy and makes it the next version's.
func (c *change) setPolicy(ctx context.Context, p types.Policy) error {
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(gasPerByte*uint64(p.Size()), "check of a policy")
	if err := p.Check(c.params); err != nil {
		return err
	}
	raw, err := p.Marshal()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	c.next.Policy++
	c.next.PolicyHash = sum[:]
	return c.policies.Set(ctx, collections.Join(c.next.Id, c.next.Policy), types.NumberedPolicy{Perimeter: c.next.Id, Number: c.next.Policy, Policy: p})
}

// gasPerByte is charged for the check of a policy, before it.
const gasPerByte = 20

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}
