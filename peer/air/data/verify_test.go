// SPDX-License-Identifier: Apache-2.0

package data

import (
	"errors"
	"testing"
)

func TestVerifyForgeries(t *testing.T) {
	for name, tt := range forgeries() {
		t.Run(name, func(t *testing.T) {
			f := newForge(t)
			tt.edit(f)
			d := mustDecode(t, mustEncode(t, f.build()))
			_, err := Verify(d, particleID, DefaultLimits(), nil)
			if tt.want == 0 && err != nil || tt.want != 0 && !errors.Is(err, &Error{Code: tt.want}) {
				t.Errorf("Verify = %v, want code %d", err, tt.want)
			}
			// What is known from honest data changes nothing.
			var known Known
			honest := newForge(t).build()
			s, err := Verify(honest, particleID, DefaultLimits(), nil)
			if err != nil {
				t.Fatal(err)
			}
			known.Learn(honest, s, particleID)
			_, err = Verify(d, particleID, DefaultLimits(), &known)
			if tt.want == 0 && err != nil || tt.want != 0 && !errors.Is(err, &Error{Code: tt.want}) {
				t.Errorf("Verify with known content = %v, want code %d", err, tt.want)
			}
		})
	}
}
