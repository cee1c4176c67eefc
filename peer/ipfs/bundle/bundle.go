// SPDX-License-Identifier: Apache-2.0

// Package bundle makes and reads applications: a worker definition, the JSON
// whose CID stands on a deal, and the blocks of everything it names. It fetches
// and installs nothing. Its spec is docs/spec/ipfs.md.
package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// Bounds of a definition.
const (
	MaxDefinition = dag.ChunkSize // bytes, one raw block
	MaxServices   = 64            // and as many spells
	MaxModules    = 64            // of one service
	MaxAllModules = 128           // of all services together
	MaxName       = 128           // bytes of a name
	MaxModule     = 64 << 20      // bytes of one Wasm module
	MaxScript     = 8 << 20       // bytes of one spell's script
	MaxConfig     = 64 << 10      // bytes of a config or of init data
)

// ErrDefinition reports a worker definition that cannot be deployed; the text
// names the field and what it should be.
var ErrDefinition = errors.New("worker definition")

// Definition says what a worker runs. Names are unique among services and among
// spells; each becomes the alias under which scripts call it.
//
// Source: fluencelabs/spell installation-spell (field names, facts only).
type Definition struct {
	Services []Service `json:"services"`
	Spells   []Spell   `json:"spells"`
}

// Service is linked Wasm modules; the last is the facade.
type Service struct {
	Name    string   `json:"name"`
	Modules []Module `json:"modules"`
	Memory  uint64   `json:"total_memory_limit,omitempty"` // bytes of linear memory; 0 is the peer's limit
}

// Module is a Wasm module by CID. It is named here, as installation-spell 0.7
// writes it, or by a configuration of its own, as older tools do.
type Module struct {
	Name   string `json:"name,omitempty"`
	Wasm   string `json:"wasm"`
	Config string `json:"config,omitempty"` // CID of a ModuleConfig as JSON; read when Name is empty
}

// ModuleConfig is what an application may say about a module; what the module is
// allowed to do is the peer's to say.
type ModuleConfig struct {
	Name string `json:"name"`
}

// Spell is a script with its first data and its triggers, by CID.
type Spell struct {
	Name     string `json:"name"`
	Script   string `json:"script"`    // AIR text
	InitArgs string `json:"init_args"` // of a JSON object
	Config   string `json:"config"`    // of a trigger configuration as JSON
}

// ParseDefinition reads and checks a definition.
//
// Errors: ErrDefinition, dag.ErrCID.
func ParseDefinition(raw []byte) (d Definition, err error) {
	if len(raw) > MaxDefinition {
		return d, fmt.Errorf("%w: %d bytes, at most %d", ErrDefinition, len(raw), MaxDefinition)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if err := dec.Decode(&d); err != nil {
		return Definition{}, fmt.Errorf("%w: %w", ErrDefinition, err)
	}
	if dec.More() {
		return Definition{}, fmt.Errorf("%w: text after the object", ErrDefinition)
	}
	if err := d.check(); err != nil {
		return Definition{}, err
	}
	return d, nil
}

func (d Definition) check() error {
	if len(d.Services) > MaxServices || len(d.Spells) > MaxServices {
		return fmt.Errorf("%w: %d services and %d spells, at most %d each", ErrDefinition, len(d.Services), len(d.Spells), MaxServices)
	}
	if len(d.Services)+len(d.Spells) == 0 {
		return fmt.Errorf("%w: neither services nor spells; name one", ErrDefinition)
	}
	names, modules := map[string]bool{}, 0
	for i, s := range d.Services {
		if err := checkName(names, s.Name); err != nil {
			return fmt.Errorf("%w: services[%d].name: %w", ErrDefinition, i, err)
		}
		if len(s.Modules) == 0 || len(s.Modules) > MaxModules {
			return fmt.Errorf("%w: services[%d].modules: %d modules, want 1 to %d", ErrDefinition, i, len(s.Modules), MaxModules)
		}
		if modules += len(s.Modules); modules > MaxAllModules {
			return fmt.Errorf("%w: services[%d].modules: more than %d modules in all services", ErrDefinition, i, MaxAllModules)
		}
		for j, m := range s.Modules {
			if err := m.check(); err != nil {
				return fmt.Errorf("%w: services[%d].modules[%d]: %w", ErrDefinition, i, j, err)
			}
		}
	}
	for i, s := range d.Spells {
		if err := checkName(names, s.Name); err != nil {
			return fmt.Errorf("%w: spells[%d].name: %w", ErrDefinition, i, err)
		}
		if err := checkCIDs(s.Script, s.InitArgs, s.Config); err != nil {
			return fmt.Errorf("%w: spells[%d]: %w", ErrDefinition, i, err)
		}
	}
	return nil
}

func (m Module) check() error {
	switch {
	case len(m.Name) > MaxName:
		return fmt.Errorf("name of %d bytes, at most %d", len(m.Name), MaxName)
	case m.Name != "":
		return checkCIDs(m.Wasm)
	}
	return checkCIDs(m.Wasm, m.Config)
}

// reserved are aliases that mean something else to every peer.
func reserved() []string { return []string{"spell", "self", "worker-spell"} }

func checkName(seen map[string]bool, name string) error {
	switch {
	case name == "" || len(name) > MaxName:
		return fmt.Errorf("%d bytes, want 1 to %d", len(name), MaxName)
	case slices.Contains(reserved(), name):
		return fmt.Errorf("%q is reserved; choose another", name)
	case seen[name]:
		return fmt.Errorf("%q stands twice; names are unique", name)
	}
	seen[name] = true
	return nil
}

func checkCIDs(texts ...string) error {
	for _, t := range texts {
		if _, err := dag.Parse(t); err != nil {
			return err
		}
	}
	return nil
}

// Encode returns the definition's bytes, whose raw CID stands on the deal.
func (d Definition) Encode() ([]byte, error) {
	if d.Services == nil {
		d.Services = []Service{}
	}
	if d.Spells == nil {
		d.Spells = []Spell{}
	}
	return json.Marshal(d)
}

// Part is one thing that a definition names.
type Part struct {
	CID   cid.Cid
	Field string // where in the definition
	Limit int64  // bytes it may have
}

// Parts returns everything that d names, each CID once, in the definition's order.
//
// Errors: dag.ErrCID.
func (d Definition) Parts() (parts []Part, err error) {
	seen := map[string]bool{}
	add := func(text, field string, limit int64) {
		c, parseErr := dag.Parse(text)
		if parseErr != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", field, parseErr))
			return
		}
		if !seen[c.KeyString()] {
			seen[c.KeyString()] = true
			parts = append(parts, Part{CID: c, Field: field, Limit: limit})
		}
	}
	for i, s := range d.Services {
		for j, m := range s.Modules {
			add(m.Wasm, fmt.Sprintf("services[%d].modules[%d].wasm", i, j), MaxModule)
			if m.Name == "" {
				add(m.Config, fmt.Sprintf("services[%d].modules[%d].config", i, j), MaxConfig)
			}
		}
	}
	for i, s := range d.Spells {
		add(s.Script, fmt.Sprintf("spells[%d].script", i), MaxScript)
		add(s.InitArgs, fmt.Sprintf("spells[%d].init_args", i), MaxConfig)
		add(s.Config, fmt.Sprintf("spells[%d].config", i), MaxConfig)
	}
	return parts, err
}

// ParseModuleConfig reads the configuration of a module.
//
// Errors: ErrDefinition.
func ParseModuleConfig(raw []byte) (c ModuleConfig, err error) {
	if len(raw) > MaxConfig {
		return c, fmt.Errorf("%w: module config of %d bytes, at most %d", ErrDefinition, len(raw), MaxConfig)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("%w: module config: %w", ErrDefinition, err)
	}
	if c.Name == "" || len(c.Name) > MaxName {
		return c, fmt.Errorf("%w: module config: name of %d bytes, want 1 to %d", ErrDefinition, len(c.Name), MaxName)
	}
	return c, nil
}
