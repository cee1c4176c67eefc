// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
	"github.com/go-fluence/fluence/peer/particle"
	"github.com/go-fluence/fluence/peer/pipeline"
	"github.com/go-fluence/fluence/peer/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const small = "greeting(name: string) -> string\nadd(a: i32, b: i32) -> i32\nspin()\n"

// shared is the library of all tests, with their modules compiled.
var shared = sync.OnceValues(func() (*service.Library, error) {
	e, err := engine.New(context.Background(), engine.Config{})
	if err != nil {
		return nil, err
	}
	return service.NewLibrary(e, meter.Options{}), nil
})

// idOf is a fixed peer id.
func idOf(n byte) peer.ID {
	raw := append([]byte{0, 36, 8, 1, 18, 32}, make([]byte, 32)...)
	raw[37] = n
	return peer.ID(raw)
}

// scopes of the tests: the host and a worker, which idOf(7) made.
var (
	onHost   = pipeline.Scope{Host: idOf(0), Peer: idOf(0)}
	onWorker = pipeline.Scope{Host: idOf(0), Peer: idOf(5)}
)

// signer gives each scope its own signatures.
type signer struct{}

func (signer) Sign(scope peer.ID, data []byte) ([]byte, error) {
	sum := sha512.Sum512(append([]byte(scope), data...))
	return sum[:], nil
}

// guest returns a module that stays compiled.
func guest(t testing.TB, name, description string) []byte {
	t.Helper()
	lib, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	wasm := guests.Build(t, name, description)
	if _, err := lib.Load(t.Context(), name, wasm); err != nil {
		t.Fatal(err)
	}
	return wasm
}

// open opens services in a folder; the second result closes them.
func open(t testing.TB, dir string, edit func(*Config)) (*Services, func()) {
	t.Helper()
	lib, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	files, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := OpenVault(files, signer{}, VaultLimits{ParticleBytes: 1000, ParticleFiles: 3})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Self: idOf(0), Managers: []peer.ID{idOf(9)}, Store: files, Library: lib, Vault: vault,
		Creator: func(w peer.ID) (peer.ID, bool) { return idOf(7), w == idOf(5) },
	}
	if edit != nil {
		edit(&cfg)
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	end := func() {
		once.Do(func() {
			if err := errors.Join(s.Close(context.Background()), files.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(end)
	return s, end
}

// withCat allows the guest all to run cat.
func withCat(t testing.TB) func(*Config) {
	id, err := dag.Root(guest(t, "all", guests.All))
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) {
		c.Effectors = map[string]Effector{id.String(): {Name: "cat", Binaries: map[string]effects.Binary{"cat": {Path: "/bin/cat"}}}}
	}
}

// make deploys modules as one service.
func deploy(t testing.TB, s *Services, scope pipeline.Scope, modules ...string) string {
	t.Helper()
	var cids []string
	for _, name := range modules {
		text := map[string]string{"small": small, "all": guests.All, "facade": guests.Facade}[name]
		id, err := s.AddModule(name, guest(t, name, text))
		if err != nil {
			t.Fatal(err)
		}
		cids = append(cids, id)
	}
	blueprint, err := s.AddBlueprint(strings.Join(modules, "+"), cids)
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Create(t.Context(), Spec{Scope: scope, Owner: idOf(1), Blueprint: blueprint})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// particleOf is a living particle of an initiator.
func particleOf(from peer.ID, id string) *particle.Particle {
	return &particle.Particle{ID: id, InitPeerID: from.String(), Timestamp: uint64(time.Now().UnixMilli()), TTL: 60_000, Signature: []byte("sig of " + id)}
}

// request is a call with arguments as JSON.
func request(t testing.TB, scope pipeline.Scope, from peer.ID, service, function, args string) pipeline.Call {
	t.Helper()
	c := pipeline.Call{Scope: scope, Particle: particleOf(from, "p"), Service: service, Function: function}
	if err := json.Unmarshal([]byte(args), &c.Args); err != nil {
		t.Fatal(err)
	}
	return c
}

// call calls a service and returns its answer, or "error: " and its text.
func call(t testing.TB, s *Services, scope pipeline.Scope, id, function, args string) string {
	t.Helper()
	res, err := s.Call(t.Context(), request(t, scope, idOf(1), id, function, args))
	return answer(t, res, err)
}

func answer(t testing.TB, res pipeline.Result, err error) string {
	t.Helper()
	if err != nil {
		return "error: " + err.Error()
	}
	if res.Code != 0 {
		var text string
		if err := json.Unmarshal(res.JSON, &text); err != nil {
			t.Fatal(err)
		}
		return "error: " + text
	}
	return string(res.JSON)
}

// entry calls a builtin as the registry does after its guard.
func entry(t testing.TB, s *Services, c pipeline.Call) (any, error) {
	t.Helper()
	e, ok := s.Entries()[c.Service][c.Function]
	if !ok {
		t.Fatalf("no builtin %s.%s", c.Service, c.Function)
	}
	return e.Call(t.Context(), c, builtin.NewArgs(c.Args))
}

func expect(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %s, want %s", what, got, want)
	}
}

func TestScopesHaveTheirOwnServicesAndAliases(t *testing.T) {
	dir := t.TempDir()
	s, end := open(t, dir, nil)
	a, b := deploy(t, s, onHost, "small"), deploy(t, s, onWorker, "small")
	if err := errors.Join(s.AddAlias(onHost.Peer, "x", a), s.AddAlias(onWorker.Peer, "x", b)); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		for scope, want := range map[pipeline.Scope]string{onHost: a, onWorker: b} {
			if got, err := s.Resolve(scope.Peer, "x"); err != nil || got != want {
				t.Errorf("x in %s = %s, %v, want %s", scope.Peer, got, err, want)
			}
			expect(t, "greeting", call(t, s, scope, "x", "greeting", `["y"]`), `"Hi, y"`)
			if list := s.List(scope.Peer); len(list) != 1 || list[0].ID != want || list[0].WorkerID != scope.Peer.String() || fmt.Sprint(list[0].Aliases) != "[x]" {
				t.Errorf("List = %+v", list)
			}
		}
		if _, err := s.Call(t.Context(), request(t, onHost, idOf(1), b, "greeting", `["y"]`)); !errors.Is(err, builtin.ErrNotDefined) {
			t.Errorf("service of the worker called on the host: %v, want ErrNotDefined", err)
		}
	}
	check()
	end()
	s, _ = open(t, dir, nil)
	check()
	if err := s.RemoveScope(t.Context(), onWorker.Peer); err != nil {
		t.Fatal(err)
	}
	if len(s.List(onWorker.Peer)) != 0 || len(s.List(onHost.Peer)) != 1 {
		t.Error("RemoveScope removed another scope or not its own")
	}
	if list, err := os.ReadDir(filepath.Join(dir, "service_folders")); err != nil || len(list) != 1 {
		t.Errorf("folders left: %v, %v", list, err)
	}
}

func TestAliasRules(t *testing.T) {
	s, _ := open(t, t.TempDir(), nil)
	a, b := deploy(t, s, onHost, "small"), deploy(t, s, onHost, "small")
	tests := map[string]struct {
		alias, id string
		want      error
	}{
		"free":                {"x", a, nil},
		"moves":               {"x", b, nil},
		"reserved spell":      {"spell", a, ErrAlias},
		"reserved self":       {"self", a, ErrAlias},
		"id of a service":     {a, b, ErrAlias},
		"no such service":     {"y", "z", ErrNoService},
		"empty":               {"", a, ErrName},
		"control character":   {"a\nb", a, ErrName},
		"longer than allowed": {strings.Repeat("a", maxName+1), a, ErrName},
	}
	for _, name := range []string{"free", "moves", "reserved spell", "reserved self", "id of a service", "no such service", "empty", "control character", "longer than allowed"} {
		tt := tests[name]
		if err := s.AddAlias(onHost.Peer, tt.alias, tt.id); !errors.Is(err, tt.want) {
			t.Errorf("%s: AddAlias = %v, want %v", name, err, tt.want)
		}
	}
	if got, err := s.Resolve(onHost.Peer, "x"); got != b || err != nil {
		t.Errorf("x = %s, %v, want %s", got, err, b)
	}
	if err := s.SetAliases(onHost.Peer, map[string]string{"x": a, "spell": a}); !errors.Is(err, ErrAlias) {
		t.Errorf("SetAliases = %v, want ErrAlias", err)
	}
	if got, _ := s.Resolve(onHost.Peer, "x"); got != b {
		t.Error("half of a refused change was made")
	}
	c := request(t, onHost, idOf(9), "srv", "resolve_alias", `["nobody"]`)
	if _, err := entry(t, s, c); err == nil || err.Error() != "Service with alias 'nobody' is not found on worker '"+onHost.Peer.String()+"'" {
		t.Errorf("resolve_alias = %v, want upstream's text", err)
	}
	c = request(t, onHost, idOf(9), "srv", "resolve_alias", `["spell"]`)
	c.Particle.ID = "spell_some-id_17"
	if got, err := entry(t, s, c); err != nil || got != "some-id" {
		t.Errorf("resolve_alias of spell = %v, %v, want the spell of the particle", got, err)
	}
}

func TestWhoMayManage(t *testing.T) {
	host, manager, owner, creator, stranger := idOf(0), idOf(9), idOf(1), idOf(7), idOf(3)
	tests := map[string]struct {
		scope         pipeline.Scope
		from          peer.ID
		alias, remove bool
	}{
		"manager on the host":      {onHost, manager, true, true},
		"host on the host":         {onHost, host, true, true},
		"owner on the host":        {onHost, owner, false, true},
		"stranger on the host":     {onHost, stranger, false, false},
		"worker on itself":         {onWorker, onWorker.Peer, true, true},
		"creator on the worker":    {onWorker, creator, true, false},
		"manager on the worker":    {onWorker, manager, true, true},
		"stranger on the worker":   {onWorker, stranger, false, false},
		"worker on the host scope": {onHost, onWorker.Peer, false, false},
	}
	s, _ := open(t, t.TempDir(), nil)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			id := deploy(t, s, tt.scope, "small")
			_, err := entry(t, s, request(t, tt.scope, tt.from, "srv", "add_alias", `["a","`+id+`"]`))
			if (err == nil) != tt.alias || err != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("add_alias = %v, want allowed %v", err, tt.alias)
			}
			_, err = entry(t, s, request(t, tt.scope, tt.from, "srv", "remove", `["`+id+`"]`))
			if (err == nil) != tt.remove || err != nil && !errors.Is(err, ErrForbidden) {
				t.Errorf("remove = %v, want allowed %v", err, tt.remove)
			}
			if _, err := s.Info(tt.scope.Peer, id); (err != nil) != tt.remove {
				t.Errorf("after remove: %v", err)
			}
		})
	}
	id := deploy(t, s, onWorker, "small")
	if _, err := entry(t, s, request(t, onWorker, onWorker.Peer, "srv", "add_alias", `["worker-spell","`+id+`"]`)); !errors.Is(err, ErrForbidden) {
		t.Errorf("worker-spell by the worker = %v, want ErrForbidden", err)
	}
}

func TestCallsAreMeteredAndBounded(t *testing.T) {
	s, _ := open(t, t.TempDir(), nil)
	id := deploy(t, s, onHost, "small")
	c := request(t, onHost, idOf(1), id, "spin", `[]`)
	c.Gas = 50_000_000
	res, err := s.Call(t.Context(), c)
	if got := answer(t, res, err); !strings.Contains(got, "out of gas") || res.Gas < c.Gas/2 || res.Gas > c.Gas {
		t.Errorf("spin = %s with %d gas", got, res.Gas)
	}
	c = request(t, onHost, idOf(1), id, "add", `[1,2]`)
	if res, err = s.Call(t.Context(), c); answer(t, res, err) != "3" || res.Gas == 0 {
		t.Errorf("add after it = %s, %v, gas %d", res.JSON, err, res.Gas)
	}
	expect(t, "bad arguments", call(t, s, onHost, id, "add", `[1]`),
		`error: arguments from json deserialization error in module "small", function "add": function requires 2 arguments, 1 provided`)
	expect(t, "unknown function", call(t, s, onHost, id, "sub", `[]`), "error: function with name `sub` is missing")
	st, err := s.Stat(onHost.Peer, id)
	if err != nil || st.Total.Done != 1 || st.Total.Failed != 3 || len(st.Functions) != 1 || st.Functions[0].Name != "add" {
		t.Errorf("Stat = %+v, %v", st, err)
	}
	if used, limit, name, err := s.Memory(onHost.Peer, id); err != nil || used == 0 || limit != 1<<30 || name != "small" {
		t.Errorf("Memory = %d of %d, %s, %v", used, limit, name, err)
	}
}

func TestPlacesForInstances(t *testing.T) {
	s, _ := open(t, t.TempDir(), func(c *Config) { withCat(t)(c); c.Limits.Live = 1 })
	a, b := deploy(t, s, onHost, "all"), deploy(t, s, onHost, "small")
	expect(t, "next", call(t, s, onHost, a, "next", `[]`), "1")
	expect(t, "next", call(t, s, onHost, a, "next", `[]`), "2")
	s.idle(t.Context(), time.Now().Add(s.limits.Idle))
	if len(s.live) != 0 {
		t.Error("an idle service kept its instance")
	}
	expect(t, "next after idling", call(t, s, onHost, a, "next", `[]`), "1")
	expect(t, "the other", call(t, s, onHost, b, "add", `[1,1]`), "2")
	expect(t, "next after the other", call(t, s, onHost, a, "next", `[]`), "1")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.Call(ctx, request(t, onHost, idOf(1), a, "spin", `[]`))
		ended <- err
	}()
	for busy := false; !busy; {
		s.mu.Lock()
		busy = s.live[a] != nil && s.live[a].calls > 0
		s.mu.Unlock()
	}
	expect(t, "no place left", call(t, s, onHost, b, "add", `[1,1]`), "error: "+errBusy.Error())
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("cancelled call = %v, want a result with an error text", err)
	}
	expect(t, "place free again", call(t, s, onHost, b, "add", `[1,1]`), "2")
}

func TestFoldersOfAService(t *testing.T) {
	dir := t.TempDir()
	edit := func(c *Config) {
		withCat(t)(c)
		c.Limits.FolderBytes = 2000
		c.Policy = effects.Policy{Clock: true, Random: true}
	}
	s, end := open(t, dir, edit)
	id := deploy(t, s, onHost, "all")
	other := deploy(t, s, onHost, "all")
	for _, path := range []string{"/storage/a", "/storage/module/b", "/tmp/c", "/tmp/module/d"} {
		expect(t, "write "+path, call(t, s, onHost, id, "write", `["`+path+`",[104,105]]`), `"ok"`)
	}
	expect(t, "seen in the parent", call(t, s, onHost, id, "read", `["/storage/all/b"]`), `"hi"`)
	for _, path := range []string{"/etc/passwd", "/storage/../../x", "/x"} {
		if got := call(t, s, onHost, id, "read", `["`+path+`"]`); !strings.HasPrefix(got, `"error: `) {
			t.Errorf("read %s = %s", path, got)
		}
	}
	if got := call(t, s, onHost, other, "read", `["/storage/a"]`); !strings.HasPrefix(got, `"error: `) {
		t.Errorf("another service reads %s", got)
	}
	big := strings.TrimSuffix(strings.Repeat("1,", 1996), ",")
	if got := call(t, s, onHost, id, "write", `["/storage/big",[`+big+`]]`); !strings.HasPrefix(got, `"error: `) {
		t.Errorf("write beyond the quota = %s", got)
	}
	end()
	s, _ = open(t, dir, edit)
	expect(t, "kept", call(t, s, onHost, id, "read", `["/storage/a"]`), `"hi"`)
	if got := call(t, s, onHost, id, "read", `["/tmp/c"]`); !strings.HasPrefix(got, `"error: `) {
		t.Errorf("/tmp outlived the peer: %s", got)
	}
}

// requestOf is c in another particle.
func requestOf(c pipeline.Call, p *particle.Particle) pipeline.Call {
	c.Particle = p
	return c
}
