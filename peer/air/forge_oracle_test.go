// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package air_test

import "testing"

// TestForgedDataDeceivesAquaVM shows that the forgeries are such: AquaVM acts on
// them.
func TestForgedDataDeceivesAquaVM(t *testing.T) {
	avm := newAVM(t)
	for name, f := range forgeries() {
		if f.theirs == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			out, err := avm.Invoke(t.Context(), f.in)
			if err != nil {
				t.Fatal(err)
			}
			if wrong := f.theirs(out); wrong != "" {
				t.Errorf("%s\nscript %s", wrong, f.in.Script)
			}
		})
	}
}
