// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"context"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/perimeter/types"
)

type msgServer struct{ k *Keeper }

// NewMsgServer returns the transaction service.
func NewMsgServer(k *Keeper) types.MsgServer { return msgServer{k} }

// Create begins a perimeter.
//
// Errors: ErrExists, ErrTooMany, ErrInvalidPolicy.
func (s msgServer) Create(ctx context.Context, msg *types.MsgCreate) (*types.MsgCreateResponse, error) {
	sctx := sdk.UnwrapSDKContext(ctx)
	p, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	addr, err := s.k.addresses.StringToBytes(msg.Creator)
	if err != nil {
		return nil, err
	}
	owner, err := s.k.addresses.BytesToString(addr)
	if err != nil {
		return nil, err
	}
	if len(msg.Label) > types.MaxLabel {
		return nil, types.ErrTooMany.Wrapf("label of %d bytes, at most %d", len(msg.Label), types.MaxLabel)
	}
	id := types.NewID(sctx.ChainID(), addr, msg.Nonce)
	switch have, err := s.k.current.Has(ctx, id); {
	case err != nil:
		return nil, err
	case have:
		return nil, types.ErrExists.Wrapf("%x: take another nonce than %d", id, msg.Nonce)
	}
	c := &change{Keeper: s.k, params: p}
	c.next = types.Version{Id: id, Version: 1, State: types.STATE_PROPOSED, Owner: owner, Height: sctx.BlockHeight(), Label: msg.Label}
	if err := c.setPolicy(ctx, msg.Policy); err != nil {
		return nil, err
	}
	if err := s.k.versions.Set(ctx, collections.Join(id, c.next.Version), c.next); err != nil {
		return nil, err
	}
	if err := s.k.current.Set(ctx, id, c.next.Version); err != nil {
		return nil, err
	}
	return &types.MsgCreateResponse{Id: id}, emit(ctx, &types.EventVersion{Id: id, Version: 1, State: c.next.State, Change: "create"})
}

// edit runs f on the next version of a perimeter of the sender.
func (s msgServer) edit(ctx context.Context, id []byte, owner, what string, f func(c *change) error) (uint64, error) {
	c, err := s.k.owned(ctx, id, owner)
	if err != nil {
		return 0, err
	}
	if err := f(c); err != nil {
		return 0, err
	}
	return c.commit(ctx, what)
}

// batch refuses lists that are empty or too long.
func (c *change) batch(n int) error {
	if n == 0 || n > int(c.params.MaxBatch) {
		return types.ErrTooMany.Wrapf("%d members in a message: want 1 to %d", n, c.params.MaxBatch)
	}
	return nil
}

// ProposeMembers offers memberships.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner, ErrInvalidMember, ErrTooMany, ErrUnchanged.
func (s msgServer) ProposeMembers(ctx context.Context, msg *types.MsgProposeMembers) (*types.MsgProposeMembersResponse, error) {
	v, err := s.edit(ctx, msg.Perimeter, msg.Owner, "propose_members", func(c *change) error {
		if err := c.batch(len(msg.Proposals)); err != nil {
			return err
		}
		for _, p := range msg.Proposals {
			if err := c.propose(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
	return &types.MsgProposeMembersResponse{Version: v}, err
}

// AcceptMembership makes a service a member.
//
// Errors: ErrNotFound, ErrState, ErrNotMember, ErrNotOwner, ErrOpenDeal,
// ErrPolicyChanged, ErrNotProposed, ErrUnchanged, ErrTooMany.
func (s msgServer) AcceptMembership(ctx context.Context, msg *types.MsgAcceptMembership) (*types.MsgAcceptMembershipResponse, error) {
	c, err := s.k.begin(ctx, msg.Perimeter)
	if err != nil {
		return nil, err
	}
	if err := c.accept(ctx, msg); err != nil {
		return nil, err
	}
	v, err := c.commit(ctx, "accept_membership")
	return &types.MsgAcceptMembershipResponse{Version: v}, err
}

// LeaveMembership ends a membership by the owner of its subject.
//
// Errors: ErrNotFound, ErrState, ErrNotMember, ErrNotOwner.
func (s msgServer) LeaveMembership(ctx context.Context, msg *types.MsgLeaveMembership) (*types.MsgLeaveMembershipResponse, error) {
	c, err := s.k.begin(ctx, msg.Perimeter)
	if err != nil {
		return nil, err
	}
	m, err := c.member(ctx, msg.Subject, msg.Service)
	if err != nil {
		return nil, err
	}
	if err := s.mayLeave(ctx, msg, &m); err != nil {
		return nil, err
	}
	if err := c.drop(ctx, msg.Subject, msg.Service, left); err != nil {
		return nil, err
	}
	v, err := c.commit(ctx, "leave_membership")
	return &types.MsgLeaveMembershipResponse{Version: v}, err
}

// mayLeave lets go who accepted, and who owns the subject now: a deal that was
// opened, or a peer that was unbound, must not hold anybody.
func (s msgServer) mayLeave(ctx context.Context, msg *types.MsgLeaveMembership, m *types.Member) error {
	from, err := s.k.canonical(msg.Sender)
	if err != nil {
		return err
	}
	if r := m.Running(); r != nil && r.Owner == from {
		return nil
	}
	return s.k.speaksFor(ctx, msg.Sender, msg.Subject)
}

// RemoveMembers ends memberships by the perimeter's owner.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner, ErrNotMember, ErrTooMany.
func (s msgServer) RemoveMembers(ctx context.Context, msg *types.MsgRemoveMembers) (*types.MsgRemoveMembersResponse, error) {
	v, err := s.edit(ctx, msg.Perimeter, msg.Owner, "remove_members", func(c *change) error {
		if err := c.batch(len(msg.Members)); err != nil {
			return err
		}
		for _, m := range msg.Members {
			if err := c.drop(ctx, m.Subject, m.Service, removed); err != nil {
				return err
			}
		}
		return nil
	})
	return &types.MsgRemoveMembersResponse{Version: v}, err
}

// policy runs f on a copy of the current policy and makes it the next one's.
func (s msgServer) policy(ctx context.Context, id []byte, owner, what string, f func(*types.Policy)) (uint64, error) {
	return s.edit(ctx, id, owner, what, func(c *change) error {
		p, err := s.k.Policy(ctx, id, c.old.Policy)
		if err != nil {
			return err
		}
		f(&p.Policy)
		return c.setPolicy(ctx, p.Policy)
	})
}

// SetRules replaces rules, transparent functions and the bound of TTL.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner, ErrInvalidPolicy, ErrTooMany.
func (s msgServer) SetRules(ctx context.Context, msg *types.MsgSetRules) (*types.MsgSetRulesResponse, error) {
	v, err := s.policy(ctx, msg.Perimeter, msg.Owner, "set_rules", func(p *types.Policy) {
		p.Rules, p.Transparent, p.MaxTtlMs = msg.Rules, msg.Transparent, msg.MaxTtlMs
	})
	return &types.MsgSetRulesResponse{Version: v}, err
}

// SetRoots replaces the roots.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner, ErrInvalidPolicy, ErrTooMany.
func (s msgServer) SetRoots(ctx context.Context, msg *types.MsgSetRoots) (*types.MsgSetRootsResponse, error) {
	v, err := s.policy(ctx, msg.Perimeter, msg.Owner, "set_roots", func(p *types.Policy) { p.Roots = msg.Roots })
	return &types.MsgSetRootsResponse{Version: v}, err
}

// SetScripts replaces the admitted scripts.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner, ErrInvalidPolicy, ErrTooMany.
func (s msgServer) SetScripts(ctx context.Context, msg *types.MsgSetScripts) (*types.MsgSetScriptsResponse, error) {
	v, err := s.policy(ctx, msg.Perimeter, msg.Owner, "set_scripts", func(p *types.Policy) { p.Scripts = msg.Scripts })
	return &types.MsgSetScriptsResponse{Version: v}, err
}

// SetBackends replaces the backends.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner, ErrInvalidPolicy, ErrInvalidMember, ErrTooMany.
func (s msgServer) SetBackends(ctx context.Context, msg *types.MsgSetBackends) (*types.MsgSetBackendsResponse, error) {
	v, err := s.policy(ctx, msg.Perimeter, msg.Owner, "set_backends", func(p *types.Policy) { p.Backends = msg.Backends })
	return &types.MsgSetBackendsResponse{Version: v}, err
}

// turn moves a perimeter from one state to another.
func (s msgServer) turn(ctx context.Context, id []byte, owner, what string, to types.State, from ...types.State) (uint64, error) {
	return s.edit(ctx, id, owner, what, func(c *change) error {
		for _, f := range from {
			if c.old.State == f {
				c.next.State = to
				return nil
			}
		}
		return types.ErrState.Wrapf("perimeter %x is %s", id, c.old.State)
	})
}

// Freeze makes the perimeter refuse every call.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner.
func (s msgServer) Freeze(ctx context.Context, msg *types.MsgFreeze) (*types.MsgFreezeResponse, error) {
	v, err := s.turn(ctx, msg.Perimeter, msg.Owner, "freeze", types.STATE_FROZEN, types.STATE_ACTIVE)
	return &types.MsgFreezeResponse{Version: v}, err
}

// Unfreeze ends a freeze.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner.
func (s msgServer) Unfreeze(ctx context.Context, msg *types.MsgUnfreeze) (*types.MsgUnfreezeResponse, error) {
	v, err := s.turn(ctx, msg.Perimeter, msg.Owner, "unfreeze", types.STATE_ACTIVE, types.STATE_FROZEN)
	return &types.MsgUnfreezeResponse{Version: v}, err
}

// Dissolve ends the perimeter for good.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner.
func (s msgServer) Dissolve(ctx context.Context, msg *types.MsgDissolve) (*types.MsgDissolveResponse, error) {
	v, err := s.turn(ctx, msg.Perimeter, msg.Owner, "dissolve", types.STATE_DISSOLVED, types.STATE_PROPOSED, types.STATE_ACTIVE, types.STATE_FROZEN)
	return &types.MsgDissolveResponse{Version: v}, err
}

// TransferOwnership offers the perimeter to another account.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner, ErrUnchanged.
func (s msgServer) TransferOwnership(ctx context.Context, msg *types.MsgTransferOwnership) (*types.MsgTransferOwnershipResponse, error) {
	v, err := s.edit(ctx, msg.Perimeter, msg.Owner, "transfer_ownership", func(c *change) (err error) {
		next := ""
		if msg.NextOwner != "" {
			if next, err = s.k.canonical(msg.NextOwner); err != nil {
				return err
			}
		}
		if next == c.old.NextOwner || next == c.old.Owner {
			return types.ErrUnchanged.Wrapf("next_owner %q", next)
		}
		c.next.NextOwner = next
		return nil
	})
	return &types.MsgTransferOwnershipResponse{Version: v}, err
}

// AcceptOwnership takes an offered perimeter.
//
// Errors: ErrNotFound, ErrState, ErrNotOwner.
func (s msgServer) AcceptOwnership(ctx context.Context, msg *types.MsgAcceptOwnership) (*types.MsgAcceptOwnershipResponse, error) {
	c, err := s.k.begin(ctx, msg.Perimeter)
	if err != nil {
		return nil, err
	}
	from, err := s.k.canonical(msg.Sender)
	if err != nil {
		return nil, err
	}
	if c.old.NextOwner == "" || from != c.old.NextOwner {
		return nil, types.ErrNotOwner.Wrapf("perimeter %x is not offered to %s", msg.Perimeter, from)
	}
	c.next.Owner, c.next.NextOwner = from, ""
	v, err := c.commit(ctx, "accept_ownership")
	return &types.MsgAcceptOwnershipResponse{Version: v}, err
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
