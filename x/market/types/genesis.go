// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"
	"slices"
)

// DefaultGenesis returns a market without providers, with the five resources of
// the official network.
func DefaultGenesis() *GenesisState {
	return &GenesisState{
		Params: DefaultParams(),
		Resources: []Resource{
			{Id: 1, Type: ResourceVCPU, Metadata: `{"name":"vCPU"}`},
			{Id: 2, Type: ResourceRAM, Metadata: `{"name":"RAM","unit":"MiB"}`},
			{Id: 3, Type: ResourceStorage, Metadata: `{"name":"storage","unit":"MiB"}`},
			{Id: 4, Type: ResourceIP, Metadata: `{"name":"public IP"}`},
			{Id: 5, Type: ResourceBandwidth, Metadata: `{"name":"bandwidth","unit":"Mbit/s"}`},
		},
	}
}

// Validate checks the form of every record, the order of every list, and all that
// records say of each other: counters, supplies, who holds which unit. Addresses
// are read and signatures checked when they are recorded; a genesis file is
// trusted as a whole.
//
// Errors: ErrInvalidParams, ErrInvalidGenesis, and those of the records' forms.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	c := &census{g: g}
	for _, check := range []func() error{c.registers, c.people, c.offers, c.peers, c.units, c.holdings, c.totals} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// census collects what the records of a genesis state say of each other.
type census struct {
	g GenesisState

	providers map[string]Provider // counted down to zero
	byOffer   map[string]Offer
	byPeer    map[string]Peer
	taken     map[string]Unit // units in deals, by id
	used      map[string]map[uint64]uint64
}

func (c *census) registers() error {
	for i, r := range c.g.Resources {
		if r.Id != uint64(i)+1 {
			return ErrInvalidGenesis.Wrapf("resources[%d]: id %d, want %d", i, r.Id, i+1)
		}
		if err := r.Validate(); err != nil {
			return err
		}
	}
	for i, d := range c.g.DataCenters {
		if d.Id != uint64(i)+1 {
			return ErrInvalidGenesis.Wrapf("data_centers[%d]: id %d, want %d", i, d.Id, i+1)
		}
		if err := d.Validate(); err != nil {
			return err
		}
	}
	var last []byte
	for i, e := range c.g.Effectors {
		if err := e.Validate(); err != nil {
			return err
		}
		if bytes.Compare(e.Id, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("effectors[%d]: out of order", i)
		}
		last = e.Id
	}
	return nil
}

func (c *census) people() error {
	c.providers = make(map[string]Provider, len(c.g.Providers))
	for i, p := range c.g.Providers {
		if _, twice := c.providers[p.Address]; twice || p.Address == "" {
			return ErrInvalidGenesis.Wrapf("providers[%d]: without an address of its own", i)
		}
		if err := CheckText("name", p.Name, 1, MaxNameBytes); err != nil {
			return err
		}
		c.providers[p.Address] = p
	}
	if i := firstRepeated(c.g.Approved); i >= 0 {
		return ErrInvalidGenesis.Wrapf("approved[%d]: empty or there twice", i)
	}
	auditors := make([]string, len(c.g.Auditors))
	for i, a := range c.g.Auditors {
		auditors[i] = a.Address
		if err := CheckText("name", a.Name, 1, MaxNameBytes); err != nil {
			return err
		}
	}
	if i := firstRepeated(auditors); i >= 0 {
		return ErrInvalidGenesis.Wrapf("auditors[%d]: empty or there twice", i)
	}
	seen := make(map[[3]string]bool, len(c.g.Attributes))
	for i, a := range c.g.Attributes {
		if err := CheckAttribute(a.Key, a.Value); err != nil {
			return err
		}
		key := [3]string{a.Provider, a.Auditor, a.Key}
		if _, ok := c.providers[a.Provider]; !ok || a.Auditor == "" || seen[key] {
			return ErrInvalidGenesis.Wrapf("attributes[%d]: of no provider, by no auditor, or there twice", i)
		}
		seen[key] = true
	}
	return nil
}

// firstRepeated returns the place of the first empty or repeated text, or -1.
func firstRepeated(list []string) int {
	seen := make(map[string]bool, len(list))
	return slices.IndexFunc(list, func(s string) bool {
		twice := seen[s]
		seen[s] = true
		return twice || s == ""
	})
}

func (c *census) offers() error {
	c.byOffer = make(map[string]Offer, len(c.g.Offers))
	if uint64(len(c.g.Offers)) > c.g.OfferSequence {
		return ErrInvalidGenesis.Wrapf("offer_sequence %d: there are %d offers", c.g.OfferSequence, len(c.g.Offers))
	}
	var last []byte
	for i, o := range c.g.Offers {
		if err := CheckID("offer id", o.Id, IDSize); err != nil {
			return err
		}
		if bytes.Compare(o.Id, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("offers[%d]: out of order", i)
		}
		last = o.Id
		if err := o.Terms().Validate(); err != nil {
			return err
		}
		for _, p := range o.Prices {
			if _, err := c.kind(p.ResourceId); err != nil {
				return err
			}
		}
		p, ok := c.providers[o.Provider]
		if !ok || o.DatacenterId > uint64(len(c.g.DataCenters)) {
			return ErrInvalidGenesis.Wrapf("offers[%d]: of no provider, or in no data center", i)
		}
		p.OfferCount--
		c.providers[o.Provider] = p
		c.byOffer[string(o.Id)] = o
	}
	return nil
}

func (c *census) kind(id uint64) (ResourceType, error) {
	if id == 0 || id > uint64(len(c.g.Resources)) {
		return 0, ErrInvalidGenesis.Wrapf("resource %d is not registered", id)
	}
	return c.g.Resources[id-1].Type, nil
}

func (c *census) peers() error {
	c.byPeer, c.used = make(map[string]Peer, len(c.g.Peers)), make(map[string]map[uint64]uint64)
	var last []byte
	for i, p := range c.g.Peers {
		if err := CheckID("peer id", p.Id, IDSize); err != nil {
			return err
		}
		if bytes.Compare(p.Id, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("peers[%d]: out of order", i)
		}
		last = p.Id
		if n := len(p.CommitmentId); n != 0 && n != IDSize {
			return ErrInvalidGenesis.Wrapf("peers[%d] commitment_id: %d bytes", i, n)
		}
		o, ok := c.byOffer[string(p.OfferId)]
		if !ok || o.Provider != p.Provider || p.Owner == "" || p.TakenCount > p.UnitCount {
			return ErrInvalidGenesis.Wrapf("peers[%d]: in no offer of its provider, without owner, or with more units taken than there are", i)
		}
		if o.PricedByUnit() != (len(p.Supplies) == 0) {
			return ErrInvalidGenesis.Wrapf("peers[%d]: supplies do not fit how its offer is priced", i)
		}
		if err := c.supplies(i, o, p); err != nil {
			return err
		}
		o.PeerCount--
		c.byOffer[string(p.OfferId)] = o
		c.byPeer[string(p.Id)] = p
	}
	return nil
}

// supplies checks what a peer supplies, and notes what deals must use of it.
func (c *census) supplies(i int, o Offer, p Peer) error {
	if err := CheckSupplies("supplies", p.Supplies); err != nil {
		return err
	}
	if err := p.CheckRatio(c.kind); err != nil {
		return ErrInvalidGenesis.Wrapf("peers[%d]: %v", i, err)
	}
	used := make(map[uint64]uint64)
	for _, s := range p.Supplies {
		if _, ok := o.PriceOf(s.ResourceId); !ok {
			return ErrInvalidGenesis.Wrapf("peers[%d]: resource %d has no price", i, s.ResourceId)
		}
		if n := s.Max - s.Available; n > 0 {
			used[s.ResourceId] = n
		}
	}
	c.used[string(p.Id)] = used
	return nil
}

func (c *census) units() error {
	c.taken = make(map[string]Unit)
	var last []byte
	for i, u := range c.g.Units {
		if err := CheckID("unit id", u.Id, IDSize); err != nil {
			return err
		}
		if bytes.Compare(u.Id, last) <= 0 {
			return ErrInvalidGenesis.Wrapf("units[%d]: out of order", i)
		}
		last = u.Id
		p, ok := c.byPeer[string(u.PeerId)]
		if !ok || (len(u.DealId) > 0) != (len(u.WorkerId) > 0) {
			return ErrInvalidGenesis.Wrapf("units[%d]: of no peer, or with a deal but no worker", i)
		}
		p.UnitCount--
		provider := c.providers[p.Provider]
		provider.UnitCount--
		c.providers[p.Provider] = provider
		if len(u.DealId) > 0 {
			p.TakenCount--
			c.taken[string(u.Id)] = u
		}
		c.byPeer[string(u.PeerId)] = p
	}
	return nil
}

func (c *census) holdings() error {
	var lastPeer, lastWorker []byte
	for i, h := range c.g.Holdings {
		if len(h.DealId) != DealSize || len(h.WorkerId) != IDSize || len(h.UnitIds) == 0 {
			return ErrInvalidGenesis.Wrapf("holdings[%d]: ids of another size, or no units", i)
		}
		if d := bytes.Compare(lastPeer, h.PeerId); d > 0 || d == 0 && bytes.Compare(lastWorker, h.WorkerId) >= 0 {
			return ErrInvalidGenesis.Wrapf("holdings[%d]: out of order", i)
		}
		lastPeer, lastWorker = h.PeerId, h.WorkerId
		for _, id := range h.UnitIds {
			u, ok := c.taken[string(id)]
			if !ok || !bytes.Equal(u.PeerId, h.PeerId) || !bytes.Equal(u.DealId, h.DealId) || !bytes.Equal(u.WorkerId, h.WorkerId) {
				return ErrInvalidGenesis.Wrapf("holdings[%d]: unit %x says otherwise", i, id)
			}
			delete(c.taken, string(id))
		}
		if err := CheckQuantities("resources", h.Resources); err != nil {
			return err
		}
		used := c.used[string(h.PeerId)]
		for _, q := range h.Resources {
			if used[q.ResourceId] < q.Amount {
				return ErrInvalidGenesis.Wrapf("holdings[%d]: more of resource %d than the peer misses", i, q.ResourceId)
			}
			if used[q.ResourceId] -= q.Amount; used[q.ResourceId] == 0 {
				delete(used, q.ResourceId)
			}
		}
	}
	return nil
}

// totals checks that every counter came down to zero.
func (c *census) totals() error {
	if len(c.taken) > 0 {
		return ErrInvalidGenesis.Wrapf("units: %d serve deals that hold nothing", len(c.taken))
	}
	for _, p := range c.g.Providers {
		if q := c.providers[p.Address]; q.UnitCount != 0 || q.OfferCount != 0 {
			return ErrInvalidGenesis.Wrapf("provider %s: its counters are wrong", p.Address)
		}
	}
	for _, o := range c.g.Offers {
		if c.byOffer[string(o.Id)].PeerCount != 0 {
			return ErrInvalidGenesis.Wrapf("offer %x: its number of peers is wrong", o.Id)
		}
	}
	for _, p := range c.g.Peers {
		if q := c.byPeer[string(p.Id)]; q.UnitCount != 0 || q.TakenCount != 0 || len(c.used[string(p.Id)]) > 0 {
			return ErrInvalidGenesis.Wrapf("peer %x: its counters or supplies are wrong", p.Id)
		}
	}
	return nil
}
