// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/marine/effects"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/testdata/guests"
	"github.com/go-fluence/fluence/peer/worker"
)

func TestBadModulesAreRefused(t *testing.T) {
	s, _ := open(t, t.TempDir(), func(c *Config) { c.Limits.ModuleBytes = 4 << 20 })
	all := guest(t, "all", guests.All)
	tests := map[string]struct {
		name string
		wasm []byte
		want error
	}{
		"no Wasm":              {"m", []byte("hello"), ErrModule},
		"empty":                {"m", nil, ErrModule},
		"no interface types":   {"m", guests.Core(t, "small"), ErrModule},
		"too large":            {"m", make([]byte, 5<<20), ErrLimit},
		"no name":              {"", guest(t, "small", small), ErrName},
		"name of a path":       {"a\x00b", guest(t, "small", small), ErrName},
		"runs a binary":        {"m", all, ErrEffector},
		"cut off":              {"m", all[:len(all)/2], ErrModule},
		"header and a promise": {"m", []byte("\x00asm\x01\x00\x00\x00\x0a\xff\xff\xff\xff\x0f"), ErrModule},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := s.AddModule(tt.name, tt.wasm); !errors.Is(err, tt.want) {
				t.Errorf("AddModule = %v, want %v", err, tt.want)
			}
			if len(s.listModules()) != 0 || s.files.Used() != 0 {
				t.Error("a refused module left something behind")
			}
		})
	}
	_, err := s.AddModule("m", all)
	if want := "Config error: requested module effector m with CID "; err == nil || !strings.HasPrefix(err.Error(), want) || !strings.HasSuffix(err.Error(), " is forbidden on this host") {
		t.Errorf("effector = %v, want upstream's text", err)
	}
}

func TestEffectorsNeedEveryBinary(t *testing.T) {
	s, _ := open(t, t.TempDir(), func(c *Config) {
		withCat(t)(c)
		for id, e := range c.Effectors {
			c.Effectors[id] = Effector{Name: e.Name, Binaries: map[string]effects.Binary{"dog": {Path: "/bin/dog"}}}
		}
	})
	_, err := s.AddModule("m", guest(t, "all", guests.All))
	if !errors.Is(err, ErrEffector) || !strings.HasSuffix(err.Error(), "requested a binary `cat` which isn't in the configured list of binaries") {
		t.Errorf("AddModule = %v, want upstream's text", err)
	}
}

func TestEffectorsRunTheirBinaries(t *testing.T) {
	dir := t.TempDir()
	s, end := open(t, dir, withCat(t))
	id := deploy(t, s, onHost, "all")
	var got struct {
		Code int `json:"ret_code"`
	}
	if err := json.Unmarshal([]byte(call(t, s, onHost, id, "run_cat", `[["/no/such/file; echo x"]]`)), &got); err != nil || got.Code != 1 {
		t.Errorf("run_cat = %+v, %v, want cat's own refusal of one name", got, err)
	}
	end()
	s, _ = open(t, dir, nil) // no longer allowed
	if got := call(t, s, onHost, id, "greeting", `["x"]`); !strings.Contains(got, "is forbidden on this host") {
		t.Errorf("call after the allow-list changed = %s", got)
	}
}

func TestBadBlueprintsAreRefused(t *testing.T) {
	s, _ := open(t, t.TempDir(), nil)
	cid, err := s.AddModule("small", guest(t, "small", small))
	if err != nil {
		t.Fatal(err)
	}
	many := strings.TrimSuffix(strings.Repeat(`{"/":"`+cid+`"},`, maxDependencies+1), ",")
	tests := map[string]string{
		"no JSON":        `x`,
		"an array":       `[]`,
		"no modules":     `{"name":"a","dependencies":[]}`,
		"no CID":         `{"name":"a","dependencies":[{"/":"../../x"}]}`,
		"no name":        `{"dependencies":[{"/":"` + cid + `"}]}`,
		"too many":       `{"name":"a","dependencies":[` + many + `]}`,
		"too long":       `{"name":"a","x":"` + strings.Repeat("x", maxBlueprintBytes) + `"}`,
		"numbers inside": `{"name":1,"dependencies":[]}`,
	}
	for name, text := range tests {
		raw, err := json.Marshal([]string{text})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry(t, s, request(t, onHost, idOf(9), "dist", "add_blueprint", string(raw))); !errors.Is(err, ErrBlueprint) && !errors.Is(err, ErrName) {
			t.Errorf("%s: add_blueprint = %v, want ErrBlueprint", name, err)
		}
	}
	if len(s.Blueprints()) != 0 {
		t.Error("a refused blueprint was kept")
	}
	absent := "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
	id, err := s.AddBlueprint("a", []string{cid, absent})
	if err != nil {
		t.Fatal(err)
	}
	for _, blueprint := range []string{id, "unknown"} {
		if _, err := s.Create(t.Context(), Spec{Scope: onHost, Owner: idOf(1), Blueprint: blueprint}); !errors.Is(err, ErrNoModule) && !errors.Is(err, ErrNoBlueprint) {
			t.Errorf("Create(%s) = %v", blueprint, err)
		}
	}
	twice, err := s.AddBlueprint("twice", []string{cid, cid})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), Spec{Scope: onHost, Owner: idOf(1), Blueprint: twice}); !errors.Is(err, service.ErrConfig) {
		t.Errorf("two modules of one name = %v, want service.ErrConfig", err)
	}
	if list, err := os.ReadDir(s.folders); err != nil || len(list) != 0 || len(s.List(onHost.Peer)) != 0 {
		t.Errorf("refused services left %v, %v", list, err)
	}
}

func TestChangedModuleFilesDoNotRun(t *testing.T) {
	dir := t.TempDir()
	s, _ := open(t, dir, nil)
	id := deploy(t, s, onHost, "small")
	s.idle(t.Context(), s.services[id].Created.AddDate(1, 0, 0))
	name := filepath.Join(dir, "services", s.services[id].Modules[0].CID+wasmSuffix)
	if err := os.WriteFile(name, guest(t, "facade", guests.Facade), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := call(t, s, onHost, id, "add", `[1,2]`); !strings.Contains(got, "holds other bytes") {
		t.Errorf("call = %s", got)
	}
}

func TestVaultKeepsParticlesApart(t *testing.T) {
	s, _ := open(t, t.TempDir(), withCat(t))
	id := deploy(t, s, onHost, "all")
	v := s.cfg.Vault
	c := request(t, onHost, idOf(1), id, "read", `[]`)
	other := request(t, onHost, idOf(1), id, "read", `[]`)
	other.Particle = particleOf(idOf(1), "q")
	path, err := v.Put(c, "file", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := request(t, onWorker, idOf(1), id, "read", `[]`)
	for name, tt := range map[string]struct {
		path string
		ok   bool
	}{
		"as given":            {path, true},
		"relative":            {"file", true},
		"relative, winding":   {"./a/../file", true},
		"leaves":              {"../../file", false},
		"absolute elsewhere":  {"/etc/passwd", false},
		"the vault itself":    {filepath.Dir(path), false},
		"prefix of the vault": {filepath.Dir(path) + "x/file", false},
		"absent":              {"nothing", false},
		"zero byte":           {"a\x00b", false},
	} {
		got, err := v.Get(c, tt.path, 100)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, ErrVault) || err == nil && string(got) != "secret" {
			t.Errorf("%s: Get = %q, %v, want ok %v", name, got, err, tt.ok)
		}
	}
	if _, err := v.Get(other, path, 100); !errors.Is(err, ErrVault) {
		t.Errorf("another particle's file: %v, want ErrVault", err)
	}
	if _, err := v.Get(elsewhere, path, 100); !errors.Is(err, ErrVault) {
		t.Errorf("another scope's file: %v, want ErrVault", err)
	}
	c.Args = []json.RawMessage{json.RawMessage(`"` + path + `"`)}
	res, err := s.Call(t.Context(), c)
	expect(t, "guest reads", answer(t, res, err), `"secret"`)
	if got := call(t, s, onHost, id, "list", `["/tmp/vault"]`); !strings.HasPrefix(got, `"error: `) {
		t.Errorf("guests list vaults: %s", got)
	}
	if got := call(t, s, onHost, id, "write", `["/tmp/vault/x",[1]]`); !strings.HasPrefix(got, `"error: `) {
		t.Errorf("guests write beside the vaults of particles: %s", got)
	}
	v.Forget(c.Particle)
	if _, err := os.Stat(filepath.Join(v.dir, onHost.Peer.String(), filepath.Base(filepath.Dir(path)))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the vault outlived its particle: %v", err)
	}
	late := particleOf(idOf(1), "late")
	late.Timestamp -= 120_000
	if _, err := v.Put(requestOf(c, late), "x", nil); !errors.Is(err, ErrVault) {
		t.Errorf("vault of an expired particle: %v", err)
	}
}

func TestVaultQuota(t *testing.T) {
	s, _ := open(t, t.TempDir(), nil)
	c := request(t, onHost, idOf(1), "vault", "put", `["`+strings.Repeat("x", 400)+`"]`)
	for i := range 2 {
		if _, err := entry(t, s, c); err != nil {
			t.Fatalf("put %d: %v", i, err)
		}
	}
	if _, err := entry(t, s, c); !errors.Is(err, effects.ErrQuota) {
		t.Errorf("beyond the bytes: %v, want ErrQuota", err)
	}
	c.Args = []json.RawMessage{json.RawMessage(`"x"`)}
	if _, err := entry(t, s, c); err != nil {
		t.Errorf("third file: %v", err)
	}
	if _, err := entry(t, s, c); !errors.Is(err, effects.ErrQuota) {
		t.Errorf("beyond the files: %v, want ErrQuota", err)
	}
	long := particleOf(idOf(1), strings.Repeat("i", 200))
	if _, err := entry(t, s, requestOf(c, long)); !errors.Is(err, ErrVault) {
		t.Errorf("an id that is too long for a folder: %v, want ErrVault", err)
	}
	id := deploy(t, s, onHost, "small")
	res, err := s.Call(t.Context(), requestOf(request(t, onHost, idOf(1), id, "add", `[1,2]`), long))
	expect(t, "call of a particle without a vault", answer(t, res, err), "3")
}

func TestModulesFromTheVault(t *testing.T) {
	s, _ := open(t, t.TempDir(), nil)
	wasm := guest(t, "small", small)
	s.cfg.Vault.limits.ParticleBytes = 8 << 20
	c := request(t, onHost, idOf(9), "dist", "add_module_bytes_from_vault", `["small","m.wasm"]`)
	if _, err := s.cfg.Vault.Put(c, "m.wasm", wasm); err != nil {
		t.Fatal(err)
	}
	want, err := s.AddModule("small", wasm)
	if err != nil {
		t.Fatal(err)
	}
	for function, args := range map[string]string{
		"add_module_bytes_from_vault": `["small","m.wasm"]`,
		"add_module_from_vault":       `["m.wasm",{"name":"small"}]`,
		"add_module":                  `["` + base64.StdEncoding.EncodeToString(wasm) + `",{"name":"small","wasi":[]}]`,
	} {
		c := request(t, onHost, idOf(9), "dist", function, args)
		if got, err := entry(t, s, c); err != nil || got != want {
			t.Errorf("%s = %v, %v, want %s", function, got, err, want)
		}
	}
	for function, args := range map[string]string{
		"add_module_bytes_from_vault": `["small","other.wasm"]`,
		"add_module_from_vault":       `["../m.wasm",{"name":"small"}]`,
		"add_module":                  `["%%%",{"name":"small"}]`,
		"load_blueprint":              `["none"]`,
	} {
		if got, err := entry(t, s, request(t, onHost, idOf(9), "dist", function, args)); err == nil {
			t.Errorf("%s%s = %v, want an error", function, args, got)
		}
	}
}

func TestPruneKeepsWhatIsUsed(t *testing.T) {
	s, _ := open(t, t.TempDir(), nil)
	wasm := guest(t, "small", small)
	a := []worker.Service{{Name: "one", Modules: []worker.Module{{Name: "m", Wasm: wasm}}}}
	if _, err := s.Install(t.Context(), onWorker, onWorker.Peer, a); err != nil {
		t.Fatal(err)
	}
	if err := s.Prune(); err != nil || len(s.listModules()) != 1 || len(s.Blueprints()) != 1 {
		t.Errorf("Prune took what a service uses: %v", err)
	}
	if err := errors.Join(s.RemoveScope(t.Context(), onWorker.Peer), s.Prune()); err != nil || len(s.listModules()) != 0 || len(s.Blueprints()) != 0 {
		t.Errorf("Prune left %d modules, %d blueprints, %v", len(s.listModules()), len(s.Blueprints()), err)
	}
	if _, err := s.AddModule("small", wasm); err != nil {
		t.Fatal(err)
	}
	if err := s.Prune(); err != nil || len(s.listModules()) != 1 {
		t.Errorf("Prune took a module that no deal brought: %v", err)
	}
}

func FuzzReadRecipe(f *testing.F) {
	f.Add([]byte(`{"dependencies":[{"/":"bafk"}],"name":"x"}`))
	f.Add([]byte(`{"dependencies":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := readRecipe(text)
		if err != nil {
			return
		}
		again, err := BlueprintText(b.Name, b.Dependencies)
		if err != nil {
			t.Fatal(err)
		}
		c, err := readRecipe(again)
		if len(again) <= maxBlueprintBytes && (err != nil || fmt.Sprint(c) != fmt.Sprint(b)) {
			t.Errorf("%q gives %q, which reads as %v, %v", text, again, c, err)
		}
	})
}
