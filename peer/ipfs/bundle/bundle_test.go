// SPDX-License-Identifier: Apache-2.0

package bundle_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-fluence/fluence/peer/ipfs/bundle"
	"github.com/go-fluence/fluence/peer/ipfs/dag"
)

func sample() bundle.App {
	return bundle.App{
		Services: []bundle.AppService{{Name: "greeting", Modules: []bundle.AppModule{
			{Name: "store", Wasm: bytes.Repeat([]byte("s"), dag.ChunkSize+5)}, {Name: "greeting", Wasm: []byte("g")},
		}}},
		Spells: []bundle.AppSpell{{Name: "tick", Script: "(null)", Init: json.RawMessage(`{"n":1}`), Trigger: json.RawMessage(`{"clock":{"start_sec":1}}`)}},
	}
}

func packed(t testing.TB, app bundle.App) (bundle.Bundle, []byte) {
	t.Helper()
	b, err := bundle.Pack(app)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := b.Write(&file); err != nil {
		t.Fatal(err)
	}
	return b, file.Bytes()
}

func TestBundleRoundTrip(t *testing.T) {
	b, file := packed(t, sample())
	got, err := bundle.Read(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if !got.CID.Equals(b.CID) || got.Size() != b.Size() {
		t.Errorf("read %s of %d bytes, want %s of %d", got.CID, got.Size(), b.CID, b.Size())
	}
	d, err := got.Definition()
	if err != nil {
		t.Fatal(err)
	}
	wasm, err := dag.Parse(d.Services[0].Modules[0].Wasm)
	if err != nil {
		t.Fatal(err)
	}
	data, err := got.File(wasm, bundle.MaxModule)
	if err != nil || len(data) != dag.ChunkSize+5 {
		t.Errorf("module of %d bytes, %v, want %d", len(data), err, dag.ChunkSize+5)
	}
	parts, err := d.Parts()
	if err != nil || len(parts) != 5 {
		t.Errorf("%d parts, %v, want 5", len(parts), err)
	}
}

func TestSameAppHasSameCID(t *testing.T) {
	a, _ := packed(t, sample())
	b, _ := packed(t, sample())
	if !a.CID.Equals(b.CID) {
		t.Errorf("CIDs %s and %s of one application", a.CID, b.CID)
	}
}

func TestPackRefuses(t *testing.T) {
	tests := map[string]func(a *bundle.App){
		"nothing":        func(a *bundle.App) { *a = bundle.App{} },
		"reserved name":  func(a *bundle.App) { a.Spells[0].Name = "worker-spell" },
		"name twice":     func(a *bundle.App) { a.Spells[0].Name = "greeting" },
		"no name":        func(a *bundle.App) { a.Services[0].Name = "" },
		"no modules":     func(a *bundle.App) { a.Services[0].Modules = nil },
		"module no name": func(a *bundle.App) { a.Services[0].Modules[0].Name = "" },
		"modules of all": func(a *bundle.App) {
			for i := range 3 {
				s := a.Services[0]
				s.Name = fmt.Sprint("service ", i)
				s.Modules = slices.Repeat(s.Modules[:1], bundle.MaxModules)
				a.Services = append(a.Services, s)
			}
		},
		"init is a list":   func(a *bundle.App) { a.Spells[0].Init = json.RawMessage(`[1]`) },
		"trigger is null":  func(a *bundle.App) { a.Spells[0].Trigger = json.RawMessage(`null`) },
		"script too large": func(a *bundle.App) { a.Spells[0].Script = strings.Repeat(" ", bundle.MaxScript+1) },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			app := sample()
			edit(&app)
			if b, err := bundle.Pack(app); !errors.Is(err, bundle.ErrDefinition) || len(b.Blocks) > 0 {
				t.Errorf("Pack = %d blocks, %v, want %v", len(b.Blocks), err, bundle.ErrDefinition)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	b, file := packed(t, sample())
	short := bundle.Bundle{CID: b.CID, Blocks: b.Blocks[1:]}
	var missing bytes.Buffer
	if err := short.Write(&missing); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(file)
	flipped[len(flipped)-2] ^= 1
	tests := map[string]struct {
		file []byte
		want error
	}{
		"empty":           {nil, bundle.ErrFile},
		"other file":      {[]byte("hello"), bundle.ErrFile},
		"cut off":         {file[:len(file)-1], bundle.ErrFile},
		"changed byte":    {flipped, dag.ErrHash},
		"missing part":    {missing.Bytes(), bundle.ErrFile},
		"huge section":    {append(bytes.Clone(file), 0xff, 0xff, 0xff, 0xff, 0x0f), bundle.ErrFile},
		"no definition":   {file[:60], bundle.ErrFile},
		"trailing length": {append(bytes.Clone(file), 9), bundle.ErrFile},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := bundle.Read(bytes.NewReader(tt.file)); !errors.Is(err, tt.want) {
				t.Errorf("Read = %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	_, file := packed(f, bundle.App{Spells: []bundle.AppSpell{{Name: "t", Script: "(null)"}}})
	f.Add(file)
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := bundle.Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		if _, err := b.Definition(); err != nil {
			t.Errorf("read a bundle without a definition: %v", err)
		}
	})
}

func FuzzParseDefinition(f *testing.F) {
	b, _ := packed(f, sample())
	f.Add(b.Blocks[len(b.Blocks)-1].Data)
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := bundle.ParseDefinition(raw)
		if err != nil {
			return
		}
		if _, err := d.Parts(); err != nil {
			t.Errorf("parsed a definition with bad parts: %v", err)
		}
	})
}
