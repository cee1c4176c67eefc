// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	core "github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/httpapi"
)

// TestMain finds goroutines that a command leaves behind. The keyring of the Cosmos
// SDK, which the chain client imports, starts one at its initialisation.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/desertbit/timer.timerRoutine"))
}

// command runs one command line and returns what it wrote.
func command(ctx context.Context, args ...string) (out, errOut string, err error) {
	root := &cobra.Command{Use: "fluenced", SilenceErrors: true, SilenceUsage: true}
	root.PersistentFlags().String("home", "", "")
	root.AddCommand(Command())
	var o, e bytes.Buffer
	root.SetOut(&o)
	root.SetErr(&e)
	root.SetArgs(args)
	err = root.ExecuteContext(ctx)
	return o.String(), e.String(), err
}

// begin runs peer start in a home and returns what its ready file says.
func begin(t *testing.T, home string) (core.Ready, func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	type ended struct {
		out string
		err error
	}
	done := make(chan ended, 1)
	go func() {
		out, _, err := command(ctx, "peer", "start", "--home", home, "--set", "listen_ip=127.0.0.1", "--set", "tcp_port=0",
			"--set", "websocket_port=0", "--set", "http_port=0", "--set", "allow_local_addresses=true", "--set", "log.level=error")
		done <- ended{out, err}
	}()
	var once sync.Once
	var said string
	stop := func() string {
		once.Do(func() {
			cancel()
			e := <-done
			if e.err != nil {
				t.Errorf("peer start = %v", e.err)
			}
			said = e.out
		})
		return said
	}
	t.Cleanup(func() { stop() })
	limit := time.Now().Add(15 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if r, err := core.ReadReady(filepath.Join(home, "peer")); err == nil {
			return r, stop
		}
		if time.Now().After(limit) {
			t.Fatal("peer did not start")
		}
	}
	return core.Ready{}, stop
}

func TestStartInfoListConnectPing(t *testing.T) {
	homeA, homeB := t.TempDir(), t.TempDir()
	a, stopA := begin(t, homeA)
	b, _ := begin(t, homeB)
	if a.HTTP == nil || a.ManagementKey == nil || len(a.Multiaddrs) < 3 || !strings.Contains(a.Multiaddrs[0], "/ws/p2p/") || a.PID != os.Getpid() {
		t.Fatalf("ready file = %+v", a)
	}
	ctx := t.Context()
	if out, _, err := command(ctx, "peer", "list", "--home", homeA, "--json"); err != nil || strings.TrimSpace(out) != "[]" {
		t.Errorf("list = %q, %v", out, err)
	}
	if out, _, err := command(ctx, "peer", "connect", b.Multiaddrs[0], "--home", homeA); err != nil || out != "connected to "+b.PeerID+"\n" {
		t.Fatalf("connect = %q, %v", out, err)
	}
	out, _, err := command(ctx, "peer", "list", "--home", homeA, "--json")
	var list []httpapi.Contact
	if err != nil || json.Unmarshal([]byte(out), &list) != nil || len(list) != 1 || list[0].PeerID != b.PeerID {
		t.Errorf("list = %q, %v", out, err)
	}
	out, _, err = command(ctx, "peer", "info", "--home", homeA, "--json")
	var info core.Info
	if err != nil || json.Unmarshal([]byte(out), &info) != nil || info.PeerID != a.PeerID || info.Peers != 1 {
		t.Errorf("info = %q, %v", out, err)
	}
	if out, _, err := command(ctx, "peer", "info", "--home", homeA); err != nil || !strings.Contains(out, a.PeerID) {
		t.Errorf("info = %q, %v", out, err)
	}
	for _, address := range a.Multiaddrs {
		out, _, err := command(ctx, "peer", "ping", address, "--count", "2", "--json")
		var res pingResult
		if err != nil || json.Unmarshal([]byte(out), &res) != nil || res.PeerID != a.PeerID || len(res.RTT) != 2 {
			t.Errorf("ping %s = %q, %v", address, out, err)
		}
	}
	if _, _, err := command(ctx, "peer", "start", "--home", homeA); err == nil {
		t.Error("second peer started in one home")
	}
	if said := stopA(); said != "ready "+a.PeerID+"\n" {
		t.Errorf("start said %q", said)
	}
	if _, err := core.ReadReady(filepath.Join(homeA, "peer")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ready file after the end: %v", err)
	}
	again, _ := begin(t, homeA)
	if again.PeerID != a.PeerID {
		t.Errorf("peer id changed from %s to %s", a.PeerID, again.PeerID)
	}
	if raw, err := os.ReadFile(filepath.Join(homeA, "config", "peer.toml")); err != nil || !strings.Contains(string(raw), "#tcp_port = 7777") {
		t.Errorf("default configuration: %v", err)
	}
}

func TestMisuse(t *testing.T) {
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, "config"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "config", "peer.toml"), []byte("tcp_prot = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		want string
		code int
	}{
		"no peer runs":     {[]string{"peer", "info"}, "no peer answers", term.ExitFailed},
		"bad address":      {[]string{"peer", "connect", "nowhere"}, "not the address of a peer", term.ExitUsage},
		"bad ping address": {[]string{"peer", "ping", "/ip4/127.0.0.1/tcp/1"}, "not the address of a peer", term.ExitUsage},
		"bad count":        {[]string{"peer", "ping", "x", "--count", "0"}, "count is 0", term.ExitUsage},
		"nobody there":     {[]string{"peer", "ping", "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf"}, "not connected", term.ExitFailed},
		"unknown key":      {[]string{"peer", "start"}, "did you mean tcp_port?", term.ExitFailed},
		"bad setting":      {[]string{"peer", "start", "--set", "nonsense"}, "did you mean tcp_port?", term.ExitFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, _, err := command(t.Context(), append(tt.args, "--home", home)...)
			var he *term.HintError
			if !errors.As(err, &he) || he.Code != tt.code || he.Hint == "" || !strings.Contains(err.Error(), tt.want) || out != "" {
				t.Errorf("err = %v, out = %q; want %q with a hint and code %d", err, out, tt.want, tt.code)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(home, "peer")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a failed start left files behind")
	}
}
