// SPDX-License-Identifier: Apache-2.0

package home

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/go-fluence/fluence/app/params"
)

func TestReadTOMLNamesLineKeyAndFault(t *testing.T) {
	known := []byte("name = \"a\"\n[server]\nport = 80\non = true\nhosts = []\n")
	tests := map[string]struct {
		text string
		want string // error after the path, "" for none
	}{
		"complete":         {string(known), ""},
		"fewer keys":       {"[server]\nport = 81\n", ""},
		"number in quotes": {"[server]\nport = \"81\"\n", ""},
		"unknown key":      {"name = \"b\"\nnaem = \"b\"\n", ":2: naem: unknown key"},
		"unknown section":  {"\n[serve]\nport = 1\n", ":2: serve: unknown key"},
		"text for number":  {"[server]\n\nport = \"eighty\"\n", ":3: server.port: is a text, want a number"},
		"number for bool":  {"[server]\non = 1\n", ":2: server.on: is a number, want true or false"},
		"number for text":  {"name = 5\n", ":1: name: is a number, want a text"},
		"bool for list":    {"[server]\nhosts = true\n", ":2: server.hosts: is true or false, want a list"},
		"key for section":  {"server = 1\n", ":1: server: is a number, want a section"},
		"no value":         {"name = \n", ":1: "},
		"key twice":        {"name = \"a\"\nname = \"b\"\n", ":"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f.toml")
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readTOML(path, known)
			if tt.want == "" {
				if err != nil {
					t.Errorf("readTOML = %v, want nil", err)
				}
				return
			}
			var fe *FileError
			if !errors.As(err, &fe) || !strings.HasPrefix(err.Error(), path+tt.want) || fe.Fix == "" {
				t.Errorf("readTOML = %v, want %s and a fix", err, tt.want)
			}
		})
	}
}

func TestEveryKeyHasMeaningAndUnit(t *testing.T) {
	keys, err := Keys(Dir(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) < 150 {
		t.Fatalf("%d keys, want all of three files", len(keys))
	}
	for _, k := range keys {
		if k.Meaning == "" || k.Unit == "" {
			t.Errorf("%s %s = %s has meaning %q, unit %q", k.File, k.Key, k.Default, k.Meaning, k.Unit)
		}
	}
	all, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range all {
		want := map[string]any{}
		if err := toml.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if got := leaves(want); got != count(keys, name) {
			t.Errorf("%s has %d keys, %d are described", name, got, count(keys, name))
		}
	}
}

// leaves counts the keys of a tree that are no sections, lists of tables left out.
func leaves(tree map[string]any) (n int) {
	for _, v := range tree {
		switch v := v.(type) {
		case map[string]any:
			n += leaves(v)
		case []any:
			if len(v) == 0 {
				n++
			} else if _, table := v[0].(map[string]any); !table {
				n++
			}
		default:
			n++
		}
	}
	return n
}

func count(keys []Key, file string) (n int) {
	for _, k := range keys {
		if k.File == file {
			n++
		}
	}
	return n
}

func TestSetKeysChangesOnlyWhatItIsTold(t *testing.T) {
	c, _, _, err := Defaults(params.ChainIDLocal, "x")
	if err != nil {
		t.Fatal(err)
	}
	text, err := RenderComet(c)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := SetKeys(path, map[string]string{"rpc.laddr": `"tcp://127.0.0.1:1"`, "moniker": `"y"`}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(strings.Replace(string(text), `laddr = "tcp://127.0.0.1:26657"`, `laddr = "tcp://127.0.0.1:1"`, 1), `moniker = "x"`, `moniker = "y"`, 1)
	if string(got) != want {
		t.Error("SetKeys changed something else")
	}
	if err := SetKeys(path, map[string]string{"rpc.nope": "1"}); !errors.Is(err, ErrNoKey) {
		t.Errorf("SetKeys = %v, want ErrNoKey", err)
	}
	if after, _ := os.ReadFile(path); string(after) != want {
		t.Error("a refused SetKeys wrote something")
	}
}

func TestSocketPathsAreShortEnough(t *testing.T) {
	for _, dir := range []string{"/h", "/" + strings.Repeat("long/", 60)} {
		if s := Dir(dir).Socket(); len(s) > maxSocketPath {
			t.Errorf("Socket of %d-byte home has %d bytes", len(dir), len(s))
		}
	}
	if a, b := Dir("/"+strings.Repeat("a", 200)).Socket(), Dir("/"+strings.Repeat("b", 200)).Socket(); a == b {
		t.Errorf("two homes share the socket %s", a)
	}
}
