// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package oracle_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/oracle"
	"github.com/go-fluence/fluence/peer/air/value"
)

// reader asks the interpreter what it reads out of a JSON text: it feeds the text
// to a call, and the next instruction fails with a message that quotes the value.
type reader struct {
	avm  *oracle.AVM
	in   air.Input
	prev []byte
}

func newReader(t *testing.T) *reader {
	t.Helper()
	peer := oracle.NewPeer("reader")
	r := &reader{avm: newEngine(t).New(), in: air.Input{
		Script: `(seq (call %init_peer_id% ("s" "f") [] x) (ap x.$.[4000000000] y))`,
		Params: air.Params{InitPeerID: peer.ID, CurrentPeerID: peer.ID, SecretKey: peer.Seed, ParticleID: "p"},
	}}
	out, err := r.avm.Invoke(t.Context(), r.in)
	if err != nil || out.Code != 0 || len(out.Calls) != 1 {
		t.Fatalf("first run: %+v, %v", out, err)
	}
	r.in.Prev = out.Data
	return r
}

// read returns the canonical text of a value, or the reason why it is none.
func (r *reader) read(t *testing.T, text string) (canonical, reason string) {
	t.Helper()
	r.in.Results = map[uint32]air.Result{1: {JSON: []byte(text)}}
	out, err := r.avm.Invoke(t.Context(), r.in)
	if err != nil {
		return "", "trap"
	}
	m := out.Message
	if prefix := "Local service error, ret_code is 2147483647, error message is 'call_service result 'ret_code: 0, result: '"; strings.HasPrefix(m, prefix) {
		const sep = "' can't be serialized or deserialized with an error: "
		return "", strings.TrimSuffix(m[strings.LastIndex(m, sep)+len(sep):], "'")
	}
	for _, suffix := range []string{
		"' is not an array-type to match array accessor with idx = '4000000000'",
		"' does not contain element for idx = '4000000000'",
	} {
		if rest, ok := strings.CutSuffix(m, suffix); ok {
			return strings.TrimPrefix(rest, "value '"), ""
		}
	}
	t.Fatalf("text %q: unexpected outcome %d %q", text, out.Code, m)
	return "", ""
}

// compare reads a text with both readers.
func (r *reader) compare(t *testing.T, text string) {
	t.Helper()
	v, err := value.Parse(text)
	canonical, reason := r.read(t, text)
	switch {
	case reason != "" && (err == nil || err.Error() != reason):
		t.Errorf("%q\nours:   %v %v\ntheirs: %s", text, v, err, reason)
	case reason == "" && (err != nil || v.Text() != canonical):
		t.Errorf("%q\nours:   %v %v\ntheirs: %s", text, v, err, canonical)
	}
}

func TestValuesAgreeOnChosenTexts(t *testing.T) {
	r := newReader(t)
	for _, text := range strings.Split(`null|nul|nulx|true|tru|false|falsy|oops||  |[|[1|[1,|[1,]|[1 2]|[,]|{|{"a"|{"a":|{"a":1|{"a":1,|{"a":1,}|{"a":1 "b":2}|{1:2}|{,}|`+
		`"|"a|"\|"\u|"\u1|"\u123|"\u123g"|"\ud800"|"\ud800\|"\ud800\u|"\ud800\n"|"\ud800\u0041"|"\ud800\udc00"|"\udc00"|"\x"|"\ud83d\ude00"|"a`+"\x01"+`b"|`+
		"\"a\nb\"|\"\t\"|\n\n [1,\n x]|1 2|1,|]|}|:|-|-a|01|-01|00|1.|1.a|1.e5|1e|1e+|1e-|1ea|1e400|-1e400|1e-400|0e400|1e99999999999|0e99999999999|1e-99999999999|"+
		`-0|-0.0|-0e1|0.0|1.0|10|1e0|1E2|1e+2|18446744073709551615|18446744073709551616|-9223372036854775808|-9223372036854775809|99999999999999999999999|`+
		`1844674407370955161555.5|18446744073709551.6155555|0.18446744073709551615|0.184467440737095516159|123456789012345678901234567890e-10|1e308|1e309|1.7976931348623157e308|1.7976931348623159e308|`+
		`5e-324|2e-324|1e-323|2.2250738585072014e-308|1e23|1e22|9007199254740993|9007199254740993.0|{"b":1,"a":2}|{"a":1,"a":2}|{"\u0061":1,"a":2}|{"é":1,"z":2}|{"":0}|"\/"|"\b\f\n\r\t\"\\"|"\u007f"|[[]]|[{}]|  [ 1 , 2 ]  |{"a" : [ ] }`, "|") {
		r.compare(t, text)
	}
	for _, n := range []int{126, 127, 128, 200} {
		r.compare(t, strings.Repeat("[", n)+strings.Repeat("]", n))
		r.compare(t, strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n))
		r.compare(t, strings.Repeat(`[`, n))
	}
}

// numberText makes number literals near the corners of the grammar and of floats.
func numberText(r *rand.Rand) string {
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		return b.String()
	}
	switch r.IntN(6) {
	case 0:
		return strconv.FormatFloat(math.Float64frombits(r.Uint64()), "efg"[r.IntN(3)], -1, 64)
	case 1:
		return strconv.FormatUint(r.Uint64(), 10) + digits(r.IntN(4))
	case 2:
		return "-" + strconv.FormatUint(r.Uint64()>>r.IntN(3), 10)
	}
	s := []string{"", "-"}[r.IntN(2)] + strconv.Itoa(r.IntN(10)) + digits(r.IntN(24)*r.IntN(2))
	if r.IntN(3) > 0 {
		s += "." + digits(r.IntN(25))
	}
	if r.IntN(2) > 0 {
		s += []string{"e", "E", "e+", "e-", "E-"}[r.IntN(5)] + digits(r.IntN(4))
	}
	return s
}

func TestValuesAgreeOnNumbers(t *testing.T) {
	r := newReader(t)
	const seed, cases = 3, 20_000
	for n := range cases {
		text := numberText(rand.New(rand.NewPCG(seed, uint64(n))))
		if text == "NaN" || strings.HasSuffix(text, "Inf") {
			continue
		}
		r.compare(t, text)
		if t.Failed() {
			t.Fatalf("seed %d, case %d", seed, n)
		}
	}
}

// jsonText makes a JSON text, mostly well-formed, in any spelling.
func jsonText(r *rand.Rand, depth int) string {
	blank := func() string { return []string{"", "", "", " ", "\n", "\t\r"}[r.IntN(6)] }
	kind := r.IntN(9)
	if depth == 0 {
		kind = r.IntN(5)
	}
	switch kind {
	case 0:
		return []string{"null", "true", "false"}[r.IntN(3)]
	case 1:
		return numberText(r)
	case 2, 3, 4:
		return stringText(r)
	case 5, 6:
		var parts []string
		for range r.IntN(4) {
			parts = append(parts, blank()+jsonText(r, depth-1)+blank())
		}
		return "[" + strings.Join(parts, ",") + blank() + "]"
	}
	var parts []string
	for range r.IntN(6) {
		parts = append(parts, blank()+stringText(r)+blank()+":"+blank()+jsonText(r, depth-1)+blank())
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func stringText(r *rand.Rand) string {
	var b strings.Builder
	b.WriteByte('"')
	for range r.IntN(5) {
		b.WriteString([]string{"a", "b", "A", "é", "\u2028", "\x7f", "😀", `\"`, `\\`, `\/`, `\n`, `\u0000`, `\u001F`, `\u00e9`, `\ud83d\ude00`, "]", "[", "!", "#", "~", "ÿ"}[r.IntN(21)])
	}
	b.WriteByte('"')
	return b.String()
}

func TestValuesAgreeOnTexts(t *testing.T) {
	r := newReader(t)
	const seed, cases = 4, 20_000
	for n := range cases {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		text := jsonText(rnd, 3)
		if rnd.IntN(3) == 0 && len(text) > 0 {
			at := rnd.IntN(len(text))
			text = strings.ToValidUTF8(text[:at]+[]string{"", ",", "\"", "\\", "]", "}", "1", "x", " "}[rnd.IntN(9)]+text[min(len(text), at+rnd.IntN(2)):], "")
		}
		if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
			continue
		}
		r.compare(t, text)
		if t.Failed() {
			t.Fatalf("seed %d, case %d", seed, n)
		}
	}
}
