// SPDX-License-Identifier: Apache-2.0

package types

import (
	"slices"

	"cosmossdk.io/math"
)

// Taking is what a worker of a deal takes of a peer, all or nothing.
type Taking struct {
	Deal   []byte // 20 bytes
	Worker []byte // 32 bytes
	Peer   []byte // 32 bytes
	// Units are 1 to MaxUnitsPerTaking free units of the peer, in any order.
	Units [][]byte
	// Resources ascend; empty under an offer priced by compute unit, else with
	// exactly the vCPU of the units and at least the memory that goes with them.
	Resources []Quantity
}

// AttributeDemand asks for a statement about a provider.
type AttributeDemand struct {
	Key   string
	Value string
	// Auditor is the account that must have said so; empty for any registered one.
	Auditor string
}

// Demand is what a deal asks of an offer and a peer. Zero fields ask for nothing,
// except Denom, MaxPrice, Units and ProtocolVersion.
type Demand struct {
	Denom string
	// MaxPrice is what the deal pays per worker and epoch.
	MaxPrice math.Int
	// Units is the number of compute units per worker, at least 1.
	Units uint64
	// Resources ascend; as in Taking.
	Resources       []Quantity
	Effectors       [][]byte
	ProtocolVersion uint64
	// DataCenters are alternatives; empty for any place.
	DataCenters []uint64
	Attributes  []AttributeDemand
	// Provider is the only one to be accepted; empty for any.
	Provider string
}

// Match is a peer that fits a demand.
type Match struct {
	Offer Offer
	Peer  Peer
	// Units are as many free units of the peer as were asked for, ascending.
	Units [][]byte
	// Price is what the offer asks for per worker and epoch.
	Price math.Int
}

// PricedByUnit reports whether the offer asks for a price per compute unit;
// otherwise it asks for a price per resource.
func (o Offer) PricedByUnit() bool { return len(o.Prices) == 0 }

// PriceOf returns what one unit of a resource costs per epoch.
func (o Offer) PriceOf(resource uint64) (math.Int, bool) {
	i, ok := slices.BinarySearchFunc(o.Prices, resource, func(p Price, id uint64) int { return compare(p.ResourceId, id) })
	if !ok {
		return math.Int{}, false
	}
	return o.Prices[i].Price, true
}

// Cost returns what a worker costs per epoch: the price per unit times units, or
// the sum of price times quantity. It cannot overflow: prices have at most 128
// bits, numbers 64, and there are at most 64 of them.
//
// Errors: ErrUnpriced.
func (o Offer) Cost(units uint64, quantities []Quantity) (math.Int, error) {
	if o.PricedByUnit() {
		if len(quantities) > 0 {
			return math.Int{}, ErrUnpriced.Wrapf("offer %x is priced by compute unit", o.Id)
		}
		return o.MinPrice.Mul(math.NewIntFromUint64(units)), nil
	}
	if len(quantities) > MaxPrices {
		return math.Int{}, ErrBatchTooLarge.Wrapf("resources: %d, want at most %d", len(quantities), MaxPrices)
	}
	sum := math.ZeroInt()
	for _, q := range quantities {
		p, ok := o.PriceOf(q.ResourceId)
		if !ok {
			return math.Int{}, ErrUnpriced.Wrapf("resource %d", q.ResourceId)
		}
		sum = sum.Add(p.Mul(math.NewIntFromUint64(q.Amount)))
	}
	return sum, nil
}

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
