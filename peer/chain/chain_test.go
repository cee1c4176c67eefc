// SPDX-License-Identifier: Apache-2.0

package chain_test

import (
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/chain"
)

func TestEventGetReturnsTheFirstOfRepeatedKeys(t *testing.T) {
	e := chain.Event{Attributes: []chain.Attribute{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}, {Key: "b", Value: "3"}}}
	if v, ok := e.Get("b"); !ok || v != "2" {
		t.Errorf(`Get("b") = %q, %v; want "2", true`, v, ok)
	}
	if v, ok := e.Get("c"); ok || v != "" {
		t.Errorf(`Get("c") = %q, %v; want "", false`, v, ok)
	}
}

func TestTxHashText(t *testing.T) {
	text := strings.Repeat("0AF1", 16)
	var h chain.TxHash
	if err := h.UnmarshalText([]byte(strings.ToLower(text))); err != nil {
		t.Fatal(err)
	}
	if h.String() != text {
		t.Errorf("String = %s, want %s", h, text)
	}
	for name, bad := range map[string]string{"empty": "", "short": text[:62], "long": text + "00", "not hex": "zz" + text[2:]} {
		t.Run(name, func(t *testing.T) {
			var h chain.TxHash
			if err := h.UnmarshalText([]byte(bad)); err == nil {
				t.Errorf("UnmarshalText(%q) gave no error", bad)
			}
		})
	}
}
