// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestLaterSourcesWin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "peer.toml")
	raw := "tcp_port = 1\nwebsocket_port = 2\nhttp_port = 3\nbootstrap_nodes = [\"/dns4/a/tcp/1\", \"/dns4/b/tcp/2\"]\n" +
		"[avm_config]\nair_size_limit = 1024\n[limits]\nmax_ttl = \"2m\"\n[store]\nquota = \"3 MiB\"\nsync = false\n"
	if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, []string{"FLUENCE_WEBSOCKET_PORT=20", "FLUENCE_HTTP_PORT=30", "FLUENCE_LIMITS__MAX_FUTURE=1s", "FLUENCED_HOME=/x", "PATH=y"}, []string{"http_port=300"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.TCPPort, want.WebsocketPort, want.HTTPPort = 1, 20, 300
	want.BootstrapNodes = []string{"/dns4/a/tcp/1", "/dns4/b/tcp/2"}
	want.MaxScriptBytes, want.MaxTTL, want.MaxFuture, want.StoreQuota, want.StoreSync = 1024, 2*time.Minute, time.Second, 3<<20, false
	if !reflect.DeepEqual(c, want) {
		t.Errorf("Load\n got %+v\nwant %+v", c, want)
	}
}

func TestDefaultsAreThoseOfTheDesign(t *testing.T) {
	c, err := Load(filepath.Join(t.TempDir(), "none"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.TCPPort != 7777 || c.WebsocketPort != 9999 || c.HTTPPort != 18080 || c.MaxTTL != 10*time.Minute || c.MaxFuture != 30*time.Second ||
		c.MaxScriptBytes != 8<<20 || c.MaxDataBytes != 64<<20 || c.BudgetTargets != 1024 || c.BudgetSends != 4096 || c.BudgetBytes != 16<<20 || c.BudgetLookups != 8 {
		t.Errorf("defaults = %+v", c)
	}
}

func TestUnknownKeysAreRefusedWithTheNearest(t *testing.T) {
	tests := map[string]struct {
		toml, env, set string
		name, near     string
		why            bool
	}{
		"typo in the file":         {toml: "tcp_prot = 1", name: "tcp_prot", near: "tcp_port"},
		"typo in a table":          {toml: "[limits]\nmax_tll = \"1s\"", name: "limits.max_tll", near: "limits.max_ttl"},
		"key without its table":    {toml: "max_ttl = \"1s\"", name: "max_ttl", near: "limits.max_ttl"},
		"typo in the environment":  {env: "FLUENCE_WEBSOKET_PORT=1", name: "websoket_port", near: "websocket_port"},
		"typo on the command line": {set: "chain.idd=x", name: "chain.idd", near: "chain.id"},
		"nothing near":             {toml: "zzzzzzzzzzzz = 1", name: "zzzzzzzzzzzz"},
		"upstream's, without use":  {toml: "[kademlia]\nquery_timeout = \"3s\"", name: "kademlia.query_timeout", why: true},
		"upstream's table":         {toml: "[builtins_key_pair]\nformat = \"ed25519\"", name: "builtins_key_pair", why: true},
		"a float":                  {toml: "nothing_like_it_at_all = 1.5", name: "nothing_like_it_at_all"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "peer.toml")
			if err := os.WriteFile(file, []byte(tt.toml), 0o600); err != nil {
				t.Fatal(err)
			}
			var env, set []string
			if tt.env != "" {
				env = []string{tt.env}
			}
			if tt.set != "" {
				set = []string{tt.set}
			}
			_, err := Load(file, env, set)
			var unknown *UnknownKeyError
			if !errors.As(err, &unknown) {
				t.Fatalf("Load = %v, want an unknown key", err)
			}
			if unknown.Name != tt.name || !tt.why && unknown.Near != tt.near || (unknown.Why != "") != tt.why {
				t.Errorf("Load = %+v", unknown)
			}
		})
	}
}

func TestBadValuesNameTheKeyAndWhatIsRight(t *testing.T) {
	for name, raw := range map[string]string{
		"tcp_port":                        "tcp_port = 65536",
		"websocket_port":                  "websocket_port = \"ws\"",
		"quic":                            "quic = \"maybe\"",
		"limits.max_ttl":                  "[limits]\nmax_ttl = \"-1s\"",
		"limits.max_future":               "[limits]\nmax_future = 30",
		"store.quota":                     "[store]\nquota = \"9999999999GiB\"",
		"avm_config.air_size_limit":       "[avm_config]\nair_size_limit = 0",
		"bootstrap_nodes":                 "bootstrap_nodes = [1]",
		"listen_ip":                       "listen_ip = 1.5",
		"log.level":                       "[log]\nlevel = \"loud\"",
		"tls_config.key_path":             "[tls_config]\ncert_path = \"x\"",
		"limits.max_particles_per_sender": "[limits]\nmax_particles = 10",
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "peer.toml")
			if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(file, nil, nil)
			var bad *ValueError
			if !errors.As(err, &bad) || bad.Name != name {
				t.Errorf("Load = %v, want a value error of %s", err, name)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "peer.toml")
	if err := os.WriteFile(file, []byte("a = 1\nb ="), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file, nil, nil); err == nil || !strings.Contains(err.Error(), "peer.toml:2:") {
		t.Errorf("Load = %v, want the line", err)
	}
}

func TestDefaultFileReadsBackAndIsComplete(t *testing.T) {
	c := Default()
	file := string(c.TOML(true))
	for _, k := range c.Keys() {
		last := k.Name[strings.LastIndexByte(k.Name, '.')+1:]
		if !strings.Contains(file, "#"+last+" = ") || !strings.Contains(file, k.Doc) {
			t.Errorf("%s is missing from the default file", k.Name)
		}
	}
	full := c
	full.BootstrapNodes = []string{`/dns4/"q"/tcp/1`, "/x"}
	full.TCPPort, full.RootKey = 5, "hunter2"
	raw := full.TOML(false)
	if strings.Contains(string(raw), "hunter2") {
		t.Error("secret shown")
	}
	back := Default()
	if err := back.ApplyTOML("test", raw); err != nil {
		t.Fatalf("ApplyTOML = %v\n%s", err, raw)
	}
	full.RootKey = ""
	if !reflect.DeepEqual(back, full) {
		t.Errorf("read back\n got %+v\nwant %+v", back, full)
	}
}

func FuzzApplyTOML(f *testing.F) {
	d := Default()
	f.Add(d.TOML(false))
	f.Add([]byte("a.b.c = {x = [1, {y = 2}]}\n[[z]]\n"))
	f.Add([]byte("tcp_port = 1979-05-27"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c := Default()
		if err := c.ApplyTOML("fuzz", raw); err != nil {
			return
		}
		again := Default()
		if err := again.ApplyTOML("fuzz", c.TOML(false)); err != nil {
			t.Fatalf("%v of\n%s", err, c.TOML(false))
		}
	})
}
