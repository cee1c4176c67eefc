// SPDX-License-Identifier: Apache-2.0

//go:build oracle

package service_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"slices"
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/go-fluence/fluence/peer/air"
	"github.com/go-fluence/fluence/peer/air/oracle"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

func avm(t testing.TB) []byte {
	t.Helper()
	wasm, err := oracle.Wasm(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// TestGeneratorEqualsUpstreams builds the interface of an official module from
// what its SDK left in it.
func TestGeneratorEqualsUpstreams(t *testing.T) {
	m, err := wasmbin.Parse(avm(t), wasmbin.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d, ok, err := it.Described(m)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	in, err := it.Generate(d)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := in.Encode(); err != nil || !bytes.Equal(b, m.Custom(it.SectionIT)[0]) {
		t.Errorf("%v; generated\n%s", err, in.Text())
	}
}

// TestOfficialInterpreterRuns runs avm.wasm as a service, metered, and compares
// it with avm.wasm run by hand without metering.
func TestOfficialInterpreterRuns(t *testing.T) {
	wasm := avm(t)
	direct, err := oracle.NewEngine(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = direct.Close(t.Context()) }()
	s, err := service.New(t.Context(), library(t), service.Config{Modules: []service.ModuleConfig{{Name: "avm", Wasm: wasm, LoggerEnabled: true}}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(t.Context()) }()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	priv, err := crypto.UnmarshalEd25519PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	id, err := peer.IDFromPrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{
		`(null)`,
		`(call %init_peer_id% ("a" "b") [1 "x"] r)`,
		`(seq (call %init_peer_id% ("a" "b") [] r) (call "12D3KooWBKzkqWoUQJM2e8sPbz9WUZCbQjCVgUCYYkqUVqmu7WTk" ("c" "d") [r]))`,
		`(par (call %init_peer_id% ("a" "b") [] $s) (call %init_peer_id% ("a" "c") [] $s))`,
		`(xor (fail 7 "msg") (ap :error: e))`,
		`(seq`,
	} {
		a := direct.New()
		quoted, _ := json.Marshal([]string{script})
		wantAST, err := a.AST(t.Context(), script)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Call(t.Context(), service.Call{Function: "ast", Args: quoted})
		var gotAST string
		if err != nil || json.Unmarshal(got.JSON, &gotAST) != nil || gotAST != wantAST {
			t.Errorf("ast(%s) = %s, %v; want %s", script, got.JSON, err, wantAST)
		}
		params := air.Params{InitPeerID: id.String(), CurrentPeerID: id.String(), Timestamp: 1, TTL: 1000, SecretKey: key.Seed(), ParticleID: "p"}
		want, err := a.Invoke(t.Context(), air.Input{Script: script, Params: params})
		if err != nil {
			t.Fatal(err)
		}
		args, _ := json.Marshal([]any{script, []int{}, []int{}, []any{
			params.InitPeerID, params.CurrentPeerID, params.Timestamp, params.TTL, 0, ints(params.SecretKey), params.ParticleID, 1 << 30, 1 << 30, 1 << 30, false,
		}, []int{0x81, 0x04, 0x80}})
		got, err = s.Call(t.Context(), service.Call{Function: "invoke", Args: args})
		if err != nil {
			t.Fatal(err)
		}
		var out struct {
			Code    int64    `json:"ret_code"`
			Message string   `json:"error_message"`
			Data    []int    `json:"data"`
			Next    []string `json:"next_peer_pks"`
		}
		if err := json.Unmarshal(got.JSON, &out); err != nil {
			t.Fatal(err)
		}
		if out.Code != want.Code || out.Message != want.Message || !slices.Equal(out.Data, ints(want.Data)) || len(out.Next) != len(want.Next) || len(out.Next) > 0 && !slices.Equal(out.Next, want.Next) {
			t.Errorf("invoke(%s) = %+v\nwant %+v", script, out, want)
		}
		t.Logf("%s: code %d, %d bytes of data, gas %d", script, out.Code, len(out.Data), got.Gas)
	}
}

func ints(b []byte) []int {
	out := make([]int, len(b))
	for i, c := range b {
		out[i] = int(c)
	}
	return out
}
