// SPDX-License-Identifier: Apache-2.0

package types

import "strings"

// Validate checks the form of a resource.
//
// Errors: ErrInvalidField.
func (r Resource) Validate() error {
	if _, ok := ResourceType_name[int32(r.Type)]; !ok {
		return ErrInvalidField.Wrapf("resource type %d: want 0 to %d", r.Type, ResourceBandwidth)
	}
	return CheckText("resource metadata", r.Metadata, 0, MaxTextBytes)
}

// Validate checks the form of a data center.
//
// Errors: ErrInvalidField, ErrBatchTooLarge.
func (d DataCenter) Validate() error {
	if len(d.CountryCode) != 2 || strings.Trim(d.CountryCode, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ErrInvalidField.Wrapf("country_code %q: want two capital letters", d.CountryCode)
	}
	if len(d.CityCode) != 3 || strings.Trim(d.CityCode, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return ErrInvalidField.Wrapf("city_code %q: want three capital letters or digits", d.CityCode)
	}
	if len(d.Certifications) > MaxCertifications {
		return ErrBatchTooLarge.Wrapf("certifications: %d, want at most %d", len(d.Certifications), MaxCertifications)
	}
	for _, c := range d.Certifications {
		if err := CheckText("certifications", c, 1, MaxNameBytes); err != nil {
			return err
		}
	}
	return nil
}

// Validate checks the form of what is said of an effector.
//
// Errors: ErrInvalidField.
func (e EffectorInfo) Validate() error {
	if err := CheckCID("id", e.Id); err != nil {
		return err
	}
	if len(e.Metadata) > 0 {
		if err := CheckCID("metadata", e.Metadata); err != nil {
			return err
		}
	}
	return CheckText("description", e.Description, 0, MaxTextBytes)
}

// CheckAttribute refuses a key or value that is too short, too long or not text.
// Keys have no zero byte, which ends them in the store.
//
// Errors: ErrInvalidField.
func CheckAttribute(key, value string) error {
	if strings.ContainsRune(key, 0) {
		return ErrInvalidField.Wrap("attribute key: has a zero byte")
	}
	if err := CheckText("attribute key", key, 1, MaxAttributeKey); err != nil {
		return err
	}
	return CheckText("attribute value", value, 1, MaxAttributeValue)
}
