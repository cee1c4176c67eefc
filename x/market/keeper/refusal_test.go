// SPDX-License-Identifier: Apache-2.0

package keeper_test

import (
	"context"
	"crypto/ed25519"
	"math/big"
	"strings"
	"testing"

	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/market/types"
)

// TestRefusals has one row per way in which a message is wrong: the error is
// typed and nothing is written.
func TestRefusals(t *testing.T) {
	w := newWorld(t)
	full := newPeer(1, "alice", "machine", 1, 2)
	unitOffer := w.provider(t, byUnit(10), full, newPeer(2, "alice", "machine"))
	resOffer := w.provider(t, byResource(1, 1, 1), supplied(newPeer(3, "alice", "machine", 3), 8192, 10))
	if _, err := w.SetProvider(w.ctx(), &types.MsgSetProvider{Provider: "bob", Name: "Bob"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Take(w.ctx(), types.Taking{Deal: id(1, 20), Worker: id(1, 32), Peer: peerID(1), Units: unitIDs(1)}); err != nil {
		t.Fatal(err)
	}
	if err := w.SetCommitment(w.ctx(), peerID(2), id(5, 32)); err != nil {
		t.Fatal(err)
	}
	huge := math.NewIntFromBigInt(new(big.Int).Lsh(big.NewInt(1), 255))
	terms := func(edit func(*types.Terms)) types.Terms { x := byUnit(10); edit(&x); return x }
	register := func(x types.Terms, peers ...types.NewPeer) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := w.RegisterOffer(ctx, &types.MsgRegisterOffer{Provider: "alice", Terms: x, Peers: peers})
			return err
		}
	}
	add := func(offer []byte, peers ...types.NewPeer) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := w.AddPeers(ctx, &types.MsgAddPeers{Provider: "alice", OfferId: offer, Peers: peers})
			return err
		}
	}
	edited := func(p types.NewPeer, edit func(*types.NewPeer)) types.NewPeer { edit(&p); return p }
	var many []types.NewPeer
	for i := range types.MaxPeersPerMessage + 1 {
		many = append(many, newPeer(100+i, "alice", "machine"))
	}
	lots := make([]int, types.MaxUnitsPerMessage+1)
	for i := range lots {
		lots[i] = 1000 + i
	}
	tests := map[string]struct {
		want error
		call func(context.Context) error
	}{
		"provider without a name": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.SetProvider(ctx, &types.MsgSetProvider{Provider: "alice"})
			return err
		}},
		"a name of a kilobyte": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.SetProvider(ctx, &types.MsgSetProvider{Provider: "alice", Name: strings.Repeat("a", 1024)})
			return err
		}},
		"a name that is no text": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.SetProvider(ctx, &types.MsgSetProvider{Provider: "alice", Name: "\xff"})
			return err
		}},
		"metadata that is no CID": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.SetProvider(ctx, &types.MsgSetProvider{Provider: "alice", Name: "Alice", Metadata: make([]byte, 36)})
			return err
		}},
		"offer of a nameless account": {types.ErrProviderNotFound, func(ctx context.Context) error {
			_, err := w.RegisterOffer(ctx, &types.MsgRegisterOffer{Provider: "mallory", Terms: byUnit(1)})
			return err
		}},
		"price 0":             {types.ErrInvalidField, register(byUnit(0))},
		"price below 0":       {types.ErrInvalidField, register(byUnit(-1))},
		"price 2^255":         {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.MinPrice = huge }))},
		"no price":            {types.ErrInvalidField, register(types.Terms{Denom: "uusd"})},
		"two ways of pricing": {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.Prices = byResource(1).Prices }))},
		"resource price 0":    {types.ErrInvalidField, register(byResource(1, 0))},
		"resource price 2^255": {types.ErrInvalidField, register(func() types.Terms {
			x := byResource(1)
			x.Prices[0].Price = huge
			return x
		}())},
		"prices out of order": {types.ErrInvalidField, register(func() types.Terms {
			x := byResource(1, 2)
			x.Prices[0], x.Prices[1] = x.Prices[1], x.Prices[0]
			return x
		}())},
		"65 prices":                   {types.ErrBatchTooLarge, register(byResource(make([]int64, 65)...))},
		"unregistered resource":       {types.ErrResourceNotFound, register(byResource(1, 1, 1, 1, 1, 1))},
		"denom that nobody pays in":   {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.Denom = "aflt" }))},
		"data center that is not":     {types.ErrDataCenterNotFound, register(terms(func(x *types.Terms) { x.DatacenterId = 1 }))},
		"effector that is no CID":     {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.Effectors = [][]byte{make([]byte, 36)} }))},
		"effector twice":              {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.Effectors = [][]byte{cid(1), cid(1)} }))},
		"65 effectors":                {types.ErrBatchTooLarge, register(terms(func(x *types.Terms) { x.Effectors = make([][]byte, 65) }))},
		"protocol version 0":          {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.MinProtocolVersion = 0 }))},
		"protocol version 3":          {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.MaxProtocolVersion = 3 }))},
		"protocol versions turned":    {types.ErrInvalidField, register(terms(func(x *types.Terms) { x.MinProtocolVersion = 2 }))},
		"33 peers":                    {types.ErrBatchTooLarge, register(byUnit(1), many...)},
		"1025 units in two peers":     {types.ErrBatchTooLarge, register(byUnit(1), newPeer(8, "alice", "machine", lots[:1000]...), newPeer(9, "alice", "machine", lots[1000:]...))},
		"no peers":                    {types.ErrInvalidField, add(unitOffer)},
		"offer that is not":           {types.ErrOfferNotFound, add(id(1, 32), newPeer(8, "alice", "machine"))},
		"offer id too short":          {types.ErrInvalidField, add(id(1, 20), newPeer(8, "alice", "machine"))},
		"peer that is in an offer":    {types.ErrPeerExists, add(resOffer, supplied(newPeer(1, "alice", "machine"), 0, 0))},
		"peer twice in a message":     {types.ErrPeerExists, add(unitOffer, newPeer(8, "alice", "machine"), newPeer(8, "alice", "machine"))},
		"unit that is another's":      {types.ErrUnitExists, add(unitOffer, newPeer(8, "alice", "machine", 1))},
		"unit twice across peers":     {types.ErrInvalidField, add(unitOffer, newPeer(8, "alice", "machine", 8), newPeer(9, "alice", "machine", 8))},
		"unit id too short":           {types.ErrInvalidField, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.UnitIds = [][]byte{id(1, 20)} }))},
		"peer id too short":           {types.ErrInvalidField, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.Id = p.Id[:31] }))},
		"signature of another key":    {types.ErrInvalidSignature, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.Signature = newPeer(9, "alice", "machine").Signature }))},
		"signature for another":       {types.ErrInvalidSignature, add(unitOffer, newPeer(8, "bob", "machine"))},
		"signature for another owner": {types.ErrInvalidSignature, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.Owner = "mallory" }))},
		"signature of another time":   {types.ErrInvalidSignature, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.ExpiresAt++ }))},
		"signature of another chain": {types.ErrInvalidSignature, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) {
			p.Signature = ed25519.Sign(key(8), types.PeerBytes("other", []byte("alice"), []byte("machine"), expires))
		}))},
		"no signature":                  {types.ErrInvalidSignature, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.Signature = nil }))},
		"signature that is over":        {types.ErrExpired, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.ExpiresAt = 1 }))},
		"no owner":                      {types.ErrInvalidField, add(unitOffer, newPeer(8, "alice", ""))},
		"17 addresses":                  {types.ErrBatchTooLarge, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.Addresses = make([]string, 17) }))},
		"address that is none":          {types.ErrInvalidField, add(unitOffer, edited(newPeer(8, "alice", "machine"), func(p *types.NewPeer) { p.Addresses = []string{"localhost"} }))},
		"supplies where units priced":   {types.ErrUnpriced, add(unitOffer, supplied(newPeer(8, "alice", "machine", 8), 4096, 0))},
		"no supplies":                   {types.ErrSupply, add(resOffer, newPeer(8, "alice", "machine", 8))},
		"memory short by one":           {types.ErrSupply, add(resOffer, supplied(newPeer(8, "alice", "machine", 8), 4095, 0))},
		"one vCPU too many":             {types.ErrSupply, add(resOffer, edited(supplied(newPeer(8, "alice", "machine", 8), 8192, 0), func(p *types.NewPeer) { p.Supplies[0].Max++ }))},
		"supply without a price":        {types.ErrUnpriced, add(resOffer, edited(supplied(newPeer(8, "alice", "machine", 8), 4096, 0), func(p *types.NewPeer) { p.Supplies = append(p.Supplies, types.Supply{ResourceId: 4, Max: 1}) }))},
		"supplies out of order":         {types.ErrInvalidField, add(resOffer, edited(supplied(newPeer(8, "alice", "machine", 8), 4096, 0), func(p *types.NewPeer) { p.Supplies[0], p.Supplies[1] = p.Supplies[1], p.Supplies[0] }))},
		"details of two kilobytes":      {types.ErrInvalidField, add(resOffer, edited(supplied(newPeer(8, "alice", "machine", 8), 4096, 0), func(p *types.NewPeer) { p.Supplies[0].Details = strings.Repeat("x", 2000) }))},
		"second peer of a batch is bad": {types.ErrInvalidSignature, add(unitOffer, newPeer(8, "alice", "machine", 8), newPeer(9, "bob", "machine", 9))},
		"terms of somebody else": {types.ErrNotOwner, func(ctx context.Context) error {
			_, err := w.UpdateOffer(ctx, &types.MsgUpdateOffer{Provider: "bob", OfferId: unitOffer, Terms: byUnit(1)})
			return err
		}},
		"another pricing under peers": {types.ErrOfferNotEmpty, func(ctx context.Context) error {
			_, err := w.UpdateOffer(ctx, &types.MsgUpdateOffer{Provider: "alice", OfferId: unitOffer, Terms: byResource(1, 1)})
			return err
		}},
		"a price dropped under peers": {types.ErrOfferNotEmpty, func(ctx context.Context) error {
			_, err := w.UpdateOffer(ctx, &types.MsgUpdateOffer{Provider: "alice", OfferId: resOffer, Terms: byResource(1, 1)})
			return err
		}},
		"offer with peers removed": {types.ErrOfferNotEmpty, func(ctx context.Context) error {
			_, err := w.RemoveOffer(ctx, &types.MsgRemoveOffer{Provider: "alice", OfferId: unitOffer})
			return err
		}},
		"peer with units removed": {types.ErrPeerNotEmpty, func(ctx context.Context) error {
			_, err := w.RemovePeers(ctx, &types.MsgRemovePeers{Provider: "alice", PeerIds: [][]byte{peerID(1)}})
			return err
		}},
		"peer under commitment removed": {types.ErrPeerCommitted, func(ctx context.Context) error {
			_, err := w.RemovePeers(ctx, &types.MsgRemovePeers{Provider: "alice", PeerIds: [][]byte{peerID(2)}})
			return err
		}},
		"units under commitment": {types.ErrPeerCommitted, func(ctx context.Context) error {
			_, err := w.AddUnits(ctx, &types.MsgAddUnits{Provider: "alice", PeerId: peerID(2), UnitIds: unitIDs(8)})
			return err
		}},
		"no units": {types.ErrInvalidField, func(ctx context.Context) error {
			_, err := w.AddUnits(ctx, &types.MsgAddUnits{Provider: "alice", PeerId: peerID(1)})
			return err
		}},
		"1025 units": {types.ErrBatchTooLarge, func(ctx context.Context) error {
			_, err := w.AddUnits(ctx, &types.MsgAddUnits{Provider: "alice", PeerId: peerID(1), UnitIds: unitIDs(lots...)})
			return err
		}},
		"1024 units more on a peer": {types.ErrTooManyUnits, func(ctx context.Context) error {
			_, err := w.AddUnits(ctx, &types.MsgAddUnits{Provider: "alice", PeerId: peerID(1), UnitIds: unitIDs(lots[:1024]...)})
			return err
		}},
		"unit without its memory": {types.ErrSupply, func(ctx context.Context) error {
			_, err := w.AddUnits(ctx, &types.MsgAddUnits{Provider: "alice", PeerId: peerID(3), UnitIds: unitIDs(8, 9)})
			return err
		}},
		"rented unit removed": {types.ErrUnitTaken, func(ctx context.Context) error {
			_, err := w.RemoveUnits(ctx, &types.MsgRemoveUnits{Provider: "alice", PeerId: peerID(1), UnitIds: unitIDs(2, 1)})
			return err
		}},
		"unit of another peer removed": {types.ErrUnitNotFound, func(ctx context.Context) error {
			_, err := w.RemoveUnits(ctx, &types.MsgRemoveUnits{Provider: "alice", PeerId: peerID(1), UnitIds: unitIDs(3)})
			return err
		}},
		"memory below what units need": {types.ErrSupply, func(ctx context.Context) error {
			_, err := w.SetPeerResource(ctx, &types.MsgSetPeerResource{Provider: "alice", PeerId: peerID(3), Supply: types.Supply{ResourceId: 2, Max: 4095}})
			return err
		}},
		"memory removed": {types.ErrSupply, func(ctx context.Context) error {
			_, err := w.RemovePeerResource(ctx, &types.MsgRemovePeerResource{Provider: "alice", PeerId: peerID(3), ResourceId: 2})
			return err
		}},
		"rented peer moved to other pricing": {types.ErrUnitTaken, func(ctx context.Context) error {
			_, err := w.MovePeer(ctx, &types.MsgMovePeer{Provider: "alice", PeerId: peerID(1), OfferId: resOffer, Supplies: supplied(full, 8192, 0).Supplies})
			return err
		}},
		"peer drained by somebody else": {types.ErrNotOwner, func(ctx context.Context) error {
			_, err := w.DrainPeer(ctx, &types.MsgDrainPeer{Provider: "machine", PeerId: peerID(1), Draining: true})
			return err
		}},
		"maintenance at once": {types.ErrMaintenance, func(ctx context.Context) error {
			_, err := w.SetMaintenance(ctx, &types.MsgSetMaintenance{Provider: "alice", PeerId: peerID(1), Window: types.Window{From: 1, Until: 2}})
			return err
		}},
		"maintenance at the end of time": {types.ErrMaintenance, func(ctx context.Context) error {
			_, err := w.SetMaintenance(ctx, &types.MsgSetMaintenance{Provider: "alice", PeerId: peerID(1), Window: types.Window{From: 1<<64 - 2, Until: 1<<64 - 1}})
			return err
		}},
		"maintenance for ever": {types.ErrMaintenance, func(ctx context.Context) error {
			_, err := w.SetMaintenance(ctx, &types.MsgSetMaintenance{Provider: "alice", PeerId: peerID(1), Window: types.Window{From: 2, Until: 1<<64 - 1}})
			return err
		}},
		"addresses by somebody else": {types.ErrNotOwner, func(ctx context.Context) error {
			_, err := w.SetPeerAddresses(ctx, &types.MsgSetPeerAddresses{Sender: "bob", PeerId: peerID(1)})
			return err
		}},
		"unit taken twice": {types.ErrUnitTaken, func(ctx context.Context) error {
			return w.Take(ctx, types.Taking{Deal: id(2, 20), Worker: id(2, 32), Peer: peerID(1), Units: unitIDs(1)})
		}},
		"a free and a taken unit": {types.ErrUnitTaken, func(ctx context.Context) error {
			return w.Take(ctx, types.Taking{Deal: id(2, 20), Worker: id(2, 32), Peer: peerID(1), Units: unitIDs(2, 1)})
		}},
		"257 units at once": {types.ErrBatchTooLarge, func(ctx context.Context) error {
			return w.Take(ctx, types.Taking{Deal: id(2, 20), Worker: id(2, 32), Peer: peerID(1), Units: unitIDs(lots[:257]...)})
		}},
		"units given back by another deal": {types.ErrUnitNotTaken, func(ctx context.Context) error {
			return w.Return(ctx, id(2, 20), id(1, 32), peerID(1), unitIDs(1))
		}},
		"units given back that were not taken": {types.ErrUnitNotTaken, func(ctx context.Context) error {
			return w.Return(ctx, id(1, 20), id(1, 32), peerID(1), unitIDs(1, 2))
		}},
		"a second commitment": {types.ErrPeerCommitted, func(ctx context.Context) error {
			return w.SetCommitment(ctx, peerID(2), id(6, 32))
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { w.refuses(t, tt.want, tt.call) })
	}
}
