// SPDX-License-Identifier: Apache-2.0

package types

import "slices"

// CheckQuantities refuses a list that is too long or not ascending by resource.
//
// Errors: ErrInvalidField, ErrBatchTooLarge.
func CheckQuantities(field string, qs []Quantity) error {
	if len(qs) > MaxSupplies {
		return ErrBatchTooLarge.Wrapf("%s: %d, want at most %d", field, len(qs), MaxSupplies)
	}
	for i, q := range qs {
		if i > 0 && qs[i-1].ResourceId >= q.ResourceId {
			return ErrInvalidField.Wrapf("%s[%d]: want them ascending by resource and distinct", field, i)
		}
		if q.Amount == 0 {
			return ErrInvalidField.Wrapf("%s[%d]: amount 0, want at least 1", field, i)
		}
	}
	return nil
}

// CheckSupplies refuses a list that is too long, not ascending by resource, or
// with details that are too long.
//
// Errors: ErrInvalidField, ErrBatchTooLarge.
func CheckSupplies(field string, ss []Supply) error {
	if len(ss) > MaxSupplies {
		return ErrBatchTooLarge.Wrapf("%s: %d, want at most %d", field, len(ss), MaxSupplies)
	}
	for i, s := range ss {
		if i > 0 && ss[i-1].ResourceId >= s.ResourceId {
			return ErrInvalidField.Wrapf("%s[%d]: want them ascending by resource and distinct", field, i)
		}
		if err := CheckText(field+" details", s.Details, 0, MaxTextBytes); err != nil {
			return err
		}
	}
	return nil
}

// Supply returns the place of a resource among the peer's supplies.
func (p Peer) Supply(resource uint64) (int, bool) {
	return slices.BinarySearchFunc(p.Supplies, resource, func(s Supply, id uint64) int { return compare(s.ResourceId, id) })
}

// CheckRatio checks that vCPU and memory of the peer fit its units, in all and
// free: exactly two vCPU per unit and at least 2048 MiB per vCPU. A peer without
// supplies is under an offer priced by compute unit and always fits. The function
// tells the type of a resource.
//
// Errors: ErrSupply, and those of kind.
func (p Peer) CheckRatio(kind func(resource uint64) (ResourceType, error)) error {
	if len(p.Supplies) == 0 {
		return nil
	}
	var vcpu, ram *Supply
	for i := range p.Supplies {
		s := &p.Supplies[i]
		if s.Available > s.Max {
			return ErrSupply.Wrapf("resource %d: %d available of %d", s.ResourceId, s.Available, s.Max)
		}
		t, err := kind(s.ResourceId)
		if err != nil {
			return err
		}
		switch {
		case t == ResourceVCPU && vcpu == nil:
			vcpu = s
		case t == ResourceRAM && ram == nil:
			ram = s
		case t == ResourceVCPU || t == ResourceRAM:
			return ErrSupply.Wrapf("resource %d: a peer has one kind of vCPU and one of memory", s.ResourceId)
		}
	}
	if vcpu == nil || ram == nil {
		return ErrSupply.Wrap("supplies: want one kind of vCPU and one of memory")
	}
	if want := VCPUPerUnit * p.UnitCount; vcpu.Max != want {
		return ErrSupply.Wrapf("%d vCPU for %d units: want %d", vcpu.Max, p.UnitCount, want)
	}
	if want := VCPUPerUnit * (p.UnitCount - p.TakenCount); vcpu.Available != want {
		return ErrSupply.Wrapf("%d vCPU available for %d free units: want %d", vcpu.Available, p.UnitCount-p.TakenCount, want)
	}
	if want := RAMPerVCPU * vcpu.Max; ram.Max < want {
		return ErrSupply.Wrapf("%d MiB of memory for %d vCPU: want at least %d", ram.Max, vcpu.Max, want)
	}
	if want := RAMPerVCPU * vcpu.Available; ram.Available < want {
		return ErrSupply.Wrapf("%d MiB of memory left for %d free vCPU: want at least %d", ram.Available, vcpu.Available, want)
	}
	return nil
}

// Idle reports whether deals are not matched to the peer in the given epoch, and why.
func (p Peer) Idle(epoch uint64) (string, bool) {
	switch {
	case p.Draining:
		return "draining", true
	case p.Maintenance.Contains(epoch):
		return "in maintenance", true
	}
	return "", false
}

// Contains reports whether an epoch lies in the window.
func (w Window) Contains(epoch uint64) bool { return w.From <= epoch && epoch < w.Until }

// Free returns how many of the peer's units serve no deal.
func (p Peer) Free() uint64 { return p.UnitCount - p.TakenCount }
