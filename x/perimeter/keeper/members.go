// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/perimeter/types"
)

// Changes of a membership, as EventMember names them.
const (
	proposed = "proposed"
	accepted = "accepted"
	left     = "left"
	removed  = "removed"
)

// speaksFor refuses a sender that does not own the subject.
//
// Errors: ErrNotOwner, ErrNotFound, ErrOpenDeal.
func (k *Keeper) speaksFor(ctx context.Context, sender string, s types.Subject) error {
	from, err := k.canonical(sender)
	if err != nil {
		return err
	}
	if len(s.Deal) > 0 {
		owner, closed, err := k.owners.DealOwner(ctx, s.Deal)
		switch {
		case err != nil:
			return err
		case owner == "":
			return types.ErrNotFound.Wrapf("deal %s", s.Text())
		case owner != from:
			return types.ErrNotOwner.Wrapf("deal %s is owned by %s", s.Text(), owner)
		case !closed:
			return types.ErrOpenDeal.Wrapf("deal %s: give it a list of providers first", s.Text())
		}
		return nil
	}
	owners, err := k.owners.PeerOwners(ctx, s.Peer)
	if err != nil {
		return err
	}
	if !slices.Contains(owners, from) {
		return types.ErrNotOwner.Wrapf("peer %s: bind it to %s first, or send from its owner", s.Text(), from)
	}
	return nil
}

func (c *change) member(ctx context.Context, s types.Subject, service string) (types.Member, error) {
	if err := s.Validate(); err != nil {
		return types.Member{}, err
	}
	return c.Member(ctx, c.next.Id, s, service)
}

// write stores a membership, or removes one of which nothing is left.
func (c *change) write(ctx context.Context, m types.Member, what string) error {
	if err := c.store(ctx, m); err != nil {
		return err
	}
	return emit(ctx, &types.EventMember{Id: c.next.Id, Version: c.next.Version, Subject: m.Subject, Service: m.Service, Change: what})
}

func (k *Keeper) store(ctx context.Context, m types.Member) error {
	id := types.MemberID(m.Subject, m.Service)
	index := collections.Join(m.Subject.Key(), append(slices.Clone(m.Perimeter), id...))
	if m.Proposed == nil && len(m.Spans) == 0 {
		return cmp.Or(k.members.Remove(ctx, collections.Join(m.Perimeter, id)), k.bySubject.Remove(ctx, index))
	}
	return cmp.Or(k.members.Set(ctx, collections.Join(m.Perimeter, id), m), k.bySubject.Set(ctx, index))
}

// propose offers terms to a subject's owner.
//
// Errors: ErrInvalidMember, ErrTooMany, ErrUnchanged.
func (c *change) propose(ctx context.Context, p types.Proposal) error {
	if err := cmp.Or(types.CheckService(p.Service), p.Terms.Validate()); err != nil {
		return err
	}
	m, err := c.member(ctx, p.Subject, p.Service)
	switch {
	case errors.Is(err, types.ErrNotMember):
		m = types.Member{Perimeter: c.next.Id, Subject: p.Subject, Service: p.Service}
	case err != nil:
		return err
	}
	if m.Proposed != nil && equal(*m.Proposed, p.Terms) {
		return types.ErrUnchanged.Wrapf("%s of %s has this proposal", p.Service, p.Subject.Text())
	}
	if m.Proposed == nil {
		c.next.Proposals++
	}
	if m.Proposed == nil && m.Running() == nil && c.next.Members+c.next.Proposals > c.params.MaxMembers {
		return types.ErrTooMany.Wrapf("members and proposals, at most %d together", c.params.MaxMembers)
	}
	m.Proposed = &p.Terms
	return c.write(ctx, m, proposed)
}

func equal(a, b types.Terms) bool { return a.Role == b.Role && slices.Equal(a.Functions, b.Functions) }

// accept makes a proposal a membership, or accepts the current policy anew.
//
// Errors: ErrNotMember, ErrNotOwner, ErrPolicyChanged, ErrNotProposed, ErrTooMany.
func (c *change) accept(ctx context.Context, msg *types.MsgAcceptMembership) error {
	m, err := c.member(ctx, msg.Subject, msg.Service)
	if err != nil {
		return err
	}
	if err := c.speaksFor(ctx, msg.Sender, msg.Subject); err != nil {
		return err
	}
	if msg.Policy != c.next.Policy {
		return types.ErrPolicyChanged.Wrapf("policy %d is current, not %d; read it first", c.next.Policy, msg.Policy)
	}
	owner, err := c.canonical(msg.Sender)
	if err != nil {
		return err
	}
	span := types.Span{From: c.next.Version, Policy: msg.Policy, Follow: msg.Follow, Owner: owner}
	running := m.Running()
	switch {
	case m.Proposed != nil:
		span.Terms, m.Proposed = *m.Proposed, nil
		c.next.Proposals--
	case running == nil:
		return types.ErrNotProposed.Wrapf("%s of %s", msg.Service, msg.Subject.Text())
	case running.Policy == msg.Policy && running.Follow == msg.Follow && running.Owner == owner:
		return types.ErrUnchanged.Wrapf("policy %d is accepted", msg.Policy)
	default:
		span.Terms = running.Terms
	}
	if len(m.Spans) >= types.MaxSpans {
		return types.ErrTooMany.Wrapf("%d changes of one membership are kept; wait until old versions expire", types.MaxSpans)
	}
	if running == nil {
		c.next.Members++
	} else if err := c.end(ctx, &m); err != nil {
		return err
	}
	if c.next.State == types.STATE_PROPOSED {
		c.next.State = types.STATE_ACTIVE
	}
	m.Spans = append(m.Spans, span)
	if err := c.use(ctx, c.next.Id, span, 1); err != nil {
		return err
	}
	return c.write(ctx, m, accepted)
}

// end ends the running span with the version before the next one.
func (c *change) end(ctx context.Context, m *types.Member) error {
	m.Running().To = c.next.Version
	return c.ended.Set(ctx, collections.Join3(c.next.Id, c.next.Version-1, types.MemberID(m.Subject, m.Service)))
}

// drop ends a membership and its proposal.
//
// Errors: ErrNotMember.
func (c *change) drop(ctx context.Context, s types.Subject, service, what string) error {
	m, err := c.member(ctx, s, service)
	if err != nil {
		return err
	}
	running := m.Running()
	if m.Proposed == nil && running == nil {
		return types.ErrNotMember.Wrapf("%s of %s in perimeter %x", service, s.Text(), c.next.Id)
	}
	if m.Proposed != nil {
		m.Proposed = nil
		c.next.Proposals--
	}
	if running != nil {
		c.next.Members--
		if err := c.end(ctx, &m); err != nil {
			return err
		}
	}
	return c.write(ctx, m, what)
}

// use counts a span that holds on to the policy it accepted.
func (k *Keeper) use(ctx context.Context, id []byte, s types.Span, by int) error {
	if s.Follow {
		return nil
	}
	p, err := k.Policy(ctx, id, s.Policy)
	if err != nil {
		return err
	}
	p.Uses = uint32(int(p.Uses) + by)
	return k.policies.Set(ctx, collections.Join(id, s.Policy), p)
}
