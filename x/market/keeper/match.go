// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"cosmossdk.io/collections"
	"cosmossdk.io/math"

	"github.com/go-fluence/fluence/x/market/types"
)

// CheckMatch says whether a peer, under its offer, fits what a deal asks for, and
// at which price, and proposes units to take. It changes nothing. What depends on
// the deal or on a commitment is the caller's: access lists, one worker per peer,
// workers per provider, proving now.
//
// Errors: ErrPeerNotFound, ErrDraining, ErrNoMatch, ErrPriceTooLow, ErrUnpriced,
// ErrUnitTaken, ErrSupply, ErrSupplyShort, ErrResourceNotFound, ErrInvalidField.
func (k *Keeper) CheckMatch(ctx context.Context, peer []byte, d types.Demand) (types.Match, error) {
	p, err := k.Peer(ctx, peer)
	if err != nil {
		return types.Match{}, err
	}
	o, err := k.Offer(ctx, p.OfferId)
	if err != nil {
		return types.Match{}, err
	}
	price, err := k.CheckOffer(ctx, o, d)
	if err != nil {
		return types.Match{}, err
	}
	epoch, err := k.epochs.Number(ctx)
	if err != nil {
		return types.Match{}, err
	}
	if why, idle := p.Idle(epoch); idle {
		return types.Match{}, types.ErrDraining.Wrapf("peer %x is %s", p.Id, why)
	}
	if p.Free() < d.Units {
		return types.Match{}, types.ErrUnitTaken.Wrapf("peer %x: %d units free, %d asked for", p.Id, p.Free(), d.Units)
	}
	left := p
	left.TakenCount += d.Units
	if err := k.spend(ctx, &left, d.Resources); err != nil {
		return types.Match{}, err
	}
	units, err := k.firstFree(ctx, p, d.Units)
	return types.Match{Offer: o, Peer: p, Units: units, Price: price}, err
}

// CheckOffer says whether an offer fits what a deal asks for, whatever its peers,
// and returns its price per worker and epoch.
//
// Errors: ErrNoMatch, ErrPriceTooLow, ErrUnpriced, ErrSupply, ErrInvalidField.
func (k *Keeper) CheckOffer(ctx context.Context, o types.Offer, d types.Demand) (none math.Int, err error) {
	if d.Units == 0 || d.Units > types.MaxUnitsPerTaking {
		return none, types.ErrInvalidField.Wrapf("units per worker %d: want 1 to %d", d.Units, types.MaxUnitsPerTaking)
	}
	if err := types.CheckQuantities("resources", d.Resources); err != nil {
		return none, err
	}
	switch {
	case d.Provider != "" && d.Provider != o.Provider:
		return none, types.ErrNoMatch.Wrapf("provider %s, want %s", o.Provider, d.Provider)
	case d.Denom != o.Denom:
		return none, types.ErrNoMatch.Wrapf("offer is paid in %s, deal pays in %s", o.Denom, d.Denom)
	case d.ProtocolVersion < o.MinProtocolVersion || d.ProtocolVersion > o.MaxProtocolVersion:
		return none, types.ErrNoMatch.Wrapf("protocol version %d, offer takes %d to %d", d.ProtocolVersion, o.MinProtocolVersion, o.MaxProtocolVersion)
	case len(d.DataCenters) > 0 && !slices.Contains(d.DataCenters, o.DatacenterId):
		return none, types.ErrNoMatch.Wrapf("data center %d is none of those asked for", o.DatacenterId)
	}
	for _, e := range d.Effectors {
		if _, ok := slices.BinarySearchFunc(o.Effectors, e, bytes.Compare); !ok {
			return none, types.ErrNoMatch.Wrapf("offer lacks effector %x", e)
		}
	}
	price, err := o.Cost(d.Units, d.Resources)
	if err != nil {
		return none, err
	}
	if d.MaxPrice.IsNil() || price.GT(d.MaxPrice) {
		return none, types.ErrPriceTooLow.Wrapf("offer asks for %s per worker and epoch, deal pays %s", price, d.MaxPrice)
	}
	if !o.PricedByUnit() {
		if err := k.checkRatio(ctx, d); err != nil {
			return none, err
		}
	}
	return price, k.checkAttributes(ctx, o.Provider, d.Attributes)
}

// checkRatio checks that a demand on an offer priced by resource names the vCPU
// of its units, and the memory that goes with them.
func (k *Keeper) checkRatio(ctx context.Context, d types.Demand) error {
	var vcpu, ram uint64
	for _, q := range d.Resources {
		r, err := k.Resource(ctx, q.ResourceId)
		if err != nil {
			return err
		}
		switch r.Type {
		case types.ResourceVCPU:
			vcpu += q.Amount
		case types.ResourceRAM:
			ram += q.Amount
		}
	}
	if want := types.VCPUPerUnit * d.Units; vcpu != want {
		return types.ErrSupply.Wrapf("deal asks for %d vCPU with %d units: want %d", vcpu, d.Units, want)
	}
	if want := types.RAMPerVCPU * vcpu; ram < want {
		return types.ErrSupply.Wrapf("deal asks for %d MiB of memory with %d vCPU: want at least %d", ram, vcpu, want)
	}
	return nil
}

// checkAttributes checks that registered auditors say of a provider what is asked for.
func (k *Keeper) checkAttributes(ctx context.Context, provider string, demands []types.AttributeDemand) error {
	if len(demands) == 0 {
		return nil
	}
	if len(demands) > types.MaxListPerMessage {
		return types.ErrBatchTooLarge.Wrapf("attributes: %d, want at most %d", len(demands), types.MaxListPerMessage)
	}
	addr, err := k.address("provider", provider)
	if err != nil {
		return err
	}
	for _, d := range demands {
		ok, err := k.said(ctx, addr, d)
		if err != nil {
			return err
		}
		if !ok {
			return types.ErrNoMatch.Wrapf("no registered auditor says %s=%s of provider %s", d.Key, d.Value, provider)
		}
	}
	return nil
}

// said reports whether a registered auditor makes a statement. The number of
// auditors is governance's; each costs one read.
func (k *Keeper) said(ctx context.Context, provider []byte, d types.AttributeDemand) (bool, error) {
	if d.Auditor != "" {
		auditor, err := k.address("auditor", d.Auditor)
		if err != nil {
			return false, err
		}
		if has, err := k.auditors.Has(ctx, auditor); err != nil || !has {
			return false, err
		}
		return k.states(ctx, provider, auditor, d)
	}
	found := false
	err := k.auditors.Walk(ctx, nil, func(auditor []byte, _ types.Auditor) (stop bool, err error) {
		found, err = k.states(ctx, provider, auditor, d)
		return found, err
	})
	return found, err
}

func (k *Keeper) states(ctx context.Context, provider, auditor []byte, d types.AttributeDemand) (bool, error) {
	a, err := k.attributes.Get(ctx, collections.Join3(provider, auditor, d.Key))
	if errors.Is(err, collections.ErrNotFound) {
		return false, nil
	}
	return err == nil && a.Value == d.Value, err
}

// firstFree returns the first n free units of a peer in the order of their ids.
func (k *Keeper) firstFree(ctx context.Context, p types.Peer, n uint64) ([][]byte, error) {
	var free [][]byte
	err := k.byPeer.Walk(ctx, collections.NewPrefixedPairRange[[]byte, []byte](p.Id), func(key pair) (bool, error) {
		u, err := k.Unit(ctx, key.K2())
		if err != nil {
			return true, err
		}
		if len(u.DealId) == 0 {
			free = append(free, u.Id)
		}
		return uint64(len(free)) == n, nil
	})
	return free, err
}

// IterateOffers calls fn for up to limit offers in the order of their ids, from
// the one after the given id, or from the first when it is nil, until fn stops.
// It returns the id of the last offer it showed.
func (k *Keeper) IterateOffers(ctx context.Context, after []byte, limit int, fn func(types.Offer) (stop bool, err error)) (last []byte, err error) {
	var r collections.Ranger[[]byte]
	if after != nil {
		r = new(collections.Range[[]byte]).StartExclusive(after)
	}
	err = k.offers.Walk(ctx, r, func(id []byte, o types.Offer) (bool, error) {
		last, limit = id, limit-1
		stop, err := fn(o)
		return stop || limit <= 0, err
	})
	return last, err
}

// IteratePeers calls fn for up to limit peers of an offer in the order of their
// ids, from the one after the given id, or from the first when it is nil, until fn
// stops. It returns the id of the last peer it showed.
func (k *Keeper) IteratePeers(ctx context.Context, offer, after []byte, limit int, fn func(types.Peer) (stop bool, err error)) (last []byte, err error) {
	r := collections.NewPrefixedPairRange[[]byte, []byte](offer)
	if after != nil {
		r = r.StartExclusive(after)
	}
	err = k.byOffer.Walk(ctx, r, func(key pair) (bool, error) {
		p, err := k.Peer(ctx, key.K2())
		if err != nil {
			return true, err
		}
		last, limit = p.Id, limit-1
		stop, err := fn(p)
		return stop || limit <= 0, err
	})
	return last, err
}
