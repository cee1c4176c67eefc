// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"errors"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/proofs/trust"
	"github.com/go-fluence/fluence/x/trust/types"
)

type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// Revoke records a revocation. The cheapest checks come first, the signature last.
//
// Errors: ErrFuture, ErrNotNewer, ErrRateLimited, and those of Revocation.Verify.
//
// Source: docs/spec/trust.md, registry.
func (s msgServer) Revoke(ctx context.Context, msg *types.MsgRevoke) (*types.MsgRevokeResponse, error) {
	sctx := sdk.UnwrapSDKContext(ctx)
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	r := types.Revocation{
		Revoked: msg.Revoked, RevokedBy: msg.RevokedBy, RevokedAt: msg.RevokedAt,
		Signature: msg.Signature, Height: sctx.BlockHeight(),
	}
	if err := s.timely("revoked_at", r.RevokedAt, sctx, p); err != nil {
		return nil, err
	}
	key := collections.Join(r.Revoked, r.RevokedBy)
	switch old, err := s.k.revocations.Get(ctx, key); {
	case err == nil && old.RevokedAt >= r.RevokedAt:
		return nil, types.ErrNotNewer.Wrapf("revoked_at %d, recorded %d", r.RevokedAt, old.RevokedAt)
	case err != nil && !errors.Is(err, collections.ErrNotFound):
		return nil, err
	}
	sctx.GasMeter().ConsumeGas(p.SignatureGas, "signature of a revocation")
	if err := r.Verify(); err != nil {
		return nil, err
	}
	if err := s.k.count(ctx, r.RevokedBy, p.RevocationsPerEpoch); err != nil {
		return nil, err
	}
	if err := s.k.revocations.Set(ctx, key, r); err != nil {
		return nil, err
	}
	return &types.MsgRevokeResponse{}, emit(ctx, &types.EventRevoked{Revoked: r.Revoked, RevokedBy: r.RevokedBy, RevokedAt: r.RevokedAt})
}

// timely refuses a time that lies too far ahead of block time.
func (msgServer) timely(field string, at uint64, ctx sdk.Context, p types.Params) error {
	if latest := uint64(max(ctx.BlockTime().Unix(), 0)) + uint64(p.FutureSeconds); at > latest {
		return types.ErrFuture.Wrapf("%s %d: at most %d now", field, at, latest)
	}
	return nil
}

// AnchorTrust records a trust that undoes a revocation of the same pair: it is
// newer and not over yet.
//
// Errors: ErrFuture, ErrExpired, ErrNotRevoked, ErrNotNewer, ErrRateLimited, and
// those of Anchor.Verify.
func (s msgServer) AnchorTrust(ctx context.Context, msg *types.MsgAnchorTrust) (*types.MsgAnchorTrustResponse, error) {
	sctx := sdk.UnwrapSDKContext(ctx)
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	a := types.Anchor{
		IssuedFor: msg.IssuedFor, IssuedBy: msg.IssuedBy, IssuedAt: msg.IssuedAt, ExpiresAt: msg.ExpiresAt,
		Signature: msg.Signature, Height: sctx.BlockHeight(),
	}
	if err := s.timely("issued_at", a.IssuedAt, sctx, p); err != nil {
		return nil, err
	}
	if now := uint64(max(sctx.BlockTime().Unix(), 0)); a.ExpiresAt < now {
		return nil, types.ErrExpired.Wrapf("expires_at %d, now %d", a.ExpiresAt, now)
	}
	r, old, err := s.k.Revocation(ctx, a.IssuedFor, a.IssuedBy)
	switch {
	case errors.Is(err, collections.ErrNotFound):
		return nil, types.ErrNotRevoked.Wrap("only a recorded revocation needs an anchor")
	case err != nil:
		return nil, err
	case a.IssuedAt <= r.RevokedAt:
		return nil, types.ErrNotNewer.Wrapf("issued_at %d, revoked at %d", a.IssuedAt, r.RevokedAt)
	case old != nil && a.IssuedAt <= old.IssuedAt:
		return nil, types.ErrNotNewer.Wrapf("issued_at %d, anchored %d", a.IssuedAt, old.IssuedAt)
	}
	sctx.GasMeter().ConsumeGas(p.SignatureGas, "signature of a trust")
	if err := a.Verify(); err != nil {
		return nil, err
	}
	if err := s.k.count(ctx, a.IssuedBy, p.RevocationsPerEpoch); err != nil {
		return nil, err
	}
	if err := s.k.anchors.Set(ctx, collections.Join(a.IssuedFor, a.IssuedBy), a); err != nil {
		return nil, err
	}
	return &types.MsgAnchorTrustResponse{}, emit(ctx, &types.EventAnchored{IssuedFor: a.IssuedFor, IssuedBy: a.IssuedBy, IssuedAt: a.IssuedAt})
}

// BindPeer joins the sender's wallet and a peer key that signed for it.
//
// Errors: ErrInvalidKey, ErrBound, ErrInvalidSignature.
func (s msgServer) BindPeer(ctx context.Context, msg *types.MsgBindPeer) (*types.MsgBindPeerResponse, error) {
	sctx := sdk.UnwrapSDKContext(ctx)
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	wallet, err := s.k.addresses.StringToBytes(msg.Wallet)
	if err != nil {
		return nil, err
	}
	key, err := types.Key("peer_key", msg.PeerKey)
	if err != nil {
		return nil, err
	}
	switch old, err := s.k.bindings.Get(ctx, msg.PeerKey); {
	case err == nil:
		return nil, types.ErrBound.Wrapf("%s; unbind it first", old.Wallet)
	case !errors.Is(err, collections.ErrNotFound):
		return nil, err
	}
	sig, err := trust.DecodeSignature(msg.Signature)
	if err != nil {
		return nil, types.ErrInvalidSignature.Wrapf("signature: %v", err)
	}
	sctx.GasMeter().ConsumeGas(p.SignatureGas, "signature of a peer")
	if err := key.Verify(types.BindBytes(sctx.ChainID(), wallet), sig); err != nil {
		return nil, types.ErrInvalidSignature.Wrap(err.Error())
	}
	name, err := s.k.addresses.BytesToString(wallet) // one spelling, whichever the sender used
	if err != nil {
		return nil, err
	}
	b := types.Binding{PeerKey: msg.PeerKey, Wallet: name, Height: sctx.BlockHeight()}
	if err := s.k.bindings.Set(ctx, msg.PeerKey, b); err != nil {
		return nil, err
	}
	return &types.MsgBindPeerResponse{}, emit(ctx, &types.EventBound{PeerKey: b.PeerKey, Wallet: b.Wallet})
}

// UnbindPeer parts the sender's wallet and a peer key.
//
// Errors: ErrNotBound.
func (s msgServer) UnbindPeer(ctx context.Context, msg *types.MsgUnbindPeer) (*types.MsgUnbindPeerResponse, error) {
	wallet, err := s.k.addresses.StringToBytes(msg.Wallet)
	if err != nil {
		return nil, err
	}
	name, err := s.k.addresses.BytesToString(wallet)
	if err != nil {
		return nil, err
	}
	b, err := s.k.bindings.Get(ctx, msg.PeerKey)
	switch {
	case errors.Is(err, collections.ErrNotFound) || err == nil && b.Wallet != name:
		return nil, types.ErrNotBound.Wrapf("wallet %s", msg.Wallet)
	case err != nil:
		return nil, err
	}
	if err := s.k.bindings.Remove(ctx, msg.PeerKey); err != nil {
		return nil, err
	}
	return &types.MsgUnbindPeerResponse{}, emit(ctx, &types.EventUnbound{PeerKey: b.PeerKey, Wallet: b.Wallet})
}

// UpdateParams replaces the params.
//
// Errors: ErrNotAuthority, ErrInvalidParams.
func (s msgServer) UpdateParams(ctx context.Context, msg *types.MsgUpdateParams) (*types.MsgUpdateParamsResponse, error) {
	if err := sdk.ValidateAuthority(sdk.UnwrapSDKContext(ctx), s.k.authority, msg.Authority); err != nil {
		return nil, types.ErrNotAuthority.Wrapf("authority %s: only governance changes params", msg.Authority)
	}
	if err := msg.Params.Validate(); err != nil {
		return nil, err
	}
	return &types.MsgUpdateParamsResponse{}, s.k.params.Set(ctx, msg.Params)
}
