// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/go-fluence/fluence/x/market/types"
)

// offerDomain begins what the id of an offer is the hash of.
const offerDomain = "fluence/market/offer/v1"

// RegisterOffer makes an offer with its first peers.
//
// Errors: ErrProviderNotFound, ErrInvalidField, ErrBatchTooLarge,
// ErrResourceNotFound, ErrDataCenterNotFound, and those of AddPeers.
//
// Source: deal@b87aa6a6 src/core/modules/market/Offer.sol, registerMarketOffer;
// ids differ: the official one hashes the call's data.
func (s msgServer) RegisterOffer(ctx context.Context, msg *types.MsgRegisterOffer) (*types.MsgRegisterOfferResponse, error) {
	addr, p, err := s.provider(ctx, msg.Provider)
	if err != nil {
		return nil, err
	}
	if err := s.checkTerms(ctx, msg.Terms); err != nil {
		return nil, err
	}
	seq, err := s.k.sequence.Get(ctx)
	if err != nil {
		return nil, err
	}
	seq++
	o := types.Offer{Id: offerID(sdk.UnwrapSDKContext(ctx).ChainID(), addr, seq), Provider: p.Address}.WithTerms(msg.Terms)
	peers, err := s.checkPeers(ctx, addr, p, o, msg.Peers)
	if err != nil {
		return nil, err
	}
	if err := s.k.sequence.Set(ctx, seq); err != nil {
		return nil, err
	}
	p.OfferCount++
	if err := s.k.providers.Set(ctx, addr, p); err != nil {
		return nil, err
	}
	if err := s.k.byProvider.Set(ctx, collections.Join(addr, o.Id)); err != nil {
		return nil, err
	}
	if err := s.announce(ctx, o); err != nil {
		return nil, err
	}
	if err := s.setTerms(ctx, types.Offer{}, o); err != nil {
		return nil, err
	}
	return &types.MsgRegisterOfferResponse{OfferId: o.Id}, s.writePeers(ctx, addr, o, peers)
}

// offerID is sha256 of domain ‖ u16be len ‖ chain id ‖ u8 len ‖ provider ‖ u64be sequence.
func offerID(chainID string, provider []byte, sequence uint64) []byte {
	b := binary.BigEndian.AppendUint16([]byte(offerDomain), uint16(len(chainID)))
	b = append(append(b, chainID...), byte(len(provider)))
	id := sha256.Sum256(binary.BigEndian.AppendUint64(append(b, provider...), sequence))
	return id[:]
}

// checkTerms checks terms against themselves, the params and the registers.
func (s msgServer) checkTerms(ctx context.Context, t types.Terms) error {
	params, err := s.k.params.Get(ctx)
	if err != nil {
		return err
	}
	if err := t.Validate(); err != nil {
		return err
	}
	if err := t.Within(params); err != nil {
		return err
	}
	for _, p := range t.Prices {
		if _, err := s.k.Resource(ctx, p.ResourceId); err != nil {
			return err
		}
	}
	if t.DatacenterId == 0 {
		return nil
	}
	_, err = get(ctx, s.k.dataCenters, t.DatacenterId, types.ErrDataCenterNotFound, t.DatacenterId)
	return err
}

// announce emits what the official contracts emit of a new offer, before its prices.
func (s msgServer) announce(ctx context.Context, o types.Offer) error {
	err := emit(ctx, &types.EventMarketOfferRegistered{
		Provider: o.Provider, OfferId: o.Id, MinPrice: o.MinPrice, Denom: o.Denom, Effectors: o.Effectors,
		MinProtocolVersion: o.MinProtocolVersion, MaxProtocolVersion: o.MaxProtocolVersion,
	})
	if err != nil || o.PricedByUnit() {
		return err
	}
	return emit(ctx, &types.EventOfferV2Created{OfferId: o.Id, Denom: o.Denom, Provider: o.Provider, DatacenterId: o.DatacenterId})
}

// UpdateOffer replaces the terms of an offer for deals to come. While the offer
// has peers it stays priced by unit or by resource, and keeps every price.
//
// Errors: ErrOfferNotFound, ErrNotOwner, ErrInvalidField, ErrBatchTooLarge,
// ErrResourceNotFound, ErrDataCenterNotFound, ErrOfferNotEmpty.
func (s msgServer) UpdateOffer(ctx context.Context, msg *types.MsgUpdateOffer) (*types.MsgUpdateOfferResponse, error) {
	_, old, err := s.ownOffer(ctx, msg.Provider, msg.OfferId)
	if err != nil {
		return nil, err
	}
	if err := s.checkTerms(ctx, msg.Terms); err != nil {
		return nil, err
	}
	o := old.WithTerms(msg.Terms)
	if o.PeerCount > 0 {
		if o.PricedByUnit() != old.PricedByUnit() {
			return nil, types.ErrOfferNotEmpty.Wrap("another way of pricing: register a new offer and move the peers")
		}
		for _, p := range old.Prices {
			if _, ok := o.PriceOf(p.ResourceId); !ok {
				return nil, types.ErrOfferNotEmpty.Wrapf("resource %d needs a price while the offer has peers", p.ResourceId)
			}
		}
	}
	if err := s.announceChange(ctx, old, o); err != nil {
		return nil, err
	}
	return &types.MsgUpdateOfferResponse{}, s.setTerms(ctx, old, o)
}

// announceChange emits the official event of every scalar term that changed.
func (s msgServer) announceChange(ctx context.Context, old, o types.Offer) error {
	var errs []error
	if !o.MinPrice.Equal(old.MinPrice) {
		errs = append(errs, emit(ctx, &types.EventMinPriceUpdated{OfferId: o.Id, MinPrice: o.MinPrice}))
	}
	if o.Denom != old.Denom {
		errs = append(errs, emit(ctx, &types.EventPaymentTokenUpdated{OfferId: o.Id, Denom: o.Denom}))
	}
	if o.MinProtocolVersion != old.MinProtocolVersion || o.MaxProtocolVersion != old.MaxProtocolVersion {
		errs = append(errs, emit(ctx, &types.EventProtocolVersionUpgraded{OfferId: o.Id, MinProtocolVersion: o.MinProtocolVersion, MaxProtocolVersion: o.MaxProtocolVersion}))
	}
	for _, e := range o.Effectors {
		if !slices.ContainsFunc(old.Effectors, func(b []byte) bool { return bytes.Equal(b, e) }) {
			errs = append(errs, emit(ctx, &types.EventEffectorAdded{OfferId: o.Id, Effector: e}))
		}
	}
	for _, e := range old.Effectors {
		if !slices.ContainsFunc(o.Effectors, func(b []byte) bool { return bytes.Equal(b, e) }) {
			errs = append(errs, emit(ctx, &types.EventEffectorRemoved{OfferId: o.Id, Effector: e}))
		}
	}
	return errors.Join(errs...)
}

// setTerms writes an offer, keeps the index of priced resources, and announces
// prices and data center that changed. The old offer is empty for a new one.
func (s msgServer) setTerms(ctx context.Context, old, o types.Offer) error {
	for _, p := range old.Prices {
		if _, ok := o.PriceOf(p.ResourceId); ok {
			continue
		}
		if err := s.k.byResource.Remove(ctx, collections.Join(p.ResourceId, o.Id)); err != nil {
			return err
		}
		if err := emit(ctx, &types.EventResourcePriceUpdated{OfferId: o.Id, ResourceId: p.ResourceId, Price: math.ZeroInt()}); err != nil {
			return err
		}
	}
	for _, p := range o.Prices {
		before, ok := old.PriceOf(p.ResourceId)
		if ok && before.Equal(p.Price) {
			continue
		}
		if err := s.k.byResource.Set(ctx, collections.Join(p.ResourceId, o.Id)); err != nil {
			return err
		}
		if err := emit(ctx, &types.EventResourcePriceUpdated{OfferId: o.Id, ResourceId: p.ResourceId, Price: p.Price}); err != nil {
			return err
		}
	}
	if o.DatacenterId != old.DatacenterId {
		if err := emit(ctx, &types.EventOfferDatacenterUpdated{OfferId: o.Id, DatacenterId: o.DatacenterId}); err != nil {
			return err
		}
	}
	return s.k.offers.Set(ctx, o.Id, o)
}

// RemoveOffer removes an offer without peers.
//
// Errors: ErrOfferNotFound, ErrNotOwner, ErrOfferNotEmpty, ErrInvalidField.
func (s msgServer) RemoveOffer(ctx context.Context, msg *types.MsgRemoveOffer) (*types.MsgRemoveOfferResponse, error) {
	addr, o, err := s.ownOffer(ctx, msg.Provider, msg.OfferId)
	if err != nil {
		return nil, err
	}
	if o.PeerCount > 0 {
		return nil, types.ErrOfferNotEmpty.Wrapf("%d: remove or move them first", o.PeerCount)
	}
	p, err := s.k.Provider(ctx, o.Provider)
	if err != nil {
		return nil, err
	}
	p.OfferCount--
	if err := s.k.providers.Set(ctx, addr, p); err != nil {
		return nil, err
	}
	for _, price := range o.Prices {
		if err := s.k.byResource.Remove(ctx, collections.Join(price.ResourceId, o.Id)); err != nil {
			return nil, err
		}
	}
	if err := s.k.byProvider.Remove(ctx, collections.Join(addr, o.Id)); err != nil {
		return nil, err
	}
	if err := s.k.offers.Remove(ctx, o.Id); err != nil {
		return nil, err
	}
	return &types.MsgRemoveOfferResponse{}, emit(ctx, &types.EventMarketOfferRemoved{OfferId: o.Id})
}
