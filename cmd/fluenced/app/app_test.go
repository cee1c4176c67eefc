// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/config"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func command(ctx context.Context, args ...string) (out string, err error) {
	root := &cobra.Command{Use: "fluenced", SilenceErrors: true, SilenceUsage: true}
	root.PersistentFlags().String("home", "", "")
	root.AddCommand(Command())
	var o bytes.Buffer
	root.SetOut(&o)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{"app"}, args...))
	err = root.ExecuteContext(ctx)
	return strings.TrimSpace(o.String()), err
}

// write makes the files of an application.
func write(t *testing.T, config string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range map[string][]byte{
		configName: []byte(config), "a.wasm": bytes.Repeat([]byte("a"), 2*dag.ChunkSize), "tick.air": []byte("(null)"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const sample = `
[[service]]
name = "greeting"
[[service.module]]
name = "greeting"
wasm = "a.wasm"
[[spell]]
name = "tick"
script = "tick.air"
init = { count = 0 }
trigger = { clock = { start_sec = 1, period_sec = 60 } }
`

func TestPackAndInfo(t *testing.T) {
	dir := write(t, sample)
	file := filepath.Join(dir, "app.car")
	cid, err := command(t.Context(), "pack", dir, "-o", file)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := command(t.Context(), "pack", filepath.Join(dir, configName), "-o", file); err != nil || again != cid {
		t.Errorf("second pack = %s, %v, want %s", again, err, cid)
	}
	out, err := command(t.Context(), "info", file, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var s summary
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	if s.AppCID != cid || len(s.Services) != 1 || len(s.Services[0].Modules) != 1 || len(s.Spells) != 1 {
		t.Errorf("info = %+v, want %s with a service and a spell", s, cid)
	}
	if table, err := command(t.Context(), "info", file); err != nil || !strings.Contains(table, cid) {
		t.Errorf("info = %s, %v", table, err)
	}
}

func TestPackRefuses(t *testing.T) {
	tests := map[string]string{
		"unknown key":   sample + "\ncolor = 1",
		"nothing":       "",
		"no such file":  strings.Replace(sample, "a.wasm", "b.wasm", 1),
		"same name":     strings.Replace(sample, `"tick"`, `"greeting"`, 1),
		"no TOML":       "[[",
		"wrong trigger": strings.Replace(sample, "start_sec = 1", `start_sec = "soon"`, 1),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			dir := write(t, text)
			_, err := command(t.Context(), "pack", dir, "-o", filepath.Join(dir, "app.car"))
			var hint *term.HintError
			if !errors.As(err, &hint) || hint.Hint == "" {
				t.Errorf("pack = %v, want an error with a hint", err)
			}
			left, globErr := filepath.Glob(filepath.Join(dir, "app.car*"))
			if globErr != nil || len(left) > 0 {
				t.Errorf("files left: %v, %v", left, globErr)
			}
		})
	}
}

func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "x.car")
	if err := os.WriteFile(other, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"pack", dir},
		{"info", other},
		{"push", other},
		{"push", other, "--peer", "x"},
		{"push", other, "--peer", "/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf", "--key", other},
	} {
		out, err := command(t.Context(), args...)
		var hint *term.HintError
		if !errors.As(err, &hint) || hint.Hint == "" || out != "" {
			t.Errorf("%v = %q, %v, want an error with a hint and no output", args, out, err)
		}
	}
}

func TestPushPutsAndPins(t *testing.T) {
	home := t.TempDir()
	cfg := config.Default()
	cfg.ListenIP, cfg.TCPPort, cfg.WebsocketPort, cfg.HTTPPort = "127.0.0.1", 0, 0, -1
	cfg.AllowLocalAddresses, cfg.QUIC, cfg.StoreSync = true, false, false
	p, err := peer.New(cfg, peer.Deps{Home: filepath.Join(home, "peer"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	<-p.Ready()
	var ws string
	for _, a := range p.Host().Listening() {
		if strings.Contains(a.String(), "/ws") {
			ws = a.String()
		}
	}
	dir := write(t, sample)
	file := filepath.Join(dir, "app.car")
	cid, err := command(t.Context(), "pack", dir, "-o", file)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time nothing is missing
		got, err := command(t.Context(), "push", file, "--peer", ws, "--home", home)
		if err != nil || got != cid {
			t.Fatalf("push = %s, %v, want %s", got, err, cid)
		}
	}
	if n := len(p.IPFS().List()); n != 5 {
		t.Errorf("%d pins, want 5: module, script, init data, trigger, definition", n)
	}
	stranger := filepath.Join(dir, "key")
	if err := os.WriteFile(stranger, []byte("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = command(t.Context(), "push", file, "--peer", ws, "--key", stranger)
	var hint *term.HintError
	if !errors.As(err, &hint) || !strings.Contains(err.Error(), "only available to the host") {
		t.Errorf("push by a stranger = %v, want a refusal", err)
	}
}
