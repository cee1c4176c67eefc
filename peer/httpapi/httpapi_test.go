// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, cfg Config) *Server {
	t.Helper()
	s := New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	select {
	case <-s.Ready():
	case err := <-ended:
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, c *http.Client, url string) (status int, kind, body string) {
	t.Helper()
	res, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	c.CloseIdleConnections()
	return res.StatusCode, res.Header.Get("Content-Type"), string(raw)
}

func TestEndpoints(t *testing.T) {
	reg := prometheus.NewRegistry()
	sent := prometheus.NewCounter(prometheus.CounterOpts{Name: "connectivity_particle_send_success", Help: "h"})
	reg.MustRegister(sent)
	sent.Add(3)
	s := start(t, Config{
		Listen: "127.0.0.1:0", PeerID: "12D3", Versions: Versions{Node: "1", AVM: "0.62.0"}, Gather: reg,
		TOML: func() []byte { return []byte("tcp_port = 1\n") }, Checks: []Check{{"vm_pool", func() error { return nil }}},
	})
	tests := map[string]struct {
		status int
		kind   string
		body   string
	}{
		"/peer_id":  {200, "application/json", `{"peer_id":"12D3"}`},
		"/versions": {200, "application/json", `{"node":"1","avm":"0.62.0","spell":"","aqua_ipfs":"","trust_graph":"","registry":"","decider":""}`},
		"/config":   {200, "text/plain; charset=utf-8", "tcp_port = 1"},
		"/health":   {200, "application/json", `[{"vm_pool":"Ok"}]`},
		"/metrics":  {200, openMetrics, "# HELP connectivity_particle_send_success h\n# TYPE connectivity_particle_send_success counter\nconnectivity_particle_send_success_total 3.0\n# EOF"},
		"/nothing":  {404, "text/plain; charset=utf-8", "No such endpoint"},
		"/connect":  {404, "text/plain; charset=utf-8", "No such endpoint"},
	}
	for path, tt := range tests {
		status, kind, body := get(t, &http.Client{}, s.URL()+path)
		if status != tt.status || kind != tt.kind || strings.TrimSpace(body) != tt.body {
			t.Errorf("%s = %d %s\n%s\nwant %d %s\n%s", path, status, kind, body, tt.status, tt.kind, tt.body)
		}
	}
}

func TestHealthTellsHowMuchFails(t *testing.T) {
	ok, bad := func() error { return nil }, func() error { return errors.New("no") }
	tests := map[string]struct {
		a, b   func() error
		status int
		body   string
	}{
		"all well":  {ok, ok, 200, `[{"a":"Ok"},{"b":"Ok"}]`},
		"some fail": {bad, ok, 429, `[{"b":"Ok"},{"a":"Fail"}]`},
		"all fail":  {bad, bad, 503, `[{"a":"Fail"},{"b":"Fail"}]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, Config{Listen: "127.0.0.1:0", Checks: []Check{{"a", tt.a}, {"b", tt.b}}})
			if status, _, body := get(t, &http.Client{}, s.URL()+"/health"); status != tt.status || strings.TrimSpace(body) != tt.body {
				t.Errorf("got %d %s", status, body)
			}
			if status, _, _ := get(t, &http.Client{}, s.URL()+"/metrics"); status != 404 {
				t.Errorf("/metrics without metrics = %d", status)
			}
		})
	}
}

func TestControlSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // what a crash leaves
		t.Fatal(err)
	}
	start(t, Config{Socket: path, Control: Control{
		Peers: func() []Contact { return []Contact{{"a", []string{"/x"}}} },
		Info:  func() any { return 7 },
		Connect: func(_ context.Context, id string, addrs []string) error {
			if id != "a" || len(addrs) != 1 {
				return errors.New("no route")
			}
			return nil
		},
	}})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("socket mode %v, %v; want 0600", info.Mode(), err)
	}
	c := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
	if status, _, body := get(t, c, "http://peer/peers"); status != 200 || strings.TrimSpace(body) != `[{"peer_id":"a","addresses":["/x"]}]` {
		t.Errorf("/peers = %d %s", status, body)
	}
	if status, _, body := get(t, c, "http://peer/info"); status != 200 || strings.TrimSpace(body) != "7" {
		t.Errorf("/info = %d %s", status, body)
	}
	for body, want := range map[string]int{`{"peer_id":"a","addresses":["/x"]}`: 200, `{"peer_id":"b"}`: 502, `nonsense`: 400, strings.Repeat(" ", 1<<20): 400} {
		res, err := c.Post("http://peer/connect", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("connect %.40q = %d, want %d", body, res.StatusCode, want)
		}
	}
	c.CloseIdleConnections()
}

func TestConnectionsAreBounded(t *testing.T) {
	s := start(t, Config{Listen: "127.0.0.1:0", PeerID: "x"})
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for range maxConns + 20 {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	var wg sync.WaitGroup
	var refused atomic.Int32
	for _, c := range open {
		wg.Go(func() {
			if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
				t.Error(err)
			}
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if n := refused.Load(); n != 20 {
		t.Errorf("%d connections refused, want 20", n)
	}
}
