// SPDX-License-Identifier: Apache-2.0

package data

import (
	"strings"
	"testing"
)

// The vectors are of AquaVM 0.62.0, seen in its output.
func TestValueCIDVectors(t *testing.T) {
	tests := map[string]CID{
		`"test"`:                    "bagaaihrarcyykpv4oj7zwdbepczyfthxya4og7s2rwvrzolm5kg2eu5dz3xa",
		`[1,2.5,"a",1700000000000]`: "bagaaihratoqnmrnbb72nnyqq6vn5xvdvuj22e763msdsodapg3f3u5yhp7da",
	}
	for json, want := range tests {
		if got := ValueCID(json); got != want {
			t.Errorf("ValueCID(%s) = %s, want %s", json, got, want)
		}
		if !want.names([]byte(json)) {
			t.Errorf("%s does not name %s", want, json)
		}
		upper := CID("B" + strings.ToUpper(string(want[1:])))
		if !upper.names([]byte(json)) {
			t.Errorf("%s does not name %s", upper, json)
		}
		if want.names([]byte(json + " ")) {
			t.Errorf("%s names other content", want)
		}
	}
}
