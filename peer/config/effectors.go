// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// nativeCurl stands instead of a path for what the peer answers itself.
const nativeCurl = "native:curl"

// Effector is a Wasm module that may run programs of this machine.
type Effector struct {
	CID      string            `json:"wasm_cid"`
	Binaries map[string]string `json:"allowed_binaries"` // absolute paths by import name
}

// effectorTable is effectors by name. Its text is JSON; in a file it is a table.
type effectorTable struct{ v *map[string]Effector }

func (t effectorTable) set(s string) error {
	dec := json.NewDecoder(strings.NewReader(s))
	dec.DisallowUnknownFields()
	read := map[string]Effector{}
	if err := dec.Decode(&read); err != nil {
		return fmt.Errorf("want an object of names with wasm_cid and allowed_binaries: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one object")
	}
	seen := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		e := read[name]
		if e.CID == "" || len(e.Binaries) == 0 {
			return fmt.Errorf("effector %s needs wasm_cid and allowed_binaries", name)
		}
		if other, ok := seen[e.CID]; ok {
			return fmt.Errorf("effectors %s and %s have the same wasm_cid", other, name)
		}
		seen[e.CID] = name
		for b, path := range e.Binaries {
			if !filepath.IsAbs(path) && path != nativeCurl {
				return fmt.Errorf("effector %s: path of %s, %q, is not absolute", name, b, path)
			}
		}
	}
	*t.v = read
	return nil
}

func (t effectorTable) text() string {
	if len(*t.v) == 0 {
		return "{}"
	}
	b, err := json.Marshal(*t.v)
	if err != nil {
		return "{}"
	}
	return string(b)
}

func (t effectorTable) toml() string {
	var b bytes.Buffer
	b.WriteString("{")
	for i, name := range slices.Sorted(maps.Keys(*t.v)) {
		e := (*t.v)[name]
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " %s = { wasm_cid = %s, allowed_binaries = {", quote(name), quote(e.CID))
		for j, bin := range slices.Sorted(maps.Keys(e.Binaries)) {
			if j > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, " %s = %s", quote(bin), quote(e.Binaries[bin]))
		}
		b.WriteString(" } }")
	}
	if len(*t.v) > 0 {
		b.WriteString(" ")
	}
	b.WriteString("}")
	return b.String()
}

// isTable reports whether a value of a file is the table that a key takes whole.
func isTable(v value, raw any) bool {
	_, takes := v.(effectorTable)
	_, is := raw.(map[string]any)
	return takes && is
}

func (c *Config) setTable(source string, k Key, raw any) error {
	text, err := json.Marshal(raw)
	if err == nil {
		err = k.value.set(string(text))
	}
	if err != nil {
		return &ValueError{source, k.Name, err}
	}
	return nil
}
