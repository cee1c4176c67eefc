// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	markettypes "github.com/go-fluence/fluence/x/market/types"
)

// Bounds of messages.
const (
	// MaxPriceBits bounds the price per worker and epoch.
	MaxPriceBits = 128
	// MaxDataCenters and MaxAttributes bound the demands of a deal.
	MaxDataCenters = 16
	// MaxAttributes bounds the attributes a deal may ask for.
	MaxAttributes = 16
	// MaxSelections bounds the workers that one message matches.
	MaxSelections = 64
	// MaxSponsors bounds the depositors whose money a deal holds.
	MaxSponsors = 16
	// MaxWithdrawals bounds the workers whose rewards one message pays out.
	MaxWithdrawals = 64
	// MaxReplacements bounds a standing order.
	MaxReplacements = 1_000_000
)

// Validate checks the form of terms: all that needs neither params nor state.
//
// Errors: ErrInvalidTerms, ErrInvalidID.
func (t Terms) Validate() error {
	if err := CheckCID("app_cid", t.AppCid); err != nil {
		return err
	}
	if err := sdk.ValidateDenom(t.Denom); err != nil {
		return ErrInvalidTerms.Wrapf("denom: %v", err)
	}
	if t.Price.IsNil() || !t.Price.IsPositive() || t.Price.BigInt().BitLen() > MaxPriceBits {
		return ErrInvalidTerms.Wrapf("price: want 1 to 2^%d-1", MaxPriceBits)
	}
	switch {
	case t.TargetWorkers < 1 || t.TargetWorkers > MaxWorkersBound:
		return ErrInvalidTerms.Wrapf("target_workers %d: want 1 to %d", t.TargetWorkers, MaxWorkersBound)
	case t.MinWorkers > t.TargetWorkers:
		return ErrInvalidTerms.Wrapf("min_workers %d: want at most target_workers %d", t.MinWorkers, t.TargetWorkers)
	case t.MaxWorkersPerProvider > t.TargetWorkers:
		return ErrInvalidTerms.Wrapf("max_workers_per_provider %d: want at most target_workers %d", t.MaxWorkersPerProvider, t.TargetWorkers)
	case t.UnitsPerWorker < 1 || t.UnitsPerWorker > markettypes.MaxUnitsPerTaking:
		return ErrInvalidTerms.Wrapf("units_per_worker %d: want 1 to %d", t.UnitsPerWorker, markettypes.MaxUnitsPerTaking)
	}
	if err := markettypes.CheckQuantities("resources", t.Resources); err != nil {
		return ErrInvalidTerms.Wrap(err.Error())
	}
	return t.validateDemands()
}

func (t Terms) validateDemands() error {
	if len(t.Effectors) > markettypes.MaxEffectors {
		return ErrInvalidTerms.Wrapf("effectors: %d, want at most %d", len(t.Effectors), markettypes.MaxEffectors)
	}
	for i, e := range t.Effectors {
		if err := CheckCID("effectors", e); err != nil {
			return err
		}
		if i > 0 && bytes.Compare(t.Effectors[i-1], e) >= 0 {
			return ErrInvalidTerms.Wrapf("effectors[%d]: want them ascending and distinct", i)
		}
	}
	if len(t.DatacenterIds) > MaxDataCenters {
		return ErrInvalidTerms.Wrapf("datacenter_ids: %d, want at most %d", len(t.DatacenterIds), MaxDataCenters)
	}
	for i, id := range t.DatacenterIds {
		if i > 0 && t.DatacenterIds[i-1] >= id {
			return ErrInvalidTerms.Wrapf("datacenter_ids[%d]: want them ascending and distinct", i)
		}
	}
	if len(t.Attributes) > MaxAttributes {
		return ErrInvalidTerms.Wrapf("attributes: %d, want at most %d", len(t.Attributes), MaxAttributes)
	}
	for i, a := range t.Attributes {
		if a.Auditor == "" || a.Key == "" || len(a.Key) > markettypes.MaxAttributeKey || len(a.Value) > markettypes.MaxAttributeValue {
			return ErrInvalidTerms.Wrapf("attributes[%d]: want an auditor, a key of 1 to %d and a value of at most %d bytes", i, markettypes.MaxAttributeKey, markettypes.MaxAttributeValue)
		}
	}
	return nil
}

// Demand returns the terms as the market checks them.
func (t Terms) Demand() markettypes.Demand {
	d := markettypes.Demand{
		Denom: t.Denom, MaxPrice: t.Price, Units: uint64(t.UnitsPerWorker), Resources: t.Resources,
		Effectors: t.Effectors, ProtocolVersion: t.ProtocolVersion, DataCenters: t.DatacenterIds,
	}
	for _, a := range t.Attributes {
		d.Attributes = append(d.Attributes, markettypes.AttributeDemand{Auditor: a.Auditor, Key: a.Key, Value: a.Value})
	}
	return d
}

// PerProvider returns how many workers one provider may have.
func (t Terms) PerProvider() uint64 {
	if t.MaxWorkersPerProvider == 0 {
		return uint64(t.TargetWorkers)
	}
	return uint64(t.MaxWorkersPerProvider)
}

// Minimum returns what must be on the deal while it runs: the price of all target
// workers for so many epochs.
func (t Terms) Minimum(epochs uint64) math.Int {
	return t.Price.Mul(math.NewIntFromUint64(uint64(t.TargetWorkers))).Mul(math.NewIntFromUint64(epochs))
}

// Validate checks the form of a selection for the given number of units.
//
// Errors: ErrInvalidID, ErrInvalidSelection.
func (s Selection) Validate(units uint32) error {
	if err := CheckID("offer_id", s.OfferId, OfferIDBytes); err != nil {
		return err
	}
	if err := CheckID("peer_id", s.PeerId, PeerIDBytes); err != nil {
		return err
	}
	if len(s.UnitIds) != int(units) {
		return ErrInvalidSelection.Wrapf("unit_ids of peer %s: %d, want units_per_worker %d", Hex(s.PeerId), len(s.UnitIds), units)
	}
	if err := markettypes.CheckIDs("unit_ids", s.UnitIds, UnitIDBytes, markettypes.MaxUnitsPerTaking); err != nil {
		return ErrInvalidSelection.Wrap(err.Error())
	}
	return nil
}

// CheckAmount refuses what is not a positive amount of the denom.
//
// Errors: ErrInvalidAmount.
func CheckAmount(field string, c sdk.Coin, denom string) error {
	switch {
	case c.Denom != denom:
		return ErrInvalidAmount.Wrapf("%s: denom %q, want %s", field, c.Denom, denom)
	case c.Amount.IsNil() || !c.Amount.IsPositive():
		return ErrInvalidAmount.Wrapf("%s: want a positive amount", field)
	}
	return nil
}

// Validate checks the form of a standing order.
//
// Errors: ErrInvalidGrant.
func (o StandingOrder) Validate(epoch uint64) error {
	switch {
	case !o.Enabled && (o.Replacements != 0 || o.Until != 0):
		return ErrInvalidGrant.Wrap("standing_order: want enabled, or replacements and until 0")
	case o.Enabled && (o.Replacements < 1 || o.Replacements > MaxReplacements):
		return ErrInvalidGrant.Wrapf("replacements %d: want 1 to %d", o.Replacements, MaxReplacements)
	case o.Until != 0 && o.Until < epoch:
		return ErrInvalidGrant.Wrapf("until %d: want 0, or at least the running epoch %d", o.Until, epoch)
	}
	return nil
}

// Covers reports whether a worker may be replaced in the given epoch.
func (o StandingOrder) Covers(epoch uint64) bool {
	return o.Enabled && o.Replacements > 0 && (o.Until == 0 || epoch <= o.Until)
}

// Set reports whether there is an automatic top-up.
func (a AutoTopUp) Set() bool { return a.Epochs > 0 }

// Validate checks the form of an automatic top-up.
//
// Errors: ErrInvalidGrant.
func (a AutoTopUp) Validate() error {
	switch {
	case a.Epochs == 0 && (!a.Allowance.IsNil() && !a.Allowance.IsZero() || a.Depositor != ""):
		return ErrInvalidGrant.Wrap("auto_top_up: want epochs, or allowance 0 and no depositor")
	case a.Epochs > MaxEpochs:
		return ErrInvalidGrant.Wrapf("epochs %d: want at most %d", a.Epochs, MaxEpochs)
	case a.Epochs > 0 && (a.Allowance.IsNil() || !a.Allowance.IsPositive()):
		return ErrInvalidGrant.Wrap("allowance: want a positive amount")
	}
	return nil
}
