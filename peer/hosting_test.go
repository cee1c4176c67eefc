// SPDX-License-Identifier: Apache-2.0

package peer_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"

	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/client"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
	"github.com/go-fluence/fluence/peer/store"
)

// small describes the guest of that name.
const small = "greeting(name: string) -> string\nadd(a: i32, b: i32) -> i32\nspin()\n"

// manager returns a client with the management key of a peer's folder.
func manager(t testing.TB, p *testPeer) *client.Client {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(p.home, "peer", "management_key"))
	if err != nil {
		t.Fatal(err)
	}
	seed, err := store.ParseKey(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.UnmarshalEd25519PrivateKey(seed)
	if err != nil {
		t.Fatal(err)
	}
	return clientOf(t, p, key)
}

// ask calls a function on the peer itself and decodes the answer.
func ask[T any](t testing.TB, c *client.Client, service, function string, args ...any) T {
	t.Helper()
	v, err := tryAsk[T](t, c, service, function, args...)
	if err != nil {
		t.Fatalf("%s.%s: %v", service, function, err)
	}
	return v
}

func tryAsk[T any](t testing.TB, c *client.Client, service, function string, args ...any) (v T, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return v, c.Call(ctx, c.RelayID().String(), service, function, &v, args...)
}

// deploy adds modules, makes a blueprint of them and creates a service.
func deploy(t testing.TB, c *client.Client, name string, modules map[string][]byte, order ...string) string {
	t.Helper()
	var cids []string
	for _, m := range order {
		config := ask[json.RawMessage](t, c, "dist", "default_module_config", m)
		id := ask[string](t, c, "dist", "add_module", base64.StdEncoding.EncodeToString(modules[m]), config)
		if root, err := dag.Root(modules[m]); err != nil || root.String() != id {
			t.Errorf("add_module = %s, want %s, %v", id, root, err)
		}
		cids = append(cids, id)
	}
	text := ask[string](t, c, "dist", "make_blueprint", name, cids)
	return ask[string](t, c, "srv", "create", ask[string](t, c, "dist", "add_blueprint", text))
}

func TestDeployThroughDistAndSrv(t *testing.T) {
	all := guests.Build(t, "all", guests.All)
	allCID, err := dag.Root(all)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	edit := func(c *config.Config, _ *peer.Deps) {
		c.Effectors = map[string]config.Effector{"cat": {CID: allCID.String(), Binaries: map[string]string{"cat": "/bin/cat"}}}
	}
	p := startPeer(t, home, edit)
	m := manager(t, p)
	modules := map[string][]byte{"small": guests.Build(t, "small", small), "all": all, "facade": guests.Build(t, "facade", guests.Facade)}
	id := deploy(t, m, "hello", modules, "small")
	linked := deploy(t, m, "linked", modules, "all", "facade")
	ask[string](t, m, "srv", "add_alias", "greeter", id)
	if got := ask[string](t, m, "greeter", "greeting", "Ann"); got != "Hi, Ann" {
		t.Errorf("greeting = %q", got)
	}
	for want := uint64(1); want <= 2; want++ {
		if got := ask[uint64](t, m, linked, "count"); got != want {
			t.Errorf("count = %d, want %d", got, want)
		}
	}
	if got := ask[[]string](t, m, "srv", "resolve_alias_opt", "nobody"); len(got) != 0 {
		t.Errorf("resolve_alias_opt of nothing = %v", got)
	}
	if _, err := tryAsk[string](t, startClient(t, p), "greeter", "greeting", "Bob"); err == nil || !strings.Contains(err.Error(), "door.4.owner") {
		t.Errorf("call by a stranger = %v, want a denial", err)
	}
	if _, err := tryAsk[string](t, startClient(t, p), "srv", "create", "x"); err == nil || !strings.Contains(err.Error(), "only available to the host or worker spells") {
		t.Errorf("srv.create by a stranger = %v, want upstream's text", err)
	}
	p.stop()

	p = startPeer(t, home, edit)
	m = manager(t, p)
	if got := ask[string](t, m, "greeter", "greeting", "again"); got != "Hi, again" {
		t.Errorf("greeting after a restart = %q", got)
	}
	if got := ask[uint64](t, m, linked, "count"); got != 1 {
		t.Errorf("count after a restart = %d, want 1: memory is not kept", got)
	}
	type info struct {
		ID, BlueprintID string
		Aliases         []string
	}
	if list := ask[[]info](t, m, "srv", "list"); len(list) != 2 || list[0].ID != id || len(list[0].Aliases) != 1 {
		t.Errorf("list after a restart = %+v", list)
	}
	ask[string](t, m, "srv", "remove", "greeter")
	if _, err := tryAsk[string](t, m, "greeter", "greeting", "x"); err == nil || !strings.Contains(err.Error(), "Service with id 'greeter' not found") {
		t.Errorf("call of a removed service = %v", err)
	}
}
