// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ipfs/go-cid"
	"github.com/pelletier/go-toml/v2"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
	"github.com/go-fluence/fluence/peer/marine/service"
	"github.com/go-fluence/fluence/peer/marine/wasmbin"
)

// Names of files of the area services.
const (
	wasmSuffix   = ".wasm"
	configSuffix = "_config.toml"
)

// Longest names that are kept.
const maxName = 200

// module is a Wasm module that the peer keeps.
type module struct {
	cid    string
	config moduleFile
}

// moduleFile is what is kept beside a module, with upstream's keys.
type moduleFile struct {
	Name          string            `toml:"name"`
	FileName      string            `toml:"file_name"`
	LoggerEnabled bool              `toml:"logger_enabled"`
	Binaries      map[string]string `toml:"mounted_binaries,omitempty"`
	Deal          bool              `toml:"deal,omitempty"` // ours: brought by deals only, removed with the last of them
}

// AddModule keeps a module under the CID of its bytes, which it returns. A module
// that is there already keeps its bytes and takes the new name; services that
// exist keep the names they were made with.
//
// Errors: ErrModule, ErrEffector, ErrLimit, those of the store.
func (s *Services) AddModule(name string, wasm []byte) (string, error) {
	return s.addModule(name, wasm, false)
}

func (s *Services) addModule(name string, wasm []byte, deal bool) (string, error) {
	if err := checkName("module", name); err != nil {
		return "", err
	}
	if len(wasm) > s.limits.ModuleBytes {
		return "", fmt.Errorf("%w: module %s has %d bytes, at most %d are kept", ErrLimit, name, len(wasm), s.limits.ModuleBytes)
	}
	root, err := dag.Root(wasm)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrModule, err)
	}
	id := root.String()
	config, err := s.examine(name, id, wasm)
	if err != nil {
		return "", err
	}
	s.change.Lock()
	defer s.change.Unlock()
	s.mu.Lock()
	had, count := s.modules[id], len(s.modules)
	s.mu.Unlock()
	if had == nil && count >= s.limits.Modules {
		return "", fmt.Errorf("%w: %d modules are kept", ErrLimit, count)
	}
	config.Deal = deal && (had == nil || had.config.Deal)
	if deal && had != nil {
		config.Name = had.config.Name
	}
	if had == nil {
		if err := s.files.Put(id+wasmSuffix, wasm); err != nil {
			return "", err
		}
	}
	if err := s.putTOML(id+configSuffix, config); err != nil {
		return "", err
	}
	s.mu.Lock()
	s.modules[id] = &module{cid: id, config: config}
	s.mu.Unlock()
	return id, nil
}

// checkName refuses names that could not be shown or kept.
func checkName(what, name string) error {
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return fmt.Errorf("%w: name of a %s must have 1 to %d bytes and no control characters", ErrName, what, maxName)
	}
	return nil
}

// examine reads what a module imports of the host and whether it may.
func (s *Services) examine(name, id string, wasm []byte) (moduleFile, error) {
	config := moduleFile{Name: name, FileName: id + wasmSuffix}
	parsed, err := wasmbin.Parse(wasm, wasmbin.Limits{Bytes: s.limits.ModuleBytes})
	if err != nil {
		return config, fmt.Errorf("%w: %w", ErrModule, err)
	}
	in, _, err := service.Inspect(name, parsed)
	if err != nil {
		return config, fmt.Errorf("%w: %w", ErrModule, err)
	}
	if _, err := service.Describe(in); err != nil {
		return config, fmt.Errorf("%w: %w", ErrModule, err)
	}
	core, err := parsed.Core(wasmbin.Limits{})
	if err != nil {
		return config, fmt.Errorf("%w: %w", ErrModule, err)
	}
	for _, im := range core.Imports {
		if im.Module != "host" && !strings.HasPrefix(im.Module, "__marine_host_api_v") {
			continue
		}
		switch im.Name {
		case "log_utf8_string":
			config.LoggerEnabled = true
			continue
		case "get_call_parameters":
			continue
		}
		if config.Binaries == nil {
			config.Binaries = map[string]string{}
		}
		if config.Binaries[im.Name], err = s.binary(name, id, im.Name); err != nil {
			return config, err
		}
	}
	return config, nil
}

// binary returns where the program that a module asks for lies, if the module may
// run it.
func (s *Services) binary(name, id, binary string) (string, error) {
	effector, ok := s.cfg.Effectors[id]
	if !ok {
		return "", texted(ErrEffector, "Config error: requested module effector %s with CID %s is forbidden on this host", name, id)
	}
	if _, native := effector.Native[binary]; native {
		return NativeCurl, nil
	}
	b, ok := effector.Binaries[binary]
	if !ok {
		return "", texted(ErrEffector, "Module %s with CID %s requested a binary `%s` which isn't in the configured list of binaries", name, id, binary)
	}
	return b.Path, nil
}

// permitted returns what is kept of a module of a service, if it may still run
// everything it asks for.
func (s *Services) permitted(l moduleLink) (moduleFile, error) {
	s.mu.Lock()
	m := s.modules[l.CID]
	s.mu.Unlock()
	if m == nil {
		return moduleFile{}, fmt.Errorf("%w: %s", ErrNoModule, l.CID)
	}
	for name := range m.config.Binaries {
		if _, err := s.binary(l.Name, l.CID, name); err != nil {
			return moduleFile{}, err
		}
	}
	return m.config, nil
}

// wasm reads a module and checks that its bytes are still those of its CID.
func (s *Services) wasm(id string) ([]byte, error) {
	b, err := s.files.Get(id + wasmSuffix)
	if errors.Is(err, errNotKept) {
		return nil, fmt.Errorf("%w: %s", ErrNoModule, id)
	}
	if err != nil {
		return nil, err
	}
	root, err := dag.Root(b)
	if err != nil || root.String() != id {
		return nil, fmt.Errorf("%w: file of module %s holds other bytes", ErrModule, id)
	}
	return b, nil
}

// moduleID brings the text of a CID into the form that modules are kept under.
func moduleID(text string) (string, error) {
	id, err := dag.Parse(text)
	if err != nil {
		return "", err
	}
	return cid.NewCidV1(id.Prefix().Codec, id.Hash()).String(), nil
}

// ModuleInterface returns the public interface of a module.
//
// Errors: ErrNoModule.
func (s *Services) ModuleInterface(text string) (service.Interface, error) {
	id, err := moduleID(text)
	if err != nil {
		return service.Interface{}, err
	}
	wasm, err := s.wasm(id)
	if err != nil {
		return service.Interface{}, err
	}
	parsed, err := wasmbin.Parse(wasm, wasmbin.Limits{Bytes: s.limits.ModuleBytes})
	if err != nil {
		return service.Interface{}, err
	}
	in, _, err := service.Inspect(id, parsed)
	if err != nil {
		return service.Interface{}, err
	}
	return service.Describe(in)
}

// listModules returns the modules by CID.
func (s *Services) listModules() []*module {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Collect(maps.Values(s.modules))
	slices.SortFunc(list, func(a, b *module) int { return strings.Compare(a.cid, b.cid) })
	return list
}

func (s *Services) putTOML(name string, v any) error {
	b, err := toml.Marshal(v)
	if err != nil {
		return err
	}
	return s.files.Put(name, b)
}

func (s *Services) getTOML(name string, v any) error {
	b, err := s.files.Get(name)
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(b, v); err != nil {
		return fmt.Errorf("services/%s: %w; restore or remove it", name, err)
	}
	return nil
}
