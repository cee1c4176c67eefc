// SPDX-License-Identifier: Apache-2.0

package model

import "slices"

// takeable says whether a peer gives units and resources to a deal now.
func (w *World) takeable(peer, units int, uses map[uint64]uint64) bool {
	p := w.Peers[peer]
	if p == nil || p.Draining || w.InMaintenance(peer, w.Epoch) || units == 0 || units > len(w.FreeOf(peer)) {
		return false
	}
	if w.Offers[p.Offer].MinPrice > 0 {
		return len(uses) == 0
	}
	if uses[1] != 2*uint64(units) {
		return false
	}
	// order: all are looked at, or summed
	for r, n := range uses {
		if _, has := p.Max[r]; !has {
			return false
		}
		if _, left := w.Supply(peer, r); n > left || n == 0 {
			return false
		}
	}
	_, ram := w.Supply(peer, 2)
	return ram-uses[2] >= 4096*uint64(len(w.FreeOf(peer))-units)
}

// Take gives units and resources of a peer to a worker of a deal.
func (w *World) Take(deal, worker, peer int, units []int, uses map[uint64]uint64) error {
	for _, h := range w.Holdings {
		if h.Worker == worker && h.Peer == peer {
			return ErrRefused
		}
	}
	if !w.takeable(peer, len(units), uses) || !w.freeUnits(peer, units) {
		return ErrRefused
	}
	w.Holdings = append(w.Holdings, Holding{deal, worker, peer, slices.Clone(units), uses})
	return nil
}

// Return gives everything that a worker holds of a peer back.
func (w *World) Return(deal, worker, peer int) error {
	i := slices.IndexFunc(w.Holdings, func(h Holding) bool { return h.Deal == deal && h.Worker == worker && h.Peer == peer })
	if i < 0 {
		return ErrRefused
	}
	for _, u := range w.Holdings[i].Units {
		w.Units[u].Start = w.Epoch + 1
	}
	w.Holdings = slices.Delete(w.Holdings, i, i+1)
	return nil
}

// Match says what a worker costs per epoch on a peer, if the peer fits a deal that
// pays that much, and which units it would take.
func (w *World) Match(peer, units int, uses map[uint64]uint64, pays int64) (price int64, ids []int, err error) {
	if !w.takeable(peer, units, uses) {
		return 0, nil, ErrRefused
	}
	o := w.Offers[w.Peers[peer].Offer]
	price = o.MinPrice * int64(units)
	// order: all are looked at, or summed
	for r, n := range uses {
		price += o.Prices[r] * int64(n)
	}
	if o.MinPrice == 0 && uses[2] < 2048*uses[1] || price > pays {
		return 0, nil, ErrRefused
	}
	return price, w.FreeOf(peer)[:units], nil
}
