// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestEffectorsFromFileAndEnvironment(t *testing.T) {
	want := map[string]Effector{
		"curl": {CID: "bafkrei1", Binaries: map[string]string{"curl": "native:curl"}},
		"ls":   {CID: "bafkrei2", Binaries: map[string]string{"ls": "/bin/ls", "cat": "/bin/cat"}},
	}
	file := filepath.Join(t.TempDir(), "peer.toml")
	text := "[effectors.curl]\nwasm_cid = \"bafkrei1\"\nallowed_binaries = { curl = \"native:curl\" }\n" +
		"[effectors.ls]\nwasm_cid = \"bafkrei2\"\n[effectors.ls.allowed_binaries]\nls = \"/bin/ls\"\ncat = \"/bin/cat\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, nil, nil)
	if err != nil || !reflect.DeepEqual(c.Effectors, want) {
		t.Fatalf("from a file: %+v, %v", c.Effectors, err)
	}
	written := filepath.Join(t.TempDir(), "again.toml")
	if err := os.WriteFile(written, c.TOML(false), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Load(written, nil, nil)
	if err != nil || !reflect.DeepEqual(again.Effectors, want) {
		t.Errorf("written and read: %+v, %v\n%s", again.Effectors, err, c.TOML(false))
	}
	env, err := Load("", []string{"FLUENCE_EFFECTORS=" + effectorTable{&c.Effectors}.text()}, nil)
	if err != nil || !reflect.DeepEqual(env.Effectors, want) {
		t.Errorf("from the environment: %+v, %v", env.Effectors, err)
	}
}

func TestBadEffectorsAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        "x",
		"no CID":         `{"a":{"allowed_binaries":{"b":"/b"}}}`,
		"no binaries":    `{"a":{"wasm_cid":"c"}}`,
		"relative path":  `{"a":{"wasm_cid":"c","allowed_binaries":{"b":"bin/b"}}}`,
		"the same twice": `{"a":{"wasm_cid":"c","allowed_binaries":{"b":"/b"}},"d":{"wasm_cid":"c","allowed_binaries":{"b":"/b"}}}`,
		"unknown key":    `{"a":{"wasm_cid":"c","allowed_binaries":{"b":"/b"},"shell":true}}`,
		"two objects":    `{} {}`,
	} {
		_, err := Load("", nil, []string{"effectors=" + text})
		var bad *ValueError
		if !errors.As(err, &bad) || bad.Name != "effectors" {
			t.Errorf("%s: %v, want a value error of effectors", name, err)
		}
	}
	if _, err := Load("", nil, []string{"curl.allow=10.0.0.0"}); err == nil {
		t.Error("an address was taken for a network")
	}
}
