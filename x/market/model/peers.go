// SPDX-License-Identifier: Apache-2.0

package model

import "slices"

// complete says whether supplies fit how an offer is priced and each has a price.
// The vCPU are said to be given rightly or not.
func (w *World) complete(o *Offer, supplies map[uint64]uint64, vcpuRight bool) bool {
	if o.MinPrice > 0 {
		return len(supplies) == 0
	}
	_, vcpu := supplies[1]
	_, ram := supplies[2]
	// order: all are looked at
	for r := range supplies {
		if o.Prices[r] == 0 {
			return false
		}
	}
	return vcpu && ram && vcpuRight
}

// room says whether n more units are allowed.
func (w *World) room(provider, peer, n int) bool {
	return len(w.UnitsOf(peer))+n <= w.MaxPerPeer && w.OwnedBy(provider)+n <= w.MaxPerProvider
}

// fresh says whether units are distinct and unknown.
func (w *World) fresh(units []int) bool {
	for i, u := range units {
		if w.Units[u] != nil || slices.Contains(units[:i], u) {
			return false
		}
	}
	return true
}

// AddPeer adds a peer that signed, with units and supplies, to an offer.
func (w *World) AddPeer(provider, offer, peer, owner int, units []int, supplies map[uint64]uint64, signed bool) error {
	if !w.ownOffer(provider, offer) || w.Peers[peer] != nil || !signed || !w.fresh(units) || !w.room(provider, peer, len(units)) {
		return ErrRefused
	}
	o := w.Offers[offer]
	if !w.complete(o, supplies, supplies[1] == 2*uint64(len(units))) {
		return ErrRefused
	}
	if o.MinPrice == 0 && !fits(len(units), len(units), supplies[2], supplies[2]) {
		return ErrRefused
	}
	w.Peers[peer] = &Peer{Offer: offer, Owner: owner, Max: supplies}
	for _, u := range units {
		w.Units[u] = &Unit{Peer: peer}
	}
	return nil
}

// RemovePeer removes a peer without units and without commitment.
func (w *World) RemovePeer(provider, peer int) error {
	ok := w.ownPeer(provider, peer) && len(w.UnitsOf(peer)) == 0 && !w.Peers[peer].Committed
	if ok {
		delete(w.Peers, peer)
	}
	return allow(ok)
}

// MovePeer moves a peer to another offer, with supplies if that is priced in another way.
func (w *World) MovePeer(provider, peer, offer int, supplies map[uint64]uint64) error {
	if !w.ownPeer(provider, peer) || !w.ownOffer(provider, offer) || w.Peers[peer].Offer == offer {
		return ErrRefused
	}
	p, to := w.Peers[peer], w.Offers[offer]
	if (w.Offers[p.Offer].MinPrice > 0) == (to.MinPrice > 0) {
		if len(supplies) > 0 {
			return ErrRefused
		}
		// order: all are looked at
		for r := range p.Max {
			if to.Prices[r] == 0 {
				return ErrRefused
			}
		}
		p.Offer = offer
		return nil
	}
	n := len(w.UnitsOf(peer))
	if len(w.FreeOf(peer)) < n || !w.complete(to, supplies, supplies[1] == 2*uint64(n)) {
		return ErrRefused
	}
	if to.MinPrice == 0 && !fits(n, n, supplies[2], supplies[2]) {
		return ErrRefused
	}
	p.Offer, p.Max = offer, supplies
	return nil
}

// AddUnits adds units to a peer, and sets its memory to ram unless that is 0.
func (w *World) AddUnits(provider, peer int, units []int, ram uint64) error {
	if !w.ownPeer(provider, peer) || w.Peers[peer].Committed || len(units) == 0 || !w.fresh(units) || !w.room(provider, peer, len(units)) {
		return ErrRefused
	}
	p := w.Peers[peer]
	byUnit := w.Offers[p.Offer].MinPrice > 0
	limit, left := w.Supply(peer, 2)
	if ram > 0 {
		if byUnit || ram < limit-left {
			return ErrRefused
		}
		limit, left = ram, ram-(limit-left)
	}
	n := len(units)
	if !byUnit && !fits(len(w.UnitsOf(peer))+n, len(w.FreeOf(peer))+n, limit, left) {
		return ErrRefused
	}
	if ram > 0 {
		p.Max[2] = ram
	}
	for _, u := range units {
		w.Units[u] = &Unit{Peer: peer}
	}
	return nil
}

// RemoveUnits removes free units of a peer.
func (w *World) RemoveUnits(provider, peer int, units []int) error {
	if !w.ownPeer(provider, peer) || w.Peers[peer].Committed || len(units) == 0 || !w.freeUnits(peer, units) {
		return ErrRefused
	}
	for _, u := range units {
		delete(w.Units, u)
	}
	return nil
}

func (w *World) freeUnits(peer int, units []int) bool {
	free := w.FreeOf(peer)
	for i, u := range units {
		if !slices.Contains(free, u) || slices.Contains(units[:i], u) {
			return false
		}
	}
	return true
}

// SetResource sets what a peer has of a resource.
func (w *World) SetResource(provider, peer int, resource, amount uint64) error {
	if !w.ownPeer(provider, peer) {
		return ErrRefused
	}
	p := w.Peers[peer]
	if w.Offers[p.Offer].Prices[resource] == 0 {
		return ErrRefused
	}
	limit, left := w.Supply(peer, resource)
	switch {
	case w.Kinds[resource] == VCPU:
		return allow(amount == limit) // the vCPU follow the units
	case amount < limit-left:
		return ErrRefused
	case w.Kinds[resource] == RAM && !fits(len(w.UnitsOf(peer)), len(w.FreeOf(peer)), amount, amount-(limit-left)):
		return ErrRefused
	}
	p.Max[resource] = amount
	return nil
}

// RemoveResource removes a resource that no deal uses; vCPU and memory stay.
func (w *World) RemoveResource(provider, peer int, resource uint64) error {
	if !w.ownPeer(provider, peer) {
		return ErrRefused
	}
	_, has := w.Peers[peer].Max[resource]
	limit, left := w.Supply(peer, resource)
	if !has || limit != left || w.Kinds[resource] != Storage {
		return ErrRefused
	}
	delete(w.Peers[peer].Max, resource)
	return nil
}

// Drain stops or resumes matching.
func (w *World) Drain(provider, peer int, draining bool) error {
	ok := w.ownPeer(provider, peer)
	if ok {
		w.Peers[peer].Draining = draining
	}
	return allow(ok)
}

// Own names another account of a machine; its key has signed or not.
func (w *World) Own(provider, peer, owner int, signed bool) error {
	ok := w.ownPeer(provider, peer) && signed
	if ok {
		w.Peers[peer].Owner = owner
	}
	return allow(ok)
}

// Maintain announces a window, or withdraws the one to come when both are 0.
func (w *World) Maintain(provider, peer int, from, until uint64) error {
	if !w.ownPeer(provider, peer) || w.InMaintenance(peer, w.Epoch) {
		return ErrRefused
	}
	p := w.Peers[peer]
	begun := slices.DeleteFunc(slices.Clone(p.Windows), func(x [2]uint64) bool { return x[0] > w.Epoch })
	if from == 0 && until == 0 {
		if len(begun) == len(p.Windows) {
			return ErrRefused
		}
		p.Windows = begun
		return nil
	}
	if from <= w.Epoch || from > w.Epoch+w.Interval || until <= from || until-from > w.MaxWindow {
		return ErrRefused
	}
	for _, x := range begun {
		if from < x[0]+w.Interval {
			return ErrRefused
		}
	}
	p.Windows = append(begun, [2]uint64{from, until})
	return nil
}

// InMaintenance says whether an epoch lies in an announced window.
func (w *World) InMaintenance(peer int, epoch uint64) bool {
	return slices.ContainsFunc(w.Peers[peer].Windows, func(x [2]uint64) bool { return x[0] <= epoch && epoch < x[1] })
}

// Commit puts a peer under a commitment, or ends it.
func (w *World) Commit(peer int, on bool) error {
	p := w.Peers[peer]
	if p == nil || on && p.Committed {
		return ErrRefused
	}
	p.Committed = on
	return nil
}
