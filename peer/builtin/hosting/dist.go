// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-fluence/fluence/peer/builtin"
	"github.com/go-fluence/fluence/peer/pipeline"
)

// moduleConfig is a module's configuration as scripts see it. Options are arrays
// of at most one element.
type moduleConfig struct {
	Name          string       `json:"name"`
	MemPages      []uint32     `json:"mem_pages_count"`
	MaxHeap       []string     `json:"max_heap_size"`
	LoggerEnabled []bool       `json:"logger_enabled"`
	LoggingMask   []int64      `json:"logging_mask"`
	WASI          []wasiConfig `json:"wasi"`
	Binaries      [][][]string `json:"mounted_binaries"`
	Preopened     [][]string   `json:"preopened_files"`
}

// wasiConfig holds options of pairs.
type wasiConfig struct {
	Envs       [][][]string `json:"envs"`
	MappedDirs [][][]string `json:"mapped_dirs"`
	Binaries   [][][]string `json:"mounted_binaries"`
}

func emptyConfig(name string) moduleConfig {
	return moduleConfig{
		Name: name, MemPages: []uint32{}, MaxHeap: []string{}, LoggerEnabled: []bool{}, LoggingMask: []int64{}, WASI: []wasiConfig{},
		Binaries: [][][]string{}, Preopened: [][]string{},
	}
}

// moduleInfo is a module as dist.list_modules shows it.
type moduleInfo struct {
	Name   string       `json:"name"`
	Hash   string       `json:"hash"`
	Config moduleConfig `json:"config"`
}

func (s *Services) distEntries() map[string]builtin.Entry {
	return map[string]builtin.Entry{
		"add_module":                  change(s.distAddModule),
		"add_module_from_vault":       change(s.distAddFromVault),
		"add_module_bytes_from_vault": change(s.distAddBytesFromVault),
		"add_blueprint":               change(s.distAddBlueprint),
		"make_blueprint":              query(distMakeBlueprint),
		"load_blueprint":              {Kind: pipeline.Effect, Call: s.distLoadBlueprint},
		"load_module_config":          {Kind: pipeline.Effect, Call: s.distLoadConfig},
		"make_module_config":          query(distMakeConfig),
		"default_module_config": query(func(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
			name, err := builtin.Next[string](a, "module_name")
			return emptyConfig(name), err
		}),
		"list_modules":    query(s.distListModules),
		"list_blueprints": query(func(context.Context, pipeline.Call, *builtin.Args) (any, error) { return s.Blueprints(), nil }),
		"get_blueprint": query(func(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
			id, err := builtin.Next[string](a, "blueprint_id")
			if err != nil {
				return nil, err
			}
			return s.Blueprint(id)
		}),
		"get_module_interface": {Kind: pipeline.Effect, Call: func(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
			id, err := builtin.Next[string](a, "hash")
			if err != nil {
				return nil, err
			}
			return s.ModuleInterface(id)
		}},
	}
}

// configName reads the only thing that counts of a configuration.
func configName(a *builtin.Args) (string, error) {
	config, err := builtin.Next[map[string]json.RawMessage](a, "config")
	if err != nil {
		return "", err
	}
	var name string
	if err := json.Unmarshal(config["name"], &name); err != nil {
		return "", fmt.Errorf("Error deserializing field 'config': expected an object with a name, got %s", clip(string(config["name"])))
	}
	return name, nil
}

// distAddModule is (module, config): the module as base64, which official peers
// take, or as bytes, which aqua-lib declares.
func (s *Services) distAddModule(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	raw, err := builtin.Next[json.RawMessage](a, "module_bytes")
	if err != nil {
		return nil, err
	}
	name, err := configName(a)
	if err != nil {
		return nil, err
	}
	one := builtin.NewArgs([]json.RawMessage{raw})
	if len(raw) > 0 && raw[0] == '[' {
		wasm, err := builtin.Next[[]byte](one, "module_bytes")
		if err != nil {
			return nil, err
		}
		return s.AddModule(name, wasm)
	}
	text, err := builtin.Next[string](one, "module_bytes")
	if err != nil {
		return nil, err
	}
	if base64.StdEncoding.DecodedLen(len(text)) > s.limits.ModuleBytes+3 {
		return nil, fmt.Errorf("%w: module %s is longer than %d bytes", ErrLimit, clip(name), s.limits.ModuleBytes)
	}
	wasm, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("error decoding module from base64: %w", err)
	}
	return s.AddModule(name, wasm)
}

// distAddFromVault is (path, config).
func (s *Services) distAddFromVault(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	path, err := builtin.Next[string](a, "module_path")
	if err != nil {
		return nil, err
	}
	name, err := configName(a)
	if err != nil {
		return nil, err
	}
	return s.addFromVault(c, name, path)
}

// distAddBytesFromVault is (name, path).
func (s *Services) distAddBytesFromVault(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	name, err := builtin.Next[string](a, "module_name")
	if err != nil {
		return nil, err
	}
	path, err := builtin.Next[string](a, "module_path")
	if err != nil {
		return nil, err
	}
	return s.addFromVault(c, name, path)
}

func (s *Services) addFromVault(c pipeline.Call, name, path string) (any, error) {
	wasm, err := s.fromVault(c, path, int64(s.limits.ModuleBytes))
	if err != nil {
		return nil, err
	}
	return s.AddModule(name, wasm)
}

// distMakeBlueprint is (name, CIDs of modules).
func distMakeBlueprint(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	name, err := builtin.Next[string](a, "name")
	if err != nil {
		return nil, err
	}
	deps, err := builtin.Next[[]string](a, "dependencies")
	if err != nil {
		return nil, err
	}
	for _, d := range deps {
		if _, err := moduleID(d); err != nil {
			return nil, err
		}
	}
	text, err := BlueprintText(name, deps)
	return string(text), err
}

// distAddBlueprint is (DAG-JSON text).
func (s *Services) distAddBlueprint(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	text, err := builtin.Next[string](a, "blueprint")
	if err != nil {
		return nil, err
	}
	b, err := readRecipe([]byte(text))
	if err != nil {
		return nil, err
	}
	return s.AddBlueprint(b.Name, b.Dependencies)
}

// distLoadBlueprint is (path): the DAG-JSON text of a file in the vault.
func (s *Services) distLoadBlueprint(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	path, err := builtin.Next[string](a, "blueprint_path")
	if err != nil {
		return nil, err
	}
	text, err := s.fromVault(c, path, maxBlueprintBytes)
	if err != nil {
		return nil, err
	}
	b, err := readRecipe(text)
	if err != nil {
		return nil, err
	}
	same, err := BlueprintText(b.Name, b.Dependencies)
	return string(same), err
}

// distLoadConfig is (path): a configuration in a file of the vault. Only its name
// counts here.
func (s *Services) distLoadConfig(_ context.Context, c pipeline.Call, a *builtin.Args) (any, error) {
	path, err := builtin.Next[string](a, "config_path")
	if err != nil {
		return nil, err
	}
	text, err := s.fromVault(c, path, maxBlueprintBytes)
	if err != nil {
		return nil, err
	}
	var config struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, fmt.Errorf("configuration in `%s`: %w", clip(path), err)
	}
	return emptyConfig(config.Name), nil
}

// distMakeConfig is (name, eight options); what only upstream's host would use is
// shown and does nothing.
func distMakeConfig(_ context.Context, _ pipeline.Call, a *builtin.Args) (any, error) {
	name, err := builtin.Next[string](a, "name")
	if err != nil {
		return nil, err
	}
	c := emptyConfig(name)
	w := wasiConfig{Envs: [][][]string{}, MappedDirs: [][][]string{}, Binaries: [][][]string{}}
	if c.MemPages, err = option[uint32](a, "mem_pages_count"); err != nil {
		return nil, err
	}
	if c.MaxHeap, err = option[string](a, "max_heap_size"); err != nil {
		return nil, err
	}
	if c.LoggerEnabled, err = option[bool](a, "logger_enabled"); err != nil {
		return nil, err
	}
	if c.Preopened, err = option[[]string](a, "preopened_files"); err != nil {
		return nil, err
	}
	if w.Envs, err = pairs(a, "envs"); err != nil {
		return nil, err
	}
	if w.MappedDirs, err = pairs(a, "mapped_dirs"); err != nil {
		return nil, err
	}
	if c.Binaries, err = pairs(a, "mounted_binaries"); err != nil {
		return nil, err
	}
	if c.LoggingMask, err = option[int64](a, "logging_mask"); err != nil {
		return nil, err
	}
	w.Binaries = c.Binaries
	c.WASI = []wasiConfig{w}
	return c, nil
}

// option reads an optional argument as Aqua writes it.
func option[T string | bool | uint32 | int64 | []string](a *builtin.Args, name string) ([]T, error) {
	v, given, err := builtin.Opt[T](a, name)
	if err != nil || !given {
		return []T{}, err
	}
	return []T{v}, nil
}

// pairs reads an optional list of pairs of texts.
func pairs(a *builtin.Args, name string) ([][][]string, error) {
	list, given, err := builtin.Opt[[]json.RawMessage](a, name)
	if err != nil || !given {
		return [][][]string{}, err
	}
	if len(list) == 1 { // an option of a list
		var inner [][]string
		if json.Unmarshal(list[0], &inner) == nil {
			return [][][]string{inner}, nil
		}
	}
	out := make([][]string, len(list))
	for i, raw := range list {
		if err := json.Unmarshal(raw, &out[i]); err != nil || len(out[i]) != 2 {
			return nil, fmt.Errorf("Error deserializing field '%s': expected pairs of strings, got %s", name, clip(string(raw)))
		}
	}
	return [][][]string{out}, nil
}

func (s *Services) distListModules(context.Context, pipeline.Call, *builtin.Args) (any, error) {
	list := []moduleInfo{}
	for _, m := range s.listModules() {
		c := emptyConfig(m.config.Name)
		c.LoggerEnabled = []bool{m.config.LoggerEnabled}
		if m.config.Binaries != nil {
			binaries := [][]string{}
			for name, path := range m.config.Binaries {
				binaries = append(binaries, []string{name, path})
			}
			c.Binaries = [][][]string{binaries}
		}
		list = append(list, moduleInfo{m.config.Name, m.cid, c})
	}
	return list, nil
}
