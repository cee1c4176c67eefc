// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/proofs/perimeter"
	"github.com/go-fluence/fluence/x/internal/kit"
	"github.com/go-fluence/fluence/x/perimeter/keeper"
	"github.com/go-fluence/fluence/x/perimeter/types"
)

// plain is an address codec that takes any text of lower case, and folds upper case.
type plain struct{}

func (plain) StringToBytes(s string) ([]byte, error) {
	if s == "" {
		return nil, errors.New("empty address")
	}
	return []byte(strings.ToLower(s)), nil
}
func (plain) BytesToString(b []byte) (string, error) { return string(b), nil }

// book says who owns peers and deals: peer n belongs to the account "n", deals by
// their first byte.
type book struct{ closed bool }

func (book) PeerOwners(_ context.Context, peer []byte) ([]string, error) {
	if peer[0] == 0 {
		return nil, nil
	}
	return []string{fmt.Sprint(peer[0]), "operator"}, nil
}

func (b *book) DealOwner(_ context.Context, deal []byte) (string, bool, error) {
	if deal[0] == 0 {
		return "", false, nil
	}
	return fmt.Sprint(deal[0]), b.closed, nil
}

func peer(n byte) types.Subject { return types.Subject{Peer: bytes.Repeat([]byte{n}, 32)} }
func deal(n byte) types.Subject { return types.Subject{Deal: bytes.Repeat([]byte{n}, 20)} }

type world struct {
	*keeper.Keeper
	types.MsgServer
	env  *kit.Env
	book *book
	id   []byte
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{env: kit.New(t, types.StoreKey), book: &book{closed: true}}
	w.Keeper = keeper.New(w.env.Codec, w.env.Service, plain{}, w.book, w.env.Authority)
	w.MsgServer = keeper.NewMsgServer(w.Keeper)
	if err := w.InitGenesis(w.env.Ctx(), *types.DefaultGenesis()); err != nil {
		t.Fatal(err)
	}
	res, err := w.Create(w.env.Ctx(), &types.MsgCreate{Creator: "owner", Nonce: 1, Policy: open()})
	if err != nil {
		t.Fatal(err)
	}
	w.id = res.Id
	return w
}

func open() types.Policy {
	return types.Policy{Scripts: types.Scripts{Any: true}, Rules: []types.Rule{{Service: "*", Function: "*", Who: types.WHO_ANYONE}}}
}

func (w *world) export(t rapid.TB) *types.GenesisState {
	t.Helper()
	if err := w.CheckInvariants(w.env.Ctx()); err != nil {
		t.Fatal(err)
	}
	g, err := w.ExportGenesis(w.env.Ctx())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// do runs a message as a transaction does: a refusal leaves nothing behind.
func (w *world) do(msg any) error {
	ctx, write := w.env.Ctx().CacheContext()
	err := w.run(ctx, msg)
	if err == nil {
		write()
	}
	return err
}

func (w *world) run(ctx context.Context, msg any) (err error) {
	switch m := msg.(type) {
	case *types.MsgCreate:
		_, err = w.Create(ctx, m)
	case *types.MsgProposeMembers:
		_, err = w.ProposeMembers(ctx, m)
	case *types.MsgAcceptMembership:
		_, err = w.AcceptMembership(ctx, m)
	case *types.MsgLeaveMembership:
		_, err = w.LeaveMembership(ctx, m)
	case *types.MsgRemoveMembers:
		_, err = w.RemoveMembers(ctx, m)
	case *types.MsgSetRules:
		_, err = w.SetRules(ctx, m)
	case *types.MsgSetRoots:
		_, err = w.SetRoots(ctx, m)
	case *types.MsgSetScripts:
		_, err = w.SetScripts(ctx, m)
	case *types.MsgSetBackends:
		_, err = w.SetBackends(ctx, m)
	case *types.MsgFreeze:
		_, err = w.Freeze(ctx, m)
	case *types.MsgUnfreeze:
		_, err = w.Unfreeze(ctx, m)
	case *types.MsgTransferOwnership:
		_, err = w.TransferOwnership(ctx, m)
	case *types.MsgAcceptOwnership:
		_, err = w.AcceptOwnership(ctx, m)
	case *types.MsgDissolve:
		_, err = w.Dissolve(ctx, m)
	case *types.MsgUpdateParams:
		_, err = w.UpdateParams(ctx, m)
	default:
		err = fmt.Errorf("unknown message %T", msg)
	}
	return err
}

func (w *world) must(t testing.TB, msgs ...any) {
	t.Helper()
	for _, m := range msgs {
		if err := w.do(m); err != nil {
			t.Fatalf("%T: %v", m, err)
		}
	}
}

func (w *world) propose(s types.Subject, service string) *types.MsgProposeMembers {
	return &types.MsgProposeMembers{Owner: "owner", Perimeter: w.id, Proposals: []types.Proposal{{Subject: s, Service: service, Terms: types.Terms{Role: "r"}}}}
}

func (w *world) accept(sender string, s types.Subject, service string, policy uint64) *types.MsgAcceptMembership {
	return &types.MsgAcceptMembership{Sender: sender, Perimeter: w.id, Subject: s, Service: service, Policy: policy}
}

func (w *world) rules(rules ...types.Rule) *types.MsgSetRules {
	return &types.MsgSetRules{Owner: "owner", Perimeter: w.id, Rules: rules}
}

func TestMessages(t *testing.T) {
	rule := types.Rule{Service: "s", Function: "f", Who: types.WHO_ANYONE}
	key := append([]byte{0}, bytes.Repeat([]byte{1}, 32)...)
	// Every world has peer 1's "chat" as a member, peer 2's "chat" proposed, and an offer to "heir".
	tests := map[string]struct {
		msg  func(w *world) any
		want error
	}{
		"create":                    {func(*world) any { return &types.MsgCreate{Creator: "owner", Nonce: 2} }, nil},
		"create twice":              {func(*world) any { return &types.MsgCreate{Creator: "OWNER", Nonce: 1} }, types.ErrExists},
		"create with a long label":  {func(*world) any { return &types.MsgCreate{Creator: "a", Label: strings.Repeat("x", 65)} }, types.ErrTooMany},
		"create with a bad policy":  {func(*world) any { return &types.MsgCreate{Creator: "a", Policy: types.Policy{Rules: []types.Rule{{}}}} }, types.ErrInvalidPolicy},
		"propose":                   {func(w *world) any { return w.propose(peer(3), "chat") }, nil},
		"propose by a stranger":     {func(w *world) any { m := w.propose(peer(3), "chat"); m.Owner = "heir"; return m }, types.ErrNotOwner},
		"propose in no perimeter":   {func(w *world) any { m := w.propose(peer(3), "chat"); m.Perimeter = make([]byte, 32); return m }, types.ErrNotFound},
		"propose again":             {func(w *world) any { return w.propose(peer(2), "chat") }, types.ErrUnchanged},
		"propose new terms":         {func(w *world) any { m := w.propose(peer(1), "chat"); m.Proposals[0].Terms.Role = "admin"; return m }, nil},
		"propose nobody":            {func(w *world) any { return w.propose(types.Subject{}, "chat") }, types.ErrInvalidMember},
		"propose peer and deal":     {func(w *world) any { s := peer(3); s.Deal = deal(3).Deal; return w.propose(s, "chat") }, types.ErrInvalidMember},
		"propose a short peer":      {func(w *world) any { return w.propose(types.Subject{Peer: make([]byte, 31)}, "chat") }, types.ErrInvalidMember},
		"propose a name with a dot": {func(w *world) any { return w.propose(peer(3), "a.b") }, types.ErrInvalidMember},
		"propose no name":           {func(w *world) any { return w.propose(peer(3), "") }, types.ErrInvalidMember},
		"propose an asterisk":       {func(w *world) any { return w.propose(peer(3), "*") }, types.ErrInvalidMember},
		"propose a function twice": {func(w *world) any {
			m := w.propose(peer(3), "c")
			m.Proposals[0].Terms.Functions = []string{"f", "f"}
			return m
		}, types.ErrInvalidMember},
		"propose a bad role":      {func(w *world) any { m := w.propose(peer(3), "c"); m.Proposals[0].Terms.Role = "A"; return m }, types.ErrInvalidMember},
		"propose none":            {func(w *world) any { m := w.propose(peer(3), "c"); m.Proposals = nil; return m }, types.ErrTooMany},
		"propose 65":              {func(w *world) any { m := w.propose(peer(3), "c"); m.Proposals = make([]types.Proposal, 65); return m }, types.ErrTooMany},
		"accept":                  {func(w *world) any { return w.accept("2", peer(2), "chat", 1) }, nil},
		"accept by another owner": {func(w *world) any { return w.accept("operator", peer(2), "chat", 1) }, nil},
		"accept for another":      {func(w *world) any { return w.accept("1", peer(2), "chat", 1) }, types.ErrNotOwner},
		"accept by the owner":     {func(w *world) any { return w.accept("owner", peer(2), "chat", 1) }, types.ErrNotOwner},
		"accept another policy":   {func(w *world) any { return w.accept("2", peer(2), "chat", 2) }, types.ErrPolicyChanged},
		"accept another service":  {func(w *world) any { return w.accept("2", peer(2), "mail", 1) }, types.ErrNotMember},
		"accept again":            {func(w *world) any { return w.accept("1", peer(1), "chat", 1) }, types.ErrUnchanged},
		"accept to follow":        {func(w *world) any { m := w.accept("1", peer(1), "chat", 1); m.Follow = true; return m }, nil},
		"leave": {func(w *world) any {
			return &types.MsgLeaveMembership{Sender: "1", Perimeter: w.id, Subject: peer(1), Service: "chat"}
		}, nil},
		"leave for another": {func(w *world) any {
			return &types.MsgLeaveMembership{Sender: "2", Perimeter: w.id, Subject: peer(1), Service: "chat"}
		}, types.ErrNotOwner},
		"refuse a proposal": {func(w *world) any {
			return &types.MsgLeaveMembership{Sender: "2", Perimeter: w.id, Subject: peer(2), Service: "chat"}
		}, nil},
		"leave what one never was": {func(w *world) any {
			return &types.MsgLeaveMembership{Sender: "3", Perimeter: w.id, Subject: peer(3), Service: "chat"}
		}, types.ErrNotMember},
		"remove":                   {func(w *world) any { return w.remove(peer(1), peer(2)) }, nil},
		"remove twice in one":      {func(w *world) any { return w.remove(peer(1), peer(1)) }, types.ErrNotMember},
		"remove by a member":       {func(w *world) any { m := w.remove(peer(1)); m.Owner = "1"; return m }, types.ErrNotOwner},
		"rules":                    {func(w *world) any { return w.rules(rule) }, nil},
		"rules that never match":   {func(w *world) any { return w.rules(rule, rule) }, types.ErrInvalidPolicy},
		"rule for nobody":          {func(w *world) any { r := rule; r.Who = 0; return w.rules(r) }, types.ErrInvalidPolicy},
		"rule with ids of no kind": {func(w *world) any { r := rule; r.Ids = 5; return w.rules(r) }, types.ErrInvalidPolicy},
		"too many rules":           {func(w *world) any { return w.rules(make([]types.Rule, 257)...) }, types.ErrTooMany},
		"oversize rules": {func(w *world) any {
			r := rule
			r.Requires = []types.Requirement{{Service: "s", Function: "f", Equals: `"` + strings.Repeat("x", 70_000) + `"`}}
			return w.rules(r)
		}, types.ErrTooMany},
		"rules by a stranger": {func(w *world) any { m := w.rules(rule); m.Owner = "1"; return m }, types.ErrNotOwner},
		"roots": {func(w *world) any {
			return &types.MsgSetRoots{Owner: "owner", Perimeter: w.id, Roots: []types.Root{{Key: key, MaxChainLen: 16}}}
		}, nil},
		"root with a chain of 17": {func(w *world) any {
			return &types.MsgSetRoots{Owner: "owner", Perimeter: w.id, Roots: []types.Root{{Key: key, MaxChainLen: 17}}}
		}, types.ErrInvalidPolicy},
		"root that is no key": {func(w *world) any {
			return &types.MsgSetRoots{Owner: "owner", Perimeter: w.id, Roots: []types.Root{{Key: key[:20]}}}
		}, types.ErrInvalidPolicy},
		"scripts": {func(w *world) any {
			return &types.MsgSetScripts{Owner: "owner", Perimeter: w.id, Scripts: types.Scripts{Cids: []string{perimeter.ScriptCID([32]byte{})}}}
		}, nil},
		"script that is no CID": {func(w *world) any {
			return &types.MsgSetScripts{Owner: "owner", Perimeter: w.id, Scripts: types.Scripts{Cids: []string{"x"}}}
		}, types.ErrInvalidPolicy},
		"backends": {func(w *world) any {
			return &types.MsgSetBackends{Owner: "owner", Perimeter: w.id, Backends: []types.Backend{{Name: "b", Places: []types.Place{{Peer: peer(1).Peer, Service: "chat"}}}}}
		}, nil},
		"backend of a short peer": {func(w *world) any {
			return &types.MsgSetBackends{Owner: "owner", Perimeter: w.id, Backends: []types.Backend{{Name: "b", Places: []types.Place{{Peer: []byte{1}, Service: "chat"}}}}}
		}, types.ErrInvalidMember},
		"freeze":               {func(w *world) any { return &types.MsgFreeze{Owner: "owner", Perimeter: w.id} }, nil},
		"freeze by a member":   {func(w *world) any { return &types.MsgFreeze{Owner: "1", Perimeter: w.id} }, types.ErrNotOwner},
		"unfreeze what is not": {func(w *world) any { return &types.MsgUnfreeze{Owner: "owner", Perimeter: w.id} }, types.ErrState},
		"transfer": {func(w *world) any {
			return &types.MsgTransferOwnership{Owner: "owner", Perimeter: w.id, NextOwner: "other"}
		}, nil},
		"withdraw the offer": {func(w *world) any { return &types.MsgTransferOwnership{Owner: "owner", Perimeter: w.id} }, nil},
		"transfer to the same": {func(w *world) any {
			return &types.MsgTransferOwnership{Owner: "owner", Perimeter: w.id, NextOwner: "heir"}
		}, types.ErrUnchanged},
		"transfer to oneself": {func(w *world) any {
			return &types.MsgTransferOwnership{Owner: "owner", Perimeter: w.id, NextOwner: "Owner"}
		}, types.ErrUnchanged},
		"take the offer":       {func(w *world) any { return &types.MsgAcceptOwnership{Sender: "heir", Perimeter: w.id} }, nil},
		"take another's offer": {func(w *world) any { return &types.MsgAcceptOwnership{Sender: "owner", Perimeter: w.id} }, types.ErrNotOwner},
		"dissolve":             {func(w *world) any { return &types.MsgDissolve{Owner: "owner", Perimeter: w.id} }, nil},
		"dissolve by the heir": {func(w *world) any { return &types.MsgDissolve{Owner: "heir", Perimeter: w.id} }, types.ErrNotOwner},
		"params":               {func(w *world) any { return &types.MsgUpdateParams{Authority: w.env.Authority, Params: small()} }, nil},
		"params by a stranger": {func(*world) any { return &types.MsgUpdateParams{Authority: "owner", Params: small()} }, types.ErrNotAuthority},
		"params out of bounds": {func(w *world) any {
			p := small()
			p.MaxMembers = 4097
			return &types.MsgUpdateParams{Authority: w.env.Authority, Params: p}
		}, types.ErrInvalidParams},
		"a deal's workers":             {func(w *world) any { return w.propose(deal(3), "chat") }, nil},
		"accept an address of no form": {func(w *world) any { return w.accept("", peer(2), "chat", 1) }, errAny},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.must(t, w.propose(peer(1), "chat"), w.accept("1", peer(1), "chat", 1), w.propose(peer(2), "chat"),
				&types.MsgTransferOwnership{Owner: "owner", Perimeter: w.id, NextOwner: "heir"})
			before := w.export(t)
			at, err := w.Current(w.env.Ctx(), w.id)
			if err != nil {
				t.Fatal(err)
			}
			err = w.do(tt.msg(w))
			if errors.Is(tt.want, errAny) {
				if err == nil {
					t.Fatal("accepted")
				}
			} else if !errors.Is(err, tt.want) {
				t.Fatalf("%v, want %v", err, tt.want)
			}
			if wrote := !reflect.DeepEqual(w.export(t), before); wrote != (tt.want == nil) {
				t.Errorf("state written = %v, want %v", wrote, tt.want == nil)
			}
			now, err := w.Current(w.env.Ctx(), w.id)
			if err != nil {
				t.Fatal(err)
			}
			changed := tt.want == nil && !strings.HasPrefix(name, "create") && !strings.HasPrefix(name, "params")
			if (now.Version == at.Version+1) != changed {
				t.Errorf("version %d after %d", now.Version, at.Version)
			}
		})
	}
}

var errAny = errors.New("any error") //nolint:gochecknoglobals // a sentinel of the table

func (w *world) remove(list ...types.Subject) *types.MsgRemoveMembers {
	m := &types.MsgRemoveMembers{Owner: "owner", Perimeter: w.id}
	for _, s := range list {
		m.Members = append(m.Members, types.MemberRef{Subject: s, Service: "chat"})
	}
	return m
}

func small() types.Params {
	p := types.DefaultParams()
	p.MaxMembers, p.RetentionBlocks = 3, 3
	return p
}

func TestLife(t *testing.T) {
	w := newWorld(t)
	state := func(want types.State) {
		t.Helper()
		if v, err := w.Current(w.env.Ctx(), w.id); err != nil || v.State != want {
			t.Fatalf("state %v, %v; want %v", v.State, err, want)
		}
		w.export(t)
	}
	state(types.STATE_PROPOSED)
	if err := w.do(&types.MsgFreeze{Owner: "owner", Perimeter: w.id}); !errors.Is(err, types.ErrState) {
		t.Errorf("freeze before the first member: %v", err)
	}
	w.must(t, w.propose(peer(1), "chat"), w.accept("1", peer(1), "chat", 1))
	state(types.STATE_ACTIVE)
	w.must(t, &types.MsgFreeze{Owner: "owner", Perimeter: w.id})
	state(types.STATE_FROZEN)
	w.must(t, w.rules(), &types.MsgUnfreeze{Owner: "owner", Perimeter: w.id})
	state(types.STATE_ACTIVE)
	w.must(t, &types.MsgDissolve{Owner: "owner", Perimeter: w.id})
	state(types.STATE_DISSOLVED)
	for _, m := range []any{w.rules(), w.propose(peer(2), "chat"), &types.MsgUnfreeze{Owner: "owner", Perimeter: w.id}, w.accept("1", peer(1), "chat", 2)} {
		if err := w.do(m); !errors.Is(err, types.ErrState) {
			t.Errorf("%T on a dissolved perimeter: %v, want ErrState", m, err)
		}
	}
}

func TestDealMembers(t *testing.T) {
	w := newWorld(t)
	w.must(t, w.propose(deal(3), "chat"), w.propose(deal(0), "chat"))
	w.book.closed = false
	for sender, want := range map[string]error{"3": types.ErrOpenDeal, "4": types.ErrNotOwner} {
		if err := w.do(w.accept(sender, deal(3), "chat", 1)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", sender, err, want)
		}
	}
	if err := w.do(w.accept("3", deal(0), "chat", 1)); !errors.Is(err, types.ErrNotFound) {
		t.Errorf("no such deal: %v, want ErrNotFound", err)
	}
	w.book.closed = true
	w.must(t, w.accept("3", deal(3), "chat", 1))
	w.book.closed = false // who accepted may always leave
	w.must(t, &types.MsgLeaveMembership{Sender: "3", Perimeter: w.id, Subject: deal(3), Service: "chat"})
	w.export(t)
}

func TestMembersAndProposalsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.must(t, &types.MsgUpdateParams{Authority: w.env.Authority, Params: small()})
	w.must(t, w.propose(peer(1), "a"), w.accept("1", peer(1), "a", 1), w.propose(peer(1), "b"), w.propose(peer(1), "c"))
	if err := w.do(w.propose(peer(1), "d")); !errors.Is(err, types.ErrTooMany) {
		t.Errorf("a fourth: %v, want ErrTooMany", err)
	}
	m := w.propose(peer(1), "a")
	m.Proposals[0].Terms.Role = "other"
	w.must(t, m) // new terms of a member are no new member
	w.export(t)
}

func TestOldVersionsAndPoliciesExpire(t *testing.T) {
	w := newWorld(t)
	w.must(t, &types.MsgUpdateParams{Authority: w.env.Authority, Params: small()})
	w.must(t, w.propose(peer(1), "a"), w.accept("1", peer(1), "a", 1)) // holds on to policy 1
	w.must(t, w.propose(peer(2), "a"))
	follow := w.accept("2", peer(2), "a", 1)
	follow.Follow = true
	w.must(t, follow, w.rules(), w.rules(), &types.MsgRemoveMembers{Owner: "owner", Perimeter: w.id, Members: []types.MemberRef{{Subject: peer(2), Service: "a"}}})
	for range 5 {
		if err := w.EndBlock(w.env.Next(1)); err != nil {
			t.Fatal(err)
		}
		w.export(t)
	}
	g := w.export(t)
	if len(g.Versions) != 1 || len(g.Members) != 1 {
		t.Errorf("%d versions, %d members kept, want one of each", len(g.Versions), len(g.Members))
	}
	if len(g.Policies) != 2 || g.Policies[0].Number != 1 || g.Policies[1].Number != 3 {
		t.Errorf("policies %v, want the one that a member accepted and the current", g.Policies)
	}
	if _, err := w.Version(w.env.Ctx(), w.id, 2); !errors.Is(err, types.ErrNotFound) {
		t.Errorf("version 2: %v, want ErrNotFound", err)
	}
	w.must(t, &types.MsgLeaveMembership{Sender: "1", Perimeter: w.id, Subject: peer(1), Service: "a"})
	for range 5 {
		if err := w.EndBlock(w.env.Next(1)); err != nil {
			t.Fatal(err)
		}
	}
	if g := w.export(t); len(g.Policies) != 1 || len(g.Members) != 0 {
		t.Errorf("%d policies, %d members kept, want the current policy alone", len(g.Policies), len(g.Members))
	}
}

// The life of members under random messages follows a model that keeps every
// version whole; versions never skip; export → import → export is the same.
func TestLifeFollowsAModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		p := small()
		p.MaxMembers = 6
		w.must(t, &types.MsgUpdateParams{Authority: w.env.Authority, Params: p})
		type state struct{ members map[string]bool }
		model := map[uint64]state{1: {map[string]bool{}}}
		version, policy := uint64(1), uint64(1)
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) {
				g := w.export(rt)
				for _, v := range g.Versions {
					var got, want []string
					for _, m := range g.Members {
						if m.At(v.Version) != nil {
							got = append(got, fmt.Sprint(m.Subject.Peer[0]))
						}
					}
					for k, in := range model[v.Version].members {
						if in {
							want = append(want, k)
						}
					}
					slices.Sort(got)
					if slices.Sort(want); !slices.Equal(got, want) {
						rt.Fatalf("version %d: members %v, want %v", v.Version, got, want)
					}
				}
				if last := g.Versions[len(g.Versions)-1]; last.Version != version || last.Policy != policy {
					rt.Fatalf("version %d policy %d, want %d and %d", last.Version, last.Policy, version, policy)
				}
			},
			"message": func(rt *rapid.T) {
				n := rapid.ByteRange(1, 4).Draw(rt, "peer")
				s, name := peer(n), fmt.Sprint(n)
				next := map[string]bool{}
				for k, v := range model[version].members {
					next[k] = v
				}
				var msg any
				switch rapid.IntRange(0, 4).Draw(rt, "kind") {
				case 0:
					msg = w.propose(s, "chat")
				case 1:
					m := w.accept(name, s, "chat", policy)
					m.Follow = rapid.Bool().Draw(rt, "follow")
					msg, next[name] = m, true
				case 2:
					msg, next[name] = &types.MsgLeaveMembership{Sender: name, Perimeter: w.id, Subject: s, Service: "chat"}, false
				case 3:
					msg, next[name] = w.remove(s), false
				case 4:
					msg = w.rules()
				}
				if w.do(msg) == nil {
					version++
					model[version] = state{next}
					if _, ok := msg.(*types.MsgSetRules); ok {
						policy++
					}
				}
			},
			"block": func(rt *rapid.T) {
				if err := w.EndBlock(w.env.Next(1)); err != nil {
					rt.Fatal(err)
				}
			},
			"import": func(rt *rapid.T) {
				g := w.export(rt)
				env := kit.New(t, types.StoreKey)
				k := keeper.New(env.Codec, env.Service, plain{}, w.book, env.Authority)
				if err := k.InitGenesis(env.Ctx(), *g); err != nil {
					rt.Fatal(err)
				}
				if err := k.CheckInvariants(env.Ctx()); err != nil {
					rt.Fatal(err)
				}
				again, err := k.ExportGenesis(env.Ctx())
				if err != nil || !reflect.DeepEqual(again, g) {
					rt.Fatalf("imported state differs: %v", err)
				}
			},
		})
	})
}

func TestQueries(t *testing.T) {
	w := newWorld(t)
	w.must(t, w.propose(peer(1), "chat"), w.accept("1", peer(1), "chat", 1), w.propose(deal(5), "mail"), w.rules())
	q := keeper.NewQueryServer(w.Keeper)
	ctx, id := w.env.Ctx(), fmt.Sprintf("%x", w.id)
	if r, err := q.Perimeter(ctx, &types.QueryPerimeterRequest{Id: id}); err != nil || r.Version.Version != 5 || len(r.Policy.Rules) != 0 {
		t.Errorf("Perimeter = %v, %v", r, err)
	}
	if r, err := q.Perimeter(ctx, &types.QueryPerimeterRequest{Id: id, Version: 4}); err != nil || len(r.Policy.Rules) != 1 {
		t.Errorf("Perimeter 4 = %v, %v", r, err)
	}
	if r, err := q.Perimeters(ctx, &types.QueryPerimetersRequest{}); err != nil || len(r.Perimeters) != 1 {
		t.Errorf("Perimeters = %v, %v", r, err)
	}
	if r, err := q.Members(ctx, &types.QueryMembersRequest{Id: id}); err != nil || len(r.Members) != 2 {
		t.Errorf("Members = %v, %v", r, err)
	}
	for _, s := range []types.Subject{peer(1), deal(5)} {
		if r, err := q.Of(ctx, &types.QueryOfRequest{Subject: s.Text()}); err != nil || len(r.Members) != 1 || r.Members[0].Subject.Text() != s.Text() {
			t.Errorf("Of %s = %v, %v", s.Text(), r, err)
		}
	}
	if r, err := q.Policy(ctx, &types.QueryPolicyRequest{Id: id, Number: 1}); err != nil || r.Policy.Uses != 1 {
		t.Errorf("Policy = %v, %v", r, err)
	}
	for _, bad := range []string{"", "zz", id[:20], fmt.Sprintf("%x", make([]byte, 32))} {
		if r, err := q.Perimeter(ctx, &types.QueryPerimeterRequest{Id: bad}); err == nil {
			t.Errorf("Perimeter %q = %v", bad, r)
		}
	}
	if _, err := q.Of(ctx, &types.QueryOfRequest{Subject: "0x12"}); !errors.Is(err, types.ErrInvalidMember) {
		t.Errorf("Of a broken deal id: %v", err)
	}
}

func TestBrokenGenesisIsRefused(t *testing.T) {
	w := newWorld(t)
	w.must(t, w.propose(peer(1), "chat"), w.accept("1", peer(1), "chat", 1), w.rules())
	tests := map[string]func(*types.GenesisState){
		"params":            func(g *types.GenesisState) { g.Params.MaxRules = 0 },
		"version missing":   func(g *types.GenesisState) { g.Versions = slices.Delete(g.Versions, 1, 2) },
		"current expires":   func(g *types.GenesisState) { g.Versions[len(g.Versions)-1].RetainedUntil = 1 << 60 },
		"policy missing":    func(g *types.GenesisState) { g.Policies = g.Policies[1:] },
		"uses":              func(g *types.GenesisState) { g.Policies[0].Uses = 7 },
		"counts":            func(g *types.GenesisState) { g.Versions[len(g.Versions)-1].Members = 0 },
		"member of none":    func(g *types.GenesisState) { g.Members[0].Perimeter = make([]byte, 32) },
		"member of no form": func(g *types.GenesisState) { g.Members[0].Service = "a.b" },
		"span backwards":    func(g *types.GenesisState) { g.Members[0].Spans[0].From = 99 },
		"order":             func(g *types.GenesisState) { slices.Reverse(g.Versions) },
		"state":             func(g *types.GenesisState) { g.Versions[0].State = 9 },
	}
	for name, breakIt := range tests {
		t.Run(name, func(t *testing.T) {
			g := w.export(t)
			breakIt(g)
			if err := g.Validate(); err == nil {
				t.Error("accepted")
			}
		})
	}
}
