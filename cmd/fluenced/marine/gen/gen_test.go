// SPDX-License-Identifier: Apache-2.0

package gen_test

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/go-fluence/fluence/cmd/fluenced/marine/gen"
	"github.com/go-fluence/fluence/peer/marine/engine"
	"github.com/go-fluence/fluence/peer/marine/engine/meter"
	"github.com/go-fluence/fluence/peer/marine/it"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

var update = flag.Bool("update", false, "write the glue and the descriptions")

// generate checks that the files beside the sources of a module are what Package makes, and returns the description.
func generate(t *testing.T, dir string) string {
	t.Helper()
	glue, description, err := gen.Package(dir)
	require.NoError(t, err)
	for name, want := range map[string]string{gen.Glue: string(glue), "marine.txt": description} {
		name = filepath.Join(dir, name)
		if *update {
			require.NoError(t, os.WriteFile(name, []byte(want), 0o644))
		}
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, want, string(got), "run go test ./cmd/fluenced/marine/gen -update")
	}
	return description
}

func TestGlueOfTheExamplesIsCurrent(t *testing.T) {
	for _, dir := range []string{"store", "book"} {
		generate(t, filepath.Join("..", "..", "..", "..", "docs", "examples", "guestbook", dir))
	}
}

// start links modules of testdata into a service.
func start(t *testing.T, names ...string) *service.Service {
	t.Helper()
	e, err := engine.New(t.Context(), engine.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = e.Close(context.WithoutCancel(t.Context())) })
	cfg := service.Config{ID: "svc"}
	for _, name := range names {
		cfg.Modules = append(cfg.Modules, service.ModuleConfig{Name: name, Wasm: build(t, name), LoggerEnabled: true})
	}
	s, err := service.New(t.Context(), service.NewLibrary(e, meter.Options{}), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close(context.WithoutCancel(t.Context())) })
	return s
}

func build(t *testing.T, name string) []byte {
	t.Helper()
	d, err := it.ParseText(generate(t, filepath.Join("testdata", name)))
	require.NoError(t, err)
	out := filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-buildmode=c-shared", "-o", out, "./"+name)
	cmd.Dir = "testdata"
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	core, err := os.ReadFile(out)
	require.NoError(t, err)
	wasm, err := it.Embed(core, d, wasmbin.Limits{})
	require.NoError(t, err)
	return wasm
}

const outer = `{"a":-7,"b":65535,"c":1.5,"d":-0.25,"one":{"name":"é","raw":[0,255],"ok":true},` +
	`"many":[{"name":"","raw":[],"ok":false},{"name":"x","raw":[1],"ok":true}],"names":[["a",""],[],["b"]],"https":true}`

func TestEveryTypePassesTwoModules(t *testing.T) {
	s := start(t, "echo", "caller")
	for _, tt := range []struct{ fn, arg string }{
		{"echo_bool", `true`},
		{"echo_bool", `false`},
		{"echo_i8", `-128`},
		{"echo_f32", `0.5`},
		{"echo_string", `""`},
		{"echo_string", `"a <b> é"`},
		{"echo_bytes", `[]`},
		{"echo_bytes", `[0,1,255]`},
		{"echo_names", `[["a","bc"],[],[""]]`},
		{"echo_outer", outer},
	} {
		res, err := s.Call(t.Context(), service.Call{Function: tt.fn, Args: []byte("[" + tt.arg + "]")})
		require.NoError(t, err, tt.fn)
		require.Equal(t, tt.arg, string(res.JSON), tt.fn)
	}
	res, err := s.Call(t.Context(), service.Call{Function: "renamed", Args: []byte("[[" + outer + "," + outer + "],1]")})
	require.NoError(t, err)
	require.Equal(t, "["+outer+"]", string(res.JSON))
	_, err = s.Call(t.Context(), service.Call{Function: "nothing", Args: []byte("[]")})
	require.NoError(t, err)
}

func TestParameters(t *testing.T) {
	res, err := start(t, "echo").Call(t.Context(), service.Call{Function: "service", Args: []byte("[]")})
	require.NoError(t, err)
	require.Equal(t, `"svc"`, string(res.JSON))
}

func TestSourcesThatCannotBeExportedAreRefused(t *testing.T) {
	for name, tt := range map[string]struct{ source, want string }{
		"nothing exported": {"func F() {}", "write //marine:export above it"},
		"no Go":            {"func F( {", "expected"},
		"int":              {"//marine:export\nfunc F(n int) {}", "m.go:4:10: type int has no form"},
		"map":              {"//marine:export\nfunc F(n map[string]string) {}", "only plain types"},
		"array":            {"//marine:export\nfunc F(n [3]byte) {}", "use a slice"},
		"two results":      {"//marine:export\nfunc F() (bool, bool) { return true, true }", "return a struct"},
		"no name":          {"//marine:export\nfunc F(bool) {}", "name the parameter"},
		"itself":           {"type T struct { L []T }\n//marine:export\nfunc F(t T) {}", "contains itself"},
		"empty struct":     {"type T struct {}\n//marine:export\nfunc F(t T) {}", "has no fields"},
		"embedded":         {"type U struct { A bool }\ntype T struct { U }\n//marine:export\nfunc F(t T) {}", "name the field"},
		"import of struct": {"//marine:import db\ntype T struct { A bool }\n//marine:export\nfunc F() {}", "above an interface"},
		"import of none":   {"//marine:import\ntype T interface { A() bool }\n//marine:export\nfunc F() {}", "//marine:import MODULE"},
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "m.go"), []byte("package main\n\n"+tt.source+"\n"), 0o600), name)
		_, _, err := gen.Package(dir)
		require.ErrorIs(t, err, gen.ErrSource, name)
		require.ErrorContains(t, err, tt.want, name)
	}
}

// TestDescriptionsParse builds random signatures and asks the embedder's parser.
func TestDescriptionsParse(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]string{"bool", "uint8", "int16", "uint64", "float32", "string", "[]byte", "[][]string", "R", "[]R"})
		src := "package main\n\ntype R struct { A " + kind.Filter(func(k string) bool { return k != "R" && k != "[]R" }).Draw(t, "field") + " }\n\n"
		src += "//marine:export\nfunc F(a " + kind.Draw(t, "a") + ", b " + kind.Draw(t, "b") + ") " + kind.Draw(t, "result") + " { panic(0) }\n"
		if err := os.WriteFile(filepath.Join(dir, "m.go"), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		_, description, err := gen.Package(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := it.ParseText(description); err != nil {
			t.Fatalf("%v\n%s", err, description)
		}
	})
}
