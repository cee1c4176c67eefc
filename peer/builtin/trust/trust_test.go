// SPDX-License-Identifier: Apache-2.0

package trust

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/trustgraph"
)

const (
	rootID = "12D3KooWBQ78j8waooUm1KEmvWRuxkRshgDv4V5uGtCbNskC4GiN"
	bobID  = "12D3KooWRkZhiRhsqmrQ28rt73K7V3aCBpqKrLGSXmZ99PTcTZby"
	now    = "1700000000"
)

// world is a service of the peer bob, owned by bob and by the peer root.
type world struct {
	t       testing.TB
	entries map[string]builtin.Entry
	from    string
	clock   func(*pipeline.Call, int)
}

func newWorld(t testing.TB) *world {
	self, err := peer.Decode(bobID)
	if err != nil {
		t.Fatal(err)
	}
	owner, err := peer.Decode(rootID)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, entries: Entries(trustgraph.New(), self, []peer.ID{owner}), from: rootID, clock: honest}
}

// honest makes argument i what the peer's clock said.
func honest(c *pipeline.Call, i int) {
	c.Tetraplets[i] = []air.Tetraplet{{PeerPK: bobID, ServiceID: "peer", FunctionName: "timestamp_sec"}}
	c.Origins[i] = []air.Origin{{Kind: air.OriginResult, Peer: bobID, Service: "peer", Function: "timestamp_sec"}}
}

// call calls a function; the last argument is the clock's if clocked.
func (w *world) call(function string, clocked bool, args ...string) map[string]any {
	w.t.Helper()
	self, err := peer.Decode(bobID)
	if err != nil {
		w.t.Fatal(err)
	}
	c := pipeline.Call{Scope: pipeline.Scope{Host: self, Peer: self}, Particle: &particle.Particle{InitPeerID: w.from}}
	for _, a := range args {
		c.Args = append(c.Args, json.RawMessage(a))
		c.Tetraplets = append(c.Tetraplets, []air.Tetraplet{{PeerPK: w.from}})
		c.Origins = append(c.Origins, []air.Origin{{Kind: air.OriginInitiator}})
	}
	if clocked {
		w.clock(&c, len(args)-1)
	}
	v, err := w.entries[function].Call(w.t.Context(), c, builtin.NewArgs(c.Args))
	if err != nil {
		w.t.Fatalf("%s: %v", function, err)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		w.t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func quoted(s string) string { return `"` + s + `"` }

// The whole way of the official library with the vectors of the specification: bytes,
// signature, trust, certificate, weight, revocation.
func TestTheWayOfTheOfficialLibrary(t *testing.T) {
	w := newWorld(t)
	seed := sha256.Sum256([]byte("root"))
	priv := ed25519.NewKeyFromSeed(seed[:])
	if r := w.call("set_root", false, quoted(rootID), "5"); r["success"] != true {
		t.Fatalf("set_root = %v", r)
	}
	sign := func(r map[string]any) string {
		list, _ := r["result"].([]any)
		var raw []byte
		for _, x := range list {
			raw = append(raw, byte(x.(float64)))
		}
		text, err := json.Marshal(octets(ed25519.Sign(priv, raw)))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	issue := func(id string) string {
		signature := sign(w.call("get_trust_bytes", false, quoted(id), "2000000000", now))
		r := w.call("issue_trust", false, quoted(id), "2000000000", now, signature)
		text, err := json.Marshal(r["trust"])
		if err != nil || r["success"] != true {
			t.Fatalf("issue_trust = %v", r)
		}
		return string(text)
	}
	own, bob := issue(rootID), issue(bobID)
	if !strings.Contains(bob, "F7bV7iiYbLYT6Tw74GkvcU2LGNtptE42kJ6ik2JYnyobrX5XqbJkWfBU1voYRATnVsR7QdRxWjWruWyC1R8ekKk") {
		t.Errorf("trust of bob is %s, want the signature of the specification", bob)
	}
	if r := w.call("verify_trust", true, bob, quoted(rootID), now); r["success"] != true {
		t.Errorf("verify_trust = %v", r)
	}
	for text, weight := range map[string]float64{own: 32} {
		if r := w.call("add_trust", true, text, quoted(rootID), now); r["success"] != true || r["weight"] != weight {
			t.Errorf("add_trust = %v", r)
		}
	}
	if r := w.call("insert_cert", true, `{"chain":[`+own+`,`+bob+`]}`, now); r["success"] != true {
		t.Errorf("insert_cert = %v", r)
	}
	if r := w.call("get_weight", true, quoted(bobID), now); r["success"] != true || r["weight"] != 16.0 || r["peer_id"] != bobID {
		t.Errorf("get_weight = %v", r)
	}
	if r := w.call("get_weight_from", true, quoted(bobID), quoted(rootID), now); r["success"] != true || r["weight"] != 16.0 {
		t.Errorf("get_weight_from = %v", r)
	}
	for _, r := range []map[string]any{
		w.call("get_all_certs", true, quoted(bobID), now), w.call("get_host_certs", true, now),
		w.call("get_all_certs_from", true, quoted(bobID), quoted(rootID), now), w.call("get_host_certs_from", true, quoted(rootID), now),
	} {
		if list, _ := r["certificates"].([]any); r["success"] != true || len(list) != 1 {
			t.Errorf("certificates = %v", r)
		}
	}
	signature := sign(w.call("get_revocation_bytes", false, quoted(bobID), "1700000100"))
	r := w.call("issue_revocation", false, quoted(rootID), quoted(bobID), "1700000100", signature)
	text, err := json.Marshal(r["revocation"])
	if err != nil || !strings.Contains(string(text), "67UtCsR3XsfQ5BghNkvBkQZA9UYMZe7GSSXLfj4Qeh3i2JJk83ZN9p4zzszbhobxjcG71afmRbEmDcSHH3DbpPT") {
		t.Errorf("issue_revocation = %v", r)
	}
	if r := w.call("revoke", true, string(text), now); r["success"] != false || !strings.Contains(r["error"].(string), "later than the current timestamp") {
		t.Errorf("revoke of tomorrow = %v", r)
	}
	if r := w.call("revoke", true, string(text), "1700000100"); r["success"] != true {
		t.Errorf("revoke = %v", r)
	}
	if r := w.call("get_weight", true, quoted(bobID), "1700000100"); r["weight"] != 0.0 {
		t.Errorf("get_weight after the revocation = %v", r)
	}
	if r := w.call("export_revocations", false, quoted(bobID)); len(r["revocations"].([]any)) != 1 {
		t.Errorf("export_revocations = %v", r)
	}
}

func TestTextCertificates(t *testing.T) {
	w := newWorld(t)
	w.call("set_root", false, quoted(rootID), "5")
	const cert = "11\n1111\n12ajxz1MscuDGbRjMHugaBxM3DMBH2o1RKHqZztbJAKzS\n12oLpknEmMShKkgfzPvVdSmtk81e3w4WN5JX28varkzL2pDe7NsFXjcyiPGymEAj7VnbQxKBRSwWtNGgPbWaWkAFj\n2000000000\n1700000000\n1GwCXyJ8AesaucFMTUSZmiFVMhVngpeBxaBC7mQJiZct3\n1F7bV7iiYbLYT6Tw74GkvcU2LGNtptE42kJ6ik2JYnyobrX5XqbJkWfBU1voYRATnVsR7QdRxWjWruWyC1R8ekKk\n2000000000\n1700000000\n"
	text, err := json.Marshal(cert)
	if err != nil {
		t.Fatal(err)
	}
	if r := w.call("insert_cert_raw", true, string(text), now); r["success"] != true {
		t.Errorf("insert_cert_raw = %v", r)
	}
	if r := w.call("get_weight", true, quoted(bobID), now); r["weight"] != 16.0 {
		t.Errorf("get_weight = %v", r)
	}
	if r := w.call("insert_cert_raw", true, `"11\n"`, now); r["success"] != false || !strings.Contains(r["error"].(string), "ncorrect format of the certificate") {
		t.Errorf("one line = %v", r)
	}
}

func TestRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(w *world)
		want string
	}{
		"the initiator's clock": {func(w *world) { w.clock = func(*pipeline.Call, int) {} }, "timestamp_sec"},
		"another peer's clock": {func(w *world) {
			w.clock = func(c *pipeline.Call, i int) {
				honest(c, i)
				c.Tetraplets[i][0].PeerPK = rootID
				c.Origins[i][0].Peer = rootID
			}
		}, "timestamp_sec"},
		"a tetraplet without a result": {func(w *world) {
			w.clock = func(c *pipeline.Call, i int) { honest(c, i); c.Origins[i] = []air.Origin{{Kind: air.OriginInitiator}} }
		}, "timestamp_sec"},
		"the clock and the initiator": {func(w *world) {
			w.clock = func(c *pipeline.Call, i int) {
				honest(c, i)
				c.Origins[i] = append(c.Origins[i], air.Origin{Kind: air.OriginInitiator})
			}
		}, "timestamp_sec"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tt.edit(w)
			for _, r := range []map[string]any{
				w.call("get_weight", true, quoted(bobID), now), w.call("get_all_certs", true, quoted(bobID), now), w.call("get_host_certs", true, now),
				w.call("get_weight_from", true, quoted(bobID), quoted(rootID), now), w.call("insert_cert", true, `{"chain":[]}`, now),
			} {
				if r["success"] != false || !strings.Contains(r["error"].(string), tt.want) {
					t.Errorf("%v, want a refusal that names %s", r, tt.want)
				}
			}
		})
	}
	w := newWorld(t)
	w.from = "12D3KooWD2vAZva1u3TQgoxebBUBsaGMNawKjVkp57M6UcwNwXNv"
	if r := w.call("set_root", false, quoted(rootID), "5"); r["success"] != false || !strings.HasPrefix(r["error"].(string), "Root could add only") {
		t.Errorf("set_root by a stranger = %v", r)
	}
	for _, bad := range []string{`""`, `"x"`, `7`, `null`, quoted(strings.Repeat("1", 10_000))} {
		for _, f := range []string{"get_trust_bytes", "issue_trust", "get_revocation_bytes", "issue_revocation", "add_trust", "verify_trust", "revoke", "set_root", "insert_cert", "insert_cert_raw", "get_weight", "get_all_certs", "export_revocations"} {
			if r := w.call(f, true, bad, "1", "1", "[1]", now); r["success"] != false || r["error"] == "" {
				t.Errorf("%s(%.20s) = %v", f, bad, r)
			}
		}
	}
}
