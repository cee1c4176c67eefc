// SPDX-License-Identifier: Apache-2.0

package spells_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/builtin/spells"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/spell"
	"github.com/go-fluence/fluence/peer/store"
)

const (
	host     = "12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf"
	stranger = "12D3KooWAT5XsmUjES4h3i4mdj5xNMhCMCNih7Jrzqf9TuP8xT1P"
)

// noKeys has none: nothing runs in these tests.
type noKeys struct{}

func (noKeys) Seed(peer.ID, string) ([]byte, bool) { return nil, false }

// newService returns the builtins of a peer with a spell s, and a function that
// calls for a peer.
func newService(t *testing.T) func(from, service, function string, args ...any) (string, error) {
	t.Helper()
	files, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	self, err := peer.Decode(host)
	if err != nil {
		t.Fatal(err)
	}
	all, err := spell.New(spell.Config{Self: self, Files: files, Keys: noKeys{}, Inject: func(*particle.Particle) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = all.Close(), files.Close() })
	_, err = all.Install(t.Context(), self, spell.Def{Owner: self, Alias: "s", Script: "(null)", Init: map[string]json.RawMessage{"h_k": json.RawMessage(`"v"`)}})
	if err != nil {
		t.Fatal(err)
	}
	svc, err := spells.New(spells.Config{Self: self, Spells: all})
	if err != nil {
		t.Fatal(err)
	}
	return func(from, service, function string, args ...any) (string, error) {
		t.Helper()
		c := pipeline.Call{
			Scope: pipeline.Scope{Host: self, Peer: self}, Service: service, Function: function,
			Particle: &particle.Particle{ID: "p", InitPeerID: from, Timestamp: 7_000},
		}
		for _, a := range args {
			text, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			c.Args = append(c.Args, text)
		}
		if e, ok := svc.Entries()[service][function]; ok {
			v, err := e.Call(t.Context(), c, builtin.NewArgs(c.Args))
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(v)
			return string(text), err
		}
		res, err := svc.Call(t.Context(), c)
		if err == nil && res.Code != 0 {
			err = errors.New(string(res.JSON))
		}
		return string(res.JSON), err
	}
}

// TestShapes has the answers as Aqua declares them: js-client refuses one with a
// field missing.
func TestShapes(t *testing.T) {
	call := newService(t)
	for _, tt := range []struct {
		function string
		args     []any
		want     string
	}{
		{"get_string", []any{"h_k"}, `{"value":"\"v\"","success":true,"error":"","absent":false}`},
		{"get_string", []any{"no"}, `{"value":"","success":true,"error":"","absent":true}`},
		{"get_u32", []any{"no"}, `{"value":0,"success":true,"error":"","absent":true}`},
		{"exists", []any{"h_k"}, `{"value":true,"success":true,"error":""}`},
		{"list_get_strings", []any{"no"}, `{"value":[],"success":true,"error":""}`},
		{"set_string", []any{"h_k", "<w>"}, `{"success":true,"error":""}`},
		{"get_string", []any{"h_k"}, `{"value":"<w>","success":true,"error":"","absent":false}`},
		{"list_push_string", []any{"h_l", "a"}, `{"success":true,"error":""}`},
		{"list_pop_string", []any{"h_l"}, `{"value":"a","success":true,"error":"","absent":false}`},
		{"list_pop_string", []any{"h_l"}, `{"value":"","success":true,"error":"","absent":true}`},
		{"set_json_fields", []any{`{"h_a":1}`}, `{"success":true,"error":""}`},
		{"remove_key", []any{"h_a"}, `{"success":true,"error":""}`},
		{"set_u32", []any{"hw_n", 9}, `{"success":true,"error":""}`},
		{"get_mailbox", nil, `{"messages":[],"success":true,"error":""}`},
		{"push_mailbox", []any{"m"}, `{"success":true,"error":""}`},
		{"get_mailbox", nil, `{"messages":[{"init_peer_id":"` + host + `","timestamp":7,"message":"m"}],"success":true,"error":""}`},
		{"get_logs", nil, `{"logs":[],"success":true,"error":""}`},
		{"get_all_errors", nil, `{"particle_errors":[],"success":true,"error":""}`},
		{"get_errors", []any{"p"}, `[]`},
		{"get_script", nil, `{"value":"(null)","success":true,"error":""}`},
		{"script_cid", nil, `{"value":"` + dag.Raw([]byte("(null)")).CID.String() + `","success":true,"error":""}`},
		{"get_trigger_config", nil, `{"config":{"clock":{"start_sec":0,"end_sec":0,"period_sec":0},"connections":{"connect":false,"disconnect":false},"blockchain":{"start_block":0,"end_block":0}},"success":true,"error":""}`},
		{"set_script", []any{"(never)"}, `{"success":true,"error":""}`},
		{"set_trigger_config", []any{map[string]any{}}, `{"success":true,"error":""}`},
	} {
		got, err := call(host, "s", tt.function, tt.args...)
		if err != nil || got != tt.want {
			t.Errorf("%s%v = %s, %v, want %s", tt.function, tt.args, got, err, tt.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	call := newService(t)
	for name, tt := range map[string]struct {
		from, service, function string
		args                    []any
		want                    string
	}{
		"missing argument":       {host, "s", "set_string", []any{"k"}, "Field 'value' is missing"},
		"wrong type":             {host, "s", "set_u32", []any{"k", "x"}, "expected u32"},
		"negative":               {host, "s", "set_u32", []any{"k", -1}, "expected u32"},
		"no spell particle":      {host, "getDataSrv", "n", nil, "Invalid particle id"},
		"response of a stranger": {stranger, "callbackSrv", "response", []any{map[string]any{"h_k": 1}}, "Invalid particle id"},
		"error of a stranger":    {stranger, "errorHandlingSrv", "error", []any{map[string]any{}, 0}, "Invalid particle id"},
		"other callback":         {host, "callbackSrv", "other", nil, builtin.ErrNotDefined.Error()},
		"unknown spell":          {host, "t", "get_string", []any{"k"}, builtin.ErrNotDefined.Error()},
		"unknown function":       {host, "s", "greet", nil, builtin.ErrNotDefined.Error()},
		"self outside a spell":   {host, "self", "get_string", []any{"k"}, builtin.ErrNotDefined.Error()},
		"install by the host":    {host, "spell", "install", []any{"(null)", map[string]any{}, map[string]any{}}, "Forbidden"},
		"remove by a stranger":   {stranger, "spell", "remove", []any{"s"}, "Forbidden"},
		"update by a stranger":   {stranger, "spell", "update_trigger_config", []any{"s", map[string]any{}}, "Forbidden"},
		"bad trigger":            {host, "spell", "update_trigger_config", []any{"s", []int{1}}, spell.ErrTrigger.Error()},
		"remove of nothing":      {host, "spell", "remove", []any{"nothing"}, "Service with id 'nothing' not found"},
	} {
		if got, err := call(tt.from, tt.service, tt.function, tt.args...); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s = %s, %v, want an error with %q", name, got, err, tt.want)
		}
	}
	if got, err := call(host, "s", "get_string", "h_k"); err != nil || !strings.Contains(got, `"value":"\"v\""`) {
		t.Errorf("value after refusals = %s, %v", got, err)
	}
}
