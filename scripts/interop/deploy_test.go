// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
)

// deployAqua are the Aqua programs that deploy services.
const deployAqua = "aqua/deploy.aqua"

// smallGuest describes the guest of that name.
const smallGuest = "greeting(name: string) -> string\nadd(a: i32, b: i32) -> i32\nspin()\n"

// manage connects a client that signs with the management key of r.
func (d *driver) manage(t testing.TB, name string, r *relay) {
	t.Helper()
	seed, err := os.ReadFile(filepath.Join(r.home, "peer", "management_key"))
	if err != nil {
		t.Fatal(err)
	}
	d.do(t, "create", object{"name": name, "relay": r.ws(t), "ttl": 30000, "seed": strings.TrimSpace(string(seed))}, nil)
}

// deploy runs a function of the deploy programs.
func (d *driver) deploy(t testing.TB, name, fn string, out any, args ...any) {
	t.Helper()
	d.do(t, "call", object{"name": name, "file": deployAqua, "fn": fn, "args": args}, out)
}

// TestDeployFromTheOfficialClient deploys modules on a remote peer with Aqua of
// aqua-lib and calls them.
func TestDeployFromTheOfficialClient(t *testing.T) {
	all := guests.Build(t, "all", guests.All)
	cid, err := dag.Root(all)
	if err != nil {
		t.Fatal(err)
	}
	r := startPeer(t, t.TempDir(), func(c *config.Config) {
		c.Effectors = map[string]config.Effector{"cat": {CID: cid.String(), Binaries: map[string]string{"cat": "/bin/cat"}}}
	})
	d := startDriver(t)
	d.manage(t, "owner", r)
	d.create(t, "stranger", r)
	var made struct {
		ServiceID   string   `json:"service_id"`
		BlueprintID string   `json:"blueprint_id"`
		Modules     []string `json:"modules"`
	}
	wasm := guests.Build(t, "small", smallGuest)
	d.deploy(t, "owner", "deploy", &made, "small", base64.StdEncoding.EncodeToString(wasm), "greeter-on-peer")
	if root, err := dag.Root(wasm); err != nil || len(made.Modules) != 1 || made.Modules[0] != root.String() {
		t.Errorf("deployed %+v, want module %s, %v", made, root, err)
	}
	for _, name := range []string{made.ServiceID, "greeter-on-peer"} {
		var said string
		if d.deploy(t, "owner", "greet", &said, name, "Ann"); said != "Hi, Ann" {
			t.Errorf("greeting of %s = %q", name, said)
		}
	}
	var sum int
	if d.deploy(t, "owner", "sum", &sum, made.ServiceID, -2, 44); sum != 42 {
		t.Errorf("add = %d, want 42", sum)
	}
	t.Run("shapes are those of aqua-lib", func(t *testing.T) { d.shapes(t, made.ServiceID) })
	t.Run("strangers are refused", func(t *testing.T) {
		_, err := d.try("call", object{"name": "stranger", "file": deployAqua, "fn": "remove", "args": []any{made.ServiceID}})
		if err == nil || !strings.Contains(err.Error(), "only available to the host or worker spells") {
			t.Errorf("remove by a stranger = %v", err)
		}
		_, err = d.try("call", object{"name": "stranger", "file": deployAqua, "fn": "greet", "args": []any{made.ServiceID, "x"}})
		if err == nil || !strings.Contains(err.Error(), "door.4.owner") {
			t.Errorf("call by a stranger = %v", err)
		}
	})
	t.Run("files and computation", func(t *testing.T) {
		var files struct {
			ServiceID string `json:"service_id"`
		}
		d.deploy(t, "owner", "deploy", &files, "all", base64.StdEncoding.EncodeToString(all), "files")
		var out []any
		d.deploy(t, "owner", "write_read_delete", &out, files.ServiceID, "/storage/x", []int{104, 105}, 20)
		if got, want := len(out), 2; got != want {
			t.Fatalf("answer %v", out)
		}
		if list, _ := out[0].([]any); len(list) != 3 || list[0] != "ok" || list[1] != "hi" || list[2] != "ok" || out[1] != float64(6765) {
			t.Errorf("write, read, remove, fib = %v", out)
		}
	})
	d.deploy(t, "owner", "remove", nil, "greeter-on-peer")
	if _, err := d.try("call", object{"name": "owner", "file": deployAqua, "fn": "greet", "args": []any{made.ServiceID, "x"}}); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("call of a removed service = %v", err)
	}
}

// shapes reads everything that describes a service; the client refuses answers of
// another shape than aqua-lib declares.
func (d *driver) shapes(t *testing.T, id string) {
	var list []struct {
		ID      string   `json:"id"`
		Type    string   `json:"service_type"`
		Aliases []string `json:"aliases"`
	}
	if d.deploy(t, "owner", "services", &list); len(list) != 1 || list[0].ID != id || list[0].Type != "service" || len(list[0].Aliases) != 1 {
		t.Errorf("srv.list = %+v", list)
	}
	var mods []struct{ Name, Hash string }
	if d.deploy(t, "owner", "module_names", &mods); len(mods) != 1 || mods[0].Name != "small" {
		t.Errorf("dist.list_modules = %+v", mods)
	}
	var in struct {
		Functions []struct{ Name string } `json:"function_signatures"`
	}
	if d.deploy(t, "owner", "inspect", &in, id); len(in.Functions) != 3 || in.Functions[1].Name != "greeting" {
		t.Errorf("srv.get_interface = %+v", in)
	}
	var stat struct {
		Status bool
		Result any
	}
	if d.deploy(t, "owner", "stats", &stat, id); !stat.Status || stat.Result == nil {
		t.Errorf("stat.service_stat = %+v", stat)
	}
	var text string
	if d.deploy(t, "owner", "deploy_from_vault", &text, "kept for a moment"); text != "kept for a moment" {
		t.Errorf("vault.cat = %q", text)
	}
}
