// SPDX-License-Identifier: Apache-2.0

package home

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"github.com/go-fluence/fluence/app/params"
	"github.com/go-fluence/fluence/cmd/fluenced/term"
)

// Key is one key of a configuration file.
type Key struct {
	File    string `json:"file"`    // "config.toml"
	Key     string `json:"key"`     // dotted, "rpc.laddr"
	Unit    string `json:"unit"`    // "bytes", "duration", "true or false", ...
	Default string `json:"default"` // as written in the file
	Value   string `json:"value"`   // what the home has, "" without a home
	Meaning string `json:"meaning"` // what it does, one paragraph
}

// ConfigCommand returns the command that shows every key.
func ConfigCommand() *cobra.Command {
	var asJSON bool
	var write string
	cmd := &cobra.Command{
		Use: "config [WORD]",
		Long: `Show every key of config.toml, app.toml and client.toml with its meaning, unit and
default, and its value where the home has another. WORD limits the list to keys
that contain it. A variable overrides a key of config.toml or app.toml:
FLUENCED_RPC_LADDR is rpc.laddr.

  fluenced config timeout_commit
  fluenced config --write app.toml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := cmd.Flags().GetString("home")
			if err != nil {
				return err
			}
			if write != "" {
				return rewrite(Dir(dir), write)
			}
			keys, err := Keys(Dir(dir))
			if err != nil {
				return err
			}
			if len(args) > 0 {
				keys = matching(keys, args[0])
				if len(keys) == 0 {
					return term.Usage("fluenced config lists all keys", "no key contains %q", args[0])
				}
			}
			if asJSON {
				return term.JSON(cmd.OutOrStdout(), keys)
			}
			return printKeys(cmd, keys)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&write, "write", "", "write this file (config.toml, app.toml or client.toml) with all defaults, if the home lacks it")
	return cmd
}

func matching(keys []Key, word string) []Key {
	var out []Key
	for _, k := range keys {
		if strings.Contains(k.Key, word) {
			out = append(out, k)
		}
	}
	return out
}

func printKeys(cmd *cobra.Command, keys []Key) error {
	file := ""
	for _, k := range keys {
		if k.File != file {
			file = k.File
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "# %s\n\n", file); err != nil {
				return err
			}
		}
		text := fmt.Sprintf("%s = %s  (%s)\n", k.Key, k.Default, k.Unit)
		if k.Value != "" && k.Value != k.Default {
			text += fmt.Sprintf("    here: %s\n", k.Value)
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s%s\n", text, wrap(k.Meaning, 78, "    ")); err != nil {
			return err
		}
	}
	return nil
}

// files returns the three files as they are with every key at its default.
func files() (map[string][]byte, error) {
	c, a, cl, err := Defaults(params.ChainIDLocal, "")
	if err != nil {
		return nil, err
	}
	comet, err := RenderComet(c)
	if err != nil {
		return nil, err
	}
	app, err := RenderApp(a)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"config.toml": comet, "app.toml": app, "client.toml": RenderClient(cl)}, nil
}

// rewrite writes one file with defaults; it never replaces one.
func rewrite(d Dir, name string) error {
	all, err := files()
	if err != nil {
		return err
	}
	text, ok := all[name]
	if !ok {
		return term.Usage("the files are config.toml, app.toml and client.toml", "--write %s", name)
	}
	path := d.Join("config", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return term.Hint(err, "move the old file away first")
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Close()
}

// Keys lists every key of the three files, in the files' order, with d's values
// where d is a home.
//
// Errors: *FileError.
func Keys(d Dir) ([]Key, error) {
	all, err := files()
	if err != nil {
		return nil, err
	}
	var keys []Key
	for _, name := range []string{"config.toml", "app.toml", "client.toml"} {
		values := map[string]any{}
		if path := d.Join("config", name); d.Exists() {
			if values, err = readTOML(path, all[name]); err != nil {
				return nil, err
			}
		}
		found, err := describe(name, all[name], values)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	return keys, nil
}

var (
	sectionLine = regexp.MustCompile(`^\[+([A-Za-z0-9_.-]+)\]+`)
	keyLine     = regexp.MustCompile(`^([A-Za-z0-9_-]+)\s*=\s*(.*)$`)
)

// describe reads the meaning of each key out of the comment above it.
func describe(name string, text []byte, values map[string]any) ([]Key, error) {
	defaults := map[string]any{}
	if err := toml.Unmarshal(text, &defaults); err != nil {
		return nil, err
	}
	var keys []Key
	section, comment, last := "", "", ""
	for _, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		switch m := keyLine.FindStringSubmatch(line); {
		case line == "":
			comment = ""
		case strings.HasPrefix(line, "##"):
			comment, last = "", ""
		case strings.HasPrefix(line, "#"):
			comment = strings.TrimSpace(comment + " " + strings.TrimLeft(line, "# "))
		case sectionLine.MatchString(line):
			section, comment, last = sectionLine.FindStringSubmatch(line)[1], "", ""
		case m != nil:
			dotted := strings.TrimPrefix(section+"."+m[1], ".")
			if comment != "" {
				last = comment
			}
			value, ok := lookup(defaults, dotted)
			if !ok { // inside a table of a list
				continue
			}
			k := Key{File: name, Key: dotted, Unit: unit(m[1], value), Default: example(value), Meaning: meaning(dotted, last)}
			if v, ok := lookup(values, dotted); ok {
				k.Value = example(v)
			}
			keys = append(keys, k)
			comment = ""
		}
	}
	return keys, nil
}

func lookup(tree map[string]any, dotted string) (any, bool) {
	head, rest, more := strings.Cut(dotted, ".")
	v, ok := tree[head]
	if !ok || !more {
		return v, ok
	}
	sub, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	return lookup(sub, rest)
}
