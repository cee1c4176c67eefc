// SPDX-License-Identifier: Apache-2.0

package perimeter

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// parse sets v to the value from least to most whose String is text.
func parse[T interface {
	~uint8
	String() string
}](v *T, least, most T, what string, text []byte) error {
	for x := least; x <= most; x++ {
		if x.String() == string(text) {
			*v = x
			return nil
		}
	}
	return fmt.Errorf("%w: %s %q", ErrRule, what, clip(string(text)))
}

// MarshalText returns the name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name.
//
// Errors: ErrRule.
func (s *State) UnmarshalText(text []byte) error { return parse(s, Proposed, Dissolved, "state", text) }

// MarshalText returns the name.
func (w Who) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads a name.
//
// Errors: ErrRule.
func (w *Who) UnmarshalText(text []byte) error { return parse(w, Anyone, Roles, "who", text) }

// String returns the lower-case name.
func (s Source) String() string { return name(int(s), "literal", "argument", "initiator") }

// MarshalText returns the name.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name.
//
// Errors: ErrRule.
func (s *Source) UnmarshalText(text []byte) error {
	return parse(s, Literal, Initiator, "source", text)
}

// MarshalText returns the name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a name.
//
// Errors: ErrRule.
func (k *Kind) UnmarshalText(text []byte) error {
	return parse(k, FromUnknown, FromFailed, "kind", text)
}

// maxPolicyText bounds the text of a policy.
const maxPolicyText = 1 << 20

// ParsePolicy reads a policy as people write it: one JSON object with the fields
// of Policy, no others, and checks it.
//
// Errors: ErrRule, and those of Policy.Validate.
func ParsePolicy(text []byte) (Policy, error) {
	var p Policy
	if len(text) > maxPolicyText {
		return p, fmt.Errorf("%w: policy of %d bytes, at most %d", ErrRule, len(text), maxPolicyText)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, fmt.Errorf("%w: %w", ErrRule, err)
	}
	if d.More() {
		return p, fmt.Errorf("%w: text after the policy", ErrRule)
	}
	return p, p.Validate()
}
