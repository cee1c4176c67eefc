// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"slices"

	"cosmossdk.io/collections"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/market/types"
)

// joining is a checked new peer with its units.
type joining struct {
	peer  types.Peer
	units [][]byte
}

// AddPeers adds peers to an offer of the sender. Each has signed PeerBytes.
//
// Errors: ErrOfferNotFound, ErrNotOwner, ErrInvalidField, ErrBatchTooLarge,
// ErrPeerExists, ErrUnitExists, ErrTooManyUnits, ErrUnpriced, ErrSupply,
// ErrExpired, ErrInvalidSignature.
func (s msgServer) AddPeers(ctx context.Context, msg *types.MsgAddPeers) (*types.MsgAddPeersResponse, error) {
	addr, o, err := s.ownOffer(ctx, msg.Provider, msg.OfferId)
	if err != nil {
		return nil, err
	}
	if len(msg.Peers) == 0 {
		return nil, types.ErrInvalidField.Wrapf("peers: empty, want 1 to %d", types.MaxPeersPerMessage)
	}
	p, err := s.k.Provider(ctx, o.Provider)
	if err != nil {
		return nil, err
	}
	peers, err := s.checkPeers(ctx, addr, p, o, msg.Peers)
	if err != nil {
		return nil, err
	}
	return &types.MsgAddPeersResponse{}, s.writePeers(ctx, addr, o, peers)
}

// checkPeers checks new peers against each other and the state, cheapest first,
// signatures last. It writes nothing.
func (s msgServer) checkPeers(ctx context.Context, addr []byte, provider types.Provider, o types.Offer, news []types.NewPeer) ([]joining, error) {
	if err := atMost("peers", len(news), types.MaxPeersPerMessage); err != nil {
		return nil, err
	}
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	seen := make(map[string]bool, len(news))
	for _, n := range news {
		if err := types.CheckID("peers id", n.Id, types.IDSize); err != nil {
			return nil, err
		}
		if seen[string(n.Id)] {
			return nil, types.ErrPeerExists.Wrapf("%x stands twice in the message", n.Id)
		}
		seen[string(n.Id)] = true
		all = append(all, n.UnitIds...)
	}
	if len(all) > 0 {
		if err := s.checkNewUnits(ctx, all); err != nil {
			return nil, err
		}
	}
	if total := provider.UnitCount + uint64(len(all)); total > params.MaxUnitsPerProvider {
		return nil, types.ErrTooManyUnits.Wrapf("%d of provider %s: at most %d", total, provider.Address, params.MaxUnitsPerProvider)
	}
	joined := make([]joining, len(news))
	for i, n := range news {
		if joined[i], err = s.checkPeer(ctx, params, addr, o, n); err != nil {
			return nil, err
		}
	}
	return joined, nil
}

func (s msgServer) checkPeer(ctx context.Context, params types.Params, addr []byte, o types.Offer, n types.NewPeer) (joining, error) {
	p := types.Peer{Id: n.Id, OfferId: o.Id, Provider: o.Provider, Addresses: n.Addresses, UnitCount: uint64(len(n.UnitIds))}
	if has, err := s.k.peers.Has(ctx, n.Id); err != nil {
		return joining{}, err
	} else if has {
		return joining{}, types.ErrPeerExists.Wrapf("%x is in an offer: remove or move it first", n.Id)
	}
	if p.UnitCount > params.MaxUnitsPerPeer {
		return joining{}, types.ErrTooManyUnits.Wrapf("%d of peer %x: at most %d", p.UnitCount, n.Id, params.MaxUnitsPerPeer)
	}
	if err := checkAddresses(n.Addresses); err != nil {
		return joining{}, err
	}
	var err error
	if p.Supplies, err = s.newSupplies(ctx, o, p, n.Supplies); err != nil {
		return joining{}, err
	}
	owner, name, err := s.k.account("owner", n.Owner)
	if err != nil {
		return joining{}, err
	}
	p.Owner = name
	return joining{p, n.UnitIds}, s.checkSignature(ctx, params, n.Id, addr, owner, n.ExpiresAt, n.Signature)
}

// newSupplies returns what a peer without taken units supplies under an offer.
func (s msgServer) newSupplies(ctx context.Context, o types.Offer, p types.Peer, given []types.Supply) ([]types.Supply, error) {
	if o.PricedByUnit() {
		if len(given) > 0 {
			return nil, types.ErrUnpriced.Wrap("supplies: the offer is priced by compute unit, leave them out")
		}
		return nil, nil
	}
	if err := types.CheckSupplies("supplies", given); err != nil {
		return nil, err
	}
	if len(given) == 0 {
		return nil, types.ErrSupply.Wrap("supplies: the offer is priced by resource, want vCPU and memory at least")
	}
	p.Supplies = slices.Clone(given)
	for i := range p.Supplies {
		s := &p.Supplies[i]
		if _, ok := o.PriceOf(s.ResourceId); !ok {
			return nil, types.ErrUnpriced.Wrapf("resource %d", s.ResourceId)
		}
		s.Available = s.Max
	}
	return p.Supplies, p.CheckRatio(s.k.kind(ctx))
}

func checkAddresses(addrs []string) error {
	if err := atMost("addresses", len(addrs), types.MaxAddresses); err != nil {
		return err
	}
	for _, a := range addrs {
		if err := types.CheckText("addresses", a, 2, types.MaxAddressBytes); err != nil {
			return err
		}
		if a[0] != '/' {
			return types.ErrInvalidField.Wrapf("addresses: %q is not a multiaddr", a)
		}
	}
	return nil
}

// checkSignature charges for a peer's signature and verifies it.
func (s msgServer) checkSignature(ctx context.Context, params types.Params, peer, provider, owner []byte, expires uint64, sig []byte) error {
	sctx := sdk.UnwrapSDKContext(ctx)
	if now := uint64(max(sctx.BlockTime().Unix(), 0)); expires < now {
		return types.ErrExpired.Wrapf("expires_at %d, now %d", expires, now)
	}
	sctx.GasMeter().ConsumeGas(params.SignatureGas, "signature of a peer")
	return types.VerifyPeer(peer, sctx.ChainID(), provider, owner, expires, sig)
}

// writePeers writes checked peers and their units, and counts them.
func (s msgServer) writePeers(ctx context.Context, addr []byte, o types.Offer, peers []joining) error {
	var units uint64
	for _, j := range peers {
		p := j.peer
		if err := s.k.peers.Set(ctx, p.Id, p); err != nil {
			return err
		}
		if err := s.k.byOffer.Set(ctx, collections.Join(o.Id, p.Id)); err != nil {
			return err
		}
		if err := emit(ctx, &types.EventPeerCreated{OfferId: o.Id, PeerId: p.Id, Owner: p.Owner}); err != nil {
			return err
		}
		if err := s.writeUnits(ctx, p.Id, j.units); err != nil {
			return err
		}
		for _, r := range p.Supplies {
			if err := emit(ctx, &types.EventPeerResourceRegistered{PeerId: p.Id, ResourceId: r.ResourceId, MaxSupply: r.Max, Details: r.Details}); err != nil {
				return err
			}
		}
		units += p.UnitCount
	}
	o.PeerCount += uint64(len(peers))
	if err := s.k.offers.Set(ctx, o.Id, o); err != nil {
		return err
	}
	return s.countUnits(ctx, addr, func(p *types.Provider) { p.UnitCount += units })
}

// countUnits changes the counters of a provider.
func (s msgServer) countUnits(ctx context.Context, addr []byte, change func(*types.Provider)) error {
	p, err := s.k.providers.Get(ctx, addr)
	if err != nil {
		return err
	}
	change(&p)
	return s.k.providers.Set(ctx, addr, p)
}

// RemovePeers removes peers without units and without commitment.
//
// Errors: ErrPeerNotFound, ErrNotOwner, ErrPeerNotEmpty, ErrPeerCommitted,
// ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) RemovePeers(ctx context.Context, msg *types.MsgRemovePeers) (*types.MsgRemovePeersResponse, error) {
	if err := types.CheckIDs("peer_ids", msg.PeerIds, types.IDSize, types.MaxPeersPerMessage); err != nil {
		return nil, err
	}
	for _, id := range msg.PeerIds {
		_, p, err := s.ownPeer(ctx, msg.Provider, id)
		switch {
		case err != nil:
			return nil, err
		case p.UnitCount > 0:
			return nil, types.ErrPeerNotEmpty.Wrapf("peer %x: %d, remove them first", id, p.UnitCount)
		case len(p.CommitmentId) > 0:
			return nil, types.ErrPeerCommitted.Wrapf("peer %x: %x, finish it first", id, p.CommitmentId)
		}
	}
	for _, id := range msg.PeerIds {
		p, err := s.k.Peer(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := s.leave(ctx, p); err != nil {
			return nil, err
		}
		if err := s.k.peers.Remove(ctx, id); err != nil {
			return nil, err
		}
		if err := emit(ctx, &types.EventPeerRemoved{OfferId: p.OfferId, PeerId: id}); err != nil {
			return nil, err
		}
	}
	return &types.MsgRemovePeersResponse{}, nil
}

// leave takes a peer off the index and the count of its offer.
func (s msgServer) leave(ctx context.Context, p types.Peer) error {
	o, err := s.k.Offer(ctx, p.OfferId)
	if err != nil {
		return err
	}
	o.PeerCount--
	if err := s.k.offers.Set(ctx, o.Id, o); err != nil {
		return err
	}
	return s.k.byOffer.Remove(ctx, collections.Join(o.Id, p.Id))
}

// MovePeer moves a peer to another offer of its provider. Between offers that are
// priced alike a peer keeps its units, deals and commitment; otherwise no deal may
// use it, and the message gives its supplies.
//
// Errors: ErrPeerNotFound, ErrOfferNotFound, ErrNotOwner, ErrUnpriced, ErrSupply,
// ErrUnitTaken, ErrInvalidField, ErrBatchTooLarge.
func (s msgServer) MovePeer(ctx context.Context, msg *types.MsgMovePeer) (*types.MsgMovePeerResponse, error) {
	_, p, err := s.ownPeer(ctx, msg.Provider, msg.PeerId)
	if err != nil {
		return nil, err
	}
	_, to, err := s.ownOffer(ctx, msg.Provider, msg.OfferId)
	if err != nil {
		return nil, err
	}
	from, err := s.k.Offer(ctx, p.OfferId)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.Equal(from.Id, to.Id):
		return nil, types.ErrInvalidField.Wrap("offer_id: the peer is in this offer")
	case from.PricedByUnit() != to.PricedByUnit():
		if p.TakenCount > 0 {
			return nil, types.ErrUnitTaken.Wrapf("peer %x: %d units serve deals, and the offers are priced in different ways", p.Id, p.TakenCount)
		}
		if p.Supplies, err = s.newSupplies(ctx, to, p, msg.Supplies); err != nil {
			return nil, err
		}
	case len(msg.Supplies) > 0:
		return nil, types.ErrInvalidField.Wrap("supplies: the peer keeps those it has, leave them out")
	default:
		for _, r := range p.Supplies {
			if _, ok := to.PriceOf(r.ResourceId); !ok {
				return nil, types.ErrUnpriced.Wrapf("resource %d", r.ResourceId)
			}
		}
	}
	if err := s.leave(ctx, p); err != nil {
		return nil, err
	}
	p.OfferId = to.Id
	to.PeerCount++
	if err := s.k.offers.Set(ctx, to.Id, to); err != nil {
		return nil, err
	}
	if err := s.k.byOffer.Set(ctx, collections.Join(to.Id, p.Id)); err != nil {
		return nil, err
	}
	if err := s.k.peers.Set(ctx, p.Id, p); err != nil {
		return nil, err
	}
	return &types.MsgMovePeerResponse{}, emit(ctx, &types.EventPeerMoved{PeerId: p.Id, FromOfferId: from.Id, OfferId: to.Id})
}
