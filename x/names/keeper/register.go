// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"strings"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/names/types"
)

// expirePerBlock bounds the commitments that a block forgets.
const expirePerBlock = 100

// Commit announces a registration.
//
// Errors: ErrCommitment.
func (s msgServer) Commit(ctx context.Context, msg *types.MsgCommit) (*types.MsgCommitResponse, error) {
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if len(msg.Hash) != sha256.Size {
		return nil, types.ErrCommitment.Wrapf("hash of %d bytes, want %d", len(msg.Hash), sha256.Size)
	}
	if have, err := s.k.commitments.Has(ctx, msg.Hash); err != nil || have {
		return nil, cmp.Or(err, types.ErrCommitment.Wrap("hash: it is announced already; take another salt"))
	}
	c := types.Commitment{Hash: msg.Hash, Height: sdk.UnwrapSDKContext(ctx).BlockHeight(), ExpiresAt: seconds(ctx) + p.MaxCommitSeconds}
	return &types.MsgCommitResponse{}, cmp.Or(
		s.k.commitments.Set(ctx, c.Hash, c), s.k.expiries.Set(ctx, collections.Join(c.ExpiresAt, c.Hash)))
}

// EndBlock forgets commitments that are too old, oldest first.
func (k *Keeper) EndBlock(ctx context.Context) error {
	now := seconds(ctx)
	it, err := k.expiries.Iterate(ctx, nil)
	if err != nil {
		return err
	}
	var due []timely
	for ; it.Valid() && len(due) < expirePerBlock; it.Next() {
		key, err := it.Key()
		if err != nil {
			return cmp.Or(err, it.Close())
		}
		if key.K1() >= now {
			break
		}
		due = append(due, key)
	}
	if err := it.Close(); err != nil {
		return err
	}
	for _, key := range due {
		if err := k.forget(ctx, key.K1(), key.K2()); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) forget(ctx context.Context, expires uint64, hash []byte) error {
	return cmp.Or(k.commitments.Remove(ctx, hash), k.expiries.Remove(ctx, collections.Join(expires, hash)))
}

// redeem finds a registration's commitment and removes it.
//
// Errors: ErrCommitment.
func (s msgServer) redeem(ctx context.Context, p types.Params, hash []byte) error {
	c, err := s.k.commitments.Get(ctx, hash)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return types.ErrCommitment.Wrap("none for this name, owner, salt and max_price")
	case err != nil:
		return err
	}
	if ready := c.Height + int64(p.MinCommitBlocks); sdk.UnwrapSDKContext(ctx).BlockHeight() < ready {
		return types.ErrCommitment.Wrapf("wait for block %d", ready)
	}
	if c.ExpiresAt < seconds(ctx) {
		return types.ErrCommitment.Wrap("too old; commit again")
	}
	return s.k.forget(ctx, c.ExpiresAt, c.Hash)
}

// free returns whether a first-level name can be registered now, and the premium.
func (k *Keeper) free(ctx context.Context, p types.Params, name string) (old types.Name, premium math.Int, free bool, err error) {
	old, ok, err := k.get(ctx, name)
	if err != nil || !ok {
		return old, math.ZeroInt(), err == nil, err
	}
	since := old.ExpiresAt + p.GraceSeconds
	now := seconds(ctx)
	if now <= since {
		return old, math.ZeroInt(), false, nil
	}
	return old, p.PremiumAt(now - since - 1), true, nil
}

// Register registers a committed first-level name. Where it lapsed, a new term
// begins: names below it and records count no longer.
//
// Errors: ErrInvalidName, ErrCommitment, ErrTaken, ErrPeriod, ErrPrice; the bank's.
func (s msgServer) Register(ctx context.Context, msg *types.MsgRegister) (*types.MsgRegisterResponse, error) {
	if err := types.CheckName(msg.Name); err != nil {
		return nil, err
	}
	if strings.Contains(msg.Name, ".") {
		return nil, types.ErrInvalidName.Wrapf("%s: names below are made by the owner of %s", msg.Name, types.Parent(msg.Name))
	}
	if len(msg.Salt) < types.MinSalt || len(msg.Salt) > types.MaxSalt {
		return nil, types.ErrCommitment.Wrapf("salt of %d bytes, want %d to %d", len(msg.Salt), types.MinSalt, types.MaxSalt)
	}
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	addr, err := s.k.addresses.StringToBytes(msg.Owner)
	if err != nil {
		return nil, err
	}
	owner, err := s.k.addresses.BytesToString(addr)
	if err != nil {
		return nil, err
	}
	if msg.MaxPrice.IsNil() || msg.MaxPrice.IsNegative() {
		return nil, types.ErrPrice.Wrap("max_price is missing")
	}
	if err := s.redeem(ctx, p, types.CommitmentHash(msg.Name, addr, msg.Salt, msg.MaxPrice)); err != nil {
		return nil, err
	}
	old, premium, free, err := s.k.free(ctx, p, msg.Name)
	if err != nil || !free {
		return nil, cmp.Or(err, types.ErrTaken.Wrapf("%s until %d, and %d seconds of grace", msg.Name, old.ExpiresAt, p.GraceSeconds))
	}
	if msg.Seconds < p.MinPeriodSeconds || msg.Seconds > p.MaxPeriodSeconds {
		return nil, types.ErrPeriod.Wrapf("%d seconds, want %d to %d", msg.Seconds, p.MinPeriodSeconds, p.MaxPeriodSeconds)
	}
	price := p.Price(msg.Name, msg.Seconds).Add(premium)
	paid, err := s.k.pay(ctx, p, msg.Owner, price, msg.MaxPrice)
	if err != nil {
		return nil, err
	}
	term, err := s.k.nextTerm(ctx)
	if err != nil {
		return nil, err
	}
	n := types.Name{Name: msg.Name, Owner: owner, OwnerEpoch: old.OwnerEpoch + 1, Term: term, ExpiresAt: seconds(ctx) + msg.Seconds}
	if err := s.k.put(ctx, n); err != nil {
		return nil, err
	}
	return &types.MsgRegisterResponse{Paid: price, ExpiresAt: n.ExpiresAt}, emit(ctx, n, "registered", paid)
}

func (k *Keeper) nextTerm(ctx context.Context) (uint64, error) {
	n, err := k.terms.Get(ctx)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return 0, err
	}
	return n + 1, k.terms.Set(ctx, n+1)
}

// Renew pays for a longer period, up to the end of the grace period. The time is
// added to the old expiry.
//
// Errors: ErrInvalidName, ErrNotFound, ErrNotOwner, ErrPeriod, ErrPrice; the bank's.
func (s msgServer) Renew(ctx context.Context, msg *types.MsgRenew) (*types.MsgRenewResponse, error) {
	n, _, _, err := s.k.Resolve(ctx, msg.Name)
	if err != nil {
		return nil, err
	}
	if n.ExpiresAt == 0 {
		return nil, types.ErrInvalidName.Wrapf("%s ends with %s; renew that", msg.Name, types.Top(msg.Name))
	}
	if msg.Owner != "" {
		if owner, err := s.k.canonical(msg.Owner); err != nil || owner != n.Owner {
			return nil, cmp.Or(err, types.ErrNotOwner.Wrapf("%s belongs to %s now", msg.Name, n.Owner))
		}
	}
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	most := seconds(ctx) + p.MaxPeriodSeconds
	if msg.Seconds == 0 || msg.Seconds > p.MaxPeriodSeconds || n.ExpiresAt+msg.Seconds > most {
		return nil, types.ErrPeriod.Wrapf("%d seconds: more than none, and at most up to %d", msg.Seconds, most)
	}
	price := p.Price(msg.Name, msg.Seconds)
	paid, err := s.k.pay(ctx, p, msg.Sender, price, msg.MaxPrice)
	if err != nil {
		return nil, err
	}
	n.ExpiresAt += msg.Seconds
	if err := s.k.put(ctx, n); err != nil {
		return nil, err
	}
	return &types.MsgRenewResponse{Paid: price, ExpiresAt: n.ExpiresAt}, emit(ctx, n, "renewed", paid)
}

// SetPrimary sets the name that an account is shown by.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner, ErrUnchanged.
func (s msgServer) SetPrimary(ctx context.Context, msg *types.MsgSetPrimary) (*types.MsgSetPrimaryResponse, error) {
	addr, err := s.k.addresses.StringToBytes(msg.Account)
	if err != nil {
		return nil, err
	}
	old, err := s.k.primaries.Get(ctx, addr)
	if err != nil && !errors.Is(err, collections.ErrNotFound) {
		return nil, err
	}
	if old.Name == msg.Name {
		return nil, types.ErrUnchanged.Wrapf("name %q", msg.Name)
	}
	account, err := s.k.addresses.BytesToString(addr)
	if err != nil {
		return nil, err
	}
	if msg.Name == "" {
		return &types.MsgSetPrimaryResponse{}, cmp.Or(s.k.primaries.Remove(ctx, addr), emit(ctx, types.Name{Owner: account}, "primary", ""))
	}
	n, err := s.k.change(ctx, msg.Name, msg.Account, false)
	if err != nil {
		return nil, err
	}
	return &types.MsgSetPrimaryResponse{}, cmp.Or(
		s.k.primaries.Set(ctx, bytes.Clone(addr), types.Primary{Account: account, Name: msg.Name}), emit(ctx, n, "primary", ""))
}
