// SPDX-License-Identifier: Apache-2.0

package home

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoKey reports a key that a configuration file does not have.
var ErrNoKey = errors.New("key not in file")

// SetKeys changes the values of keys in a TOML file, given by dotted name and as
// they are written ("\"127.0.0.1:80\"", "true"), and keeps everything else. The
// file is replaced in one rename.
//
// Errors: ErrNoKey.
func SetKeys(path string, values map[string]string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		section, key := "", name
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			section, key = name[:i], name[i+1:]
		}
		at := lineOf(text, section, key)
		if at == 0 {
			return fmt.Errorf("%s: %s: %w", path, name, ErrNoKey)
		}
		lines[at-1] = key + " = " + values[name]
	}
	part := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".part")
	if err := os.WriteFile(part, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}
