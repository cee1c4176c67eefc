// SPDX-License-Identifier: Apache-2.0

package keeper

import (
	"bytes"
	"context"
	"errors"

	"cosmossdk.io/collections"

	"github.com/go-fluence/fluence/x/market/types"
)

// InitGenesis writes a state that GenesisState.Validate accepts.
//
// Errors: ErrInvalidField when an account is none.
func (k *Keeper) InitGenesis(ctx context.Context, g types.GenesisState) error {
	if err := errors.Join(k.params.Set(ctx, g.Params), k.sequence.Set(ctx, g.OfferSequence)); err != nil {
		return err
	}
	for _, r := range g.Resources {
		if err := k.resources.Set(ctx, r.Id, r); err != nil {
			return err
		}
	}
	for _, d := range g.DataCenters {
		if err := k.dataCenters.Set(ctx, d.Id, d); err != nil {
			return err
		}
	}
	for _, e := range g.Effectors {
		if err := k.effectors.Set(ctx, e.Id, e); err != nil {
			return err
		}
	}
	if err := k.initPeople(ctx, g); err != nil {
		return err
	}
	return k.initSupply(ctx, g)
}

func (k *Keeper) initPeople(ctx context.Context, g types.GenesisState) error {
	for _, p := range g.Providers {
		addr, err := k.address("provider", p.Address)
		if err != nil {
			return err
		}
		if err := k.providers.Set(ctx, addr, p); err != nil {
			return err
		}
	}
	for _, a := range g.Approved {
		addr, err := k.address("approved", a)
		if err != nil {
			return err
		}
		if err := k.approved.Set(ctx, addr); err != nil {
			return err
		}
	}
	for _, a := range g.Auditors {
		addr, err := k.address("auditor", a.Address)
		if err != nil {
			return err
		}
		if err := k.auditors.Set(ctx, addr, a); err != nil {
			return err
		}
	}
	for _, a := range g.Attributes {
		provider, err := k.address("provider", a.Provider)
		if err != nil {
			return err
		}
		auditor, err := k.address("auditor", a.Auditor)
		if err != nil {
			return err
		}
		if err := k.attributes.Set(ctx, collections.Join3(provider, auditor, a.Key), a); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) initSupply(ctx context.Context, g types.GenesisState) error {
	for _, o := range g.Offers {
		addr, err := k.address("provider", o.Provider)
		if err != nil {
			return err
		}
		if err := errors.Join(k.offers.Set(ctx, o.Id, o), k.byProvider.Set(ctx, collections.Join(addr, o.Id))); err != nil {
			return err
		}
		for _, p := range o.Prices {
			if err := k.byResource.Set(ctx, collections.Join(p.ResourceId, o.Id)); err != nil {
				return err
			}
		}
	}
	for _, p := range g.Peers {
		if _, err := k.address("owner", p.Owner); err != nil {
			return err
		}
		if err := errors.Join(k.peers.Set(ctx, p.Id, p), k.byOffer.Set(ctx, collections.Join(p.OfferId, p.Id))); err != nil {
			return err
		}
	}
	for _, u := range g.Units {
		if err := errors.Join(k.units.Set(ctx, u.Id, u), k.byPeer.Set(ctx, collections.Join(u.PeerId, u.Id))); err != nil {
			return err
		}
	}
	for _, h := range g.Holdings {
		if err := k.holdings.Set(ctx, collections.Join(h.PeerId, h.WorkerId), h); err != nil {
			return err
		}
	}
	return nil
}

// ExportGenesis returns the whole state.
func (k *Keeper) ExportGenesis(ctx context.Context) (*types.GenesisState, error) {
	g := &types.GenesisState{}
	var errs [12]error
	g.Params, errs[0] = k.params.Get(ctx)
	g.OfferSequence, errs[1] = k.sequence.Get(ctx)
	g.Resources, errs[2] = values(ctx, k.resources)
	g.DataCenters, errs[3] = values(ctx, k.dataCenters)
	g.Effectors, errs[4] = values(ctx, k.effectors)
	g.Providers, errs[5] = values(ctx, k.providers)
	g.Auditors, errs[6] = values(ctx, k.auditors)
	g.Attributes, errs[7] = values(ctx, k.attributes)
	g.Offers, errs[8] = values(ctx, k.offers)
	g.Peers, errs[9] = values(ctx, k.peers)
	g.Units, errs[10] = values(ctx, k.units)
	g.Holdings, errs[11] = values(ctx, k.holdings)
	err := k.approved.Walk(ctx, nil, func(addr []byte) (bool, error) {
		name, err := k.addresses.BytesToString(addr)
		g.Approved = append(g.Approved, name)
		return false, err
	})
	return g, errors.Join(append(errs[:], err)...)
}

// values returns all values of m in the order of their keys.
func values[K, V any](ctx context.Context, m collections.Map[K, V]) ([]V, error) {
	it, err := m.Iterate(ctx, nil)
	if err != nil {
		return nil, err
	}
	return it.Values()
}

// CheckInvariants reports the first record that contradicts another, its key or
// an index: counters, supplies and the units that they stand for, who holds what.
//
// Errors: ErrBrokenState.
func (k *Keeper) CheckInvariants(ctx context.Context) error {
	g, err := k.ExportGenesis(ctx)
	if err != nil {
		return err
	}
	if err := g.Validate(); err != nil {
		return types.ErrBrokenState.Wrap(err.Error())
	}
	prices := 0
	for _, o := range g.Offers {
		prices += len(o.Prices)
	}
	for _, check := range []func() error{
		func() error { return k.checkIndex(ctx, k.byProvider, len(g.Offers), k.offerOf) },
		func() error { return k.checkIndex(ctx, k.byOffer, len(g.Peers), k.peerOf) },
		func() error { return k.checkIndex(ctx, k.byPeer, len(g.Units), k.unitOf) },
		func() error { return k.checkPriced(ctx, prices) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkIndex checks that an index has as many entries as there are records and
// that each record has the first part of its key.
func (k *Keeper) checkIndex(ctx context.Context, index collections.KeySet[pair], want int, first func(context.Context, []byte) ([]byte, error)) error {
	n := 0
	err := index.Walk(ctx, nil, func(key pair) (bool, error) {
		n++
		got, err := first(ctx, key.K2())
		if err == nil && !bytes.Equal(got, key.K1()) {
			err = types.ErrBrokenState.Wrapf("an index: %x is not of %x", key.K2(), key.K1())
		}
		return false, err
	})
	if err == nil && n != want {
		err = types.ErrBrokenState.Wrapf("an index: %d entries, want %d", n, want)
	}
	return err
}

func (k *Keeper) offerOf(ctx context.Context, id []byte) ([]byte, error) {
	o, err := k.Offer(ctx, id)
	if err != nil {
		return nil, err
	}
	return k.address("provider", o.Provider)
}

func (k *Keeper) peerOf(ctx context.Context, id []byte) ([]byte, error) {
	p, err := k.Peer(ctx, id)
	return p.OfferId, err
}

func (k *Keeper) unitOf(ctx context.Context, id []byte) ([]byte, error) {
	u, err := k.Unit(ctx, id)
	return u.PeerId, err
}

// checkPriced checks the index of offers by resource.
func (k *Keeper) checkPriced(ctx context.Context, want int) error {
	n := 0
	err := k.byResource.Walk(ctx, nil, func(key resourcePair) (bool, error) {
		n++
		o, err := k.Offer(ctx, key.K2())
		if err != nil {
			return true, err
		}
		if _, ok := o.PriceOf(key.K1()); !ok {
			err = types.ErrBrokenState.Wrapf("offer %x does not price resource %d", o.Id, key.K1())
		}
		return false, err
	})
	if err == nil && n != want {
		err = types.ErrBrokenState.Wrapf("%d prices in the index, want %d", n, want)
	}
	return err
}
