// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pelletier/go-toml/v2"

	"github.com/go-fluence/fluence/cmd/fluenced/term"
	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/spell"
)

// configName is the file that pack reads in a folder.
const configName = "app.toml"

// file is app.toml.
type file struct {
	Service []struct {
		Name   string `toml:"name"`
		Module []struct {
			Name string `toml:"name"`
			Wasm string `toml:"wasm"`
		} `toml:"module"`
	} `toml:"service"`
	Spell []struct {
		Name    string         `toml:"name"`
		Script  string         `toml:"script"`
		Init    map[string]any `toml:"init"`
		Trigger map[string]any `toml:"trigger"`
	} `toml:"spell"`
}

// PackFile packs what a configuration names, or app.toml of a folder. Files are
// taken relative to the configuration.
func PackFile(name string) (bundle.Bundle, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, configName)
	}
	text, err := readLimited(name, bundle.MaxDefinition)
	if err != nil {
		return bundle.Bundle{}, term.Hint(err, "name a folder with %s in it, or such a file; fluenced app pack --help shows one", configName)
	}
	app, err := parse(text, filepath.Dir(name))
	if err == nil {
		var b bundle.Bundle
		if b, err = bundle.Pack(app); err == nil {
			return b, nil
		}
	}
	return bundle.Bundle{}, term.Hint(fmt.Errorf("%s: %w", name, err), "fluenced app pack --help shows what it looks like")
}

func parse(text []byte, dir string) (app bundle.App, err error) {
	var f file
	dec := toml.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return app, fmt.Errorf("unknown key:\n%s", strict.String())
		}
		return app, err
	}
	for _, s := range f.Service {
		service := bundle.AppService{Name: s.Name}
		for _, m := range s.Module {
			wasm, err := readLimited(under(dir, m.Wasm), bundle.MaxModule)
			if err != nil {
				return app, fmt.Errorf("service %q, module %q: %w", s.Name, m.Name, err)
			}
			service.Modules = append(service.Modules, bundle.AppModule{Name: m.Name, Wasm: wasm})
		}
		app.Services = append(app.Services, service)
	}
	for _, s := range f.Spell {
		script, err := readLimited(under(dir, s.Script), bundle.MaxScript)
		if err != nil {
			return app, fmt.Errorf("spell %q: %w", s.Name, err)
		}
		out := bundle.AppSpell{Name: s.Name, Script: string(script)}
		if out.Init, err = object(s.Init); err != nil {
			return app, fmt.Errorf("spell %q: init: %w", s.Name, err)
		}
		if out.Trigger, err = trigger(s.Trigger); err != nil {
			return app, fmt.Errorf("spell %q: %w", s.Name, err)
		}
		app.Spells = append(app.Spells, out)
	}
	return app, nil
}

// object writes a table as JSON; nil stays nil.
func object(table map[string]any) (json.RawMessage, error) {
	if table == nil {
		return nil, nil
	}
	return json.Marshal(table)
}

// trigger writes a trigger's table as JSON, once it is one.
func trigger(table map[string]any) (json.RawMessage, error) {
	raw, err := object(table)
	if err != nil || raw == nil {
		return nil, err
	}
	t, err := spell.ParseTrigger(raw)
	if err == nil {
		err = t.Check(time.Now())
	}
	return raw, err
}

// under is a path relative to dir, or an absolute one as it is.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

func readLimited(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", name, limit)
	}
	return b, err
}
