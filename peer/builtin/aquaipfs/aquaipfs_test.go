// SPDX-License-Identifier: Apache-2.0

package aquaipfs_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/builtin/aquaipfs"
	"github.com/go-fluence/fluence/peer/ipfs"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
)

// memory is the files of one particle.
type memory map[string][]byte

func (m memory) Get(_ pipeline.Call, path string, _ int64) ([]byte, error) {
	b, ok := m[path]
	if !ok {
		return nil, errors.New("no such file")
	}
	return b, nil
}

func (m memory) Put(_ pipeline.Call, name string, b []byte) (string, error) {
	m["/tmp/vault/"+name] = b
	return "/tmp/vault/" + name, nil
}

func newService(t *testing.T, vault aquaipfs.Vault) (*ipfs.Store, func(service, function string, args ...any) string) {
	t.Helper()
	files, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := ipfs.New(ipfs.Config{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), files.Close() })
	svc, err := aquaipfs.New(aquaipfs.Config{Self: "self", Store: s, Vault: vault})
	if err != nil {
		t.Fatal(err)
	}
	return s, func(service, function string, args ...any) string {
		t.Helper()
		var raw []json.RawMessage
		for _, a := range args {
			text, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			raw = append(raw, text)
		}
		e, ok := svc.Entries()[service][function]
		if !ok {
			t.Fatalf("no function %s.%s", service, function)
		}
		v, err := e.Call(t.Context(), pipeline.Call{}, builtin.NewArgs(raw))
		if err != nil {
			return "error: " + err.Error()
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

func TestFileGoesInAndOutThroughTheVault(t *testing.T) {
	vault := memory{"a.txt": []byte("hello world\n")}
	_, call := newService(t, vault)
	const hash = "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4"
	if got, want := call("aqua-ipfs", "put", "a.txt"), `{"success":true,"error":"","hash":"`+hash+`"}`; got != want {
		t.Errorf("put = %s, want %s", got, want)
	}
	if got, want := call("aqua-ipfs", "cat", hash), `{"success":true,"error":"","contents":"hello world\n"}`; got != want {
		t.Errorf("cat = %s, want %s", got, want)
	}
	if got, want := call("aqua-ipfs", "get", hash), `{"success":true,"error":"","path":"/tmp/vault/`+hash+`"}`; got != want {
		t.Errorf("get = %s, want %s", got, want)
	}
	if string(vault["/tmp/vault/"+hash]) != "hello world\n" {
		t.Errorf("vault = %q", vault)
	}
}

func TestOfficialAnswersAreNeverErrors(t *testing.T) {
	_, call := newService(t, nil)
	for name, args := range map[string][]any{
		"put": {"x"}, "dag_put": {"x"}, "get": {"nonsense"}, "get_from": {"nonsense", "x"}, "cat": {"nonsense"},
		"cat_from": {"nonsense", "x"}, "connect": {"/ip4/1.2.3.4"}, "get_external_api_multiaddr": nil, "get_local_api_multiaddr": nil,
		"get_external_swarm_multiaddr": nil,
	} {
		if got := call("aqua-ipfs", name, args...); !strings.HasPrefix(got, `{"success":false,"error":"`) {
			t.Errorf("%s = %s, want success false", name, got)
		}
	}
}

func TestOwnerPutsBlocksOnlyUnderTheirNames(t *testing.T) {
	s, call := newService(t, nil)
	a, b := dag.Raw([]byte("a")), dag.Raw([]byte("b"))
	text := func(d []byte) string { return base64.StdEncoding.EncodeToString(d) }
	names := []string{a.CID.String(), b.CID.String()}
	if got := call("ipfs", "put_blocks", names, []string{text(a.Data), text(a.Data)}); !strings.Contains(got, dag.ErrHash.Error()) {
		t.Errorf("put of wrong bytes = %s", got)
	}
	if got := call("ipfs", "put_blocks", names, []string{text(a.Data)}); !strings.HasPrefix(got, "error: 2 CIDs and 1 blocks") {
		t.Errorf("put of too few = %s", got)
	}
	if s.Usage().Blocks != 0 {
		t.Error("a refused call kept a block")
	}
	if got := call("ipfs", "missing", names); got != `["`+strings.Join(names, `","`)+`"]` {
		t.Errorf("missing = %s", got)
	}
	if got := call("ipfs", "put_blocks", names, []string{text(a.Data), text(b.Data)}); got != "2" {
		t.Errorf("put = %s, want 2", got)
	}
	if got := call("ipfs", "missing", names); got != "[]" {
		t.Errorf("missing = %s, want none", got)
	}
	call("ipfs", "pin", names[0], "me")
	if got := call("ipfs", "list"); got != `[{"cid":"`+names[0]+`","owners":["me"],"size":1}]` {
		t.Errorf("list = %s", got)
	}
	if got := call("ipfs", "unpin", names[0], "you"); !strings.HasPrefix(got, "error: ") {
		t.Errorf("unpin of another's = %s", got)
	}
}
