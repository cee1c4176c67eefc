// SPDX-License-Identifier: Apache-2.0

//go:build interop

package interop_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDashboardShowsRealSeries looks for every series of the Grafana dashboard in the metrics of a validator and its peer.
func TestDashboardShowsRealSeries(t *testing.T) {
	file := startDevnet(t, "--validators", "2")
	var info struct {
		Validators []struct{ Home, HTTP string }
	}
	read(t, file, &info)
	v := info.Validators[0]
	config, err := os.ReadFile(filepath.Join(v.Home, "config", "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`prometheus_listen_addr = "([^"]+)"`).FindSubmatch(config)
	if address == nil {
		t.Fatal("config.toml names no address of metrics")
	}
	served := fetch(t, "http://"+string(address[1])+"/metrics") + fetch(t, v.HTTP+"/metrics")
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	read(t, filepath.Join("..", "deploy", "grafana.json"), &dashboard)
	series := regexp.MustCompile(`\b(cometbft|fluence|process|connection|particle|dispatcher|connectivity)_[a-z0-9_]+`)
	seen := 0
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			for _, name := range series.FindAllString(target.Expr, -1) {
				seen++
				if !strings.Contains(served, "\n"+name+"{") && !strings.Contains(served, "\n"+name+" ") {
					t.Errorf("panel %q shows %s, which nothing serves", p.Title, name)
				}
			}
		}
	}
	if seen < len(dashboard.Panels) {
		t.Errorf("%d series found in %d panels", seen, len(dashboard.Panels))
	}
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
