// SPDX-License-Identifier: Apache-2.0

package types

import (
	"bytes"

	"cosmossdk.io/math"
)

// Terms returns what the provider decided about the offer.
func (o Offer) Terms() Terms {
	return Terms{
		Denom: o.Denom, MinPrice: o.MinPrice, Prices: o.Prices, Effectors: o.Effectors,
		MinProtocolVersion: o.MinProtocolVersion, MaxProtocolVersion: o.MaxProtocolVersion, DatacenterId: o.DatacenterId,
	}
}

// WithTerms returns the offer under other terms.
func (o Offer) WithTerms(t Terms) Offer {
	o.Denom, o.MinPrice, o.Prices, o.Effectors = t.Denom, t.MinPrice, t.Prices, t.Effectors
	o.MinProtocolVersion, o.MaxProtocolVersion, o.DatacenterId = t.MinProtocolVersion, t.MaxProtocolVersion, t.DatacenterId
	return o
}

// Validate checks the form of terms: all that needs neither params nor state.
//
// Errors: ErrInvalidField, ErrBatchTooLarge.
func (t Terms) Validate() error {
	if t.MinPrice.IsNil() || t.MinPrice.IsNegative() || t.MinPrice.BigInt().BitLen() > MaxPriceBits {
		return ErrInvalidField.Wrapf("min_price: want 0 to 2^%d-1", MaxPriceBits)
	}
	if t.MinPrice.IsZero() == (len(t.Prices) == 0) {
		return ErrInvalidField.Wrap("min_price, prices: want either a positive price per compute unit or prices of resources")
	}
	if err := validatePrices(t.Prices); err != nil {
		return err
	}
	if len(t.Effectors) > MaxEffectors {
		return ErrBatchTooLarge.Wrapf("effectors: %d, want at most %d", len(t.Effectors), MaxEffectors)
	}
	for i, e := range t.Effectors {
		if err := CheckCID("effectors", e); err != nil {
			return err
		}
		if i > 0 && bytes.Compare(t.Effectors[i-1], e) >= 0 {
			return ErrInvalidField.Wrapf("effectors[%d]: want them ascending and distinct", i)
		}
	}
	if t.MinProtocolVersion > t.MaxProtocolVersion {
		return ErrInvalidField.Wrapf("min_protocol_version %d: want at most max_protocol_version %d", t.MinProtocolVersion, t.MaxProtocolVersion)
	}
	return nil
}

func validatePrices(prices []Price) error {
	if len(prices) > MaxPrices {
		return ErrBatchTooLarge.Wrapf("prices: %d, want at most %d", len(prices), MaxPrices)
	}
	for i, p := range prices {
		if i > 0 && prices[i-1].ResourceId >= p.ResourceId {
			return ErrInvalidField.Wrapf("prices[%d]: want them ascending by resource and distinct", i)
		}
		if err := CheckPrice("prices", p.Price); err != nil {
			return err
		}
	}
	return nil
}

// CheckPrice refuses a price that is not from 1 to 2^128-1.
//
// Errors: ErrInvalidField.
func CheckPrice(field string, p math.Int) error {
	if p.IsNil() || !p.IsPositive() || p.BigInt().BitLen() > MaxPriceBits {
		return ErrInvalidField.Wrapf("%s: want a price from 1 to 2^%d-1", field, MaxPriceBits)
	}
	return nil
}

// Within checks terms against the params: denom and protocol versions.
//
// Errors: ErrInvalidField.
func (t Terms) Within(p Params) error {
	switch {
	case !p.Pays(t.Denom):
		return ErrInvalidField.Wrapf("denom %q: want one of %v", t.Denom, p.PaymentDenoms)
	case t.MinProtocolVersion < p.MinProtocolVersion:
		return ErrInvalidField.Wrapf("min_protocol_version %d: want at least %d", t.MinProtocolVersion, p.MinProtocolVersion)
	case t.MaxProtocolVersion > p.MaxProtocolVersion:
		return ErrInvalidField.Wrapf("max_protocol_version %d: want at most %d", t.MaxProtocolVersion, p.MaxProtocolVersion)
	}
	return nil
}
