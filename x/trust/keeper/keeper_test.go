// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/proofs/trust"
	"github.com/go-fluence/fluence/x/internal/kit"
	"github.com/go-fluence/fluence/x/trust/keeper"
	"github.com/go-fluence/fluence/x/trust/types"
)

// fixedEpoch is an epoch that tests turn by hand.
type fixedEpoch struct{ n uint64 }

func (e *fixedEpoch) Number(context.Context) (uint64, error) { return e.n, nil }

// plain is an address codec that takes any text.
type plain struct{}

func (plain) StringToBytes(s string) ([]byte, error) { return []byte(s), nil }
func (plain) BytesToString(b []byte) (string, error) { return string(b), nil }

type party struct {
	priv ed25519.PrivateKey
	key  trust.Key
	enc  []byte
}

func named(t testing.TB, name string) party {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	priv := ed25519.NewKeyFromSeed(seed[:])
	key, err := trust.NewKey(trust.Ed25519, priv.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return party{priv, key, key.Append(nil)}
}

func (p party) sign(b []byte) []byte {
	return trust.Signature{Format: trust.Ed25519, Raw: ed25519.Sign(p.priv, b)}.Append(nil)
}

func (p party) revokes(o party, at uint64) *types.MsgRevoke {
	r := trust.Revocation{Revoked: o.key, RevokedAt: at, RevokedBy: p.key}
	return &types.MsgRevoke{Sender: "anybody", Revoked: o.enc, RevokedBy: p.enc, RevokedAt: at, Signature: p.sign(r.SigningBytes())}
}

func (p party) trusts(o party, at, until uint64) *types.MsgAnchorTrust {
	tr := trust.Trust{IssuedFor: o.key, IssuedAt: at, ExpiresAt: until}
	return &types.MsgAnchorTrust{Sender: "anybody", IssuedFor: o.enc, IssuedBy: p.enc, IssuedAt: at, ExpiresAt: until, Signature: p.sign(tr.SigningBytes())}
}

type world struct {
	*keeper.Keeper
	types.MsgServer
	env   *kit.Env
	epoch *fixedEpoch
	now   uint64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{env: kit.New(t, types.StoreKey), epoch: &fixedEpoch{1}, now: uint64(kit.Genesis.Unix())}
	w.Keeper = keeper.New(w.env.Codec, w.env.Service, plain{}, w.epoch, w.env.Authority)
	w.MsgServer = keeper.NewMsgServer(w.Keeper)
	if err := w.InitGenesis(w.env.Ctx(), *types.DefaultGenesis()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) export(t testing.TB) *types.GenesisState {
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

func TestRevoke(t *testing.T) {
	root, bob := named(t, "root"), named(t, "bob")
	now := uint64(kit.Genesis.Unix())
	tests := map[string]struct {
		msg  *types.MsgRevoke
		edit func(*types.MsgRevoke)
		want error
	}{
		"accepted":              {root.revokes(bob, now), nil, nil},
		"a minute ahead":        {root.revokes(bob, now+60), nil, nil},
		"long ago":              {root.revokes(bob, 1), nil, nil},
		"too far ahead":         {root.revokes(bob, now+61), nil, types.ErrFuture},
		"the end of time":       {root.revokes(bob, 1<<64-1), nil, types.ErrFuture},
		"as old as recorded":    {root.revokes(named(t, "carol"), 100), nil, types.ErrNotNewer},
		"of itself":             {root.revokes(root, now), nil, types.ErrSelfRevocation},
		"another time":          {root.revokes(bob, now), func(m *types.MsgRevoke) { m.RevokedAt-- }, types.ErrInvalidSignature},
		"by somebody else":      {root.revokes(bob, now), func(m *types.MsgRevoke) { m.RevokedBy = bob.enc; m.Revoked = root.enc }, types.ErrInvalidSignature},
		"key of no format":      {root.revokes(bob, now), func(m *types.MsgRevoke) { m.Revoked = append([]byte{9}, m.Revoked[1:]...) }, types.ErrInvalidKey},
		"key too short":         {root.revokes(bob, now), func(m *types.MsgRevoke) { m.Revoked = m.Revoked[:32] }, types.ErrInvalidKey},
		"no key":                {root.revokes(bob, now), func(m *types.MsgRevoke) { m.RevokedBy = nil }, types.ErrInvalidKey},
		"no signature":          {root.revokes(bob, now), func(m *types.MsgRevoke) { m.Signature = nil }, types.ErrInvalidSignature},
		"a giant signature":     {root.revokes(bob, now), func(m *types.MsgRevoke) { m.Signature = make([]byte, 1<<20) }, types.ErrInvalidSignature},
		"signature of 63 bytes": {root.revokes(bob, now), func(m *types.MsgRevoke) { m.Signature = m.Signature[:64] }, types.ErrInvalidSignature},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if _, err := w.Revoke(w.env.Ctx(), root.revokes(named(t, "carol"), 100)); err != nil {
				t.Fatal(err)
			}
			before := w.export(t)
			if tt.edit != nil {
				tt.edit(tt.msg)
			}
			_, err := w.Revoke(w.env.Next(0), tt.msg)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Revoke = %v, want %v", err, tt.want)
			}
			if wrote := !reflect.DeepEqual(w.export(t), before); wrote != (tt.want == nil) {
				t.Errorf("state written = %v, want %v", wrote, tt.want == nil)
			}
			if n := w.env.Events()["fluence.trust.v1.EventRevoked"]; (n == 1) != (tt.want == nil) {
				t.Errorf("%d events", n)
			}
		})
	}
}

func TestAnchorUndoesARevocation(t *testing.T) {
	root, bob := named(t, "root"), named(t, "bob")
	w := newWorld(t)
	end := w.now + 1000
	anchor := func(at, until uint64) error {
		_, err := w.AnchorTrust(w.env.Ctx(), root.trusts(bob, at, until))
		return err
	}
	if err := anchor(w.now, end); !errors.Is(err, types.ErrNotRevoked) {
		t.Errorf("before any revocation: %v, want ErrNotRevoked", err)
	}
	if _, err := w.Revoke(w.env.Ctx(), root.revokes(bob, w.now-100)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		at, until uint64
		want      error
	}{
		"as old":        {w.now - 100, end, types.ErrNotNewer},
		"over":          {w.now - 50, w.now - 1, types.ErrExpired},
		"in the future": {w.now + 61, end, types.ErrFuture},
	} {
		if err := anchor(c.at, c.until); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	forged := root.trusts(bob, w.now-50, end)
	forged.ExpiresAt++
	if _, err := w.AnchorTrust(w.env.Ctx(), forged); !errors.Is(err, types.ErrInvalidSignature) {
		t.Errorf("forged: %v, want ErrInvalidSignature", err)
	}
	state := func(want bool) {
		t.Helper()
		if got, err := w.Revoked(w.env.Ctx(), bob.enc, root.enc); err != nil || got != want {
			t.Errorf("Revoked = %v, %v; want %v", got, err, want)
		}
		w.export(t)
	}
	state(true)
	if err := anchor(w.now-50, end); err != nil {
		t.Fatal(err)
	}
	state(false)
	if err := anchor(w.now-50, end); !errors.Is(err, types.ErrNotNewer) {
		t.Errorf("the same anchor again: %v, want ErrNotNewer", err)
	}
	if _, err := w.Revoke(w.env.Ctx(), root.revokes(bob, w.now)); err != nil {
		t.Fatal(err)
	}
	state(true) // a newer revocation counts again
}

func TestRateLimitIsPerKeyAndEpoch(t *testing.T) {
	root, bob := named(t, "root"), named(t, "bob")
	w := newWorld(t)
	p := types.DefaultParams()
	p.RevocationsPerEpoch = 2
	if _, err := w.UpdateParams(w.env.Ctx(), &types.MsgUpdateParams{Authority: "authority", Params: p}); err != nil {
		t.Fatal(err)
	}
	revoke := func(by party, at uint64) error {
		_, err := w.Revoke(w.env.Ctx(), by.revokes(named(t, "x"), at))
		return err
	}
	if err := errors.Join(revoke(root, 1), revoke(root, 2)); err != nil {
		t.Fatal(err)
	}
	if err := revoke(root, 3); !errors.Is(err, types.ErrRateLimited) {
		t.Errorf("third of the epoch: %v, want ErrRateLimited", err)
	}
	if err := revoke(bob, 3); err != nil {
		t.Errorf("another key: %v", err)
	}
	w.epoch.n++
	if err := revoke(root, 3); err != nil {
		t.Errorf("next epoch: %v", err)
	}
}

func TestBindingNeedsBothSides(t *testing.T) {
	peer, other := named(t, "peer"), named(t, "other")
	w := newWorld(t)
	ctx := w.env.Ctx().WithChainID("fluence-test-1")
	good := func() *types.MsgBindPeer {
		return &types.MsgBindPeer{Wallet: "alice", PeerKey: peer.enc, Signature: peer.sign(types.BindBytes("fluence-test-1", []byte("alice")))}
	}
	for name, c := range map[string]struct {
		edit func(*types.MsgBindPeer)
		want error
	}{
		"another wallet": {func(m *types.MsgBindPeer) { m.Wallet = "mallory" }, types.ErrInvalidSignature},
		"another chain": {func(m *types.MsgBindPeer) {
			m.Signature = peer.sign(types.BindBytes("fluence-test-2", []byte("alice")))
		}, types.ErrInvalidSignature},
		"another peer": {func(m *types.MsgBindPeer) { m.PeerKey = other.enc }, types.ErrInvalidSignature},
		"no key":       {func(m *types.MsgBindPeer) { m.PeerKey = nil }, types.ErrInvalidKey},
	} {
		m := good()
		c.edit(m)
		if _, err := w.BindPeer(ctx, m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := w.BindPeer(ctx, good()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.BindPeer(ctx, good()); !errors.Is(err, types.ErrBound) {
		t.Errorf("bound already: %v, want ErrBound", err)
	}
	if wallet, err := w.Wallet(ctx, peer.enc); err != nil || wallet != "alice" {
		t.Errorf("Wallet = %s, %v", wallet, err)
	}
	if _, err := w.UnbindPeer(ctx, &types.MsgUnbindPeer{Wallet: "mallory", PeerKey: peer.enc}); !errors.Is(err, types.ErrNotBound) {
		t.Errorf("unbound by another wallet: %v, want ErrNotBound", err)
	}
	if _, err := w.UnbindPeer(ctx, &types.MsgUnbindPeer{Wallet: "alice", PeerKey: peer.enc}); err != nil {
		t.Error(err)
	}
	if _, err := w.UnbindPeer(ctx, &types.MsgUnbindPeer{Wallet: "alice", PeerKey: peer.enc}); !errors.Is(err, types.ErrNotBound) {
		t.Errorf("unbound twice: %v, want ErrNotBound", err)
	}
}

func TestUpdateParamsRefuses(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		authority string
		edit      func(*types.Params)
		want      error
	}{
		"somebody else":   {"mallory", func(*types.Params) {}, types.ErrNotAuthority},
		"no revocations":  {"authority", func(p *types.Params) { p.RevocationsPerEpoch = 0 }, types.ErrInvalidParams},
		"two hours ahead": {"authority", func(p *types.Params) { p.FutureSeconds = 7200 }, types.ErrInvalidParams},
		"free signatures": {"authority", func(p *types.Params) { p.SignatureGas = 0 }, types.ErrInvalidParams},
	} {
		p := types.DefaultParams()
		c.edit(&p)
		if _, err := w.UpdateParams(w.env.Ctx(), &types.MsgUpdateParams{Authority: c.authority, Params: p}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if g := w.export(t); g.Params != types.DefaultParams() {
		t.Errorf("params are %v", g.Params)
	}
}

// TestKeysAreWhereProofsLookForThem reads the raw store: light clients prove
// presence and absence under these keys.
func TestKeysAreWhereProofsLookForThem(t *testing.T) {
	root, bob := named(t, "root"), named(t, "bob")
	w := newWorld(t)
	if _, err := w.Revoke(w.env.Ctx(), root.revokes(bob, w.now-100)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AnchorTrust(w.env.Ctx(), root.trusts(bob, w.now, w.now+9)); err != nil {
		t.Fatal(err)
	}
	store := w.env.Service.OpenKVStore(w.env.Ctx())
	for name, key := range map[string][]byte{"revocation": types.RevocationKey(bob.enc, root.enc), "anchor": types.AnchorKey(bob.enc, root.enc)} {
		if v, err := store.Get(key); err != nil || len(v) == 0 {
			t.Errorf("no %s under %x: %v", name, key, err)
		}
	}
	if v, err := store.Get(types.RevocationKey(root.enc, bob.enc)); err != nil || v != nil {
		t.Errorf("the pair turned round is present: %x, %v", v, err)
	}
}

func TestQueries(t *testing.T) {
	root, bob := named(t, "root"), named(t, "bob")
	w := newWorld(t)
	for i, by := range []party{root, named(t, "a"), named(t, "b")} {
		if _, err := w.Revoke(w.env.Ctx(), by.revokes(bob, uint64(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	q := keeper.NewQueryServer(w.Keeper)
	all, err := q.Revocations(w.env.Ctx(), &types.QueryRevocationsRequest{Revoked: bob.key.PeerID()})
	if err != nil || len(all.Revocations) != 3 {
		t.Errorf("Revocations = %v, %v; want 3", all, err)
	}
	one, err := q.Revocation(w.env.Ctx(), &types.QueryRevocationRequest{Revoked: bob.key.PeerID(), RevokedBy: root.key.PeerID()})
	if err != nil || !one.Revoked || !bytes.Equal(one.Revocation.RevokedBy, root.enc) {
		t.Errorf("Revocation = %v, %v", one, err)
	}
	if _, err := q.Revocation(w.env.Ctx(), &types.QueryRevocationRequest{Revoked: root.key.PeerID(), RevokedBy: bob.key.PeerID()}); err == nil {
		t.Error("a revocation that nobody made is found")
	}
	if _, err := q.Binding(w.env.Ctx(), &types.QueryBindingRequest{Peer: "0x12"}); !errors.Is(err, types.ErrInvalidKey) {
		t.Errorf("Binding of no peer = %v, want ErrInvalidKey", err)
	}
}

// TestLaws runs random revocations and anchors of three keys against a model of
// maps, and imports what it exports.
func TestLaws(t *testing.T) {
	keys := []party{named(t, "a"), named(t, "b"), named(t, "c")}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		type edge struct{ to, by int }
		revoked, anchored := map[edge]uint64{}, map[edge]uint64{}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			e := edge{rapid.IntRange(0, 2).Draw(rt, "to"), rapid.IntRange(0, 2).Draw(rt, "by")}
			at := w.now - 20 + uint64(rapid.IntRange(0, 15).Draw(rt, "at"))
			old, was := revoked[e]
			var err error
			var ok bool
			if rapid.Bool().Draw(rt, "revoke") {
				_, err = w.Revoke(w.env.Ctx(), keys[e.by].revokes(keys[e.to], at))
				if ok = e.to != e.by && (!was || at > old); ok {
					revoked[e] = at
				}
			} else {
				_, err = w.AnchorTrust(w.env.Ctx(), keys[e.by].trusts(keys[e.to], at, w.now+100))
				if ok = was && at > old && at > anchored[e]; ok {
					anchored[e] = at
				}
			}
			if (err == nil) != ok {
				rt.Fatalf("edge %v at %d: %v, want accepted = %v", e, at, err, ok)
			}
			w.env.Next(time.Second)
		}
		for to := range keys {
			for by := range keys {
				r, was := revoked[edge{to, by}]
				want := was && anchored[edge{to, by}] <= r
				if got, err := w.Revoked(w.env.Ctx(), keys[to].enc, keys[by].enc); err != nil || got != want {
					rt.Fatalf("Revoked(%d, %d) = %v, %v; want %v", to, by, got, err, want)
				}
			}
		}
		g, other := w.export(t), newWorld(t)
		if err := other.InitGenesis(other.env.Ctx(), *g); err != nil {
			rt.Fatal(err)
		}
		if again := other.export(t); !reflect.DeepEqual(again, g) {
			rt.Fatalf("imported %v, exported %v", again, g)
		}
	})
}
