// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"
	"slices"
	"strings"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/names/types"
)

type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// save stores a changed name and announces it.
func (s msgServer) save(ctx context.Context, n types.Name, change string) error {
	if err := s.k.put(ctx, n); err != nil {
		return err
	}
	return emit(ctx, n, change, "")
}

// Transfer offers a name to another account.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner, ErrUnchanged.
func (s msgServer) Transfer(ctx context.Context, msg *types.MsgTransfer) (*types.MsgTransferResponse, error) {
	n, err := s.k.change(ctx, msg.Name, msg.Owner, false)
	if err != nil {
		return nil, err
	}
	next := ""
	if msg.NextOwner != "" {
		if next, err = s.k.canonical(msg.NextOwner); err != nil {
			return nil, err
		}
	}
	if next == n.NextOwner || next == n.Owner {
		return nil, types.ErrUnchanged.Wrapf("next_owner %q", next)
	}
	n.NextOwner = next
	return &types.MsgTransferResponse{}, s.save(ctx, n, "offered")
}

// AcceptTransfer takes an offered name. Records of the owners before are stale then.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner.
func (s msgServer) AcceptTransfer(ctx context.Context, msg *types.MsgAcceptTransfer) (*types.MsgAcceptTransferResponse, error) {
	n, _, grace, err := s.k.Resolve(ctx, msg.Name)
	if err != nil {
		return nil, err
	}
	from, err := s.k.canonical(msg.Sender)
	switch {
	case err != nil:
		return nil, err
	case n.NextOwner == "" || from != n.NextOwner:
		return nil, types.ErrNotOwner.Wrapf("%s is not offered to %s", msg.Name, from)
	case grace:
		return nil, types.ErrExpired.Wrapf("%s: renew it first", msg.Name)
	}
	return &types.MsgAcceptTransferResponse{}, s.save(ctx, handed(n, from), "transferred")
}

// handed is a name in the hands of another owner.
func handed(n types.Name, to string) types.Name {
	n.Owner, n.NextOwner, n.Controller = to, "", ""
	n.OwnerEpoch++
	return n
}

// SetController lets another account set records.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner, ErrUnchanged.
func (s msgServer) SetController(ctx context.Context, msg *types.MsgSetController) (*types.MsgSetControllerResponse, error) {
	n, err := s.k.change(ctx, msg.Name, msg.Owner, false)
	if err != nil {
		return nil, err
	}
	to := ""
	if msg.Controller != "" {
		if to, err = s.k.canonical(msg.Controller); err != nil {
			return nil, err
		}
	}
	if to == n.Controller {
		return nil, types.ErrUnchanged.Wrapf("controller %q", to)
	}
	n.Controller = to
	return &types.MsgSetControllerResponse{}, s.save(ctx, n, "controller")
}

// SetRecords removes records, drops stale ones and sets others.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner, ErrInvalidRecord, ErrUnchanged.
func (s msgServer) SetRecords(ctx context.Context, msg *types.MsgSetRecords) (*types.MsgSetRecordsResponse, error) {
	n, err := s.k.change(ctx, msg.Name, msg.Sender, true)
	if err != nil {
		return nil, err
	}
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	if len(msg.Records)+len(msg.Remove) == 0 {
		return nil, types.ErrUnchanged.Wrap("no record to set or remove")
	}
	if len(msg.Records)+len(msg.Remove) > 2*int(p.MaxRecords) {
		return nil, types.ErrInvalidRecord.Wrapf("%d records in a message, a name has at most %d", len(msg.Records)+len(msg.Remove), p.MaxRecords)
	}
	records := n.Fresh()
	for _, ref := range msg.Remove {
		i := find(records, types.Record{Kind: ref.Kind, Key: ref.Key})
		if i < 0 {
			return nil, types.ErrInvalidRecord.Wrapf("remove %s %q: there is none", ref.Kind, ref.Key)
		}
		records = slices.Delete(records, i, i+1)
	}
	for _, r := range msg.Records {
		r = r.Complete()
		if err := r.Validate(); err != nil {
			return nil, err
		}
		r.OwnerEpoch, r.Height = n.OwnerEpoch, sdk.UnwrapSDKContext(ctx).BlockHeight()
		if i := find(records, r); i >= 0 {
			records[i] = r
		} else {
			records = append(records, r)
		}
	}
	if len(records) > int(p.MaxRecords) {
		return nil, types.ErrInvalidRecord.Wrapf("%d records, at most %d", len(records), p.MaxRecords)
	}
	slices.SortFunc(records, types.Record.Compare)
	n.Records = records
	return &types.MsgSetRecordsResponse{}, s.save(ctx, n, "records")
}

func find(list []types.Record, like types.Record) int {
	return slices.IndexFunc(list, func(r types.Record) bool { return r.Compare(like) == 0 })
}

// above returns the name above, which the sender must own.
func (s msgServer) above(ctx context.Context, name, owner string) (types.Name, error) {
	if err := types.CheckName(name); err != nil {
		return types.Name{}, err
	}
	if !strings.Contains(name, ".") {
		return types.Name{}, types.ErrInvalidName.Wrapf("%s is of the first level", name)
	}
	return s.k.change(ctx, types.Parent(name), owner, false)
}

// SetSubname makes a name right below one of the owner's, or gives it to another.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner, ErrFixed, ErrUnchanged.
func (s msgServer) SetSubname(ctx context.Context, msg *types.MsgSetSubname) (*types.MsgSetSubnameResponse, error) {
	up, err := s.above(ctx, msg.Name, msg.Owner)
	if err != nil {
		return nil, err
	}
	to, err := s.k.canonical(msg.To)
	if err != nil {
		return nil, err
	}
	n, ok, err := s.k.get(ctx, msg.Name)
	switch {
	case err != nil:
		return nil, err
	case !ok || n.Term != up.Term: // new in this term
		up.Children++
		if err := s.k.put(ctx, up); err != nil {
			return nil, err
		}
		n = types.Name{Name: msg.Name, Owner: to, OwnerEpoch: n.OwnerEpoch + 1, Term: up.Term}
	case n.Fixed:
		return nil, types.ErrFixed.Wrapf("%s belongs to %s for this term", msg.Name, n.Owner)
	case n.Owner == to && !msg.Fixed:
		return nil, types.ErrUnchanged.Wrapf("%s belongs to %s", msg.Name, to)
	case n.Owner != to:
		n = handed(n, to)
	}
	n.Fixed = msg.Fixed
	return &types.MsgSetSubnameResponse{}, s.save(ctx, n, "given")
}

// RemoveSubname removes a name, by the owner of the name above, unless it is fixed,
// or by its own owner. Nothing may be below it.
//
// Errors: ErrInvalidName, ErrNotFound, ErrExpired, ErrNotOwner, ErrFixed, ErrHasSubnames.
func (s msgServer) RemoveSubname(ctx context.Context, msg *types.MsgRemoveSubname) (*types.MsgRemoveSubnameResponse, error) {
	n, err := s.k.change(ctx, msg.Name, msg.Owner, false)
	own := err == nil
	up, upErr := s.above(ctx, msg.Name, msg.Owner)
	switch {
	case !own && upErr != nil:
		return nil, upErr
	case !strings.Contains(msg.Name, "."):
		return nil, upErr
	case !own:
		if n, _, _, err = s.k.Resolve(ctx, msg.Name); err != nil {
			return nil, err
		}
		if n.Fixed {
			return nil, types.ErrFixed.Wrapf("%s belongs to %s for this term", msg.Name, n.Owner)
		}
	case upErr != nil: // its own owner, who does not own the name above
		if up, _, _, err = s.k.Resolve(ctx, types.Parent(msg.Name)); err != nil {
			return nil, err
		}
	}
	if n.Children > 0 {
		return nil, types.ErrHasSubnames.Wrapf("%d below %s; remove them first", n.Children, msg.Name)
	}
	up.Children--
	if err := s.k.put(ctx, up); err != nil {
		return nil, err
	}
	hash := types.Hash(n.Name)
	if err := s.k.unlist(ctx, n, hash); err != nil {
		return nil, err
	}
	if err := s.k.names.Remove(ctx, hash); err != nil {
		return nil, err
	}
	return &types.MsgRemoveSubnameResponse{}, emit(ctx, n, "removed", "")
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
