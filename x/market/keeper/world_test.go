// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/internal/kit"
	"github.com/go-fluence/fluence/x/market/keeper"
	"github.com/go-fluence/fluence/x/market/types"
)

const chainID = "fluence-test-1"

// fixedEpoch is an epoch that tests turn by hand.
type fixedEpoch struct{ n uint64 }

func (e *fixedEpoch) Number(context.Context) (uint64, error) { return e.n, nil }

// plain is an address codec that takes any text but the empty one.
type plain struct{}

func (plain) StringToBytes(s string) ([]byte, error) { return []byte(s), nil }
func (plain) BytesToString(b []byte) (string, error) { return string(b), nil }

var errHook = errors.New("the hook refuses")

// listener is a hook that checks that the market has not changed the units yet.
type listener struct {
	k       *keeper.Keeper
	refuses bool
	took    int
	gave    int
	broken  error
}

func (l *listener) UnitsTaken(ctx context.Context, peer []byte, units [][]byte) error {
	l.took += len(units)
	return l.see(ctx, peer, units, false)
}

func (l *listener) UnitsReturned(ctx context.Context, peer []byte, units [][]byte) error {
	l.gave += len(units)
	return l.see(ctx, peer, units, true)
}

func (l *listener) see(ctx context.Context, peer []byte, units [][]byte, inDeal bool) error {
	for i, id := range units {
		u, err := l.k.Unit(ctx, id)
		if err != nil || !bytes.Equal(u.PeerId, peer) || (len(u.DealId) > 0) != inDeal {
			l.broken = fmt.Errorf("hook sees %v, %w", u, err)
		}
		if i > 0 && bytes.Compare(units[i-1], id) >= 0 {
			l.broken = errors.New("hook sees units out of order")
		}
	}
	if l.refuses {
		return errHook
	}
	return nil
}

type world struct {
	*keeper.Keeper
	types.MsgServer
	env   *kit.Env
	epoch *fixedEpoch
	hook  *listener
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := emptyWorld(t)
	if err := w.InitGenesis(w.ctx(), *types.DefaultGenesis()); err != nil {
		t.Fatal(err)
	}
	return w
}

func emptyWorld(t testing.TB) *world {
	t.Helper()
	w := &world{env: kit.New(t, types.StoreKey), epoch: &fixedEpoch{1}}
	w.Keeper = keeper.New(w.env.Codec, w.env.Service, plain{}, w.epoch, w.env.Authority)
	w.hook = &listener{k: w.Keeper}
	w.SetHooks(types.MultiUnitHooks{w.hook})
	w.MsgServer = keeper.NewMsgServer(w.Keeper)
	return w
}

func (w *world) ctx() sdk.Context { return w.env.Ctx().WithChainID(chainID) }

// export returns the state, after it was checked.
func (w *world) export(t testing.TB) *types.GenesisState {
	t.Helper()
	if err := w.CheckInvariants(w.ctx()); err != nil {
		t.Fatal(err)
	}
	g, err := w.ExportGenesis(w.ctx())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// key returns the key of a peer.
func key(n int) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte{byte(n)})
	return ed25519.NewKeyFromSeed(seed[:])
}

func peerID(n int) []byte { return key(n).Public().(ed25519.PublicKey) }

// id returns n as so many bytes.
func id(n, size int) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint64(b[size-8:], uint64(n))
	return b
}

func unitIDs(ns ...int) (out [][]byte) {
	for _, n := range ns {
		out = append(out, id(n, types.IDSize))
	}
	return out
}

func cid(n byte) []byte {
	return append([]byte{1, 0x55, 0x12, 0x20}, bytes.Repeat([]byte{n}, 32)...)
}

const expires = 1 << 40

// newPeer returns a signed peer with units.
func newPeer(n int, provider, owner string, units ...int) types.NewPeer {
	return types.NewPeer{
		Id: peerID(n), Owner: owner, ExpiresAt: expires, UnitIds: unitIDs(units...), Addresses: []string{"/ip4/127.0.0.1/tcp/7771"},
		Signature: ed25519.Sign(key(n), types.PeerBytes(chainID, []byte(provider), []byte(owner), expires)),
	}
}

// supplied returns the peer with vCPU for its units, memory and storage.
func supplied(p types.NewPeer, ram, storage uint64) types.NewPeer {
	p.Supplies = []types.Supply{{ResourceId: 1, Max: 2 * uint64(len(p.UnitIds)), Details: "{}"}, {ResourceId: 2, Max: ram}, {ResourceId: 3, Max: storage}}
	return p
}

func byUnit(price int64) types.Terms {
	return types.Terms{Denom: "uusd", MinPrice: math.NewInt(price), MinProtocolVersion: 1, MaxProtocolVersion: 1}
}

func byResource(prices ...int64) types.Terms {
	t := types.Terms{Denom: "uusd", MinPrice: math.ZeroInt(), MinProtocolVersion: 2, MaxProtocolVersion: 2}
	for i, p := range prices {
		t.Prices = append(t.Prices, types.Price{ResourceId: uint64(i + 1), Price: math.NewInt(p)})
	}
	return t
}

// provider names alice and registers an offer of hers with peers.
func (w *world) provider(t testing.TB, terms types.Terms, peers ...types.NewPeer) []byte {
	t.Helper()
	if _, err := w.SetProvider(w.ctx(), &types.MsgSetProvider{Provider: "alice", Name: "Alice"}); err != nil {
		t.Fatal(err)
	}
	res, err := w.RegisterOffer(w.ctx(), &types.MsgRegisterOffer{Provider: "alice", Terms: terms, Peers: peers})
	if err != nil {
		t.Fatal(err)
	}
	return res.OfferId
}

// refuses runs a call that must fail with an error and leave the state as it was.
func (w *world) refuses(t *testing.T, want error, call func(ctx context.Context) error) {
	t.Helper()
	before := w.export(t)
	err := call(w.ctx())
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	if after := w.export(t); !reflect.DeepEqual(after, before) {
		t.Errorf("a refusal changed %v to %v", before, after)
	}
}

// events returns the short types of the events of the running block.
func (w *world) events() map[string]int {
	out := map[string]int{}
	for k, n := range w.env.Events() {
		out[k[len("fluence.market.v1."):]] = n
	}
	return out
}

func hexText(b []byte) string { return fmt.Sprintf("%x", b) }
