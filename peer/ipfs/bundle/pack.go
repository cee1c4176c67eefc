// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"encoding/json"
	"fmt"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// App is an application before it has a CID.
type App struct {
	Services []AppService
	Spells   []AppSpell
}

// AppService is a service; the last module is the facade.
type AppService struct {
	Name    string
	Modules []AppModule
}

// AppModule is a Wasm module under the name that others import it by.
type AppModule struct {
	Name string
	Wasm []byte
}

// AppSpell is a spell.
type AppSpell struct {
	Name    string
	Script  string          // AIR text
	Init    json.RawMessage // JSON object, the first data; nil is {}
	Trigger json.RawMessage // trigger configuration as JSON; nil never runs by itself
}

// Bundle is an application with all its blocks.
type Bundle struct {
	CID    cid.Cid     // of the worker definition
	Blocks []dag.Block // each once, that of the definition last
}

// Size returns the bytes of all blocks.
func (b Bundle) Size() (n int64) {
	for _, blk := range b.Blocks {
		n += int64(len(blk.Data))
	}
	return n
}

// Pack names every part of app and writes its definition.
//
// Errors: ErrDefinition, dag.ErrTooLarge.
func Pack(app App) (Bundle, error) {
	p := packer{seen: map[string]bool{}}
	var d Definition
	for _, s := range app.Services {
		service := Service{Name: s.Name}
		for _, m := range s.Modules {
			module, err := p.module(m)
			if err != nil {
				return Bundle{}, fmt.Errorf("service %q, module %q: %w", s.Name, m.Name, err)
			}
			service.Modules = append(service.Modules, module)
		}
		d.Services = append(d.Services, service)
	}
	for _, s := range app.Spells {
		spell, err := p.spell(s)
		if err != nil {
			return Bundle{}, fmt.Errorf("spell %q: %w", s.Name, err)
		}
		d.Spells = append(d.Spells, spell)
	}
	raw, err := d.Encode()
	if err != nil {
		return Bundle{}, err
	}
	if _, err := ParseDefinition(raw); err != nil {
		return Bundle{}, err
	}
	root := dag.Raw(raw)
	p.keep(root)
	return Bundle{CID: root.CID, Blocks: p.blocks}, nil
}

// packer collects blocks, each once.
type packer struct {
	seen   map[string]bool
	blocks []dag.Block
}

func (p *packer) keep(b dag.Block) {
	if !p.seen[b.CID.KeyString()] {
		p.seen[b.CID.KeyString()] = true
		p.blocks = append(p.blocks, b)
	}
}

// put adds the blocks of one file of at most limit bytes and returns its CID.
func (p *packer) put(what string, data []byte, limit int) (string, error) {
	if len(data) > limit {
		return "", fmt.Errorf("%w: %s of %d bytes, at most %d", ErrDefinition, what, len(data), limit)
	}
	blocks, err := dag.Split(data)
	if err != nil {
		return "", err
	}
	for _, b := range blocks {
		p.keep(b)
	}
	return blocks[len(blocks)-1].CID.String(), nil
}

func (p *packer) module(m AppModule) (out Module, err error) {
	if m.Name == "" || len(m.Name) > MaxName {
		return out, fmt.Errorf("%w: module name of %d bytes, want 1 to %d", ErrDefinition, len(m.Name), MaxName)
	}
	out.Name = m.Name
	out.Wasm, err = p.put("module", m.Wasm, MaxModule)
	return out, err
}

func (p *packer) spell(s AppSpell) (out Spell, err error) {
	out.Name = s.Name
	if out.Script, err = p.put("script", []byte(s.Script), MaxScript); err != nil {
		return out, err
	}
	if out.InitArgs, err = p.object("init data", s.Init); err != nil {
		return out, err
	}
	out.Config, err = p.object("trigger config", s.Trigger)
	return out, err
}

// object adds a JSON object; nil is the empty one.
func (p *packer) object(what string, raw json.RawMessage) (string, error) {
	if raw == nil {
		raw = json.RawMessage("{}")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields == nil {
		return "", fmt.Errorf("%w: %s is no JSON object", ErrDefinition, what)
	}
	return p.put(what, raw, MaxConfig)
}
