// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"crypto/ed25519"
	"encoding/binary"

	sdkmath "cosmossdk.io/math"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/app"
	"github.com/go-fluence/fluence/app/apptest"
	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// marketOperations are what providers do.
func marketOperations() []operation {
	return []operation{
		{"name provider", 4, messages(nameProvider)},
		{"register offer", 6, messages(registerOffer)},
		{"reprice offer", 4, messages(repriceOffer)},
		{"add peer", 8, messages(addPeer)},
		{"add units", 5, messages(addUnits)},
		{"remove units", 4, messages(removeUnits)},
		{"remove peer", 2, messages(removePeer)},
		{"drain peer", 2, messages(drainPeer)},
	}
}

// supplySide: counters, supplies and holdings of the market agree.
func supplySide(ctx sdk.Context, a *app.App) error { return a.Market.CheckInvariants(ctx) }

func nameProvider(_ *world, a apptest.Account) (sdk.Msg, error) {
	return &markettypes.MsgSetProvider{Provider: a.Address().String(), Name: "provider"}, nil
}

// terms draws one of the two ways of pricing.
func (w *world) terms() markettypes.Terms {
	t := markettypes.Terms{Denom: "uusd", MinPrice: sdkmath.NewInt(1 + w.rng.Int64N(1000)), MinProtocolVersion: 1, MaxProtocolVersion: 2}
	if w.rng.IntN(2) == 0 {
		t.MinPrice = sdkmath.ZeroInt()
		for r := range uint64(3) {
			t.Prices = append(t.Prices, markettypes.Price{ResourceId: r + 1, Price: sdkmath.NewInt(1 + w.rng.Int64N(10))})
		}
	}
	return t
}

func (w *world) ids(n int) (out [][]byte) {
	for range n {
		id := make([]byte, markettypes.IDSize)
		for i := range id {
			id[i] = byte(w.rng.Uint32())
		}
		out = append(out, id)
	}
	return out
}

// newPeer draws a peer of a that fits an offer.
func (w *world) newPeer(a apptest.Account, byUnit bool) markettypes.NewPeer {
	seed := make([]byte, ed25519.SeedSize)
	binary.BigEndian.PutUint64(seed, w.rng.Uint64())
	key := ed25519.NewKeyFromSeed(seed)
	owner, expires := w.account().Address(), uint64(w.Time().Unix())+60
	p := markettypes.NewPeer{
		Id: key.Public().(ed25519.PublicKey), Owner: owner.String(), ExpiresAt: expires, UnitIds: w.ids(1 + w.rng.IntN(4)),
		Signature: ed25519.Sign(key, markettypes.PeerBytes(w.Context().ChainID(), a.Address(), owner, expires)),
	}
	if !byUnit {
		n := uint64(len(p.UnitIds))
		p.Supplies = []markettypes.Supply{{ResourceId: 1, Max: 2 * n}, {ResourceId: 2, Max: 8192 * n}}
	}
	return p
}

func registerOffer(w *world, a apptest.Account) (sdk.Msg, error) {
	t := w.terms()
	return &markettypes.MsgRegisterOffer{Provider: a.Address().String(), Terms: t, Peers: []markettypes.NewPeer{w.newPeer(a, len(t.Prices) == 0)}}, nil
}

// offerOf returns the last of the first 200 offers that is a's; ok is false when there is none.
func (w *world) offerOf(a apptest.Account) (o markettypes.Offer, ok bool, err error) {
	_, err = w.Apps[0].Market.IterateOffers(w.Context(), nil, 200, func(each markettypes.Offer) (bool, error) {
		if each.Provider == a.Address().String() {
			o, ok = each, true
		}
		return ok && w.rng.IntN(3) == 0, nil
	})
	return o, ok, err
}

// peerOf returns a peer of a.
func (w *world) peerOf(a apptest.Account) (p markettypes.Peer, ok bool, err error) {
	o, ok, err := w.offerOf(a)
	if err != nil || !ok {
		return p, false, err
	}
	ok = false
	_, err = w.Apps[0].Market.IteratePeers(w.Context(), o.Id, nil, 100, func(each markettypes.Peer) (bool, error) {
		p, ok = each, true
		return w.rng.IntN(3) == 0, nil
	})
	return p, ok, err
}

func repriceOffer(w *world, a apptest.Account) (sdk.Msg, error) {
	o, ok, err := w.offerOf(a)
	if err != nil || !ok {
		return nil, err
	}
	return &markettypes.MsgUpdateOffer{Provider: o.Provider, OfferId: o.Id, Terms: w.terms()}, nil
}

func addPeer(w *world, a apptest.Account) (sdk.Msg, error) {
	o, ok, err := w.offerOf(a)
	if err != nil || !ok {
		return nil, err
	}
	return &markettypes.MsgAddPeers{Provider: o.Provider, OfferId: o.Id, Peers: []markettypes.NewPeer{w.newPeer(a, o.PricedByUnit())}}, nil
}

func addUnits(w *world, a apptest.Account) (sdk.Msg, error) {
	p, ok, err := w.peerOf(a)
	if err != nil || !ok {
		return nil, err
	}
	return &markettypes.MsgAddUnits{Provider: p.Provider, PeerId: p.Id, UnitIds: w.ids(1 + w.rng.IntN(2))}, nil
}

// removeUnits removes one unit of a peer, or all.
func removeUnits(w *world, a apptest.Account) (sdk.Msg, error) {
	p, ok, err := w.peerOf(a)
	if err != nil || !ok {
		return nil, err
	}
	units, err := w.Apps[0].Market.Units(w.Context(), p.Id)
	if err != nil || len(units) == 0 {
		return nil, err
	}
	if w.rng.IntN(2) == 0 {
		units = units[:1]
	}
	msg := &markettypes.MsgRemoveUnits{Provider: p.Provider, PeerId: p.Id}
	for _, u := range units {
		msg.UnitIds = append(msg.UnitIds, u.Id)
	}
	return msg, nil
}

func removePeer(w *world, a apptest.Account) (sdk.Msg, error) {
	p, ok, err := w.peerOf(a)
	if err != nil || !ok {
		return nil, err
	}
	return &markettypes.MsgRemovePeers{Provider: p.Provider, PeerIds: [][]byte{p.Id}}, nil
}

func drainPeer(w *world, a apptest.Account) (sdk.Msg, error) {
	p, ok, err := w.peerOf(a)
	if err != nil || !ok {
		return nil, err
	}
	return &markettypes.MsgDrainPeer{Provider: p.Provider, PeerId: p.Id, Draining: w.rng.IntN(2) == 0}, nil
}
