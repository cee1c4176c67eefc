// SPDX-License-Identifier: Apache-2.0

package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/go-fluence/fluence/peer/marine/effects"
)

// file is the TOML form of a service, with upstream's keys. Unknown keys, and
// those that no longer do anything, are passed over.
//
// Source: marine@1d94c294 crates: core/src/config, marine/src/config.
type file struct {
	ModulesDir string       `toml:"modules_dir"`
	Memory     string       `toml:"total_memory_limit"`
	WorkingDir string       `toml:"service_working_dir"`
	Gas        uint64       `toml:"gas"` // ours: budget of one call
	Random     bool         `toml:"random"`
	Clock      bool         `toml:"clock"`
	Modules    []fileModule `toml:"module"`
}

type fileModule struct {
	Name     string            `toml:"name"`
	FileName string            `toml:"file_name"`
	LoadFrom string            `toml:"load_from"`
	Logger   *bool             `toml:"logger_enabled"`
	Mask     *int32            `toml:"logging_mask"`
	Binaries map[string]string `toml:"mounted_binaries"`
	WASI     struct {
		Envs       map[string]string `toml:"envs"`
		MappedDirs map[string]string `toml:"mapped_dirs"`
	} `toml:"wasi"`
}

// maxConfigBytes bounds a configuration file, maxModuleBytes a module's.
const (
	maxConfigBytes = 1 << 20
	maxModuleBytes = 64 << 20
)

// LoadConfig reads a service's TOML file and the modules it names. Relative paths
// of modules are taken from the file's folder, those of mapped folders from
// service_working_dir; folders that do not exist are made. Close what is returned
// after the service.
//
// Errors: ErrConfig, naming the key.
func LoadConfig(name string) (cfg Config, closeFolders func() error, err error) {
	text, err := readFile(name, maxConfigBytes)
	if err != nil {
		return Config{}, nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	var f file
	if err := toml.Unmarshal(text, &f); err != nil {
		return Config{}, nil, fmt.Errorf("%w: %s: %w", ErrConfig, name, err)
	}
	cfg = Config{ID: strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), Gas: f.Gas, Policy: effects.Policy{Random: f.Random, Clock: f.Clock}}
	if cfg.Memory, err = bytesOf(f.Memory); err != nil {
		return Config{}, nil, err
	}
	if len(f.Modules) == 0 {
		return Config{}, nil, fmt.Errorf("%w: %s: no [[module]]", ErrConfig, name)
	}
	var folders []*effects.Folder
	closeFolders = func() (err error) {
		for _, d := range folders {
			err = errors.Join(err, d.Close())
		}
		return err
	}
	for _, m := range f.Modules {
		mod, opened, err := m.module(filepath.Dir(name), f)
		folders = append(folders, opened...)
		if err != nil {
			return Config{}, nil, errors.Join(fmt.Errorf("%w: module %q: %w", ErrConfig, m.Name, err), closeFolders())
		}
		cfg.Modules = append(cfg.Modules, mod)
	}
	return cfg, closeFolders, nil
}

func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", name, limit)
	}
	return b, err
}

// under returns a path relative to base, or an absolute one as it is.
func under(base, p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(base, p)
}

func (m fileModule) module(base string, f file) (ModuleConfig, []*effects.Folder, error) {
	out := ModuleConfig{
		Name: m.Name, LoggerEnabled: m.Logger == nil || *m.Logger, LoggingMask: 1<<31 - 1,
		Envs: m.WASI.Envs, Binaries: map[string]effects.Binary{}, hostPaths: map[string]string{},
	}
	if m.Mask != nil {
		out.LoggingMask = *m.Mask
	}
	if m.Name == "" {
		return out, nil, errors.New("key name is missing")
	}
	for name, p := range m.Binaries {
		out.Binaries[name] = effects.Binary{Path: under(base, p)}
	}
	var err error
	if out.Wasm, err = readFile(m.path(base, f.ModulesDir), maxModuleBytes); err != nil {
		return out, nil, err
	}
	var opened []*effects.Folder
	for guest, host := range m.WASI.MappedDirs {
		host = under(under(base, f.WorkingDir), host)
		if err := os.MkdirAll(host, 0o700); err != nil {
			return out, opened, fmt.Errorf("key mapped_dirs: %w", err)
		}
		d, err := effects.OpenFolder(host, nil)
		if err != nil {
			return out, opened, fmt.Errorf("key mapped_dirs: %w", err)
		}
		opened = append(opened, d)
		out.Folders = append(out.Folders, effects.Mount{Guest: path.Clean(guest), Folder: d})
		if out.hostPaths[path.Clean(guest)], err = filepath.Abs(host); err != nil {
			return out, opened, err
		}
	}
	slices.SortFunc(out.Folders, func(a, b effects.Mount) int { return strings.Compare(a.Guest, b.Guest) })
	return out, opened, nil
}

// path returns where the module's file is.
func (m fileModule) path(base, modulesDir string) string {
	name := m.FileName
	if name == "" {
		name = m.Name + ".wasm"
	}
	if m.LoadFrom == "" {
		return filepath.Join(under(base, modulesDir), name)
	}
	from := under(base, m.LoadFrom)
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		return filepath.Join(from, name)
	}
	return from
}

// units of sizes in bytes, longest names first.
var units = []struct {
	name string
	size float64
}{
	{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30}, {"kb", 1e3}, {"mb", 1e6}, {"gb", 1e9}, {"ki", 1 << 10}, {"mi", 1 << 20}, {"gi", 1 << 30}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"b", 1},
}

// bytesOf reads a size such as "10 MiB"; "" and "infinity" are 0, the default.
func bytesOf(s string) (uint64, error) {
	t := strings.ToLower(strings.TrimSpace(s))
	if t == "" || t == "infinity" {
		return 0, nil
	}
	scale := 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(t, u.name); ok {
			t, scale = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseFloat(t, 64)
	if err != nil || n <= 0 || n*scale > 1<<50 {
		return 0, fmt.Errorf("%w: key total_memory_limit: %q is no size such as \"10 MiB\"", ErrConfig, s)
	}
	return uint64(n * scale), nil
}
