// SPDX-License-Identifier: Apache-2.0

package exec

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/go-fluence/fluence/peer/air/value"
)

func TestOriginKindsAreWrittenByName(t *testing.T) {
	o := Origin{Kind: OriginResult, Peer: "p", Service: "s", Function: "f", ArgumentHash: "h", CID: "c"}
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var back Origin
	if err := json.Unmarshal(text, &back); err != nil || back != o {
		t.Errorf("%s reads as %+v, %v", text, back, err)
	}
	k := OriginCanon
	if err := k.UnmarshalText([]byte("nonsense")); err != nil || k != OriginUnknown {
		t.Errorf("an unknown name reads as %v, %v; want %v", k, err, OriginUnknown)
	}
	if OriginKind(99).String() != "unknown" {
		t.Errorf("kind 99 is %v", OriginKind(99))
	}
}

func TestOriginsAreOrdered(t *testing.T) {
	set := []Origin{{Kind: OriginFailed}, {Kind: OriginResult, Peer: "b"}, {}, {Kind: OriginResult, Peer: "a", CID: "z"}, {Kind: OriginResult, Peer: "a"}}
	slices.SortFunc(set, Origin.Compare)
	want := []Origin{{}, {Kind: OriginResult, Peer: "a"}, {Kind: OriginResult, Peer: "a", CID: "z"}, {Kind: OriginResult, Peer: "b"}, {Kind: OriginFailed}}
	if !slices.Equal(set, want) {
		t.Errorf("sorted %+v, want %+v", set, want)
	}
}

func TestPartsOfAValue(t *testing.T) {
	j := judge{r: &run{ctx: t.Context(), budget: Budget{}.WithDefaults()}}
	source := `{"a":[1,{"b":"x"}],"k":-0.0}`
	tests := map[string]bool{
		source: true, `[1,{"b":"x"}]`: true, `{"b":"x"}`: true, `"x"`: true, `1`: true, `-0.0`: true,
		`"a"`: false, `2`: false, `[1]`: false, `{"a":1}`: false, `"xx"`: false, `0.0`: false,
	}
	for part, want := range tests {
		s, err := value.Parse(source)
		if err != nil {
			t.Fatal(err)
		}
		p, err := value.Parse(part)
		if err != nil {
			t.Fatal(err)
		}
		got, bad := j.holds(s, p)
		if bad != nil || got != want {
			t.Errorf("%s holds %s: %v, %v; want %v", source, part, got, bad, want)
		}
	}
}

func TestMapKeys(t *testing.T) {
	tests := map[string]string{`"k"`: "k", `7`: "7", `-7`: "-7", `18446744073709551615`: "18446744073709551615", `1.0`: "", `[]`: "", `true`: ""}
	for text, want := range tests {
		v, err := value.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		key, ok := keyFrom(v)
		if got := key.name(); ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %v, want %q", text, got, ok, want)
		}
	}
	if s, _ := keyFrom(value.FromString("7")); s == (mapKey{number: 7}) {
		t.Error("a string and an integer are one key")
	}
}

func TestBudgetDefaults(t *testing.T) {
	b := Budget{Steps: 5}.WithDefaults()
	if b.Steps != 5 || b.Bytes != DefaultBytes || b.Signers != DefaultSigners || b.Nesting != DefaultNesting || b.Origins != DefaultOrigins {
		t.Errorf("defaults %+v", b)
	}
}
