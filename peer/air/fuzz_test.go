// SPDX-License-Identifier: Apache-2.0

package air_test

import (
	"bytes"
	"testing"

	"github.com/go-fluence/fluence/peer/air"
)

func FuzzDecodeResults(f *testing.F) {
	f.Add([]byte("\x81\x04\x80"))
	f.Add([]byte("\x81\x04\x81\xa11\x82\xa8ret_code\x05\xa6result\xa4null"))
	f.Add([]byte("\x81\x04\xdf\xff\xff\xff\xff\xa11"))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := air.DecodeResults(b)
		if err != nil && out != nil {
			t.Errorf("both results %v and error %v", out, err)
		}
		total := 0
		for _, r := range out {
			total += len(r.JSON)
		}
		if total > len(b) {
			t.Errorf("%d bytes of results from %d bytes", total, len(b))
		}
	})
}

// FuzzInvoke runs whole steps on hostile scripts, data and results: no panic,
// the same outcome twice, and a void run changes nothing.
func FuzzInvoke(f *testing.F) {
	all := members("A", "B")
	a, b := all[0], all[1]
	for _, script := range []string{
		"(null)",
		`(par (call "` + b.id + `" ("s" "f") [1] $s) (seq (ap 2 $s) (fold $s i (par (call %init_peer_id% ("s" "g") [i] x) (next i)))))`,
		`(xor (seq (call %init_peer_id% ("s" "f") [] x) (ap (x.$.a 1) %m)) (seq (canon %init_peer_id% %m #%c) (call %init_peer_id% ("s" "h") [#%c %last_error% :error:])))`,
		`(new $s (seq (ap 1 $s) (seq (canon "` + b.id + `" $s #cc) (fold #cc i (seq (match i 1 (null)) (next i))))))`,
	} {
		first, err := air.Invoke(f.Context(), air.Input{Script: script, Params: a.params(a.id)})
		if err != nil {
			f.Fatal(err)
		}
		second, err := air.Invoke(f.Context(), air.Input{Script: script, Data: first.Data, Params: b.params(a.id)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(script, first.Data, second.Data, []byte(`{"a":"k"}`), int32(0))
		f.Add(script, second.Data, first.Data, []byte(`{bad`), int32(1))
	}
	f.Fuzz(func(t *testing.T, script string, prev, data, result []byte, code int32) {
		in := air.Input{
			Script: script, Prev: prev, Data: data, Params: a.params(a.id),
			Results: map[uint32]air.Result{1: {Code: code, JSON: result}},
			Budget:  air.Budget{Steps: 20_000, Bytes: 1 << 20, Origins: 10_000},
		}
		out, err := air.Invoke(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := air.Invoke(t.Context(), in)
		if err != nil || out.Code != again.Code || !bytes.Equal(out.Data, again.Data) {
			t.Errorf("codes %d and %d, %v: not the same twice", out.Code, again.Code, err)
		}
		if void := out.Code > 0 && (out.Code < 10000 || out.Code/10000 == 2); void && !bytes.Equal(out.Data, prev) {
			t.Errorf("code %d changed previous data", out.Code)
		}
	})
}
