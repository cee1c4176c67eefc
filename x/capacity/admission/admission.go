// SPDX-License-Identifier: Apache-2.0

// Package admission lets capacity proofs in: it checks what can be checked without
// hashing, queues proofs for the verdicts that the proposers of later blocks give,
// keeps the roots of peers that commit to their proofs, has drawn leaves opened,
// and tells the economy what was proven. It never hashes with RandomX and never
// moves coins. It is the part of x/capacity that shares its store; specified in
// docs/spec/proofs.md.
package admission

import (
	"context"
	"errors"

	"cosmossdk.io/collections"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	"github.com/cosmos/gogoproto/proto"

	"github.com/go-fluence/fluence/x/capacity/types"
)

// Record is the economy as admission sees it: who must prove, and what comes of it.
type Record interface {
	// RequireProving tells for whom a unit may prove in an epoch, or why it may not.
	RequireProving(ctx context.Context, unit []byte, epoch uint64) (types.Proving, error)
	// CreditProofs counts n more valid proofs of a unit.
	CreditProofs(ctx context.Context, unit []byte, epoch uint64, n uint32) error
	// FailEpoch makes an epoch count for nothing to all units of a peer, with a
	// penalty that makes up for how seldom the peer is drawn.
	FailEpoch(ctx context.Context, peer []byte, epoch uint64, reason types.Reason) error
	// SlashFalse cuts a unit's collateral by scale times the penalty of an epoch.
	SlashFalse(ctx context.Context, unit []byte, epoch uint64, scale uint32, reason types.Reason) error
	// EpochParams gives the rules of proofs in an epoch, fixed when it began.
	EpochParams(ctx context.Context, epoch uint64) (types.EpochParams, error)
	// AdmissionParams gives the rules of admission in an epoch, fixed when it began.
	AdmissionParams(ctx context.Context, epoch uint64) (types.AdmissionParams, error)
	// CommittedUnits gives the commitment of a peer and all its units, sorted by id.
	CommittedUnits(ctx context.Context, peer []byte) (commitment []byte, units [][]byte, err error)
}

// Epochs tells the running epoch.
type Epochs interface {
	Number(ctx context.Context) (uint64, error)
}

// Beacon gives the nonce and the value of an epoch, or an error while there is none.
type Beacon interface {
	Nonce(ctx context.Context, epoch uint64) ([32]byte, error)
	Value(ctx context.Context, epoch uint64) ([32]byte, error)
}

type (
	place = collections.Pair[uint64, uint64] // turn or due height, then number
	of    = collections.Pair[uint64, []byte] // epoch, then peer or unit
)

// Admission is the state of admission and what moves it.
type Admission struct {
	record Record
	epochs Epochs
	beacon Beacon

	meter  collections.Item[types.Meter]
	queue  collections.Map[place, types.Batch]
	due    collections.Map[place, types.Batch]
	roots  collections.Map[of, types.Root]
	rounds collections.Map[uint64, types.Round]
	nonces collections.Map[of, types.UnitNonces]
	flows  collections.Map[string, types.Flow]
	direct collections.KeySet[of]
}

// New returns the admission over a store whose schema is being built.
func New(sb *collections.SchemaBuilder, cdc codec.BinaryCodec, record Record, epochs Epochs, beacon Beacon) *Admission {
	places := collections.PairKeyCodec(collections.Uint64Key, collections.Uint64Key)
	ofs := collections.PairKeyCodec(collections.Uint64Key, collections.BytesKey)
	return &Admission{
		record: record, epochs: epochs, beacon: beacon,
		meter:  collections.NewItem(sb, types.MeterKey, "meter", codec.CollValue[types.Meter](cdc)),
		queue:  collections.NewMap(sb, types.QueueKey, "queue", places, codec.CollValue[types.Batch](cdc)),
		due:    collections.NewMap(sb, types.DueKey, "due", places, codec.CollValue[types.Batch](cdc)),
		roots:  collections.NewMap(sb, types.RootsKey, "roots", ofs, codec.CollValue[types.Root](cdc)),
		rounds: collections.NewMap(sb, types.RoundsKey, "rounds", collections.Uint64Key, codec.CollValue[types.Round](cdc)),
		nonces: collections.NewMap(sb, types.NoncesKey, "nonces", ofs, codec.CollValue[types.UnitNonces](cdc)),
		flows:  collections.NewMap(sb, types.FlowsKey, "flows", collections.StringKey, codec.CollValue[types.Flow](cdc)),
		direct: collections.NewKeySet(sb, types.DirectKey, "direct", ofs),
	}
}

// round returns the round of the running epoch, which must be the given one, and
// begins it if nothing was admitted before. It is not stored yet.
//
// Errors: ErrWrongEpoch, ErrNonceUnknown.
func (a *Admission) round(ctx context.Context, epoch uint64) (types.Round, error) {
	now, err := a.epochs.Number(ctx)
	if err != nil {
		return types.Round{}, err
	}
	if epoch != now {
		return types.Round{}, types.ErrWrongEpoch.Wrapf("epoch %d, running is %d", epoch, now)
	}
	r, ok, err := get(ctx, a.rounds, epoch)
	if err != nil || ok {
		return r, err
	}
	nonce, err := a.beacon.Nonce(ctx, epoch)
	if err != nil {
		return types.Round{}, types.ErrNonceUnknown.Wrapf("epoch %d: %v; wait for the beacon", epoch, err)
	}
	rules, err := a.record.EpochParams(ctx, epoch)
	if err != nil {
		return types.Round{}, err
	}
	p, err := a.record.AdmissionParams(ctx, epoch)
	if err != nil {
		return types.Round{}, err
	}
	return types.Round{Epoch: epoch, Params: p, Nonce: nonce[:], Difficulty: rules.Difficulty}, nil
}

// OldestPending returns the first epoch of which something may still be credited or
// lost, if there is one: a proof without a verdict, or a root that is not settled.
// The running epoch counts as soon as anything of it was admitted.
func (a *Admission) OldestPending(ctx context.Context) (epoch uint64, ok bool, err error) {
	it, err := a.rounds.Iterate(ctx, nil)
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ; it.Valid(); it.Next() { // ended rounds are few: they are forgotten within blocks
		r, err := it.Value()
		if err != nil || !r.Done {
			return r.Epoch, err == nil, err
		}
	}
	return 0, false, nil
}

// get returns the value of a key, or reports that there is none.
func get[K, V any](ctx context.Context, m collections.Map[K, V], key K) (v V, ok bool, err error) {
	v, err = m.Get(ctx, key)
	if errors.Is(err, collections.ErrNotFound) {
		return v, false, nil
	}
	return v, err == nil, err
}

// item returns the value of an item, or the zero value.
func item[V any](ctx context.Context, i collections.Item[V]) (v V, err error) {
	v, err = i.Get(ctx)
	if errors.Is(err, collections.ErrNotFound) {
		return v, nil
	}
	return v, err
}

// walk returns up to limit entries of m in range, in the order of their keys.
func walk[K, V any](ctx context.Context, m collections.Map[K, V], r collections.Ranger[K], limit int) (list []collections.KeyValue[K, V], err error) {
	it, err := m.Iterate(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ; it.Valid() && len(list) < limit; it.Next() {
		kv, err := it.KeyValue()
		if err != nil {
			return nil, err
		}
		list = append(list, kv)
	}
	return list, nil
}

func emit(ctx context.Context, e proto.Message) error {
	return sdk.UnwrapSDKContext(ctx).EventManager().EmitTypedEvent(e)
}

// apart runs f on a branch. What f wrote is undone when it fails, and its error is
// logged: an object that cannot be settled must not stop the chain.
func apart(ctx context.Context, what string, f func(ctx context.Context) error) {
	sctx := sdk.UnwrapSDKContext(ctx)
	branch, write := sctx.CacheContext()
	if err := f(branch); err != nil {
		sctx.Logger().Error("admission: "+what, "err", err)
		return
	}
	write()
}
