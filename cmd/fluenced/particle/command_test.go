// SPDX-License-Identifier: Apache-2.0

package particle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/goleak"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer"
	"github.com/go-fluence/fluence/peer/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func command(ctx context.Context, in string, args ...string) (out string, err error) {
	root := &cobra.Command{Use: "fluenced", SilenceErrors: true, SilenceUsage: true}
	root.PersistentFlags().String("home", "", "")
	root.AddCommand(Command())
	var o bytes.Buffer
	root.SetIn(strings.NewReader(in))
	root.SetOut(&o)
	root.SetErr(&o)
	root.SetArgs(args)
	err = root.ExecuteContext(ctx)
	return o.String(), err
}

// startPeer runs a peer in home/name and returns its WebSocket address.
func startPeer(t *testing.T, home, name string, bootstrap ...string) (ws, tcp string, p *peer.Peer) {
	t.Helper()
	cfg := config.Default()
	cfg.ListenIP, cfg.TCPPort, cfg.WebsocketPort, cfg.HTTPPort = "127.0.0.1", 0, 0, -1
	cfg.AllowLocalAddresses, cfg.QUIC, cfg.BootstrapNodes = true, false, bootstrap
	p, err := peer.New(cfg, peer.Deps{Home: filepath.Join(home, name, "peer"), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var runErr error
	ended := make(chan struct{}) // closed when Run returned runErr
	go func() {
		defer close(ended)
		runErr = p.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		if <-ended; runErr != nil {
			t.Errorf("Run = %v", runErr)
		}
	})
	select {
	case <-p.Ready():
	case <-ended:
		t.Fatal(runErr)
	}
	for _, a := range p.Host().Listening() {
		if text := a.String(); strings.Contains(text, "/ws") {
			ws = text
		} else {
			tcp = text
		}
	}
	return ws, tcp, p
}

const hop = `(xor (seq (call %init_peer_id% ("getDataSrv" "-relay-") [] relay)
 (seq (call %init_peer_id% ("getDataSrv" "there") [] there)
 (seq (call relay ("op" "noop") [])
 (seq (call there ("op" "concat_strings") ["hello, " "world"] x)
 (seq (call relay ("op" "noop") [])
 (call %init_peer_id% ("callbackSrv" "response") [x there]))))))
 (call %init_peer_id% ("errorHandlingSrv" "error") [:error: 0]))`

func TestSendAndTraceOverTwoPeers(t *testing.T) {
	home := t.TempDir()
	ws, tcp, a := startPeer(t, home, "a")
	_, _, b := startPeer(t, home, "b", tcp)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !a.Host().Connected(b.ID()) {
		<-tick.C
	}
	script := filepath.Join(home, "hop.air")
	if err := os.WriteFile(script, []byte(hop), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := command(t.Context(), "", "particle", "send", "--relay", ws, "--script", script, "--data", `{"there":"`+b.ID().String()+`"}`)
	var values []string
	if err != nil || json.Unmarshal([]byte(out), &values) != nil || len(values) != 2 || values[0] != "hello, world" {
		t.Fatalf("send = %q, %v", out, err)
	}
	out, err = command(t.Context(), `(call "`+b.ID().String()+`" ("op" "noop") [])`, "particle", "send", "--relay", ws, "--script", "-", "--wait=false")
	if err != nil || !strings.HasPrefix(out, "fl1.") {
		t.Fatalf("send without waiting = %q, %v", out, err)
	}
	var w way
	for range tick.C { // records are written a moment after the answer
		for _, id := range particlesOf(t, home) {
			w = way{}
			if out, err = command(t.Context(), "", "particle", "trace", id, "--home", home, "--json"); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(out), &w); err != nil {
				t.Fatal(err)
			}
			if len(w.Visits) >= 3 {
				break
			}
		}
		if len(w.Visits) >= 3 || t.Context().Err() != nil {
			break
		}
	}
	if len(w.Visits) != 3 || w.Visits[0].Peer != a.ID().String() || w.Visits[1].Peer != b.ID().String() || w.Visits[2].Peer != a.ID().String() {
		t.Fatalf("trace = %s", out)
	}
	if w.Visits[1].ParentID != w.Visits[0].SpanID || w.Visits[2].ParentID != w.Visits[1].SpanID || w.Total.Interpreter == 0 || len(w.TraceID) != 32 {
		t.Errorf("trace = %s", out)
	}
	out, err = command(t.Context(), "", "particle", "trace", w.Particle, "--home", home, "--otlp")
	var spans otlpExport
	if err != nil || json.Unmarshal([]byte(out), &spans) != nil || len(spans.ResourceSpans) != 2 {
		t.Fatalf("otlp = %v\n%s", err, out)
	}
	for _, r := range spans.ResourceSpans {
		for _, s := range r.ScopeSpans[0].Spans {
			if len(s.TraceID) != 32 || len(s.SpanID) != 16 || s.Start > s.End || s.ParentID == "" && s.SpanID != w.Visits[0].SpanID {
				t.Errorf("span = %+v", s)
			}
		}
	}
	tree, err := command(t.Context(), "", "particle", "trace", w.Particle, "--home", filepath.Join(home))
	if err != nil || !strings.Contains(tree, "call op.concat_strings") || !strings.Contains(tree, "  at "+b.ID().String()) {
		t.Errorf("tree = %v\n%s", err, tree)
	}
}

// particlesOf lists the particles that the peers of home recorded.
func particlesOf(t *testing.T, home string) []string {
	t.Helper()
	seen := map[string]bool{}
	var list []string
	raw, err := filepath.Glob(filepath.Join(home, "*", "peer", peer.TraceFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range raw {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			var e struct{ Particle string }
			if json.Unmarshal([]byte(line), &e) == nil && e.Particle != "" && !seen[e.Particle] {
				seen[e.Particle] = true
				list = append(list, e.Particle)
			}
		}
	}
	return list
}

func TestMisuse(t *testing.T) {
	const nobody = "/ip4/127.0.0.1/tcp/1/ws/p2p/12D3KooWJ1TsijH7H5F74hfAD5XishQz3sxrmAtVY37GtNd9CqYf"
	home := t.TempDir()
	ws, _, _ := startPeer(t, home, "a")
	tests := map[string]struct {
		in   string
		args []string
		want string
		code int
	}{
		"no relay":     {"", []string{"send"}, "no relay given", term.ExitUsage},
		"no script":    {"", []string{"send", "--relay", nobody}, "no script given", term.ExitUsage},
		"bad relay":    {"", []string{"send", "--relay", "x", "--script", "-"}, "not the address of a peer", term.ExitUsage},
		"bad data":     {"(null)", []string{"send", "--relay", nobody, "--script", "-", "--data", "[]"}, "not a JSON object", term.ExitUsage},
		"no such file": {"", []string{"send", "--relay", nobody, "--script", filepath.Join(home, "none")}, "no such file", term.ExitFailed},
		"nobody there": {"(null)", []string{"send", "--relay", nobody, "--script", "-", "--timeout", "300ms"}, "cannot be reached", term.ExitFailed},
		"no AIR":       {"(nul", []string{"send", "--relay", ws, "--script", "-"}, "air can't be parsed", term.ExitFailed},
		"no answer":    {"(null)", []string{"send", "--relay", ws, "--script", "-", "--timeout", "300ms"}, "", term.ExitFailed},
		"bad timeout":  {"(null)", []string{"send", "--relay", ws, "--script", "-", "--timeout", "0s"}, "timeout is 0s", term.ExitUsage},
		"no records":   {"", []string{"trace", "x", "--home", filepath.Join(home, "none")}, "no records", term.ExitFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := command(t.Context(), tt.in, append([]string{"particle"}, tt.args...)...)
			var he *term.HintError
			if !errors.As(err, &he) || he.Code != tt.code || he.Hint == "" || !strings.Contains(err.Error(), tt.want) || out != "" {
				t.Errorf("err = %v, out = %q; want %q with a hint and code %d", err, out, tt.want, tt.code)
			}
		})
	}
}
