// SPDX-License-Identifier: Apache-2.0

// Package model is the market's supply side told slowly and obviously, from the
// text of the specification: nothing is counted that can be looked up, nothing is
// stored twice. Tests compare the keeper with it; it imports nothing of ours.
package model

import (
	"errors"
	"slices"
)

// ErrRefused says that the rules forbid an operation; the world is as it was.
var ErrRefused = errors.New("refused")

// Kinds of resources.
const (
	VCPU = iota
	RAM
	Storage
)

// World is everything the supply side knows. Names are small numbers.
type World struct {
	Epoch          uint64
	MaxPerPeer     int
	MaxPerProvider int
	MaxWindow      uint64
	Interval       uint64
	Kinds          map[uint64]int // resource → kind

	Named    map[int]bool
	Offers   map[int]*Offer
	Peers    map[int]*Peer
	Units    map[int]*Unit
	Holdings []Holding
}

// Offer is what a provider asks for: a price per unit, or prices per resource.
type Offer struct {
	Provider int
	MinPrice int64
	Prices   map[uint64]int64
}

// Peer is a machine.
type Peer struct {
	Offer     int
	Owner     int
	Committed bool
	Draining  bool
	// Max is what the machine has of each resource but vCPU, which follow its units.
	Max map[uint64]uint64
	// Windows are the maintenance windows that were announced and not withdrawn, oldest first.
	Windows [][2]uint64
}

// Unit is a share of a machine.
type Unit struct {
	Peer  int
	Start uint64
}

// Holding is what a worker of a deal holds of a peer.
type Holding struct {
	Deal, Worker, Peer int
	Units              []int
	Uses               map[uint64]uint64
}

// New returns an empty world in epoch 1 whose resources are 1 vCPU, 2 RAM and 3 storage.
func New() *World {
	return &World{
		Epoch: 1, Kinds: map[uint64]int{1: VCPU, 2: RAM, 3: Storage},
		Named: map[int]bool{}, Offers: map[int]*Offer{}, Peers: map[int]*Peer{}, Units: map[int]*Unit{},
	}
}

func allow(ok bool) error {
	if ok {
		return nil
	}
	return ErrRefused
}

// PeersOf returns the peers in an offer, ascending.
func (w *World) PeersOf(offer int) (ids []int) {
	// order: sorted below
	for id, p := range w.Peers {
		if p.Offer == offer {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// UnitsOf returns the units of a peer, ascending.
func (w *World) UnitsOf(peer int) (ids []int) {
	// order: sorted below
	for id, u := range w.Units {
		if u.Peer == peer {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// HolderOf returns the holding of a unit that serves a deal.
func (w *World) HolderOf(unit int) *Holding {
	for i, h := range w.Holdings {
		if slices.Contains(h.Units, unit) {
			return &w.Holdings[i]
		}
	}
	return nil
}

// FreeOf returns the units of a peer that serve no deal, ascending.
func (w *World) FreeOf(peer int) (ids []int) {
	for _, id := range w.UnitsOf(peer) {
		if w.HolderOf(id) == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// OwnedBy returns how many units a provider has.
func (w *World) OwnedBy(provider int) (n int) {
	// order: only counted
	for _, u := range w.Units {
		if w.Offers[w.Peers[u.Peer].Offer].Provider == provider {
			n++
		}
	}
	return n
}

// Supply returns how much of a resource a peer has, and how much deals leave.
func (w *World) Supply(peer int, resource uint64) (limit, left uint64) {
	p := w.Peers[peer]
	limit = p.Max[resource]
	if w.Kinds[resource] == VCPU {
		limit = 2 * uint64(len(w.UnitsOf(peer)))
	}
	left = limit
	for _, h := range w.Holdings {
		if h.Peer == peer {
			left -= h.Uses[resource]
		}
	}
	return limit, left
}

// fits checks 2048 MiB of memory per vCPU, in all and free, for units and memory as given.
func fits(units, free int, ram, ramLeft uint64) bool {
	return ram >= 4096*uint64(units) && ramLeft >= 4096*uint64(free)
}

func (w *World) ownPeer(provider, peer int) bool {
	p := w.Peers[peer]
	return p != nil && w.Offers[p.Offer].Provider == provider
}

func (w *World) ownOffer(provider, offer int) bool {
	o := w.Offers[offer]
	return o != nil && o.Provider == provider
}

// Name makes an account a provider.
func (w *World) Name(provider int) error {
	w.Named[provider] = true
	return nil
}

func (o Offer) sound() bool {
	// order: all are looked at
	for _, p := range o.Prices {
		if p <= 0 {
			return false
		}
	}
	return o.MinPrice >= 0 && (o.MinPrice > 0) != (len(o.Prices) > 0)
}

// Register makes an offer under a new number.
func (w *World) Register(offer int, o Offer) error {
	ok := w.Named[o.Provider] && o.sound()
	if ok {
		w.Offers[offer] = &o
	}
	return allow(ok)
}

// Update changes the terms of an offer.
func (w *World) Update(provider, offer int, o Offer) error {
	if !w.ownOffer(provider, offer) || !o.sound() {
		return ErrRefused
	}
	old := w.Offers[offer]
	if len(w.PeersOf(offer)) > 0 {
		if (old.MinPrice > 0) != (o.MinPrice > 0) {
			return ErrRefused
		}
		// order: all are looked at
		for r := range old.Prices {
			if o.Prices[r] == 0 {
				return ErrRefused
			}
		}
	}
	old.MinPrice, old.Prices = o.MinPrice, o.Prices
	return nil
}

// Withdraw removes an offer.
func (w *World) Withdraw(provider, offer int) error {
	ok := w.ownOffer(provider, offer) && len(w.PeersOf(offer)) == 0
	if ok {
		delete(w.Offers, offer)
	}
	return allow(ok)
}
