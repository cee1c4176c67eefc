// SPDX-License-Identifier: Apache-2.0

package capacity

import "testing"

func TestVerdictZeroValueDecidesNothing(t *testing.T) {
	var v Verdict
	if v != Unknown || v == Invalid {
		t.Fatalf("zero verdict = %v, want unknown", v)
	}
}

func TestVerdictString(t *testing.T) {
	for v, want := range map[Verdict]string{Unknown: "unknown", Valid: "valid", Invalid: "invalid", 3: "verdict(3)", 255: "verdict(255)"} {
		if got := v.String(); got != want {
			t.Errorf("Verdict(%d).String() = %q, want %q", uint8(v), got, want)
		}
	}
}
