// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// EnvPrefix starts the name of every key in the environment.
const EnvPrefix = "FLUENCE_"

// maxFileBytes bounds a configuration file.
const maxFileBytes = 1 << 20

// UnknownKeyError is a key that does not exist, and what was probably meant.
type UnknownKeyError struct {
	Source string // file, environment or flag
	Name   string
	Near   string // nearest name there is, or ""
	Why    string // for a key of upstream: why it has no use here
}

// Error names the key, where it stands and what to do.
func (e *UnknownKeyError) Error() string {
	switch {
	case e.Why != "":
		return fmt.Sprintf("%s: key %s has no use here: %s; remove it", e.Source, e.Name, e.Why)
	case e.Near != "":
		return fmt.Sprintf("%s: unknown key %s; did you mean %s?", e.Source, e.Name, e.Near)
	}
	return fmt.Sprintf("%s: unknown key %s", e.Source, e.Name)
}

// ValueError is a value that a key cannot have.
type ValueError struct {
	Source string
	Name   string
	Err    error
}

// Error names the key, where it stands and what would be right.
func (e *ValueError) Error() string { return fmt.Sprintf("%s: %s: %v", e.Source, e.Name, e.Err) }

// Unwrap returns the cause.
func (e *ValueError) Unwrap() error { return e.Err }

// Load returns the defaults changed by the file (one that does not exist changes
// nothing), then by the environment ("NAME=value" texts), then by settings
// ("key=value" texts from the command line).
//
// Errors: *UnknownKeyError, *ValueError, what the TOML decoder says.
func Load(file string, environ, settings []string) (Config, error) {
	c := Default()
	raw, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("read configuration: %w", err)
	}
	if err := c.ApplyTOML(file, raw); err != nil {
		return c, err
	}
	if err := c.applyEnv(environ); err != nil {
		return c, err
	}
	for _, s := range settings {
		name, v, ok := strings.Cut(s, "=")
		if !ok {
			return c, &ValueError{"--set", s, errors.New("want key=value")}
		}
		if err := c.set("--set", strings.TrimSpace(name), strings.TrimSpace(v)); err != nil {
			return c, err
		}
	}
	return c, c.Validate()
}

// ApplyTOML changes c by the text of a file.
//
// Errors: *UnknownKeyError, *ValueError, what the TOML decoder says.
func (c *Config) ApplyTOML(source string, raw []byte) error {
	if len(raw) > maxFileBytes {
		return fmt.Errorf("%s has %d bytes, at most %d", source, len(raw), maxFileBytes)
	}
	var tree map[string]any
	if err := toml.Unmarshal(raw, &tree); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, column := at.Position()
			return fmt.Errorf("%s:%d:%d: %w", source, row, column, err)
		}
		return fmt.Errorf("%s: %w", source, err)
	}
	return c.applyTree(source, "", tree)
}

func (c *Config) applyTree(source, prefix string, tree map[string]any) error {
	names := make([]string, 0, len(tree))
	for name := range tree {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v, full := tree[name], prefix+name
		if k, known := c.find(full); known && isTable(k.value, v) {
			if err := c.setTable(source, k, v); err != nil {
				return err
			}
			continue
		}
		if sub, ok := v.(map[string]any); ok && retired()[full] == "" {
			if err := c.applyTree(source, full+".", sub); err != nil {
				return err
			}
			continue
		}
		s, err := plainText(v)
		if _, known := c.find(full); known && err != nil {
			return &ValueError{source, full, err}
		}
		if err := c.set(source, full, s); err != nil {
			return err
		}
	}
	return nil
}

// applyEnv reads the variables that start with FLUENCE_ and have a lower-case
// key. The program's own variables start with FLUENCED_.
func (c *Config) applyEnv(environ []string) error {
	for _, e := range slices.Sorted(slices.Values(environ)) {
		name, v, ok := strings.Cut(e, "=")
		rest, ours := strings.CutPrefix(name, EnvPrefix)
		if !ok || !ours {
			continue
		}
		key := strings.ToLower(strings.ReplaceAll(rest, "__", "."))
		if err := c.set("environment", key, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) find(name string) (Key, bool) {
	for _, k := range c.Keys() {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

func (c *Config) set(source, name, v string) error {
	k, ok := c.find(name)
	if !ok {
		why := retired()[name]
		return &UnknownKeyError{Source: source, Name: name, Near: c.nearest(name), Why: why}
	}
	if err := k.value.set(v); err != nil {
		return &ValueError{source, name, err}
	}
	return nil
}

// nearest returns the key whose name needs the fewest changes, if that is less
// than half of it.
func (c *Config) nearest(name string) string {
	best, most := "", len(name)/2+1
	for _, k := range c.Keys() {
		if d := distance(name, k.Name); d < most {
			best, most = k.Name, d
		}
		// A key given without its table is the commonest slip.
		if _, last, ok := strings.Cut(k.Name, "."); ok && last == name {
			return k.Name
		}
	}
	return best
}

// distance is the number of letters to insert, delete or change.
func distance(a, b string) int {
	if len(a) > 128 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Validate checks what depends on several keys.
//
// Errors: *ValueError.
func (c *Config) Validate() error {
	bad := func(name, format string, args ...any) error {
		return &ValueError{"configuration", name, fmt.Errorf(format, args...)}
	}
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return bad("tls_config.key_path", "a certificate needs its key: set cert_path and key_path, or neither")
	case !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel):
		return bad("log.level", "%q is not debug, info, warn or error", c.LogLevel)
	case !slices.Contains([]string{"logfmt", "json"}, c.LogFormat):
		return bad("log.format", "%q is not logfmt or json", c.LogFormat)
	case c.ChainID == "" && c.Network == "":
		return bad("network", "set it, or chain.id to derive it from")
	case c.ParticlesShare > c.MaxParticles:
		return bad("limits.max_particles_per_sender", "%d is more than limits.max_particles, %d", c.ParticlesShare, c.MaxParticles)
	}
	for _, p := range c.CurlAllow {
		if _, err := netip.ParsePrefix(p); err != nil {
			return bad("curl.allow", "%q is no network such as 10.0.0.0/8", p)
		}
	}
	return nil
}

// TOML returns c as a file: every key with its meaning and value, secrets left
// empty. Keys that have their default are commented out when brief is set.
func (c *Config) TOML(brief bool) []byte {
	var b bytes.Buffer
	b.WriteString("# Configuration of a fluenced peer. Every key is listed; those commented out\n" +
		"# have their default. A key can be set in the environment too: FLUENCE_ and its\n" +
		"# name in upper case, tables joined by two underscores (FLUENCE_CHAIN__ID).\n")
	table := ""
	for _, k := range byTable(c.Keys()) {
		name := k.Name
		if dir, last, ok := strings.Cut(k.Name, "."); ok {
			if dir != table {
				fmt.Fprintf(&b, "\n[%s]\n", dir)
				table = dir
			}
			name = last
		}
		mark := ""
		if brief && k.Text() == canonical(k) {
			mark = "#"
		}
		fmt.Fprintf(&b, "\n# %s\n%s%s = %s\n", k.Doc, mark, name, k.value.toml())
	}
	return b.Bytes()
}

// canonical is the default in the spelling of Text.
func canonical(k Key) string {
	d := Default()
	same, _ := d.find(k.Name)
	return same.Text()
}

// byTable puts the keys without a table first and keeps each table together, as
// TOML demands.
func byTable(keys []Key) []Key {
	tables := []string{""}
	for _, k := range keys {
		if dir, _, ok := strings.Cut(k.Name, "."); ok && !slices.Contains(tables, dir) {
			tables = append(tables, dir)
		}
	}
	var sorted []Key
	for _, t := range tables {
		for _, k := range keys {
			dir, _, ok := strings.Cut(k.Name, ".")
			if ok && dir == t || !ok && t == "" {
				sorted = append(sorted, k)
			}
		}
	}
	return sorted
}
