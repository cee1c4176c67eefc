// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/cosmos/cosmos-sdk/types/query"
	"github.com/mr-tron/base58"

	"github.com/go-fluence/fluence/peer/chain"
	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/proofs/trust"
	perimetertypes "github.com/go-fluence/fluence/x/perimeter/types"
	trusttypes "github.com/go-fluence/fluence/x/trust/types"
)

var (
	_ chain.Perimeters  = (*Chain)(nil)
	_ chain.Revocations = (*Chain)(nil)
)

// Bounds of what is read of perimeters.
const (
	perimeterPage  = 500
	maxPerimeters  = 1_000 // of one subject
	maxRevocations = 10_000
	rereads        = 3 // when a perimeter changes while it is read
)

var errMoved = errors.New("perimeter changed while it was read")

// PerimetersOf implements chain.Perimeters.
func (c *Chain) PerimetersOf(ctx context.Context, subjects []string) (list []perimeter.Perimeter, at chain.Height, err error) {
	if at, err = c.At(ctx); err != nil {
		return nil, at, err
	}
	var ids [][]byte
	for _, s := range subjects {
		if ids, err = c.perimeterIDs(ctx, s, ids); err != nil {
			return nil, at, err
		}
	}
	slices.SortFunc(ids, bytes.Compare)
	for _, id := range slices.CompactFunc(ids, bytes.Equal) {
		p, err := c.perimeter(ctx, id)
		for n := 0; errors.Is(err, errMoved) && n < rereads; n++ {
			p, err = c.perimeter(ctx, id)
		}
		if err != nil {
			return nil, at, fmt.Errorf("perimeter %x: %w", id, err)
		}
		list = append(list, p)
	}
	return list, at, nil
}

// perimeterIDs adds the perimeters of which a subject is a member.
func (c *Chain) perimeterIDs(ctx context.Context, subject string, ids [][]byte) ([][]byte, error) {
	page := &query.PageRequest{Limit: perimeterPage}
	for first := len(ids); ; {
		var res perimetertypes.QueryOfResponse
		if _, err := c.query(ctx, "/fluence.perimeter.v1.Query/Of", &perimetertypes.QueryOfRequest{Subject: subject, Pagination: page}, &res); err != nil {
			return nil, err
		}
		for i := range res.Members {
			if m := &res.Members[i]; m.Running() != nil {
				ids = append(ids, m.Perimeter)
			}
		}
		if page = nextPage(res.Pagination); page == nil || len(ids)-first >= maxPerimeters {
			return ids, nil
		}
	}
}

// perimeter reads one perimeter; its answers must be of one version.
func (c *Chain) perimeter(ctx context.Context, id []byte) (perimeter.Perimeter, error) {
	text := hex.EncodeToString(id)
	var head perimetertypes.QueryPerimeterResponse
	if _, err := c.query(ctx, "/fluence.perimeter.v1.Query/Perimeter", &perimetertypes.QueryPerimeterRequest{Id: text}, &head); err != nil {
		return perimeter.Perimeter{}, err
	}
	p := perimeter.Perimeter{
		ID: text, Version: head.Version.Version, State: perimeter.State(head.Version.State), Number: head.Version.Policy,
		Older: map[uint64]perimeter.Policy{}, Deals: map[string][]string{},
	}
	var err error
	if p.Policy, err = head.Policy.Plain(); err != nil {
		return p, err
	}
	if err := c.members(ctx, text, &p); err != nil {
		return p, err
	}
	for i := range p.Members {
		if err := c.behind(ctx, text, &p, &p.Members[i]); err != nil {
			return p, err
		}
	}
	var again perimetertypes.QueryPerimeterResponse
	if _, err := c.query(ctx, "/fluence.perimeter.v1.Query/Perimeter", &perimetertypes.QueryPerimeterRequest{Id: text}, &again); err != nil {
		return p, err
	}
	if again.Version.Version != p.Version {
		return p, errMoved
	}
	return p, nil
}

func (c *Chain) members(ctx context.Context, id string, p *perimeter.Perimeter) error {
	page := &query.PageRequest{Limit: perimeterPage}
	for page != nil {
		var res perimetertypes.QueryMembersResponse
		if _, err := c.query(ctx, "/fluence.perimeter.v1.Query/Members", &perimetertypes.QueryMembersRequest{Id: id, Pagination: page}, &res); err != nil {
			return err
		}
		for i := range res.Members {
			m := &res.Members[i]
			s := m.Running()
			if s == nil {
				continue
			}
			plain, err := m.Plain(s)
			if err != nil {
				return err
			}
			p.Members = append(p.Members, plain)
		}
		page = nextPage(res.Pagination)
	}
	return nil
}

// behind reads what a membership refers to: an accepted policy, a deal's workers.
func (c *Chain) behind(ctx context.Context, id string, p *perimeter.Perimeter, m *perimeter.Member) error {
	if _, have := p.Older[m.Policy]; !have && !m.Follow && m.Policy != p.Number {
		var res perimetertypes.QueryPolicyResponse
		if _, err := c.query(ctx, "/fluence.perimeter.v1.Query/Policy", &perimetertypes.QueryPolicyRequest{Id: id, Number: m.Policy}, &res); err != nil {
			return err
		}
		old, err := res.Policy.Policy.Plain()
		if err != nil {
			return err
		}
		p.Older[m.Policy] = old
	}
	if _, have := p.Deals[m.Deal]; have || m.Deal == "" {
		return nil
	}
	subject, err := perimetertypes.ParseSubject(m.Deal)
	if err != nil {
		return err
	}
	workers, _, err := c.Workers(ctx, chain.DealID(subject.Deal))
	if err != nil && !errors.Is(err, chain.ErrNoDeal) {
		return err
	}
	ids := []string{}
	for _, w := range workers {
		if len(w.Key) == 0 {
			continue
		}
		worker, err := perimetertypes.PeerID(w.Key)
		if err != nil {
			return err
		}
		ids = append(ids, worker)
	}
	p.Deals[m.Deal] = ids
	return nil
}

// RevocationsOf implements chain.Revocations.
func (c *Chain) RevocationsOf(ctx context.Context, subject trust.Key) (list []trust.Revocation, at chain.Height, err error) {
	page := &query.PageRequest{Limit: perimeterPage}
	for {
		var res trusttypes.QueryRevocationsResponse
		at, err = c.query(ctx, "/fluence.trust.v1.Query/Revocations", &trusttypes.QueryRevocationsRequest{Revoked: subject.PeerID(), Pagination: page}, &res)
		if err != nil {
			return nil, at, err
		}
		for i := range res.Revocations {
			r, stands, err := c.stands(ctx, subject, &res.Revocations[i])
			if err != nil {
				return nil, at, err
			}
			if stands {
				list = append(list, r)
			}
		}
		if page = nextPage(res.Pagination); page == nil {
			return list, at, nil
		}
		if len(list) >= maxRevocations {
			return nil, at, fmt.Errorf("key %s has more than %d revocations", base58.Encode(subject.Raw()), maxRevocations)
		}
	}
}

// stands asks whether a newer trust undid a revocation.
func (c *Chain) stands(ctx context.Context, subject trust.Key, rec *trusttypes.Revocation) (r trust.Revocation, stands bool, err error) {
	by, err := trust.DecodeKey(rec.RevokedBy)
	if err != nil {
		return r, false, err
	}
	sig, err := trust.DecodeSignature(rec.Signature)
	if err != nil {
		return r, false, err
	}
	var res trusttypes.QueryRevocationResponse
	_, err = c.query(ctx, "/fluence.trust.v1.Query/Revocation", &trusttypes.QueryRevocationRequest{Revoked: subject.PeerID(), RevokedBy: by.PeerID()}, &res)
	return trust.Revocation{Revoked: subject, RevokedAt: rec.RevokedAt, RevokedBy: by, Signature: sig}, res.Revoked, err
}
