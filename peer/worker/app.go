// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ipfs/go-cid"

	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

// MaxAppBytes is how many bytes all parts of an app may have together.
const MaxAppBytes = 256 << 20

// App is what a worker runs, with all bytes at hand and checked.
type App struct {
	CID      string // of the definition
	Parts    []cid.Cid
	Services []Service
	Spells   []Spell
}

// Service is one service; its name becomes its alias.
type Service struct {
	Name    string
	Modules []Module // in the order of linking; the last is the facade
	Memory  uint64   // bytes of linear memory; 0 is the peer's limit
}

// Module is a Wasm module under the name by which later ones import it.
type Module struct {
	Name string
	Wasm []byte
}

// Spell is one spell; its name becomes its alias.
type Spell struct {
	Name    string
	Script  string          // AIR text
	Init    json.RawMessage // JSON object
	Trigger json.RawMessage // trigger configuration
}

// Fetcher gets files by CID and keeps them; peer/ipfs has one. What it returns is
// checked here again. Safe for concurrent use.
type Fetcher interface {
	Get(ctx context.Context, c cid.Cid, limit int64) ([]byte, error)
	Pin(ctx context.Context, c cid.Cid, owner string) error
	UnpinAll(owner string) (int, error)
}

// appCID reads the binary CID that a deal names: CIDv1, raw, sha2-256.
func appCID(raw []byte) (cid.Cid, error) {
	c, err := cid.Cast(raw)
	if err == nil {
		_, err = dag.Check(c)
	}
	if err != nil || c.Prefix().Codec != cid.Raw {
		return cid.Undef, fmt.Errorf("%w: the deal names no CIDv1 of raw bytes with sha2-256: %x", ErrApp, raw[:min(len(raw), 64)])
	}
	return c, nil
}

// fetch gets an app and checks every hash and size on the way.
func fetch(ctx context.Context, from Fetcher, root cid.Cid) (App, error) {
	f := &fetching{ctx: ctx, from: from, left: MaxAppBytes}
	raw, err := f.file(root, "definition", bundle.MaxDefinition)
	if err != nil {
		return App{}, err
	}
	def, err := bundle.ParseDefinition(raw)
	if err != nil {
		return App{}, fmt.Errorf("%w: %w", ErrApp, err)
	}
	app := App{CID: root.String(), Parts: []cid.Cid{root}}
	for i, s := range def.Services {
		one := Service{Name: s.Name, Memory: s.Memory}
		for j, m := range s.Modules {
			mod, err := f.module(m, fmt.Sprintf("services[%d].modules[%d]", i, j))
			if err != nil {
				return App{}, err
			}
			one.Modules = append(one.Modules, mod)
		}
		app.Services = append(app.Services, one)
	}
	for i, s := range def.Spells {
		sp, err := f.spell(s, fmt.Sprintf("spells[%d]", i))
		if err != nil {
			return App{}, err
		}
		app.Spells = append(app.Spells, sp)
	}
	parts, err := def.Parts()
	for _, p := range parts {
		app.Parts = append(app.Parts, p.CID)
	}
	return app, err
}

// fetching is one app under way.
type fetching struct {
	ctx  context.Context //nolint:containedctx // of the one fetch this value lives for
	from Fetcher
	left int64
	have map[string][]byte
}

// file gets one file of at most limit bytes and of what the whole app has left.
func (f *fetching) file(c cid.Cid, field string, limit int64) ([]byte, error) {
	if b, ok := f.have[c.KeyString()]; ok {
		return b, nil
	}
	if f.left <= 0 {
		return nil, fmt.Errorf("%w: %s: the app has more than %d bytes", ErrApp, field, MaxAppBytes)
	}
	limit = min(limit, f.left)
	b, err := f.from.Get(f.ctx, c, limit)
	switch {
	case errors.Is(err, dag.ErrTooLarge) || err == nil && int64(len(b)) > limit:
		return nil, fmt.Errorf("%w: %s: %s has more than %d bytes", ErrApp, field, c, limit)
	case err != nil:
		return nil, fmt.Errorf("%s: fetch %s: %w", field, c, err)
	}
	if err := verify(c, b); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrApp, field, err)
	}
	f.left -= int64(len(b))
	if f.have == nil {
		f.have = map[string][]byte{}
	}
	f.have[c.KeyString()] = b
	return b, nil
}

// verify checks that b is the file that c names.
func verify(c cid.Cid, b []byte) error {
	if c.Prefix().Codec == cid.Raw {
		if dag.Raw(b).CID.Equals(c) {
			return nil
		}
	} else if root, err := dag.Root(b); err == nil && root.Hash().B58String() == c.Hash().B58String() {
		return nil
	}
	return fmt.Errorf("%w: the %d bytes are not %s", dag.ErrHash, len(b), c)
}

func (f *fetching) named(text, field string, limit int64) ([]byte, error) {
	c, err := dag.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrApp, field, err)
	}
	return f.file(c, field, limit)
}

func (f *fetching) module(m bundle.Module, field string) (mod Module, err error) {
	if mod.Name = m.Name; mod.Name == "" {
		raw, err := f.named(m.Config, field+".config", bundle.MaxConfig)
		if err != nil {
			return mod, err
		}
		config, err := bundle.ParseModuleConfig(raw)
		if err != nil {
			return mod, fmt.Errorf("%w: %s: %w", ErrApp, field, err)
		}
		mod.Name = config.Name
	}
	mod.Wasm, err = f.named(m.Wasm, field+".wasm", bundle.MaxModule)
	return mod, err
}

func (f *fetching) spell(s bundle.Spell, field string) (Spell, error) {
	sp := Spell{Name: s.Name}
	script, err := f.named(s.Script, field+".script", bundle.MaxScript)
	if err != nil {
		return sp, err
	}
	sp.Script = string(script)
	if sp.Init, err = f.named(s.InitArgs, field+".init_args", bundle.MaxConfig); err != nil {
		return sp, err
	}
	if sp.Trigger, err = f.named(s.Config, field+".config", bundle.MaxConfig); err != nil {
		return sp, err
	}
	if !json.Valid(sp.Init) || !json.Valid(sp.Trigger) {
		return sp, fmt.Errorf("%w: %s: init_args and config must be JSON", ErrApp, field)
	}
	return sp, nil
}
